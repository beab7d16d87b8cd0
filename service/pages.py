"""A page of persons: candidates first, then those of them that are it."""

from __future__ import annotations

from queries.candidates import Place, find_candidates, read_candidates
from queries.persons import PersonRow, Selection, list_persons
from service.engine import Engine

# Above this many rows, naming each candidate costs more than merging them all.
_FEW = 1_000
# Candidates beyond the page: so many may turn out superseded or deleted without another look.
_SPARE = 30
_AT_ONCE = 5_000


def read_page(engine: Engine, selection: Selection, *, limit: int, offset: int) -> list[PersonRow]:
    """Return up to `limit` persons, newest first, as `list_persons` has them; for a worker thread.

    Args:
        engine: where they are.
        selection: which persons.
        limit: rows at most.
        offset: how many of the first to leave out.
    """
    # Whoever has, or had, a distinct id is few already.
    if offset or limit > _FEW or selection.distinct_id:
        return engine.fetch_now(list_persons(selection, limit=limit, offset=offset))
    found: list[PersonRow] = []
    after: Place | None = None
    asked = limit + _SPARE
    while len(found) < limit:
        candidates = engine.fetch_now(find_candidates(selection, after=after, limit=asked))
        if not candidates:
            break
        # Versions of one person stand side by side, and may be cut by the limit: `after` them all.
        places = list(dict.fromkeys(candidates))
        found += engine.fetch_now(read_candidates(selection, places))
        if len(candidates) < asked:
            break
        after, asked = candidates[-1], min(asked * 4, _AT_ONCE)
    return found[:limit]
