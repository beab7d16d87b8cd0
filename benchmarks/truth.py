"""What the right answers are, from the generated lines, in plain Python.

One pass over the lines, in which each person is shown to every watch. Nothing of a person is kept
but what the checks need: counts, and of each watch the newest who pass.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from heapq import heappush, heapreplace
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from benchmarks.asks import Place
from service import generator

SEED = 1
# A line starts with `{"uuid":"…"`: the same in a person's newer line.
_UUID_BYTES = 45
_TIME_CHARACTERS = 26
_UUID_CHARACTERS = 36
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
# Where its fourth group begins.
_SECOND_HALF = 19


_PROPERTIES = b'"properties":'
_WEIGHED = ("email", "mrr", "score")


class Person(Struct, gc=False):
    """A generated line."""

    uuid: str
    distinct_ids: list[str]
    created_at: str
    properties: dict[str, Any]

    def place(self) -> str:
        """Return a text by which persons stand in the list's order, the first one the greatest.

        Newest first, ties by descending uuid, of which ClickHouse compares the second half first.
        The generator writes three or six decimals.
        """
        time = self.created_at[:-1].ljust(_TIME_CHARACTERS, "0")
        return time + self.uuid[_SECOND_HALF:] + self.uuid

    def search_text(self) -> str:
        """Return what a search looks at, in one text."""
        named = [self.properties.get(key, "") for key in ("email", "name", "username")]
        return "\n".join((*named, self.uuid, *self.distinct_ids)).casefold()


decode_person = msgspec.json.Decoder(Person).decode

Test: TypeAlias = "Callable[[dict[str, Any], str], bool]"
"""Says whether a person passes, from its properties and its search text."""


def everyone(_: dict[str, Any], __: str) -> bool:
    """Let everybody pass."""
    return True


class Watch:
    """Counts who passes a test, and keeps the newest of them."""

    def __init__(self, test: Test, keep: int) -> None:
        self.test = test
        self.count = 0
        self._keep = keep
        self._places: list[str] = []
        self._is_sorted = False

    def add(self, place: str) -> None:
        """Take one who passes."""
        self.count += 1
        if len(self._places) < self._keep:
            heappush(self._places, place)
        elif place > self._places[0]:
            heapreplace(self._places, place)

    def kept(self) -> list[str]:
        """Return the places of those kept."""
        return self._places

    def put(self, count: int, places: list[str]) -> None:
        """Take what another watch of the same test has seen."""
        self.count, self._places, self._is_sorted = count, places, False

    def page(self, first: int, rows: int) -> list[Place]:
        """Return the `rows` after the first so many; for when all were added."""
        if not self._is_sorted:
            self._places.sort(reverse=True)
            self._is_sorted = True
        assert first + rows <= self._keep or self.count <= self._keep
        return [_placed(place) for place in self._places[first : first + rows]]

    def starts_alone(self, first: int) -> bool:
        """Say whether the row of this place has another time than the one before it."""
        before, after = self.page(first - 1, 2)
        return before.created_us != after.created_us


def _placed(place: str) -> Place:
    since = datetime.fromisoformat(place[:_TIME_CHARACTERS]) - _EPOCH
    return Place(since // _MICROSECOND, place[-_UUID_CHARACTERS:])


class Weights(Struct):
    """How many bytes there are: of properties as JSON, of what is searched, of a key's texts."""

    persons: int = 0
    properties: int = 0
    searched: int = 0
    keys: dict[str, int] = msgspec.field(default_factory=dict[str, int])


class Truth:
    """All watches, the values of some properties, and how much there is."""

    def __init__(self) -> None:
        self._watches: dict[Test, list[Watch]] = {}
        self._values: dict[str, Counter[str]] = {}
        self.weights = Weights()

    def watch(self, test: Test, *, keep: int = 100, guard: Test = everyone) -> Watch:
        """Watch who passes a test.

        Args:
            test: it.
            keep: how many of the newest to know by name.
            guard: what whoever passes also passes; spares a person who does not all tests that
                have it in common.
        """
        made = Watch(test, keep)
        self._watches.setdefault(guard, []).append(made)
        return made

    def values(self, key: str) -> Counter[str]:
        """Return what will hold the texts of a property and how many have each."""
        return self._values.setdefault(key, Counter())

    def save(self, path: Path) -> None:
        """Write what was found, for `load` by the same questions."""
        watches = [[watch.count, watch.kept()] for watch in self._all()]
        path.write_bytes(msgspec.json.encode([watches, self._values, self.weights]))

    def load(self, path: Path) -> None:
        """Take what `save` wrote for the same questions and as many persons."""
        kind = tuple[list[tuple[int, list[str]]], dict[str, dict[str, int]], Weights]
        watches, values, self.weights = msgspec.json.decode(path.read_bytes(), type=kind)
        for watch, (count, places) in zip(self._all(), watches, strict=True):
            watch.put(count, places)
        for key, counter in self._values.items():
            counter.update(values[key])

    def _all(self) -> Iterator[Watch]:
        for watches in self._watches.values():
            yield from watches

    def add(self, line: bytes) -> None:
        """Take the line of a person that counts: the newest."""
        person = decode_person(line)
        place, text, properties = person.place(), person.search_text(), person.properties
        for guard, watches in self._watches.items():
            if guard(properties, text):
                for watch in watches:
                    if watch.test(properties, text):
                        watch.add(place)
        for key, counter in self._values.items():
            if key in properties:
                counter[properties[key]] += 1
        weights = self.weights
        weights.persons += 1
        weights.properties += len(line) - line.index(_PROPERTIES) - len(_PROPERTIES)
        weights.searched += len(text)
        for key in _WEIGHED:
            if key in properties:
                weights.keys[key] = weights.keys.get(key, 0) + len(str(properties[key]))


def lines(persons: int, *, dirty: bool) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield the line of each person, and the newer one of those that have one."""
    newer = generator.superseding(persons if dirty else 0, seed=SEED)
    coming = next(newer, None)
    for line in generator.persons(persons, seed=SEED):
        if coming is not None and coming[:_UUID_BYTES] == line[:_UUID_BYTES]:
            yield line, coming
            coming = next(newer, None)
        else:
            yield line, None
    assert coming is None, "newer lines do not stand in the order of the persons"


def sample(persons: int, *, most: int) -> Iterator[tuple[int, Person]]:
    """Yield some persons as they are at last, each once, always the same ones, with their index.

    Whoever is deleted is left out.
    """
    drawn = random.Random(SEED).sample(range(persons), min(most, persons))
    for index in drawn:
        person = at_last(index)
        if person is not None:
            yield index, person


def at_last(index: int) -> Person | None:
    """Return a person as it is at last; None where it is deleted."""
    if any(generator.deleted(1, seed=SEED, start=index)):
        return None
    newer = generator.superseding(1, seed=SEED, start=index)
    return decode_person(next(newer, None) or next(generator.persons(1, seed=SEED, start=index)))
