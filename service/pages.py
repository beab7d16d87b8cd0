"""A page of persons: candidates first, then those of them that are it."""

from __future__ import annotations

from functools import partial

from queries.candidates import find_candidates, read_candidates
from queries.persons import PersonRow, Selection, list_persons
from queries.places import Place
from queries.settled import Settled
from queries.settled_pages import list_settled
from queries.statement import Statement
from service.engine import Engine
from service.settling import Settling

# Above this many rows, naming each candidate costs more than merging them all.
_FEW = 1_000
# Candidates beyond the page: so many may turn out superseded or deleted without another look. Each
# costs a granule, and mostly all are what they seem, as superseded rows are masked.
_SPARE = 10
_AT_ONCE = 5_000
# Where hardly any is what it seems, twenty times as many as are wanted are looked at.
_LEAST_SHARE = 0.05


def read_page(
    engine: Engine,
    selection: Selection,
    *,
    limit: int,
    offset: int = 0,
    after: Place | None = None,
    before: Place | None = None,
    settling: Settling | None = None,
) -> list[PersonRow]:
    """Return up to `limit` persons, newest first; for a worker thread.

    From a place on a page costs the same however deep in the list it is, and nobody is there twice
    or left out because others came or went before it. `offset` reads all that it leaves out.

    Args:
        engine: where they are.
        selection: which persons.
        limit: rows at most.
        offset: how many of the first to leave out.
        after: only those that follow this place.
        before: only those that this place follows, the last of them. One of the two must be None.
        settling: says which parts are settled, and then there need be no candidates.
    """
    newest_first = before is None
    # Whoever has, or had, one of some distinct ids is few already.
    if offset or limit > _FEW or selection.distinct_ids:
        rows = engine.fetch_now(
            list_persons(selection, limit=limit, offset=offset, after=after, before=before)
        )
        return rows if newest_first else rows[::-1]
    if settling is not None and settling.is_nearly_all():
        rows = settling.read(partial(_settled, selection, limit, after, before))
        return rows if newest_first else rows[::-1]
    found: list[PersonRow] = []
    asked = limit + _SPARE
    seen = 0
    while len(found) < limit:
        candidates = engine.fetch_now(
            find_candidates(selection, limit=asked, after=after, before=before)
        )
        if not candidates:
            break
        # Versions of one person stand side by side, and may be cut by the limit: go on past them
        # all.
        places = list(dict.fromkeys(candidates))
        seen += len(candidates)
        if newest_first:
            found += engine.fetch_now(read_candidates(selection, places))
            after = candidates[-1]
        else:
            found += engine.fetch_now(read_candidates(selection, places[::-1]))[::-1]
            before = candidates[-1]
        if len(candidates) < asked:
            break
        share = max(len(found) / seen, _LEAST_SHARE)
        asked = min(int((limit - len(found)) / share) + _SPARE, _AT_ONCE)
    return found[:limit] if newest_first else found[:limit][::-1]


def _settled(
    selection: Selection,
    limit: int,
    after: Place | None,
    before: Place | None,
    settled: Settled | None,
) -> Statement[PersonRow]:
    if settled is None:
        return list_persons(selection, limit=limit, after=after, before=before)
    return list_settled(selection, settled, limit=limit, after=after, before=before)
