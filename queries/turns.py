"""Turns to write many persons of a project in one INSERT, between service processes on a server.

Of one person a token says that nobody else has written it meanwhile. Of many in one INSERT, as an
import's batch, a merge or a split, no token can. So that has a turn, of which all writers know.
"""

from __future__ import annotations

from msgspec import Struct

from queries.sql import bind, sql
from queries.statement import Statement


class Turn(Struct, frozen=True):
    """The last turn of a project, as the server has it.

    Attributes:
        version: see the table; 0 where there never was one.
        holder: who has or had it.
        ends_us: when it may be ended by anybody, microseconds since 1970.
        now_us: the server's clock as it read this.
    """

    version: int
    holder: int
    ends_us: int
    now_us: int

    def number(self) -> int:
        """Return which turn it is, counted from 1; 0 where there never was one."""
        return self.version // 2

    def is_on(self) -> bool:
        """Say whether nobody has ended it."""
        return self.version > 0 and self.version % 2 == 0

    def is_late(self) -> bool:
        """Say whether it is on for longer than it may be."""
        return self.is_on() and self.now_us >= self.ends_us


def get_turn(project: int) -> Statement[Turn]:
    """Select the last turn of a project; always one row."""
    return Statement(
        "turns.get",
        sql(
            """
            SELECT max(turns.version) AS version, argMax(turns.holder, turns.version) AS holder,
                toUnixTimestamp64Micro(argMax(turns.ends_at, turns.version)) AS ends_us,
                toUnixTimestamp64Micro(now64(6)) AS now_us
            FROM turns
            WHERE team_id = {}
            """,
            bind("UInt32", project),
        ),
        Turn,
        threads=1,
    )


def token_of_turn(project: int, number: int) -> str:
    """Return the token of the row that begins a turn: of two who want it, one gets it."""
    return f"{project}:{number}"


def token_of_write(project: int, number: int) -> str:
    """Return the token of the persons that are written in a turn."""
    return f"turn:{project}:{number}"
