"""DuckDB: one file, the keys that are asked for as typed columns of their own. Final state only."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.asks import (
    EDITED,
    Answer,
    Ask,
    Count,
    Get,
    Page,
    Place,
    Timeline,
    Update,
    Values,
    Where,
)
from benchmarks.asks import Test as Condition
from benchmarks.data import Files
from benchmarks.peers.system import (
    CORES,
    MEMORY_BYTES,
    ExportFormat,
    Facts,
    Loaded,
    Missing,
    quoted,
    timed,
)

_DDL = Path(__file__).with_name("duckdb.sql")
_COLUMNS = {
    "email": "email",
    "plan": "plan",
    "$os": "os",
    "utm_source": "utm_source",
    "$geoip_city_name": "city",
    "company": "company",
    "mrr": "mrr",
    "score": "score",
}
"""By the key, the column that was taken out of the JSON by hand."""
_SETTINGS = {"threads": str(CORES), "memory_limit": f"{MEMORY_BYTES // 4 >> 20}MB"}
_LINES = """read_ndjson({file}, columns = {{uuid: 'UUID', distinct_ids: 'VARCHAR[]',
    is_identified: 'BOOLEAN', created_at: 'TIMESTAMP', properties: 'JSON'}})"""


class DuckDb:
    """See the module."""

    variants = ("DuckDB",)

    def __init__(self, folder: Path) -> None:
        try:
            self._duckdb: Any = import_module("duckdb")
        except ImportError as error:
            raise Missing("duckdb is not installed: `make bench` does") from error
        self._file = folder / "persons.duckdb"
        self._connection: Any = None

    def load(self, files: Files) -> Loaded:
        """Load who there is at last, in the order of the list."""
        self.open()
        for statement in _DDL.read_text().split(";\n"):
            self._run(statement)
        names = {
            name: quoted(str(files.path(name)))
            for name in ("persons", "newer", "deleted", "events")
        }
        with timed() as seconds:
            self._run(
                _INSERT.format(
                    persons=_LINES.format(file=names["persons"]),
                    newer=_LINES.format(file=names["newer"]),
                    deleted=names["deleted"],
                )
            )
            self._run("INSERT INTO distinct_ids SELECT unnest(distinct_ids), id FROM persons")
            self._run("CREATE UNIQUE INDEX persons_id ON persons (id)")
            self._run("CREATE INDEX persons_email ON persons (email)")
            self._run("CREATE UNIQUE INDEX distinct_ids_id ON distinct_ids (distinct_id)")
            self._run("CHECKPOINT")
        self._run(
            f"""INSERT INTO events SELECT person_id, timestamp, event, person_properties
            FROM read_ndjson({names["events"]}, columns = {{person_id: 'UUID',
                timestamp: 'TIMESTAMP', event: 'VARCHAR', person_properties: 'JSON'}})
            ORDER BY 1, 2"""
        )
        self._run("CHECKPOINT")
        persons = int(self._run("SELECT count(*) FROM persons")[0][0])
        self.close()
        return Loaded(persons, seconds(), self._file.stat().st_size)

    def open(self) -> None:
        self._connection = self._duckdb.connect(str(self._file), config=_SETTINGS)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def facts(self) -> Facts:
        return Facts(
            str(self._duckdb.__version__),
            "The latest version of everybody, read from the files by DuckDB itself, in the order of"
            " the list. The keys asked for are columns of their own; rare ones stay in the JSON."
            " In the benchmark's process, so without a server. The file holds the events as well.",
            _DDL.read_text(),
            ", ".join(f"{name}={value}" for name, value in _SETTINGS.items()),
        )

    def pid(self) -> int:
        return os.getpid()

    def can(self, ask: Ask, variant: str) -> bool:
        return True

    def prepare(self, ask: Ask, variant: str) -> Callable[[], object]:
        text, values = _statement(ask)
        return lambda: self._run(text, values)

    def read(self, ask: Ask, raw: object) -> Answer:
        rows: Any = raw
        match ask:
            case Page():
                return Answer(rows=[Place(_us(created), str(uuid)) for uuid, created, *_ in rows])
            case Count():
                return Answer(count=rows[0][0])
            case Get():
                ((uuid, _, _, ids, properties),) = rows
                return Answer(
                    uuid=str(uuid), properties=msgspec.json.decode(properties), distinct_ids=ids
                )
            case Values():
                return Answer(values=rows)
            case Timeline():
                return Answer(points=[(_us(at), n) for at, n, _ in rows])
            case Update():
                text, values = _statement(Get(ask.uuid))
                return Answer(count=msgspec.json.decode(self._run(text, values)[0][4]).get(EDITED))

    def statement(self, ask: Ask, variant: str) -> str:
        return _statement(ask)[0]

    def export(self, form: ExportFormat, target: Path) -> int | None:
        options = {"csv": "FORMAT csv, HEADER", "parquet": "FORMAT parquet, COMPRESSION zstd"}[form]
        everybody = "SELECT id, created_at, properties FROM persons"
        text = f"COPY ({everybody}) TO {quoted(str(target))} ({options})"
        return int(self._run(text)[0][0])

    def _run(self, text: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._connection.execute(text, values or {}).fetchall()
        return found


def _us(at: datetime) -> int:
    since = at.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


_INSERT = """INSERT INTO persons
SELECT uuid, created_at, is_identified, distinct_ids, properties,
    lower(concat_ws('\n', properties ->> '$.email', properties ->> '$.name',
        properties ->> '$.username', uuid::VARCHAR, array_to_string(distinct_ids, '\n'))),
    properties ->> '$.email', properties ->> '$.name', properties ->> '$.plan',
    properties ->> '$."$os"', properties ->> '$.utm_source',
    properties ->> '$."$geoip_city_name"', properties ->> '$.company',
    (properties ->> '$.mrr')::DOUBLE, (properties ->> '$.score')::DOUBLE
FROM (
    SELECT * FROM {newer}
    UNION ALL
    SELECT * FROM {persons} WHERE uuid NOT IN (SELECT uuid FROM {newer})
)
WHERE uuid NOT IN (SELECT id FROM read_csv({deleted}, header = false, columns = {{id: 'UUID'}}))
ORDER BY created_at DESC, uuid DESC"""
_SHOWN = "SELECT id, created_at, is_identified, distinct_ids, properties\nFROM persons"


def _statement(ask: Ask) -> tuple[str, dict[str, Any]]:
    match ask:
        case Page():
            condition, values = _conditions(ask.where)
            if ask.after is not None:
                values |= {"us": ask.after.created_us, "uuid": ask.after.uuid}
                # Of a tuple alone it does not see which blocks are too new.
                condition += (
                    " AND created_at <= make_timestamp($us)"
                    " AND (created_at < make_timestamp($us) OR id < $uuid::UUID)"
                )
            skip = "" if ask.after or not ask.offset else f" OFFSET {ask.offset}"
            return (
                f"{_SHOWN} WHERE {condition}\nORDER BY created_at DESC, id DESC"
                f" LIMIT {ask.limit}{skip}",
                values,
            )
        case Count():
            condition, values = _conditions(ask.where)
            return f"SELECT count(*) FROM persons WHERE {condition}", values
        case Get():
            return f"{_SHOWN} WHERE id = $id::UUID", {"id": ask.uuid}
        case Values():
            column = _COLUMNS[ask.key]
            values, contains = {}, ""
            if ask.contains:
                values, contains = (
                    {"contains": ask.contains},
                    f" AND contains(lower({column}), $contains)",
                )
            return (
                f"SELECT {column}, count(*) FROM persons WHERE {column} IS NOT NULL{contains}\n"
                "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20",
                values,
            )
        case Timeline():
            return _TIMELINE.format(value=f"person_properties ->> '$.{ask.key}'"), {"id": ask.uuid}
        case Update():
            changed = f"json_merge_patch(properties, json_object({quoted(EDITED)}, $value::BIGINT))"
            return (
                f"UPDATE persons SET properties = {changed}\nWHERE id = $id::UUID",
                {"id": ask.uuid, "value": ask.value},
            )


_TIMELINE = """SELECT min(moment), count(*), arg_min(person_properties, moment) FROM (
    SELECT *, count(*) FILTER (WHERE opens) OVER (ORDER BY moment) AS point FROM (
        SELECT moment, person_properties,
            {value} IS DISTINCT FROM lag({value}, 1, '') OVER (ORDER BY moment) AS opens
        FROM events WHERE person_id = $id::UUID
    )
) GROUP BY point ORDER BY point"""


def _conditions(where: Where) -> tuple[str, dict[str, Any]]:
    passes, values = ["true"], dict[str, Any]()
    if where.distinct_id:
        values["distinct_id"] = where.distinct_id
        passes.append("id = (SELECT person_id FROM distinct_ids WHERE distinct_id = $distinct_id)")
    if where.email:
        values["email"] = where.email
        passes.append("email = $email")
    if where.search:
        values["search"] = where.search
        passes.append("contains(search, $search)")
    passes += [_test(test, n, values) for n, test in enumerate(where.tests)]
    return " AND ".join(passes), values


def _test(test: Condition, n: int, values: dict[str, Any]) -> str:
    column = _COLUMNS.get(test.key)
    if column is None:
        # Whoever has the key has its name in the text, which is looked for much faster.
        assert test.operator == "is_set"
        name = quoted(f'"{test.key}":')
        path = quoted(f'$."{test.key}"')
        return f"contains(properties, {name}) AND (properties ->> {path}) IS NOT NULL"
    if test.operator == "is_set":
        return f"{column} IS NOT NULL"
    values[f"v{n}"] = test.value
    match test.operator:
        case "exact":
            return f"{column} = $v{n}"
        case "gt":
            return f"{column} > $v{n}"
        case "regex":
            return f"regexp_matches({column}, $v{n})"
