"""Turns between service processes on one server to write many persons in one INSERT.

Within a process `service.turns` keeps writers apart, and a process with the engine of its own has
no other to mind. On a server the edit of one person is a compare-and-set, but a batch of an import,
a merge or a split is not. So those take a turn that all processes know of, and every other writer
looks before it reads and after it has written. Who finds another turn than before may not have been
seen by who had it: so it waits until that is over, and asks the lineage which of the two was first.

A process may die in its turn. When the time is up anybody ends it, by an INSERT with the token of
the write it is for: what the dead one may still send is then dropped, or was written before that.

All of them go by the server's clock, so that a later writer has the higher versions.
"""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import ClassVar

import polars as pl
from msgspec import Struct

from queries.turns import Turn, get_turn, token_of_turn, token_of_write
from service.engine import TAKEN_ONCE, Engine
from service.errors import Busy

TURN_SECONDS = 60.0
_POLL_SECONDS = 0.02
# Between two turns of one process, so that others see one end.
_PAUSE_SECONDS = 0.06
_TAKEN = "Others write many persons of this project. Try again in a minute."
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = pl.Datetime("us", "UTC")


class Moment(Struct, frozen=True):
    """When somebody looked: at which turn, and by the clock that all processes go by."""

    above: ClassVar[int] = 1
    """For `person_rows`: a token keeps two writes of one version apart."""

    turn: int
    now_us: int


class Held(Struct, frozen=True):
    """A turn that is held; `settings` are for the one INSERT of persons that it is for."""

    above: ClassVar[int] = 2
    """For `person_rows`: higher than what an edit may still write that has not seen the turn."""

    number: int
    holder: int
    settings: dict[str, str]
    now_us: int


class ServerTurns:
    """Turns of one database; all methods are for a worker thread."""

    def __init__(self, engine: Engine, *, turn_seconds: float = TURN_SECONDS) -> None:
        """Take the engine.

        Args:
            engine: where they are kept.
            turn_seconds: so long a turn may last before others may end it.
        """
        self._engine = engine
        self._turn_us = int(turn_seconds * 1_000_000)
        self._given = 0.0

    def look(self, project: int) -> Moment:
        """Wait until nobody has a turn, and return when that was; before persons are read.

        Raises:
            Busy: somebody has one all the time.
        """
        if self._engine.exclusive:
            return Moment(0, time.time_ns() // 1_000)
        turn = self._over(project)
        return Moment(turn.number(), turn.now_us)

    def wait_if_begun(self, project: int, moment: Moment) -> None:
        """Wait until nobody has a turn, if one began since a moment; after something was written.

        Raises:
            Busy: as `look`.
        """
        if self._get(project).number() != moment.turn:
            self._over(project)

    def take(self, project: int) -> Held:
        """Wait for a turn and take it; `give` ends it.

        Raises:
            Busy: others have it all the time.
        """
        if self._engine.exclusive:
            return Held(0, 0, {}, time.time_ns() // 1_000)
        time.sleep(max(0.0, self._given + _PAUSE_SECONDS - time.monotonic()))
        holder = secrets.randbits(63) + 1
        until = time.monotonic() + 2 * self._turn_us / 1_000_000
        while time.monotonic() < until:
            turn = self._over(project)
            number = turn.number() + 1
            token = token_of_turn(project, number)
            self._write(project, 2 * number, holder, turn.now_us + self._turn_us, token)
            found = self._get(project)
            if (found.number(), found.holder) == (number, holder):
                settings = {TAKEN_ONCE: token_of_write(project, number)}
                return Held(number, holder, settings, found.now_us)
        raise Busy(_TAKEN)

    def settings(self, when: Moment | Held, token: str) -> dict[str, str]:
        """Return the settings of the one INSERT of persons that follows from a look.

        Args:
            when: they were looked at.
            token: of the row that is followed, which counts where no turn is held.
        """
        if isinstance(when, Held):
            return when.settings
        # On the embedded engine nobody else writes at all.
        return {} if self._engine.exclusive else {TAKEN_ONCE: token}

    def give(self, project: int, held: Held) -> None:
        """End a turn."""
        if not self._engine.exclusive:
            self._end(project, held.number, held.holder)
            self._given = time.monotonic()

    def _over(self, project: int) -> Turn:
        until = time.monotonic() + 2 * self._turn_us / 1_000_000
        while time.monotonic() < until:
            turn = self._get(project)
            if turn.is_late():
                self._void(project, turn)
            elif not turn.is_on():
                return turn
            else:
                time.sleep(_POLL_SECONDS)
        raise Busy(_TAKEN)

    def _void(self, project: int, turn: Turn) -> None:
        """End a turn whose time is up, so that its batch is written already or never will be.

        A row that stands for nobody takes the batch's token, so it is of the same project: on a
        cluster tokens are known to one shard.
        """
        nobody = pl.DataFrame(
            {
                "team_id": [project],
                "created_at": [_EPOCH],
                "id": ["00000000-0000-0000-0000-000000000000"],
                "version": [1],
                "is_deleted": [1],
            },
            schema_overrides={
                "team_id": pl.UInt32,
                "created_at": _TIME,
                "version": pl.UInt64,
                "is_deleted": pl.UInt8,
            },
        )
        token = token_of_write(project, turn.number())
        self._engine.insert_now("persons", nobody, settings={TAKEN_ONCE: token})
        self._end(project, turn.number(), turn.holder)

    def _end(self, project: int, number: int, holder: int) -> None:
        self._write(project, 2 * number + 1, holder, 0, f"{token_of_turn(project, number)}:over")

    def _get(self, project: int) -> Turn:
        (turn,) = self._engine.fetch_now(get_turn(project))
        return turn

    def _write(self, project: int, version: int, holder: int, ends_us: int, token: str) -> None:
        row = pl.DataFrame(
            {"team_id": [project], "version": [version], "holder": [holder], "ends_at": [ends_us]},
            schema={
                "team_id": pl.UInt32,
                "version": pl.UInt64,
                "holder": pl.UInt64,
                "ends_at": _TIME,
            },
        )
        self._engine.insert_now("turns", row, settings={TAKEN_ONCE: token})
