"""The questions. Each is asked with another constant every time, where it has one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from benchmarks.answers import (
    Answer,
    check_one,
    check_page,
    check_person,
    check_values,
    number_of,
)
from benchmarks.truth import Person, Test, Truth, Watch, everyone, sample

OFFSET = 100_000
LARGE_PAGE = 25_000
PAGE = 100

_CITY = "$geoip_city_name"
_PLANS = ("pro", "business", "enterprise", "free")
_SEARCHED_DOMAIN = "mail.example"
_RARE = "custom_"
_DRAWS_A_CONSTANT = 12

_Constant: TypeAlias = tuple[dict[str, str], Test]
"""Arguments, and what they mean."""


class Question(Struct, frozen=True):
    """Something to ask the service.

    Attributes:
        name: what the table calls it.
        path: how it is asked the nth time, n from 0: relative to the project, or a whole URL.
        check: what the nth answer held; raises `Wrong`.
    """

    name: str
    path: Callable[[int], str]
    check: Callable[[int, bytes], Answer]


class _Asked(Struct, frozen=True):
    """How often each question is asked, of whom, and where to say what must come out."""

    truth: Truth
    everybody: Watch
    rounds: int


def questions(truth: Truth, *, persons: int, dirty: bool, rounds: int) -> list[Question]:
    """Make all questions, each for so many rounds, and set the watches for their answers."""
    offset = min(OFFSET, persons // 2)
    keep = max(offset + PAGE * (rounds + 2), PAGE * (rounds + 2), LARGE_PAGE)
    asked = _Asked(truth, truth.watch(everyone, keep=keep), rounds)
    drawn = sample(persons, dirty=dirty, most=_DRAWS_A_CONSTANT * rounds)
    return [
        *_lists(asked, offset),
        *_persons(asked, drawn),
        *_searches(asked, drawn),
        *_filters(asked),
        *_values(asked),
        _large_page(asked),
    ]


class _Walk:
    """Page after page by `next`; from the beginning again where it ends."""

    def __init__(self, everybody: Watch) -> None:
        self._everybody = everybody
        self._url: str | None = None
        self._first = PAGE

    def start(self, url: str | None, first: int) -> None:
        """Start from a page's `next`, unless it has started already."""
        if self._url is None:
            self._url, self._first = url, first

    def check_first(self, _: int, body: bytes) -> Answer:
        """Check the first page of the list, from where the walk starts."""
        page = check_page(body, self._everybody, counted=True)
        self.start(page.next, PAGE)
        return Answer(len(page.results), page.count)

    def path(self, _: int) -> str:
        """Return the last answer's `next`."""
        return self._url or _list(offset=str(self._first))

    def check(self, _: int, body: bytes) -> Answer:
        """Check the page and remember its `next`."""
        page = check_page(body, self._everybody, counted=True, first=self._first)
        self._url, self._first = page.next, self._first + PAGE if page.next else PAGE
        return Answer(len(page.results), page.count)


def _list(*, counted: bool = True, **arguments: str) -> str:
    if not counted:
        arguments["include_total"] = "false"
    return f"persons?{urlencode(arguments)}" if arguments else "persons"


def _lists(asked: _Asked, offset: int) -> Iterator[Question]:
    everybody, walk = asked.everybody, _Walk(asked.everybody)

    def check_uncounted(_: int, body: bytes) -> Answer:
        return Answer(len(check_page(body, everybody, counted=False).results))

    deep = _Walk(everybody)

    def check_offset(n: int, body: bytes) -> Answer:
        first = offset + PAGE * n
        page = check_page(body, everybody, counted=True, first=first)
        deep.start(page.next, first + PAGE)
        return Answer(len(page.results), page.count)

    yield Question("list", lambda _: _list(), walk.check_first)
    yield Question("list, no count", lambda _: _list(counted=False), check_uncounted)
    yield Question("list, page by `next`", walk.path, walk.check)
    yield Question(
        f"list, page at offset {offset:,}",
        lambda n: _list(offset=str(offset + PAGE * n)),
        check_offset,
    )
    yield Question(f"list, page beyond {offset:,} by `next`", deep.path, deep.check)


def _large_page(asked: _Asked) -> Question:
    def check(_: int, body: bytes) -> Answer:
        page = check_page(body, asked.everybody, counted=True, limit=LARGE_PAGE)
        return Answer(len(page.results), page.count)

    return Question(f"list, limit {LARGE_PAGE:,}", lambda _: _list(limit=str(LARGE_PAGE)), check)


def _persons(asked: _Asked, drawn: Iterator[Person]) -> Iterator[Question]:
    def one(
        name: str,
        path: Callable[[Person], str],
        check: Callable[[bytes, Person], Answer],
        among: Iterator[Person] = drawn,
    ) -> Question:
        persons = list(itertools.islice(among, asked.rounds))
        return Question(name, lambda n: path(persons[n]), lambda n, body: check(body, persons[n]))

    yield one("get by uuid", lambda person: f"persons/{person.uuid}", check_person)
    yield one("get by integer id", lambda person: f"persons/{number_of(person)}", check_person)
    yield one(
        "list by `distinct_id`",
        lambda person: _list(distinct_id=person.distinct_ids[-1]),
        check_one,
    )
    yield one(
        "list by `email`",
        lambda person: _list(email=person.properties["email"]),
        check_one,
        (person for person in drawn if "email" in person.properties),
    )


def _searches(asked: _Asked, drawn: Iterator[Person]) -> Iterator[Question]:
    def search(
        name: str, terms: Iterator[str], guard: Test = everyone, *, counted: bool = True
    ) -> Iterator[Question]:
        constants = [_search(term) for term in itertools.islice(terms, asked.rounds)]
        yield _listing(asked, name, constants, guard, counted=counted)

    addresses = (person.properties.get("email", "") for person in drawn)
    yield from search("search, an address", filter(None, addresses))
    yield from search("search, unselective", _common_terms())
    yield from search("search, unselective, no count", _common_terms(), counted=False)
    yield from search(
        "search, no hits",
        (f"nobody-{n}-is-called-this" for n in itertools.count()),
        lambda _, text: "nobody-" in text,
    )
    yield from search("search, two letters", _pairs())


def _search(term: str) -> _Constant:
    folded = term.casefold()
    return {"search": term}, lambda _, text: folded in text


def _common_terms() -> Iterator[str]:
    """Yield pieces, of three letters and more, of the end of several hosts' addresses."""
    whole = _SEARCHED_DOMAIN
    pieces = [whole[a:b] for a in range(len(whole)) for b in range(a + 3, len(whole) + 1)]
    yield from itertools.cycle(pieces)


def _pairs() -> Iterator[str]:
    pairs = [consonant + vowel for vowel in "aeiou" for consonant in "nrltmsdkbv"]
    yield from itertools.cycle(pairs)


def _filters(asked: _Asked) -> Iterator[Question]:
    # One half of the constants is for lists with the count, the other for those without.
    numbers = range(2 * asked.rounds)
    yield from _filter(asked, "plan = …", [_is_plan(plan) for plan in _PLANS])
    yield from _filter(
        asked,
        "mrr > …",
        [_is_above("mrr", 200 + n) for n in numbers],
        lambda properties, _: properties.get("mrr", 0) > 200,
    )
    yield from _filter(asked, "utm_source is set", [_is_set("utm_source")])
    yield from _filter(
        asked,
        "a rare key is set",
        [_is_set(f"{_RARE}{1 + n}") for n in numbers],
        lambda properties, _: any(key.startswith(_RARE) for key in properties),
    )
    letters = "abcdefghijklmnopqrstuvwxyz"
    patterns = [f"^[{a}{b}].*@" for a in letters for b in letters if a < b]
    yield from _filter(asked, "email matches …", [_matches(pattern) for pattern in patterns])
    yield from _filter(
        asked,
        "plan = … and $os = … and score > …",
        [_is_three(10 + n / 4) for n in numbers],
        lambda properties, _: properties["plan"] == "pro",
    )


def _filter(
    asked: _Asked, name: str, constants: list[_Constant], guard: Test = everyone
) -> Iterator[Question]:
    """Make a question with and one without the count, with different constants if there are."""
    shift = min(asked.rounds, len(constants) // 2)
    shifted = [*constants[shift:], *constants[:shift]]
    yield _listing(asked, f"filter {name}", constants, guard)
    yield _listing(asked, f"filter {name}, no count", shifted, guard, counted=False)


def _is_plan(plan: str) -> _Constant:
    return _properties(_test("plan", "exact", plan)), lambda has, _: has["plan"] == plan


def _is_above(key: str, bound: float) -> _Constant:
    return _properties(_test(key, "gt", bound)), lambda has, _: has.get(key, bound) > bound


def _is_set(key: str) -> _Constant:
    return _properties(_test(key, "is_set")), lambda has, _: has.get(key) is not None


def _matches(pattern: str) -> _Constant:
    found = re.compile(pattern).search
    return (
        _properties(_test("email", "regex", pattern)),
        lambda has, _: found(has.get("email") or "") is not None,
    )


def _is_three(score: float) -> _Constant:
    tests = (
        _test("plan", "exact", "pro"),
        _test("$os", "exact", "Windows"),
        _test("score", "gt", score),
    )
    return _properties(
        *tests
    ), lambda has, _: has["plan"] == "pro" and has["$os"] == "Windows" and has["score"] > score


def _properties(*tests: dict[str, Any]) -> dict[str, str]:
    return {"properties": msgspec.json.encode(tests).decode()}


def _test(key: str, operator: str, value: object = None) -> dict[str, Any]:
    test: dict[str, Any] = {"key": key, "operator": operator, "type": "person"}
    return test if value is None else {**test, "value": value}


def _listing(
    asked: _Asked,
    name: str,
    constants: list[_Constant],
    guard: Test,
    *,
    counted: bool = True,
) -> Question:
    """Make a question for a first page; the constants follow each other, over and over."""
    constants = constants[: asked.rounds]
    watches = [asked.truth.watch(test, guard=guard) for _, test in constants]

    def path(n: int) -> str:
        return _list(counted=counted, **constants[n % len(constants)][0])

    def check(n: int, body: bytes) -> Answer:
        page = check_page(body, watches[n % len(constants)], counted=counted)
        return Answer(len(page.results), page.count)

    return Question(name, path, check)


def _values(asked: _Asked) -> Iterator[Question]:
    plans, cities = asked.truth.values("plan"), asked.truth.values(_CITY)
    pieces = list(itertools.islice(_pairs(), asked.rounds))

    def path(key: str, value: str = "") -> str:
        arguments = {"key": key, "value": value} if value else {"key": key}
        return f"persons/values?{urlencode(arguments)}"

    yield Question(
        "values of plan", lambda _: path("plan"), lambda _, body: check_values(body, plans)
    )
    yield Question(
        f"values of {_CITY}", lambda _: path(_CITY), lambda _, body: check_values(body, cities)
    )
    yield Question(
        f"values of {_CITY} that contain …",
        lambda n: path(_CITY, pieces[n]),
        lambda n, body: check_values(body, cities, pieces[n]),
    )
