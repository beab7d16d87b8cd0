"""PostHog's way to keep persons in ClickHouse, on the same engine; written from its public schema.

Versions in a ReplacingMergeTree by (team, uuid), properties as one text, the latest version by
argMax. Filters are first asked of all versions, so that fewer are put together: as PostHog does. It
gets ids here and their times, as PostHog fetches persons from PostgreSQL, which takes time that is
not counted.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import clickhouse_connect
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
from benchmarks.peers.system import ExportFormat, Facts, Loaded, like, quoted, size_of, timed

_DDL = Path(__file__).with_name("posthog.sql")
_SETTINGS = {
    "use_query_condition_cache": "0",
    "allow_suspicious_low_cardinality_types": "1",
}
_PARTS = 8
_STRUCTURE = (
    "uuid UUID, distinct_ids Array(String), is_identified Bool, created_at String,"
    " properties String"
)
_EMAIL = "posthog, e-mail materialized"


class PostHog:
    """See the module; `posthog, e-mail materialized` reads that column instead of the JSON."""

    variants = ("posthog", _EMAIL)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._client: Any = None

    def load(self, files: Files) -> Loaded:
        """Load persons in bulk; then newer versions, which stay in parts of their own."""
        self.open()
        for statement in _DDL.read_text().split(";\n"):
            if statement.strip():
                self._client.command(statement)
        with timed() as seconds:
            self._insert(files.path("persons"), version=1)
            self._insert_ids(files.path("persons"))
        # As where persons are written all the time: a large merge comes once in a long while.
        for table in ("person", "person_distinct_id2"):
            self._client.command(f"OPTIMIZE TABLE {table} FINAL")
        self._client.command("SYSTEM STOP MERGES person")
        for part in range(_PARTS):
            self._insert(
                files.path("newer"), version=2, having=f"WHERE cityHash64(uuid) % {_PARTS} = {part}"
            )
        self._bury(files.path("deleted"))
        self._insert_events(files.path("events"))
        self._client.command("OPTIMIZE TABLE events FINAL")
        size = self._client.query(
            "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'default'"
            " AND table LIKE 'person%'"
        ).result_rows[0][0]
        self.close()
        return Loaded(files.persons, seconds(), int(size) or size_of(self._folder))

    def _insert(self, source: Path, *, version: int, having: str = "") -> None:
        self._client.command(
            f"""INSERT INTO person (id, created_at, team_id, properties, is_identified, version)
            SELECT uuid, parseDateTime64BestEffort(created_at, 6, 'UTC'), 1, properties,
                is_identified, {version}
            FROM {_file(source)} {having}"""
        )

    def _insert_ids(self, source: Path) -> None:
        self._client.command(
            f"""INSERT INTO person_distinct_id2 (team_id, distinct_id, person_id, version)
            SELECT 1, arrayJoin(distinct_ids), uuid, 1 FROM {_file(source)}"""
        )

    def _bury(self, source: Path) -> None:
        self._client.command(
            f"""INSERT INTO person (id, created_at, team_id, properties, is_deleted, version)
            SELECT id, '2026-10-01 00:00:00', 1, '{{}}', 1, 100
            FROM file('{source}', 'TSV', 'id UUID')"""
        )

    def _insert_events(self, source: Path) -> None:
        self._client.command(
            f"""INSERT INTO events (uuid, event, properties, timestamp, team_id, distinct_id,
                person_id, person_properties)
            SELECT uuid, event, properties, parseDateTime64BestEffort(timestamp, 6, 'UTC'), 1,
                distinct_id, person_id, person_properties
            FROM file('{source}', 'JSONEachRow', 'uuid UUID, event String, properties String,
                timestamp String, distinct_id String, person_id UUID, person_properties String')"""
        )

    def open(self) -> None:
        self._client = cast("Any", clickhouse_connect).get_client(
            interface="chdb", path=str(self._folder / "data"), settings=_SETTINGS
        )
        tables = self._client.query("SHOW TABLES").result_rows
        if ("person",) in tables:
            self._client.command("SYSTEM STOP MERGES person")

    def close(self) -> None:
        if self._client is not None:
            with closing(self._client):
                self._client = None

    def facts(self) -> Facts:
        return Facts(
            str(self._client.query("SELECT version()").result_rows[0][0]),
            "PostHog's ClickHouse tables on the same chDB. The newer versions are in eight parts"
            " that are not merged. Ids and times alone are fetched for a page.",
            _DDL.read_text(),
            ", ".join(f"{name}={value}" for name, value in _SETTINGS.items()),
        )

    def pid(self) -> int:
        return os.getpid()

    def can(self, ask: Ask, variant: str) -> bool:
        return variant != _EMAIL or _asks_email(ask)

    def prepare(self, ask: Ask, variant: str) -> Callable[[], object]:
        if isinstance(ask, Update):
            return lambda: self._update(ask)
        text, values = _statement(ask, is_materialized=variant == _EMAIL)
        return lambda: self._client.query(text, parameters=values).result_rows

    def read(self, ask: Ask, raw: object) -> Answer:
        rows: Any = raw
        match ask:
            case Page():
                return Answer(rows=[Place(int(us), str(uuid)) for uuid, us in rows])
            case Count():
                return Answer(count=int(rows[0][0]))
            case Get():
                ((uuid, properties),) = rows
                return Answer(uuid=str(uuid), properties=msgspec.json.decode(properties))
            case Values():
                return Answer(values=[(str(value), int(n)) for value, n in rows])
            case Timeline():
                return Answer(points=[(int(us), int(n)) for us, n, _ in rows])
            case Update():
                raw_value = self._client.query(
                    f"SELECT JSONExtractInt(argMax(properties, version), {quoted(EDITED)})"
                    " FROM person WHERE team_id = 1 AND id = {id:UUID}",
                    parameters={"id": ask.uuid},
                ).result_rows
                return Answer(count=int(raw_value[0][0]))

    def statement(self, ask: Ask, variant: str) -> str:
        if isinstance(ask, Update):
            return f"{_READ_ONE}\n-- changed by the client, then\n{_WRITE_ONE}"
        return _statement(ask, is_materialized=variant == _EMAIL)[0]

    def export(self, form: ExportFormat, target: Path) -> int | None:
        target.unlink(missing_ok=True)
        written = {"csv": "CSVWithNames", "parquet": "Parquet"}[form]
        self._client.command(
            "INSERT INTO FUNCTION file({target:String}, {form:String})"
            " SELECT id, argMax(created_at, version) AS created,"
            " argMax(properties, version) AS properties FROM person WHERE team_id = 1"
            " GROUP BY id HAVING argMax(is_deleted, version) = 0",
            parameters={"target": str(target), "form": written},
        )
        rows = self._client.query(
            "SELECT count() FROM file({target:String}, {form:String})",
            parameters={"target": str(target), "form": written},
        ).result_rows
        return int(rows[0][0])

    def _update(self, ask: Update) -> None:
        ((created, properties, identified, version),) = self._client.query(
            _READ_ONE, parameters={"id": ask.uuid}
        ).result_rows
        changed = {**msgspec.json.decode(properties), EDITED: ask.value}
        self._client.command(
            _WRITE_ONE,
            parameters={
                "id": ask.uuid,
                "created": created,
                "properties": msgspec.json.encode(changed).decode(),
                "identified": identified,
                "version": version + 1,
            },
        )


_READ_ONE = """SELECT toString(argMax(created_at, version)), argMax(properties, version) AS latest,
    argMax(is_identified, version), max(version)
FROM person WHERE team_id = 1 AND id = {id:UUID} GROUP BY id"""
_WRITE_ONE = """INSERT INTO person (id, created_at, team_id, properties, is_identified, version)
VALUES ({id:UUID}, {created:String}, 1, {properties:String}, {identified:Int8}, {version:UInt64})"""


def _file(source: Path) -> str:
    return f"file('{source}', 'JSONEachRow', {quoted(_STRUCTURE)})"


def _asks_email(ask: Ask) -> bool:
    if not isinstance(ask, Page | Count):
        return False
    where = ask.where
    return bool(where.search or where.email) or any(test.key == "email" for test in where.tests)


def _statement(ask: Ask, *, is_materialized: bool) -> tuple[str, dict[str, Any]]:
    match ask:
        case Page():
            inner, outer, values = _conditions(ask.where, is_materialized=is_materialized)
            place = ""
            if ask.after is not None:
                values |= {"us": ask.after.created_us, "uuid": ask.after.uuid}
                at = "fromUnixTimestamp64Micro({us:Int64}, 'UTC')"
                place = f"\n    AND (created, id) < ({at}, {{uuid:UUID}})"
            skip = 0 if ask.after else ask.offset
            return (
                "SELECT id, toUnixTimestamp64Micro(argMax(created_at, version) AS created)\n"
                f"{_latest(inner, outer)}{place}\nORDER BY created DESC, id DESC"
                f" LIMIT {ask.limit} OFFSET {skip}",
                values,
            )
        case Count():
            inner, outer, values = _conditions(ask.where, is_materialized=is_materialized)
            return f"SELECT count() FROM (\nSELECT id {_latest(inner, outer)})", values
        case Get():
            return (
                "SELECT id, argMax(properties, version) FROM person\n"
                "WHERE team_id = 1 AND id = {id:UUID}"
                " GROUP BY id HAVING argMax(is_deleted, version) = 0",
                {"id": ask.uuid},
            )
        case Values():
            return _values(ask)
        case Timeline():
            return _timeline(ask)
        case Update():
            raise AssertionError("more than one statement")


def _latest(inner: str, outer: str) -> str:
    """Return whose latest version passes, of those of whom some version does."""
    found = (
        f"\n    AND id IN (SELECT id FROM person WHERE team_id = 1 AND {inner})" if inner else ""
    )
    passes = f"\n    AND {outer}" if outer else ""
    return (
        f"FROM person WHERE team_id = 1{found}\n"
        f"GROUP BY id HAVING argMax(is_deleted, version) = 0{passes}"
    )


def _conditions(where: Where, *, is_materialized: bool) -> tuple[str, str, dict[str, Any]]:
    """Return what a version must pass, the same of the latest one, and the parameters."""
    values: dict[str, Any] = {}
    if where.distinct_id:
        values["distinct_id"] = where.distinct_id
        ids = (
            "SELECT argMax(person_id, version) FROM person_distinct_id2 WHERE team_id = 1"
            " AND distinct_id = {distinct_id:String} GROUP BY distinct_id"
            " HAVING argMax(is_deleted, version) = 0"
        )
        return f"id IN ({ids})", "", values
    passes = [
        _test(test, n, values, is_materialized=is_materialized)
        for n, test in enumerate(where.tests)
    ]
    text = _texts(is_materialized=is_materialized)
    if where.email:
        values["email"] = where.email
        passes.append(f"{text('email')} = {{email:String}}")
    if where.search:
        values["search"] = like(where.search)
        columns = (text("email"), text("name"), text("username"), "toString(id)")
        some = [f"{column} ILIKE {{search:String}}" for column in columns]
        ids = (
            "SELECT person_id FROM person_distinct_id2 WHERE team_id = 1"
            " AND distinct_id ILIKE {search:String}"
        )
        passes.append(f"({' OR '.join([*some, f'id IN ({ids})'])})")
    inner = " AND ".join(passes)
    return inner, f"argMax({inner}, version)" if inner else "", values


def _texts(*, is_materialized: bool) -> Callable[[str], str]:
    def text(key: str) -> str:
        if key == "email" and is_materialized:
            return "pmat_email"
        return f"JSONExtractString(properties, {quoted(key)})"

    return text


def _test(test: Condition, n: int, values: dict[str, Any], *, is_materialized: bool) -> str:
    values[f"v{n}"] = test.value
    text = _texts(is_materialized=is_materialized)(test.key)
    match test.operator:
        case "exact":
            return f"{text} = {{v{n}:String}}"
        case "regex":
            return f"match({text}, {{v{n}:String}})"
        case "gt":
            return f"JSONExtractFloat(properties, {quoted(test.key)}) > {{v{n}:Float64}}"
        case "is_set":
            del values[f"v{n}"]
            return f"JSONExtractRaw(properties, {quoted(test.key)}) NOT IN ('', 'null')"


def _values(ask: Values) -> tuple[str, dict[str, Any]]:
    values: dict[str, Any] = {}
    having = "value != ''"
    if ask.contains:
        values["contains"] = like(ask.contains)
        having += " AND value ILIKE {contains:String}"
    return (
        f"""SELECT value, count() AS n FROM (
    SELECT argMax(JSONExtractString(properties, {quoted(ask.key)}), version) AS value
    FROM person WHERE team_id = 1 GROUP BY id HAVING argMax(is_deleted, version) = 0
) WHERE {having} GROUP BY value ORDER BY n DESC, value LIMIT 20""",
        values,
    )


def _timeline(ask: Timeline) -> tuple[str, dict[str, Any]]:
    return (
        f"""SELECT toUnixTimestamp64Micro(min(timestamp)), count(),
    argMin(person_properties, timestamp)
FROM (
    SELECT timestamp, person_properties, sum(opens) OVER (ORDER BY timestamp) AS point FROM (
        SELECT timestamp, person_properties,
            JSONExtractString(person_properties, {quoted(ask.key)}) AS value,
            value != lagInFrame(value, 1, '\\0') OVER (
                ORDER BY timestamp ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS opens
        FROM events WHERE team_id = 1 AND person_id = {{id:UUID}}
    )
) GROUP BY point ORDER BY point""",
        {"id": ask.uuid},
    )
