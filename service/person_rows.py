"""Persons as rows of the three tables: the one place that knows their columns when writing."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from itertools import accumulate, chain
from typing import Any, cast

import polars as pl
import pyarrow
from msgspec import Struct

from queries.identity import person_number
from queries.stored import LINEAGE
from queries.texts import search_text, texts_of
from queries.upserts import Upsert

_TIME = pl.Datetime("us", "UTC")
_WRITE_IDS = 1 << 64
_BEFORE = LINEAGE - 1


class Rows(Struct, frozen=True):
    """Rows to insert, by table. Keys and distinct ids must be there before the persons are."""

    person_keys: pl.DataFrame
    distinct_ids: pl.DataFrame
    persons: pl.DataFrame


def person_rows(project: int, upserts: Sequence[Upsert], now_us: int, *, above: int = 1) -> Rows:
    """Return the rows that write these persons, each of a version above the one it follows.

    Args:
        project: whose persons.
        upserts: each person once in a place.
        now_us: the version of all whose version before is older.
        above: so much higher the version is than that before, at least.
    """
    uuids = [str(person.uuid) for person in upserts]
    texts = [person.texts or texts_of(person.properties) for person in upserts]
    searches = [
        "" if person.is_deleted else search_text(text.named, uuid, person.ids)
        for text, uuid, person in zip(texts, uuids, upserts, strict=True)
    ]
    first_write = secrets.randbits(64)
    write_ids = [p.write_id or (first_write + n) % _WRITE_IDS for n, p in enumerate(upserts)]
    # Whose first write it is, has no lineage but that one: 8 bytes that no codec makes fewer.
    lineages = [
        (w, *p.write_ids[:_BEFORE]) if p.write_ids else ()
        for w, p in zip(write_ids, upserts, strict=True)
    ]
    persons = pl.DataFrame(
        {
            "created_at": _times([p.created_us for p in upserts]),
            "id": pl.Series(uuids, dtype=pl.String),
            "version": pl.Series([max(now_us, p.base + above) for p in upserts], dtype=pl.UInt64),
            "is_identified": pl.Series([p.is_identified for p in upserts], dtype=pl.Boolean),
            "last_seen_at": _times([p.last_seen_us for p in upserts]),
            "is_deleted": pl.Series([p.is_deleted for p in upserts], dtype=pl.UInt8),
            "distinct_ids": _lists([p.ids for p in upserts], pl.String),
            "properties": pl.Series([p.properties for p in upserts], dtype=pl.Binary),
            "texts": pl.Series([text.prop for text in texts], dtype=pl.Binary),
            "search": pl.Series(searches, dtype=pl.String),
            "write_id": pl.Series(write_ids, dtype=pl.UInt64),
            "write_ids": _lists(lineages, pl.UInt64),
            "source_version": pl.Series([p.source_version for p in upserts], dtype=pl.UInt64),
        }
    ).with_columns(pl.lit(project, pl.UInt32).alias("team_id"))
    return Rows(_keys(upserts, persons), _distinct_ids(upserts, persons), persons)


def _keys(upserts: Sequence[Upsert], persons: pl.DataFrame) -> pl.DataFrame:
    numbers = pl.Series("number", [person_number(p.uuid) for p in upserts], dtype=pl.UInt64)
    new = pl.Series([p.is_new for p in upserts], dtype=pl.Boolean)
    return persons.select("team_id", numbers, "id", "created_at").filter(new)


def _distinct_ids(upserts: Sequence[Upsert], persons: pl.DataFrame) -> pl.DataFrame:
    holders = [n for n, p in enumerate(upserts) for _ in p.new_ids]
    added = pl.Series("distinct_id", [i for p in upserts for i in p.new_ids], dtype=pl.String)
    rows = persons.select("team_id", pl.col("id").alias("person_id"), "created_at")
    return rows[holders].with_columns(added)


def _lists(items: Sequence[Sequence[str | int]], of: type[pl.DataType]) -> pl.Series:
    """Return lists as a series; through Arrow, which takes a tenth of the time polars takes.

    The parts are made by polars: `pyarrow.array` imports pandas, which takes the first write a
    second.
    """
    offsets = pl.Series([0, *accumulate(map(len, items))], dtype=pl.Int64)
    flat = pl.Series(list(chain.from_iterable(items)), dtype=of)
    arrow = cast("Any", pyarrow)
    lists = arrow.LargeListArray.from_arrays(
        offsets.to_arrow(), flat.to_arrow(compat_level=pl.CompatLevel.oldest())
    )
    return cast("pl.Series", pl.from_arrow(lists))


def _times(moments: Sequence[int | None]) -> pl.Series:
    return pl.Series(moments, dtype=pl.Int64).cast(_TIME)
