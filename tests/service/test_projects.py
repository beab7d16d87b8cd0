"""Projects on the engine: their ids above all."""

from __future__ import annotations

import asyncio

import pytest

from queries.projects import Project
from service.engine import Engine
from service.errors import BadRequest
from service.projects import NAME_CHARS, Projects


def test_ids_count_up(engine: Engine) -> None:
    async def make() -> list[Project]:
        projects = Projects(engine)
        first = await projects.create(" first ")
        second = await projects.create("first")
        assert (await projects.get(1), await projects.get(2)) == (first, second)
        assert await Projects(engine).get(2) == second
        for none in (-1, 0, 3, 2**32, 2**70):
            assert await projects.get(none) is None
        return [first, second]

    made = asyncio.run(make())
    assert [(project.id, project.name) for project in made] == [(1, "first"), (2, "first")]
    assert made[0].uuid != made[1].uuid
    assert made[0].api_token.startswith("phc_")
    assert made[0].api_token != made[1].api_token


def test_who_makes_one_at_the_same_time_gets_another_id(engine: Engine) -> None:
    """Each `Projects` has a lock of its own, as each process has."""

    async def make() -> tuple[list[Project], list[Project]]:
        before = await Projects(engine).list()
        processes = [Projects(engine) for _ in range(3)]
        made = await asyncio.gather(
            *(process.create(f"{n}") for n in range(4) for process in processes)
        )
        return before, made

    before, made = asyncio.run(make())
    highest = max((project.id for project in before), default=0)
    assert sorted(project.id for project in made) == [highest + n for n in range(1, 13)]
    known = {project.id: project for project in asyncio.run(Projects(engine).list())}
    assert all(known[project.id] == project for project in made)


@pytest.mark.parametrize("name", ["", "  \n", "x" * (NAME_CHARS + 1)])
def test_a_name_is_not_empty_and_not_long(engine: Engine, name: str) -> None:
    with pytest.raises(BadRequest) as raised:
        asyncio.run(Projects(engine).create(name))
    assert raised.value.attr == "name"


def test_a_name_may_be_200_characters(engine: Engine) -> None:
    assert asyncio.run(Projects(engine).create("é" * NAME_CHARS)).name == "é" * NAME_CHARS
