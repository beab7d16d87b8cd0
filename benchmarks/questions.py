"""The questions. Each is asked with another constant every time, where it has one."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

from msgspec import Struct

from benchmarks import answers, events
from benchmarks.answers import check_count, check_person, check_points, check_rows, check_values
from benchmarks.asks import (
    PAGE,
    Answer,
    Ask,
    Count,
    Get,
    Page,
    Test,
    Timeline,
    Update,
    Values,
    Where,
)
from benchmarks.truth import Person, Truth, Watch, at_last, everyone, sample
from benchmarks.truth import Test as Passes

OFFSET = 100_000
CITY = "$geoip_city_name"
COMPANY = "company"

_PLANS = ("pro", "business", "enterprise", "free")
_SEARCHED_DOMAIN = "mail.example"
_RARE = "custom_"
# Most persons have an e-mail and a name that will do; one in four has not.
_DRAWS_A_ROUND = 40
_WORD = re.compile(r"^[a-rt-z]{5,}$")

_Constant: TypeAlias = tuple[Where, Passes]
"""What to ask for, and what it means."""
# Bytes that must be read of each person to look at a property: the others have long texts.
_NARROW = {"plan": 1.0, "$os": 1.0, "utm_source": 0.125, "custom": 0.0, CITY: 2.0, COMPANY: 2.0}


class Question(Struct, frozen=True):
    """Something to ask every system.

    Attributes:
        name: what the tables call it.
        kind: of its target: `point`, `page`, `search`, `count`, `values` or `write`.
        ask: it, for the nth time, n from 0.
        check: that the nth answer is right; raises `Wrong`.
        scanned: the bytes that any system must look at to answer, however it keeps them.
    """

    name: str
    kind: str
    ask: Callable[[int], Ask]
    check: Callable[[int, Answer], None]
    scanned: Callable[[], float]


class _Asked(Struct, frozen=True):
    truth: Truth
    rounds: int

    def row_bytes(self) -> float:
        """Return how large a person's properties are, on average."""
        return self.truth.weights.properties / self.truth.weights.persons

    def looked_at(self, keys: tuple[str, ...]) -> float:
        """Return how many bytes a person's values of some keys have, on average."""
        weights = self.truth.weights
        return sum(
            _NARROW[key] if key in _NARROW else weights.keys.get(key, 0) / weights.persons
            for key in keys
        )


def questions(truth: Truth, *, persons: int, rounds: int) -> list[Question]:
    """Make all questions, each for so many rounds, and set the watches for their answers."""
    asked = _Asked(truth, rounds)
    drawn = sample(persons, most=_DRAWS_A_ROUND * rounds)
    return [
        *_lists(asked, persons),
        *_points(asked, drawn, persons),
        *_searches(asked, drawn),
        *_filters(asked),
        *_values(asked),
        _update(asked, drawn),
    ]


def _lists(asked: _Asked, persons: int) -> Iterator[Question]:
    # Of few persons pages overlap, or the last would be beyond the end.
    offset, step = min(OFFSET, persons // 4), min(PAGE, persons // (4 * asked.rounds))
    spare = step * (asked.rounds + 2)
    everybody = asked.truth.watch(everyone, keep=offset + 3 * spare + 2 * PAGE)

    def bytes_of_page() -> float:
        return PAGE * asked.row_bytes()

    def check_at(first: Callable[[int], int]) -> Callable[[int, Answer], None]:
        def check(n: int, found: Answer) -> None:
            at = first(n)
            check_rows(found, everybody.page(at, PAGE), everybody.count - at)

        return check

    def first_of(n: int) -> int:
        return offset + step * n

    def deep_of(n: int) -> int:
        # Where systems order the persons of one instant differently, none is before the page.
        first = offset + spare + step * n
        return next(at for at in itertools.count(first) if everybody.starts_alone(at))

    def deep(n: int) -> Ask:
        first = deep_of(n)
        return Page(offset=first, after=everybody.page(first - 1, 1)[0])

    yield Question(
        "list, first page", "page", lambda _: Page(), check_at(lambda _: 0), bytes_of_page
    )
    yield Question("list, from a place far on", "page", deep, check_at(deep_of), bytes_of_page)
    yield Question(
        f"list, offset {offset:,}",
        "page",
        lambda n: Page(offset=first_of(n)),
        check_at(first_of),
        bytes_of_page,
    )
    yield Question(
        "count of all",
        "count",
        lambda _: Count(),
        lambda _, found: check_count(found, everybody.count),
        lambda: 0.0,
    )


def _points(asked: _Asked, drawn: Iterator[tuple[int, Person]], persons: int) -> Iterator[Question]:
    def one(
        name: str,
        ask: Callable[[Person], Ask],
        check: Callable[[Answer, Person], None],
        among: Iterator[Person],
    ) -> Question:
        some = list(itertools.islice(among, asked.rounds))
        return Question(
            name,
            "point",
            lambda n: ask(some[n]),
            lambda n, found: check(found, some[n]),
            asked.row_bytes,
        )

    everybody = (person for _, person in drawn)
    yield one("get by uuid", lambda person: Get(person.uuid), check_person, everybody)
    yield one(
        "get by distinct id",
        lambda person: Page(Where(distinct_id=person.distinct_ids[-1]), limit=1),
        _check_alone,
        everybody,
    )
    yield one(
        "list by e-mail",
        lambda person: Page(Where(email=person.properties["email"])),
        _check_alone,
        (person for person in everybody if "email" in person.properties),
    )
    indices = (index for index in range(events.FIRST, persons, events.EVERY) if at_last(index))
    having = list(itertools.islice(indices, asked.rounds))

    def timeline(n: int) -> Ask:
        person = at_last(having[n % len(having)])
        assert person is not None
        return Timeline(person.uuid, events.KEY)

    yield Question(
        "timeline",
        "point",
        timeline,
        lambda n, found: check_points(found, events.points(having[n % len(having)])),
        lambda: events.EVENTS * asked.row_bytes(),
    )


def _check_alone(found: Answer, person: Person) -> None:
    if [row.uuid for row in found.rows or []] != [person.uuid]:
        raise answers.Wrong(f"{found.rows} instead of {person.uuid} alone")


def _searches(asked: _Asked, drawn: Iterator[tuple[int, Person]]) -> Iterator[Question]:
    everybody = (person for _, person in drawn)
    addresses = (person.properties.get("email", "") for person in everybody)
    names = (
        word
        for person in everybody
        for word in person.properties.get("name", "").casefold().split()[:1]
        if word.isascii() and _WORD.match(word)
    )
    address = _constants(asked, filter(None, addresses))
    name, common = _constants(asked, names), _constants(asked, _common_terms())
    yield _page(asked, "search, an address", "search", address, lambda _: 0.0)
    yield _page(asked, "search, a name", "search", name, lambda _: 0.0)
    yield _page(asked, "search, common", "search", common, lambda _: 0.0)
    yield _count(
        "count of a common search",
        "search count",
        common,
        lambda: float(asked.truth.weights.searched),
    )


def _constants(asked: _Asked, terms: Iterator[str]) -> list[tuple[Where, Watch]]:
    return [
        (Where(search=term), asked.truth.watch(_holds(term.casefold())))
        for term in itertools.islice(terms, asked.rounds)
    ]


def _holds(folded: str) -> Passes:
    return lambda _, text: folded in text


def _common_terms() -> Iterator[str]:
    """Yield pieces, of three letters and more, of the end of several hosts' addresses."""
    whole = _SEARCHED_DOMAIN
    pieces = [whole[a:b] for a in range(len(whole)) for b in range(a + 3, len(whole) + 1)]
    yield from itertools.cycle(pieces)


def _filters(asked: _Asked) -> Iterator[Question]:
    # One half of the constants is for the pages, the other for the counts.
    numbers = range(2 * asked.rounds)
    yield from _filter(asked, "plan = …", ("plan",), [_is_plan(plan) for plan in _PLANS])
    yield from _filter(
        asked,
        "mrr > …",
        ("mrr",),
        [_is_above("mrr", 200 + n) for n in numbers],
        lambda has, _: has.get("mrr", 0) > 200,
    )
    yield from _filter(asked, "utm_source is set", ("utm_source",), [_is_set("utm_source")])
    yield from _filter(
        asked,
        "a rare key is set",
        ("custom",),
        [_is_set(f"{_RARE}{1 + n}") for n in numbers],
        lambda has, _: any(key.startswith(_RARE) for key in has),
    )
    letters = "abcdefghijklmnopqrstuvwxyz"
    patterns = [f"^[{a}{b}].*@" for a in letters for b in letters if a < b]
    yield from _filter(asked, "email matches …", ("email",), [_matches(one) for one in patterns])
    yield from _filter(
        asked,
        "plan, $os and score > …",
        ("plan", "$os", "score"),
        [_is_three(10 + n / 4) for n in numbers],
        lambda has, _: has["plan"] == "pro",
    )


def _filter(
    asked: _Asked,
    name: str,
    keys: tuple[str, ...],
    constants: list[_Constant],
    guard: Passes = everyone,
) -> Iterator[Question]:
    watched = [
        (where, asked.truth.watch(passes, guard=guard))
        for where, passes in constants[: 2 * asked.rounds]
    ]
    half = min(asked.rounds, len(watched) // 2)
    yield _page(asked, f"filter {name}", "page", watched, lambda _: asked.looked_at(keys))
    yield _count(
        f"count {name}",
        "count",
        [*watched[half:], *watched[:half]],
        lambda: asked.truth.weights.persons * asked.looked_at(keys),
    )


def _is_plan(plan: str) -> _Constant:
    return Where((Test("plan", "exact", plan),)), lambda has, _: has["plan"] == plan


def _is_above(key: str, bound: float) -> _Constant:
    return Where((Test(key, "gt", bound),)), lambda has, _: has.get(key, bound) > bound


def _is_set(key: str) -> _Constant:
    return Where((Test(key, "is_set"),)), lambda has, _: has.get(key) is not None


def _matches(pattern: str) -> _Constant:
    found = re.compile(pattern).search
    where = Where((Test("email", "regex", pattern),))
    return where, lambda has, _: found(has.get("email") or "") is not None


def _is_three(score: float) -> _Constant:
    tests = (
        Test("plan", "exact", "pro"),
        Test("$os", "exact", "Windows"),
        Test("score", "gt", score),
    )
    return Where(
        tests
    ), lambda has, _: has["plan"] == "pro" and has["$os"] == "Windows" and has["score"] > score


def _page(
    asked: _Asked,
    name: str,
    kind: str,
    watched: list[tuple[Where, Watch]],
    looked_at: Callable[[int], float],
) -> Question:
    """Make a question for a first page; the constants follow each other, over and over."""

    def check(n: int, found: Answer) -> None:
        watch = watched[n % len(watched)][1]
        check_rows(found, watch.page(0, PAGE), watch.count)

    def scanned() -> float:
        # In order, until the page is full.
        watch = watched[len(watched) // 2][1]
        passed = asked.truth.weights.persons * min(1.0, PAGE / max(watch.count, 1))
        return passed * looked_at(0) + min(PAGE, watch.count) * asked.row_bytes()

    return Question(name, kind, lambda n: Page(watched[n % len(watched)][0]), check, scanned)


def _count(
    name: str, kind: str, watched: list[tuple[Where, Watch]], scanned: Callable[[], float]
) -> Question:
    return Question(
        name,
        kind,
        lambda n: Count(watched[n % len(watched)][0]),
        lambda n, found: check_count(found, watched[n % len(watched)][1].count),
        scanned,
    )


def _values(asked: _Asked) -> Iterator[Question]:
    def scanned(key: str) -> Callable[[], float]:
        return lambda: asked.truth.weights.persons * asked.looked_at((key,))

    def of_all(key: str) -> Question:
        counter = asked.truth.values(key)
        return Question(
            f"values of {key}",
            "values",
            lambda _: Values(key),
            lambda _, found: check_values(found, counter),
            scanned(key),
        )

    for key in ("plan", CITY, COMPANY):
        yield of_all(key)
    cities = asked.truth.values(CITY)
    pairs = [consonant + vowel for vowel in "aeiou" for consonant in "nrltmsdkbv"]
    yield Question(
        f"values of {CITY} with …",
        "values",
        lambda n: Values(CITY, pairs[n % len(pairs)]),
        lambda n, found: check_values(found, cities, pairs[n % len(pairs)]),
        scanned(CITY),
    )


def _update(asked: _Asked, drawn: Iterator[tuple[int, Person]]) -> Question:
    some = [person for _, person in itertools.islice(drawn, asked.rounds)]
    # What is there already would not be written.
    began = time.time_ns() // 1_000_000

    def check(n: int, found: Answer) -> None:
        check_count(found, began + n)

    return Question(
        "update one property",
        "write",
        lambda n: Update(some[n].uuid, began + n),
        check,
        asked.row_bytes,
    )
