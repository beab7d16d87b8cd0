"""A long page of persons, which the engine writes as the API shows them.

Of some thousand rows the making costs more than the reading, and in Python all others wait for it.
"""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from queries import properties
from queries.persons import DISTINCT_IDS_SHOWN, SMALL_BLOCKS, Selection, condition, prewhere
from queries.places import Place, reading
from queries.shown import (
    NAMED,
    NUMBER,
    display_name,
    first_id,
    is_doubtful_name,
    iso_text,
    ordered_ids,
)
from queries.sql import Sql, all_of, any_of, bind, sql
from queries.statement import Statement

_SHOWN = sql("ids_shown")
_NAMES = [sql("email_text"), sql("name_text"), sql("username_text")]


class WrittenRow(Struct, frozen=True, gc=False):
    """A person of a list as JSON: `head`, a name as JSON, and `tail` make an object.

    `name` is that text, unless `odd`, the properties, is not empty: then they tell the name, and
    `name` is what it is if they have none. `created_us` and `uuid` are the place.
    """

    uuid: UUID
    created_us: int
    head: str
    name: str
    tail: str
    odd: str


def write_persons(
    selection: Selection,
    *,
    limit: int,
    offset: int = 0,
    after: Place | None = None,
    before: Place | None = None,
) -> Statement[WrittenRow]:
    """Select persons as `queries.persons.list_persons` does, written."""
    _, order = reading(after, before)
    first = first_id(_SHOWN)
    return Statement(
        "persons.write",
        sql(
            """
            SELECT
                toString(id) AS uuid,
                toUnixTimestamp64Micro(created_at) AS created_us,
                concat('{"id":', toString({}), ',"uuid":"', uuid, '","name":') AS head,
                toJSONString(if(is_odd, coalesce({}, toString({})), {})) AS name,
                concat(
                    ',"distinct_ids":', toJSONString({}),
                    ',"properties":', properties,
                    ',"created_at":"', {},
                    '","last_seen_at":', ifNull(concat('"', {}, '"'), 'null'),
                    ',"is_identified":', if(is_identified, 'true', 'false'),
                    ',"type":"person","matched_recordings":[],"value_at_data_point":null}'
                ) AS tail,
                if(is_odd, properties, '') AS odd
            FROM ({} LIMIT {} OFFSET {} {})
            ORDER BY {}
            """,
            NUMBER,
            *(first, NUMBER, display_name(_NAMES, first)),
            ordered_ids(_SHOWN),
            iso_text(sql("created_at")),
            iso_text(sql("last_seen_at")),
            _rows(selection, after, before),
            bind("UInt64", limit),
            bind("UInt64", offset),
            SMALL_BLOCKS if selection.is_everyone() else sql(""),
            order,
        ),
        WrittenRow,
        threads=1,
    )


def _rows(selection: Selection, after: Place | None, before: Place | None) -> Sql:
    """Return what selects them, with the texts that may be their names."""
    side, order = reading(after, before)
    texts = [properties.text(key) for key in NAMED]
    return sql(
        """
                SELECT
                    created_at, id, last_seen_at, is_identified, properties,
                    arraySlice(distinct_ids, 1, {}) AS ids_shown,
                    {} AS email_text, {} AS name_text, {} AS username_text,
                    {} AS is_odd
                FROM persons FINAL
                {}
                WHERE {}
                ORDER BY {}""",
        bind("UInt32", DISTINCT_IDS_SHOWN),
        *texts,
        any_of(is_doubtful_name(text) for text in texts),
        prewhere(selection),
        all_of([condition(selection, located=True), *side]),
        order,
    )
