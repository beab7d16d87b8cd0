"""The gate: what a header opens, and in which order it is found out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from msgspec import Struct

from service.auth import Access, Gate
from service.engine import Engine
from service.errors import Forbidden, NotAuthenticated, NotFound, PersonhouseError
from service.keys import SCOPES, Keys
from service.projects import Projects
from service.settings import Auth

ADMIN_TOKEN = "the command line's own"
UNKNOWN = "phx_" + "x" * 43
NOT_PROVIDED = "Authentication credentials were not provided."
INVALID = "Personal API key found in request Authorization header is invalid."


class Door(Struct):
    """A gate with projects 1 and 2, and what makes keys for it."""

    runner: asyncio.Runner
    keys: Keys
    gate: Gate

    def key(self, *scopes: str, projects: tuple[int, ...] = ()) -> str:
        """Return the secret of a new key."""
        return self.runner.run(self.keys.create("", scopes, projects, None))[1]

    def enter(self, secret: str, project: str, *scopes: str) -> tuple[Access, int]:
        access, found = self.runner.run(self.gate.enter(f"Bearer {secret}", project, *scopes))
        return access, found.id

    def refused(self, secret: str, project: str, *scopes: str) -> PersonhouseError:
        with pytest.raises(PersonhouseError) as raised:
            self.enter(secret, project, *scopes)
        return raised.value


@pytest.fixture(scope="module")
def door(engine: Engine) -> Iterator[Door]:
    with asyncio.Runner() as runner:
        keys, projects = Keys(engine, Auth()), Projects(engine)
        for name in ("first", "second"):
            runner.run(projects.create(name))
        yield Door(runner, keys, Gate(keys, projects, ADMIN_TOKEN))


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "bearer {}", "BEARER {}", "Basic {}", "{}", "Bearer{}"],
)
def test_no_key(door: Door, header: str | None) -> None:
    sent = None if header is None else header.format(door.key("*"))
    with pytest.raises(NotAuthenticated) as raised:
        door.runner.run(door.gate.authenticate(sent))
    assert raised.value.detail == NOT_PROVIDED
    assert raised.value.body().code == "not_authenticated"


@pytest.mark.parametrize("secret", [UNKNOWN, "x", "a b", "é", "\udcff", "phx_", UNKNOWN + "x"])
def test_a_key_that_is_not_known(door: Door, secret: str) -> None:
    with pytest.raises(NotAuthenticated) as raised:
        door.runner.run(door.gate.authenticate(f"Bearer {secret}"))
    assert raised.value.detail == INVALID
    assert raised.value.body().code == "authentication_failed"


@pytest.mark.parametrize("header", ["Bearer {}", "Bearer   {}", "Bearer {}  ", " Bearer\t{}"])
def test_space_does_not_matter(door: Door, header: str) -> None:
    sent = header.format(door.key("person:read", projects=(2, 1)))
    access = door.runner.run(door.gate.authenticate(sent))
    assert access.scopes == {"person:read"}
    assert access.projects == {1, 2}
    assert not access.is_admin


# What each scope grants, beside itself.
IMPLIED = {"person:write": {"person:read"}, "*": set(SCOPES)}


@pytest.mark.parametrize("granted", SCOPES)
@pytest.mark.parametrize("needed", SCOPES[:-1])
def test_scopes(door: Door, granted: str, needed: str) -> None:
    secret = door.key(granted)
    if needed == granted or needed in IMPLIED.get(granted, ()):
        assert door.enter(secret, "1", needed)[1] == 1
    else:
        error = door.refused(secret, "1", needed)
        assert isinstance(error, Forbidden)
        assert error.detail == f"API key missing required scope '{needed}'"


def test_all_scopes_are_needed(door: Door) -> None:
    both = door.key("person:read", "activity_log:read")
    assert door.enter(both, "1", "person:read", "activity_log:read")[1] == 1
    error = door.refused(door.key("person:read"), "1", "person:read", "activity_log:read")
    assert "'activity_log:read'" in error.detail
    assert door.enter(door.key("activity_log:read"), "1")[1] == 1


def test_projects(door: Door) -> None:
    second = door.key("*", projects=(2,))
    assert door.enter(second, "2")[1] == 2
    error = door.refused(second, "1")
    assert isinstance(error, Forbidden)
    assert error.detail == "API key does not have access to the requested project: ID 1."
    everywhere = door.key("*")
    assert [door.enter(everywhere, project)[1] for project in ("1", "2", "02")] == [1, 2, 2]


@pytest.mark.parametrize(
    "project", ["3", "0", "-1", "+1", " 1", "1_0", "\u0661", "1.0", "", "@current", "9" * 5000]
)
def test_no_such_project(door: Door, project: str) -> None:
    error = door.refused(door.key("*"), project)
    assert isinstance(error, NotFound)
    assert error.detail == "Project not found."


def test_the_order(door: Door) -> None:
    """The key, then the project, the scope, and the key's projects."""
    reader = door.key("person:read", projects=(2,))
    refusals = [
        door.refused(UNKNOWN, "3", "person:write"),
        door.refused(reader, "3", "person:write"),
        door.refused(reader, "1", "person:write"),
        door.refused(reader, "1", "person:read"),
    ]
    assert [error.status for error in refusals] == [401, 404, 403, 403]
    assert "scope" in refusals[2].detail
    assert "ID 1" in refusals[3].detail


def test_the_command_line_passes_everywhere(door: Door) -> None:
    access, project = door.enter(ADMIN_TOKEN, "1", *SCOPES)
    assert (access.is_admin, access.key_id, project) == (True, "", 1)
    assert isinstance(door.refused(ADMIN_TOKEN, "3"), NotFound)
    assert door.refused(ADMIN_TOKEN[:-1], "1").status == 401


def test_without_a_token_of_its_own_nobody_is_admin(door: Door, engine: Engine) -> None:
    gate = Gate(door.keys, Projects(engine), "")
    for header in ("Bearer ", "Bearer \t", "Bearer x"):
        with pytest.raises(NotAuthenticated):
            door.runner.run(gate.authenticate(header))
