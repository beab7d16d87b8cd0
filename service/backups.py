"""Backups: all tables as of one moment, copied by the engine while everybody goes on writing.

The tables are put into a snapshot first (`queries.backups`), on the embedded engine while no
project has its turn and the journal is empty. What is copied, and summed up, is that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from queries import backups as made
from queries.backups import State, Sum, Table
from queries.projects import list_projects
from queries.statement import Statement
from service.engine import Engine
from service.engine_clients import Clients
from service.engine_target import target
from service.errors import BadRequest, Conflict, EngineError, PersonhouseError
from service.handoff import Backup, Saved
from service.json_lines import decode_lines
from service.metering import Meter
from service.settings import Settings

Row = TypeVar("Row")

_POLL_SECONDS = 0.1
_ENGINES_PART = "clickhouse"
# The name is looked for in the engine's own list, where these are written otherwise.
_ODD = frozenset("'\"\\\n")
_making = threading.Lock()


class _Place(Struct, frozen=True):
    """Where a backup is: a directory of this machine, or of the server's."""

    path: str
    disk: str

    def begin(self) -> Statement[None]:
        return made.begin_backup(self.path, self.disk)

    def begin_restore(self) -> Statement[None]:
        return made.begin_restore(self.path, self.disk)


def back_up(engine: Engine, directory: str, disk: str = "") -> Backup:
    """Save everything, while others write.

    Args:
        engine: it is open.
        directory: on the embedded engine an absolute path that is not there yet; on a server a
            path below its `backups.allowed_path`, or of a disk.
        disk: one of the server's configuration, from its `backups.allowed_disk`.

    Raises:
        BadRequest: the directory is there, or cannot be made.
        Conflict: another backup is being made.
        PersonhouseError: the engine failed; nothing is left but what it had copied.
    """
    began = time.monotonic()
    place = _place(engine.exclusive, directory, disk, is_new=True)
    if not _making.acquire(blocking=False):
        raise Conflict("Another backup is being made.")
    try:
        tables = _take_snapshot(engine)
        try:
            engine.command_now(made.make_sums())
            for table in tables:
                engine.command_now(made.note_sums(table))
            sums = engine.fetch_now(made.list_sums())
            engine.command_now(place.begin())
            state = _wait(lambda: engine.fetch_now(made.find_state(place.path)))
        finally:
            engine.command_now(made.drop_snapshot())
    finally:
        _making.release()
    return Backup(directory, state.bytes, len(tables), _saved(sums), _since(began))


def _take_snapshot(engine: Engine) -> list[Table]:
    if engine.exclusive:
        # Of a backup that was cut off; on a server it may be somebody's.
        engine.command_now(made.drop_snapshot())
    with ExitStack() as turns:
        if engine.exclusive:
            for project in sorted(one.id for one in engine.fetch_now(list_projects())):
                turns.enter_context(engine.turns.turn(project))
            engine.flush()
        engine.command_now(made.make_snapshot())
        tables = engine.fetch_now(made.list_tables())
        for table in tables:
            engine.command_now(made.clone_table(table.name))
    return tables


def restore(settings: Settings, directory: str, disk: str = "") -> Backup:
    """Bring everything back, into a database that holds nothing; no engine may be open on it.

    It is there once every table's sum was found to be what it was, and not before.

    Raises:
        Conflict: there is something in the database.
        BadRequest: there is no backup.
        EngineError: what came back is not what was saved.
    """
    began = time.monotonic()
    where = target(settings.engine_dsn(), settings.clickhouse)
    clients = Clients(where, "default", Meter())
    database = settings.clickhouse.database
    try:
        place = _place(where.exclusive, directory, disk, is_new=False)
        run = _Bare(clients).run
        rows = sum(one.rows for one in run(made.list_present(database)) if one.name in _KEPT)
        if rows:
            raise Conflict(
                f"there is something in the database {database}: a backup is restored into one"
                " that holds no project, key or person"
            )
        run(made.drop_snapshot())
        run(place.begin_restore())
        state = _wait(lambda: run(made.find_state(place.path)))
        tables = run(made.list_tables("personhouse_snapshot"))
        sums = run(made.list_sums())
        _compare(tables, sums, (one for table in tables for one in run(made.sum_up(table))))
        run(made.drop_sums())
        run(made.drop_database(database))
        run(made.rename_snapshot(database))
    finally:
        clients.close()
        where.close()
    return Backup(directory, state.bytes, len(tables), _saved(sums), _since(began))


_KEPT = frozenset(("projects", "api_keys", "persons", "events"))


class _Bare:
    """Runs statements beside our database."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def run(self, statement: Statement[Row]) -> list[Row]:
        text, values = statement.sql.render()
        with self._clients.lent(statement.name) as client:
            if statement.row is type(None):
                client.command(text, values)
                return []
            return decode_lines(client.raw_query(text, values, fmt="JSONEachRow"), statement.row)


def _place(is_embedded: bool, directory: str, disk: str, *, is_new: bool) -> _Place:
    if _ODD & set(directory):
        raise BadRequest("A directory of backups has no quotes in its name.", attr="directory")
    if not is_embedded:
        return _Place(directory, disk)
    if disk:
        raise BadRequest("Disks are a server's: here name a directory.", attr="disk")
    folder = Path(directory)
    if not folder.is_absolute():
        raise BadRequest("The directory must be an absolute path.", attr="directory")
    try:
        if is_new:
            # Nobody else may read it: it holds what the tables hold.
            folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise BadRequest(f"{folder} cannot be made: {error.strerror}", attr="directory") from error
    if not is_new and not (folder / _ENGINES_PART / ".backup").is_file():
        raise BadRequest(f"{folder} is no backup", attr="directory")
    return _Place(str(folder / _ENGINES_PART), "")


def _wait(look: Callable[[], list[State]]) -> State:
    """Wait until the engine has copied all, or failed."""
    while True:
        found = look()
        if not found:
            raise EngineError("the engine lost track of the backup: it was started again")
        state = found[0]
        if state.status in ("BACKUP_CREATED", "RESTORED"):
            return state
        if state.status not in ("CREATING_BACKUP", "RESTORING"):
            raise _failure(state)
        time.sleep(_POLL_SECONDS)


def _failure(state: State) -> PersonhouseError:
    reason = state.error.partition(", Stack trace")[0][:300]
    return BadRequest(f"the engine could not: {reason or state.status}", attr="directory")


def _compare(tables: Iterable[Table], wanted: Iterable[Sum], found: Iterable[Sum]) -> None:
    """Raise unless all sums are what they were; rows that expire may have."""
    expiring = {table.name for table in tables if table.expires}
    before = {(one.table_name, one.team_id): one for one in wanted}
    after = {(one.table_name, one.team_id): one for one in found}
    for name in before.keys() | after.keys():
        one, other = before.get(name), after.get(name)
        if name[0] in expiring and (other is None or (one is not None and other.rows <= one.rows)):
            continue
        if one != other:
            table, project = name
            raise EngineError(
                f"{table} of project {project} is not what was saved: nothing was restored"
            )


def _saved(sums: Iterable[Sum]) -> list[Saved]:
    return [
        Saved(one.team_id, one.rows, one.checksum)
        for one in sorted(sums)
        if one.table_name == "persons"
    ]


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)
