"""Ask all systems the same, in turns: first whether they agree, then for the time."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from benchmarks.answers import Wrong
from benchmarks.peers.worker import Worker
from benchmarks.questions import Question

LEAST_TIMES = 3


class Timing(Struct, frozen=True):
    """How long a question took a system, each time it was answered.

    Attributes:
        question, kind, system: which and whose.
        p50_ms: the median.
        p95_ms: of 100 answers 95 took at most as long.
        spread_ms: between the quartiles.
        n: how many were answered.
        all_ms: every time taken, in the order asked.
    """

    question: str
    kind: str
    system: str
    p50_ms: float
    p95_ms: float
    spread_ms: float
    n: int
    all_ms: list[float]


class Statement(Struct, frozen=True):
    """What a system was asked with."""

    question: str
    system: str
    text: str


class Written(Struct, frozen=True):
    """An export of uuid, created_at and properties of everybody, into a file."""

    system: str
    form: str
    rows: int
    seconds: float
    bytes: int


class Asking(Struct, frozen=True):
    """A system to ask: one of a worker's variants."""

    system: str
    worker: Worker


def agree(
    systems: list[Asking], questions: list[Question], note: Callable[[str], None]
) -> list[Statement]:
    """Ask every system every question once, and compare with the truth; returns their statements.

    Raises:
        Wrong: an answer is not right.
    """
    shown: list[Statement] = []
    for one in systems:
        for question in questions:
            taken = _ask(one, question, 0, is_shown=True)
            if taken is not None and taken[1]:
                shown.append(Statement(question.name, one.system, taken[1]))
        note(f"{one.system} answers rightly")
    return shown


def ask_all(
    systems: list[Asking],
    questions: list[Question],
    repeat: int,
    note: Callable[[str], None],
    *,
    seconds: float,
) -> list[Timing]:
    """Ask all systems all questions in turns, in another order every time.

    Every answer is checked, after its time was taken. What has taken a system longer than `seconds`
    is asked three times, and then no more, or one question would take all the time there is.

    Raises:
        Wrong: an answer is not right.
    """
    pairs = [(one, question) for one in systems for question in questions]
    taken: dict[tuple[str, str], list[float]] = {}
    absent: set[tuple[str, str]] = set()
    for n in range(1, repeat + 1):
        # Who comes after whom should not always be the same.
        for one, question in random.Random(n).sample(pairs, len(pairs)):
            key = one.system, question.name
            times = taken.setdefault(key, [])
            if key in absent or (len(times) >= LEAST_TIMES and sum(times) > 1_000 * seconds):
                continue
            found = _ask(one, question, n)
            if found is None:
                absent.add(key)
            else:
                times.append(found[0])
        note(f"asked {n} times")
    return [
        timing(question, one.system, taken[one.system, question.name])
        for question in questions
        for one in systems
        if taken[one.system, question.name]
    ]


def write_all(systems: list[Asking], folder: Path, note: Callable[[str], None]) -> list[Written]:
    """Have every system write everybody to a file, once in each form; files do not stay."""
    found: list[Written] = []
    seen: set[str] = set()
    for one in systems:
        if one.worker.name in seen:
            continue
        seen.add(one.worker.name)
        for form in ("csv", "parquet"):
            # PostgreSQL's is written by its client.
            target = folder / f"export.{form}"
            done = one.worker.export(form, target)
            target.unlink(missing_ok=True)
            if done.rows is not None:
                found.append(Written(one.system, form, done.rows, done.seconds, done.bytes))
        note(f"{one.system} has exported everything")
    rows = {one.rows for one in found}
    if len(rows) > 1:
        raise Wrong(f"exports of different numbers of rows: {found}")
    return found


def timing(question: Question, system: str, times: list[float]) -> Timing:
    """Sum up times in milliseconds."""
    ordered = sorted(times)
    quarter = len(ordered) // 4
    return Timing(
        question.name,
        question.kind,
        system,
        round(statistics.median(times), 3),
        ordered[math.ceil(0.95 * len(times)) - 1],
        round(ordered[-1 - quarter] - ordered[quarter], 3),
        len(times),
        times,
    )


def _ask(
    one: Asking, question: Question, n: int, *, is_shown: bool = False
) -> tuple[float, str] | None:
    """Ask once, and compare; None where the system is not asked this."""
    taken = one.worker.ask(question.ask(n), one.system, is_shown=is_shown)
    if taken.answer is None:
        return None
    try:
        question.check(n, taken.answer)
    except Wrong as error:
        raise Wrong(f"{one.system}, {question.name}: {error}; asked {question.ask(n)}") from error
    return taken.ms, taken.statement
