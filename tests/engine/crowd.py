"""A crowd for plans: enough persons that reading all of them is plainly more than reading a few."""

from __future__ import annotations

from typing import LiteralString
from uuid import UUID

from queries.places import Place
from queries.upserts import Upsert
from service.engine import Engine
from tests.engine.people import START_US, command, insert, person

CROWD = 60_000
FEW = 5_000

# By table: the rows of a granule, as the migrations have them, and the parts that `populate` makes.
GRANULE = {"persons": 1024, "person_keys": 512, "distinct_ids": 512}
PARTS = {"persons": 3, "person_keys": 2, "distinct_ids": 2}

_TABLES: tuple[LiteralString, ...] = ("persons", "person_keys", "distinct_ids")
_PLANS = ("free", "pro", "team")


def populate(engine: Engine, *, crowd: int = CROWD, few: int = FEW) -> None:
    """Put many persons into project 1, few into 2 and 3.

    All stand in one part of each table. Not merged with it are newcomers and newer versions of
    every tenth person, and the tombstones of every hundredth.
    """
    people = [_member(n) for n in range(1, crowd + 1)]
    for project, there in ((1, people), (2, people[:few]), (3, people[:few])):
        insert(engine, project, there, version=1)
    for table in _TABLES:
        command(engine, f"OPTIMIZE TABLE {table} FINAL")
        command(engine, f"SYSTEM STOP MERGES {table}")
    newer = [_member(n, base=1) for n in range(10, crowd + 1, 10)]
    newcomers = [_member(n) for n in range(crowd + 1, crowd + 1 + crowd // 50)]
    insert(engine, 1, [*newer, *newcomers], version=2)
    gone = [_member(n, base=2) for n in range(100, crowd + 1, 100)]
    insert(engine, 1, gone, version=3, deleted=True)


def uuid_of(n: int) -> UUID:
    """The uuid of the n-th person; n is its integer id, too."""
    return UUID(int=n)


def place_at(share: float) -> Place:
    """The place that a share of project 1 stands before, from 0 to 1."""
    return Place(START_US + round((1 - share) * CROWD) * 1_000_000, uuid_of(0))


def place_of(n: int) -> Place:
    """Where the n-th person stands: neighbours in the list are not neighbours in number."""
    return Place(START_US + n * 7919 % CROWD * 1_000_000, uuid_of(n))


def _member(n: int, *, base: int = 0) -> Upsert:
    told = f'{{"email":"p{n}@example.com","plan":"{_PLANS[n % 3]}","city":"City {n % 50}"}}'
    ids = [f"user-{n}", f"anonymous-{n}"]
    return person(n, told, ids=ids, base=base, created_us=place_of(n).created_us)
