"""What is known of an export before it is read: the columns of a CSV of everybody, above all.

The catalogue is exact where few rows were written since its parts were counted; else, and for a
selection, `union.plan` reads all persons. Either way gives the same columns.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from queries.catalogue import Properties, Property
from queries.export_rows import Pure, keys_of
from queries.export_source import Source
from queries.known_columns import (
    MOST_HOLDERS,
    IdsRow,
    count_ids,
    find_holders,
    find_later,
    list_nested,
)
from queries.lines import Ids
from service.catalogue import Catalogue
from service.engine import Engine
from service.exports.asked import Ask
from service.exports.union import Found, UnionPlan
from service.settling import Settling

# The most distinct ids that anybody has: so many numbers are tried, the highest first.
_TRIED = 5
_USUAL_SHARE = 0.98
# Each key with lists or objects is a column to be read of everybody.
_MOST_NESTED = 40


class Looked(Struct, frozen=True):
    """What was found out about an export before it began.

    Attributes:
        source: which persons, and how they are best read.
        plan: the columns of a CSV that has those of all persons, where they are known.
        pure: what is known of the values of named columns; None where that would be of no use.
    """

    source: Source
    plan: UnionPlan | None = None
    pure: Pure | None = None


class Known:
    """Finds out without a full pass what can be; all methods are for a worker thread."""

    def __init__(self, engine: Engine, catalogue: Catalogue, settling: Settling) -> None:
        """Take what knows of the persons."""
        self._engine = engine
        self._catalogue = catalogue
        self._settling = settling

    def look(self, ask: Ask, source: Source) -> Looked:
        """Return what is known of an export.

        Raises:
            BadRequest: as `union.plan`.
            PersonhouseError: what `Engine.fetch_now` raises.
        """
        if source.is_copy:
            return Looked(source)
        if self._settling.is_nearly_all():
            source = replace(source, settled=self._settling.settled())
        if ask.is_union:
            how = ask.ids or Ids.COLUMNS
            return Looked(source, plan=self.plan(source, how, is_safe=ask.is_safe))
        keys = keys_of(ask.named())
        if not keys:
            return Looked(source)
        parts, kinds = self._catalogue.kinds(source.selection.project, keys)
        pure = Pure(tuple(parts), {one.key: one for one in kinds}) if parts else None
        return Looked(source, pure=pure)

    def plan(self, source: Source, how: Ids, *, is_safe: bool) -> UnionPlan | None:
        """Return what a CSV will look like, None where all persons must be read for that.

        Raises:
            BadRequest: as `union.plan`.
            PersonhouseError: what `Engine.fetch_now` raises.
        """
        selection = source.selection
        if source.is_copy or source.after or source.limit or not selection.is_everyone():
            return None
        properties = self._catalogue.now(selection.project)
        if properties is None:
            return None
        nested = [one for one in properties.properties if _nested(one)]
        # A text may look like a list; and the catalogue counts those created ahead, too.
        if len(nested) > _MOST_NESTED or any("string" in one.types for one in nested):
            return None
        if self._engine.fetch_now(find_later(selection))[0].persons:
            return None
        sizes = self._sizes(selection.project)
        if sizes is None:
            return None
        found = Found(how, is_safe=is_safe)
        found.take_counts(properties.persons, *sizes)
        _take_keys(found, properties)
        if nested:
            keys = [one.key for one in nested]
            statement = list_nested(selection, self._settling.settled(), keys)
            for frame in self._engine.batches_now(statement):
                found.take_nested(frame)
        return found.plan()

    def _sizes(self, project: int) -> tuple[int, int] | None:
        """Return how many distinct ids there are, at most and usually."""
        rows = self._engine.fetch_now(count_ids(project))
        usual = _usual(rows)
        if not rows:
            return 0, 0
        for row in rows[:_TRIED]:
            if self._engine.fetch_now(find_holders(project, row.ids))[0].persons:
                return row.ids, usual
            if row.versions > MOST_HOLDERS:
                # None of those looked at: there may be others.
                return None
        return None


def _take_keys(found: Found, properties: Properties) -> None:
    nested = sum(_nested(one) for one in properties.properties)
    flat = 1 - min(1.0, nested / max(1, properties.persons))
    for one in properties.properties:
        plain = one.persons - _nested(one)
        found.take_key(one.key, one.persons, plain, round(plain * flat))


def _nested(one: Property) -> int:
    return one.types.get("array", 0) + one.types.get("object", 0)


def _usual(rows: list[IdsRow]) -> int:
    """Return the number of distinct ids that most persons do not exceed."""
    left = (1 - _USUAL_SHARE) * sum(row.versions for row in rows)
    for row in rows:
        left -= row.versions
        if left < 0:
            return row.ids
    return 0
