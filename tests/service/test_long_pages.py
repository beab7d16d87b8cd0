"""Pages of more than a thousand persons say what short ones say, though the engine writes them."""

from __future__ import annotations

import asyncio
import random
import threading
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from queries.persons import Selection
from service.api.long_pages import LongPages
from service.api.paging import Window
from service.engine import Engine
from service.errors import Busy
from service.settings import Settings
from tests.conftest import Client, InsertPersons, make_project

# Names that are none, and ones that look so.
ODD: tuple[object, ...] = (
    *("", "0", "false", "null", "[]", "{}", "-0.0", "0e7", 'a"b\\c\n\r\t\u2028/\x00', "\U0001f600"),
    *(None, False, True, 0, -0.0, 0.0, 1, 1.50, 1e300, [], {}, [1, 2.50], {"b": 1, "a": [None]}),
)
IDS: tuple[list[str], ...] = (
    [],
    ["ada"],
    ["0189-aa-bb-cc-dd"],
    ["0189-aa-bb-cc-dd", "bob", "\"'\\"],
    ["a-b-c-d-e", "f-g-h-i-j", "0-0-0-0-0x"],
)
TIMES = ("2024-01-01T00:00:00Z", "2024-01-02T00:00:00.252Z", "2024-01-02T00:00:00.000001Z")
PARAMETERS = (
    "?",
    "?search=ada&",
    '?properties=[{"key":"n","operator":"lt","value":9}]&',
    "?include_total=false&",
)


@pytest.fixture(scope="module")
def crowd(project: int, insert_persons: InsertPersons) -> int:
    """A project whose persons have all kinds of names, ids and times."""
    draw = random.Random(7)
    persons: list[dict[str, Any]] = []
    for n, (key, value, ids) in enumerate(product(("email", "name", "username"), ODD, IDS)):
        properties = {key: value, "n": n % 13, "text": f"line\nof {n}", draw.choice("ab"): value}
        person = {
            "uuid": str(UUID(int=draw.getrandbits(128))),
            "distinct_ids": [f"{one}{n}" for one in ids],
            "created_at": draw.choice(TIMES),
            "properties": properties if n % 7 else {**properties, "username": "u", "email": 0},
            "is_identified": n % 2 == 0,
        }
        persons.append(person | ({"last_seen_at": draw.choice(TIMES)} if n % 3 else {}))
    persons.append({"distinct_ids": [f"a-b-c-d-{n}" for n in range(1_000)] + ["last", "z"]})
    insert_persons(project, *persons)
    return project


@pytest.mark.parametrize("parameters", PARAMETERS, ids=range(len(PARAMETERS)))
def test_a_long_page_says_what_short_ones_say(client: Client, crowd: int, parameters: str) -> None:
    address = f"/api/projects/{crowd}/persons{parameters}"
    long = client.get(f"{address}limit=1001")
    assert long.headers["content-type"] == "application/json"
    short = client.get(f"{address}limit=1000").json()
    assert long.json() == short
    # The members stand in one order, whoever wrote them.
    assert [list(row) for row in long.json()["results"]] == [list(row) for row in short["results"]]
    assert short["results"]


def test_a_walk_by_long_pages_is_a_walk_by_short_ones(
    client: Client, insert_persons: InsertPersons
) -> None:
    project = make_project(client, "walked")
    insert_persons(project, *({"distinct_ids": [f"walker {n}"]} for n in range(9_700)))
    start = f"/api/projects/{project}/persons?search=walker&limit="
    pages = {size: _walk(client, f"{start}{size}") for size in (1_000, 4_500)}
    assert [len(page["results"]) for page in pages[4_500]] == [4_500, 4_500, 700]
    long, short = (
        [row["uuid"] for page in pages[size] for row in page["results"]] for size in pages
    )
    assert long == short
    assert len(set(long)) == 9_700
    back = client.get(pages[4_500][2]["previous"]).json()
    assert back["results"] == pages[4_500][1]["results"]
    assert client.get(back["previous"]).json()["results"] == pages[4_500][0]["results"]
    assert client.get(back["next"]).json()["results"] == pages[4_500][2]["results"]
    by_offset = client.get(f"{start}4500&offset=4500").json()
    assert by_offset["results"] == pages[4_500][1]["results"]


def test_long_pages_wait_for_one_another_and_not_for_ever(
    engine: Engine, settings: Settings, crowd: int
) -> None:
    """Nobody is let go on until all heavy workers are free, and none is before `over`."""
    over = threading.Event()
    asked = (Selection(crowd, 2**62), Window(1_001, 0))

    async def ask() -> None:
        workers = settings.clickhouse.heavy_workers
        taken = [asyncio.ensure_future(engine.in_thread(over.wait)) for _ in range(workers)]
        patient, hasty = (LongPages(engine, patience_seconds=one) for one in (60.0, 0.01))
        waiting = [asyncio.ensure_future(patient.read(*asked)) for _ in range(17)]
        waiting.append(asyncio.ensure_future(hasty.read(*asked)))
        # All of them have asked when this goes on.
        await asyncio.sleep(0)
        for pages, why in ((patient, "too many wait"), (hasty, "its turn does not come")):
            with pytest.raises(Busy) as refused:
                await pages.read(*asked)
            assert (refused.value.status, refused.value.retry_after_seconds) == (503, 1), why
        over.set()
        pages_read = await asyncio.gather(*waiting)
        assert all(ends.count for ends, _ in pages_read)
        await asyncio.gather(*taken)

    try:
        asyncio.run(ask())
    finally:
        over.set()


def _walk(client: Client, address: str | None) -> list[dict[str, Any]]:
    pages: list[dict[str, Any]] = []
    while address is not None:
        pages.append(client.get(address).json())
        address = pages[-1]["next"]
    return pages
