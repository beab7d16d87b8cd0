"""What is asked and what is answered, as data: the same for every system."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import Struct

PAGE = 100

Operator: TypeAlias = Literal["exact", "gt", "is_set", "regex"]


class Test(Struct, frozen=True):
    """A condition on a property; `value` is a text for `exact` and `regex`, a number for `gt`."""

    __test__ = False

    key: str
    operator: Operator
    value: str | float = ""


class Where(Struct, frozen=True):
    """Which persons: all parts that are given must hold.

    `search` is contained, case ignored, in the e-mail, the name, the username, the uuid or one of
    the distinct ids.
    """

    tests: tuple[Test, ...] = ()
    search: str = ""
    email: str = ""
    distinct_id: str = ""


class Place(Struct, frozen=True):
    """A person's place in the list: microseconds since 1970, and its uuid."""

    created_us: int
    uuid: str


class Page(Struct, frozen=True, tag=True):
    """Rows of the list, newest first, without their count.

    Attributes:
        where: of whom.
        offset: how many of the first to leave out.
        after: the place before the page instead, for those who can go on from there; `offset` then
            says how many stand up to it.
        limit: rows at most.
    """

    where: Where = Where()
    offset: int = 0
    after: Place | None = None
    limit: int = PAGE


class Count(Struct, frozen=True, tag=True):
    """How many persons there are."""

    where: Where = Where()


class Get(Struct, frozen=True, tag=True):
    """One person, whole."""

    uuid: str


class Values(Struct, frozen=True, tag=True):
    """The 20 most frequent values of a property that contain a text, case ignored."""

    key: str
    contains: str = ""


class Timeline(Struct, frozen=True, tag=True):
    """From when to when a property of a person stayed the same, as its events tell."""

    uuid: str
    key: str


class Update(Struct, frozen=True, tag=True):
    """Set the property `EDITED` of a person; done when the next read would see it."""

    uuid: str
    value: int


EDITED = "benchmark_edit"

Ask: TypeAlias = Page | Count | Get | Values | Timeline | Update


class Answer(Struct, frozen=True):
    """What a system answered, as far as that kind of question has it; None is not told.

    Attributes:
        rows: the places of a page's persons, in order. Who tells no times says -1.
        count: of persons.
        uuid, distinct_ids, properties: of one person.
        values: texts and how many have each, in order.
        points: of a timeline: microseconds since 1970, and how many events until the next.
    """

    rows: list[Place] | None = None
    count: int | None = None
    uuid: str | None = None
    distinct_ids: list[str] | None = None
    properties: dict[str, Any] | None = None
    values: list[tuple[str, int]] | None = None
    points: list[tuple[int, int]] | None = None
