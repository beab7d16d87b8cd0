"""PostgreSQL: properties as JSONB, with the indexes that the questions want. Final state only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import islice
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
from benchmarks.peers.postgres_server import SETTINGS, Server
from benchmarks.peers.system import ExportFormat, Facts, Loaded, Missing, like, quoted, timed

_HERE = Path(__file__).parent
_COPIED = 20_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Line(msgspec.Struct):
    properties: msgspec.Raw


class _Event(msgspec.Struct):
    person_id: str
    timestamp: str
    event: str
    person_properties: msgspec.Raw


_properties = msgspec.json.Decoder(_Line).decode
_event = msgspec.json.Decoder(_Event).decode


class Postgres:
    """See the module."""

    variants = ("PostgreSQL",)

    def __init__(self, folder: Path) -> None:
        try:
            self._psycopg: Any = import_module("psycopg")
        except ImportError as error:
            raise Missing("psycopg is not installed: `make bench` does") from error
        self._server = Server(folder)
        self._connection: Any = None

    def load(self, files: Files) -> Loaded:
        """Load who there is at last; the keys and indexes are made after the rows."""
        self._server.start()
        self._connect()
        self._script("postgres.sql")
        persons = 0
        with timed() as seconds:
            for lines in _batches(files):
                persons += len(lines)
                self._copy(lines)
            self._script("postgres_keys.sql")
            self._run("VACUUM (ANALYZE) persons")
            self._run("VACUUM (ANALYZE) distinct_ids")
        with files.path("events").open("rb") as source, self._copying("events") as copy:
            for line in source:
                one = _event(line)
                copy.write_row(
                    (one.person_id, one.timestamp, one.event, bytes(one.person_properties).decode())
                )
        self._run("CREATE INDEX events_person ON events (person_id, at)")
        self._run("VACUUM (ANALYZE) events")
        size = sum(
            self._run(f"SELECT pg_total_relation_size('{table}')")[0][0]
            for table in ("persons", "distinct_ids")
        )
        self.close()
        return Loaded(persons, seconds(), size)

    def _copy(self, lines: list[tuple[Any, ...]]) -> None:
        with self._copying("persons") as copy:
            for row, _ in lines:
                copy.write_row(row)
        with self._copying("distinct_ids") as copy:
            for (uuid, *_), ids in lines:
                for one in ids:
                    copy.write_row((one, uuid))

    @contextlib.contextmanager
    def _copying(self, table: str) -> Generator[Any]:
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy,
        ):
            yield copy

    def open(self) -> None:
        self._server.start()
        self._connect()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._server.is_running():
            self._server.stop()

    def facts(self) -> Facts:
        return Facts(
            str(self._run("SHOW server_version")[0][0]),
            "The latest version of everybody, by COPY from Python; rows come with properties and"
            " distinct ids. Statements are prepared by psycopg, binary, over a Unix socket.",
            "\n".join((_HERE / name).read_text() for name in ("postgres.sql", "postgres_keys.sql")),
            ", ".join(f"{name}={value}" for name, value in SETTINGS.items()),
        )

    def pid(self) -> int:
        return self._server.pid()

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
                ((uuid, _, _, properties, ids),) = rows
                return Answer(uuid=str(uuid), properties=properties, distinct_ids=ids)
            case Values():
                return Answer(values=rows)
            case Timeline():
                return Answer(points=[(_us(at), n) for at, n, _ in rows])
            case Update():
                text, values = _statement(Get(ask.uuid))
                return Answer(count=self._run(text, values)[0][3].get(EDITED))

    def statement(self, ask: Ask, variant: str) -> str:
        return _statement(ask)[0]

    def export(self, form: ExportFormat, target: Path) -> int | None:
        if form != "csv":
            return None
        text = (
            b"COPY (SELECT id, created_at, properties FROM persons) TO STDOUT (FORMAT csv, HEADER)"
        )
        with (
            self._connection.cursor() as cursor,
            target.open("wb") as out,
            cursor.copy(text) as copy,
        ):
            for block in copy:
                out.write(block)
        with target.open("rb") as written:
            return sum(block.count(b"\n") for block in iter(lambda: written.read(1 << 20), b"")) - 1

    def _connect(self) -> None:
        self._connection = self._psycopg.connect(
            self._server.address(), autocommit=True, prepare_threshold=1
        )

    def _script(self, name: str) -> None:
        for statement in (_HERE / name).read_text().split(";\n"):
            if statement.strip():
                self._run(statement)

    def _run(self, text: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        with self._connection.cursor(binary=True) as cursor:
            cursor.execute(text.encode(), values)
            found: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
            return found


def _batches(files: Files) -> Iterator[list[tuple[Any, ...]]]:
    rows = (
        (
            (
                person.uuid,
                person.created_at,
                b'"is_identified":true' in line[:400],
                bytes(_properties(line).properties).decode(),
                person.search_text(),
            ),
            person.distinct_ids,
        )
        for line, person in files.latest()
    )
    while batch := list(islice(rows, _COPIED)):
        yield batch


def _us(at: datetime) -> int:
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


_SHOWN = """SELECT id, created_at, is_identified, properties,
    ARRAY(SELECT distinct_id FROM distinct_ids WHERE person_id = persons.id)
FROM persons"""


def _statement(ask: Ask) -> tuple[str, dict[str, Any]]:
    match ask:
        case Page():
            condition, values = _conditions(ask.where)
            if ask.after is not None:
                at = _EPOCH + timedelta(microseconds=ask.after.created_us)
                values |= {"at": at, "uuid": ask.after.uuid}
                condition += " AND (created_at, id) < (%(at)s, %(uuid)s::uuid)"
            skip = "" if ask.after or not ask.offset else f" OFFSET {ask.offset}"
            # The distinct ids are looked up for the page's rows alone.
            return (
                f"{_SHOWN} WHERE {condition}\nORDER BY created_at DESC, id DESC"
                f" LIMIT {ask.limit}{skip}",
                values,
            )
        case Count():
            condition, values = _conditions(ask.where)
            return f"SELECT count(*) FROM persons WHERE {condition}", values
        case Get():
            return f"{_SHOWN} WHERE id = %(id)s::uuid", {"id": ask.uuid}
        case Values():
            value = f"properties ->> {quoted(ask.key)}"
            values, contains = {}, ""
            if ask.contains:
                values, contains = (
                    {"contains": like(ask.contains)},
                    f" AND {value} ILIKE %(contains)s",
                )
            return (
                f"SELECT {value} AS value, count(*) FROM persons\n"
                f"WHERE {value} IS NOT NULL{contains}\nGROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20",
                values,
            )
        case Timeline():
            return _TIMELINE.format(key=quoted(ask.key)), {"id": ask.uuid}
        case Update():
            return (
                "UPDATE persons SET properties = properties"
                f" || jsonb_build_object({quoted(EDITED)}, %(value)s::bigint)\n"
                "WHERE id = %(id)s::uuid",
                {"id": ask.uuid, "value": ask.value},
            )


_TIMELINE = """SELECT min(at), count(*), (array_agg(person_properties ORDER BY at))[1] FROM (
    SELECT *, count(*) FILTER (WHERE opens) OVER (ORDER BY at) AS point FROM (
        SELECT at, person_properties, person_properties ->> {key} IS DISTINCT FROM
            lag(person_properties ->> {key}, 1, '') OVER (ORDER BY at) AS opens
        FROM events WHERE person_id = %(id)s::uuid
    ) AS compared
) AS numbered GROUP BY point ORDER BY point"""


def _conditions(where: Where) -> tuple[str, dict[str, Any]]:
    passes, values = ["true"], dict[str, Any]()
    if where.distinct_id:
        values["distinct_id"] = where.distinct_id
        passes.append(
            "id = (SELECT person_id FROM distinct_ids WHERE distinct_id = %(distinct_id)s)"
        )
    if where.email:
        values["email"] = where.email
        passes.append("properties ->> 'email' = %(email)s")
    if where.search:
        values["search"] = like(where.search)
        passes.append("search LIKE %(search)s")
    passes += [_test(test, n, values) for n, test in enumerate(where.tests)]
    return " AND ".join(passes), values


def _test(test: Condition, n: int, values: dict[str, Any]) -> str:
    if test.operator == "is_set":
        return f"properties ? {quoted(test.key)} AND properties -> {quoted(test.key)} <> 'null'"
    values[f"v{n}"] = test.value
    match test.operator:
        case "exact":
            return f"properties @> jsonb_build_object({quoted(test.key)}, %(v{n})s::text)"
        case "regex":
            return f"properties ->> {quoted(test.key)} ~ %(v{n})s"
        case "gt":
            return f"(properties -> {quoted(test.key)})::numeric > %(v{n})s::numeric"
