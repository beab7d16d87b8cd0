"""personhouse without HTTP: the service's own verbs, called in a process that has the engine open.

What is timed is what a request does between being decoded and being encoded: all statements and the
reading of their rows.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, cast
from uuid import UUID

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
from benchmarks.data import Files
from benchmarks.peers.http import PROJECT, filters_of
from benchmarks.peers.system import ExportFormat, Facts, Loaded, Missing
from queries.edits import update
from queries.events import Range, find_owners
from queries.export_columns import decode_columns
from queries.export_rows import Form, export_rows
from queries.export_source import Source
from queries.filter_text import decode_filter
from queries.persons import PersonRow, Selection, get_persons
from queries.places import Place as RowPlace
from queries.property_edits import given_properties
from queries.values import ValueRow, list_values
from service.api.arguments import until_us
from service.counts import Counts
from service.edit_batches import Author
from service.edits import Editor
from service.engine import Engine
from service.pages import read_page
from service.settings import Settings
from service.settling import Settling
from service.timeline import Point, read_short_timeline

_COLUMNS = "uuid,created_at,properties"
_FOREVER_US = 8_000_000_000_000_000_000
_EXAMINE_SECONDS = 600.0
_LEAST_ROWS = 200_000
_WRITTEN = {"csv": "CSVWithNames", "parquet": "Parquet"}


class PersonhouseEngine:
    """See the module."""

    variants = ("personhouse",)

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._runner = asyncio.Runner()
        self._engine: Engine | None = None
        self._settling: Settling | None = None
        self._counts: Counts | None = None
        self._editor: Editor | None = None

    def load(self, files: Files) -> Loaded:
        """Take what was loaded over HTTP.

        Raises:
            Missing: it was not.
        """
        if not self._data.is_dir():
            raise Missing("it shares the data of personhouse over HTTP, which are not there")
        return Loaded(0, 0.0, 0)

    def open(self) -> None:
        settings = Settings(data=str(self._data))
        self._engine = engine = Engine(settings)
        engine.open()
        self._settling = Settling(engine)
        self._settling.start()
        self._counts = Counts(engine, self._settling)
        self._editor = Editor(engine, self._counts)
        persons = self._runner.run(self._counts.count(Selection(PROJECT, _FOREVER_US)))
        end = time.monotonic() + _EXAMINE_SECONDS
        # Below that the service reads with FINAL.
        while persons > _LEAST_ROWS and not self._settling.is_known() and time.monotonic() < end:
            time.sleep(1.0)

    def close(self) -> None:
        if self._settling is not None:
            self._settling.stop()
        if self._engine is not None:
            self._engine.close()
        self._runner.close()

    def facts(self) -> Facts:
        import chdb

        return Facts(
            f"chDB {cast('Any', chdb).__version__}",
            "The verbs of the service in the process of the engine: no HTTP, no keys, no encoding"
            " of the answer. Default settings, on the same data as over HTTP. Exports are the"
            " engine's own, of the same columns, into a file.",
        )

    def pid(self) -> int:
        return os.getpid()

    def can(self, ask: Ask, variant: str) -> bool:
        return True

    def prepare(self, ask: Ask, variant: str) -> Callable[[], object]:
        engine, settling, counts = self._engine, self._settling, self._counts
        assert engine is not None
        assert settling is not None
        assert counts is not None
        match ask:
            case Page():
                after = _placed(ask.after)
                offset = 0 if ask.after else ask.offset
                return lambda: read_page(
                    engine,
                    _selection(ask.where),
                    limit=ask.limit + 1,
                    offset=offset,
                    after=after,
                    settling=settling,
                )
            case Count():
                return lambda: self._runner.run(counts.count(_selection(ask.where)))
            case Get():
                return lambda: engine.fetch_now(get_persons(PROJECT, uuid=UUID(ask.uuid)))
            case Values():
                return lambda: settling.read(
                    lambda settled: list_values(_selection(Where()), ask.key, ask.contains, settled)
                )
            case Timeline():
                return lambda: self._timeline(ask)
            case Update():
                return lambda: self._update(ask)

    def _timeline(self, ask: Timeline) -> list[Point]:
        assert self._engine is not None
        (owner,) = self._engine.fetch_now(find_owners(PROJECT, uuid=UUID(ask.uuid)))
        wanted = Range(PROJECT, owner, 0, until_us())
        points = read_short_timeline(self._engine, wanted, (ask.key,), most=1_000)
        assert points is not None
        return points

    def _update(self, ask: Update) -> None:
        assert self._editor is not None
        given = given_properties(msgspec.json.encode({EDITED: ask.value}))
        self._editor.edit(
            PROJECT, UUID(ask.uuid), lambda person, known: update(person, given), Author()
        )

    def read(self, ask: Ask, raw: object) -> Answer:
        match ask:
            case Page():
                rows = cast("list[PersonRow]", raw)[: ask.limit]
                return Answer(rows=[Place(row.created_us, str(row.uuid)) for row in rows])
            case Count():
                return Answer(count=cast("int", raw))
            case Get():
                return _person(cast("list[PersonRow]", raw))
            case Values():
                return Answer(values=[(row.name, row.count) for row in cast("list[ValueRow]", raw)])
            case Timeline():
                points = cast("list[Point]", raw)
                return Answer(points=[(point.at_us, point.events) for point in points])
            case Update():
                assert self._engine is not None
                shown = _person(self._engine.fetch_now(get_persons(PROJECT, uuid=UUID(ask.uuid))))
                assert shown.properties is not None
                return Answer(count=shown.properties.get(EDITED))

    def statement(self, ask: Ask, variant: str) -> str:
        return ""

    def export(self, form: ExportFormat, target: Path) -> int | None:
        import chdb
        from clickhouse_connect.driver.binding import bind_query

        source = Source(Selection(PROJECT, _FOREVER_US))
        statement = export_rows(source, decode_columns(_COLUMNS), Form.TYPED)
        text, parameters = bind_query(*statement.sql.render())
        params = {name.removeprefix("param_"): value for name, value in parameters.items()}
        inner = text if isinstance(text, str) else text.decode()
        target.unlink(missing_ok=True)
        with closing(
            cast("Any", chdb).connect(str((self._data / "clickhouse").resolve()))
        ) as handle:
            handle.query("USE personhouse")
            shown = f"SELECT * EXCEPT (odd, unnamed, total) FROM ({inner})"
            handle.query(f"{shown} INTO OUTFILE '{target}' FORMAT {_WRITTEN[form]}", params=params)
            rows = handle.query(f"SELECT count() FROM file('{target}', '{_WRITTEN[form]}')")
            return int(str(rows))


def _placed(place: Place | None) -> RowPlace | None:
    return None if place is None else RowPlace(place.created_us, UUID(place.uuid))


def _selection(where: Where) -> Selection:
    tree = decode_filter(filters_of(where) if where.tests else "")
    ids = (where.distinct_id,) if where.distinct_id else ()
    return Selection(PROJECT, until_us(), tree, where.search, where.email, ids)


def _person(rows: list[PersonRow]) -> Answer:
    (row,) = rows
    return Answer(
        uuid=str(row.uuid),
        distinct_ids=list(row.ids),
        properties=msgspec.json.decode(row.properties),
    )
