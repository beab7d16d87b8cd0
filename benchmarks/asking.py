"""Ask over one HTTP connection, and take the time from the request to the last byte."""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import httpx
import msgspec
from msgspec import Struct

from benchmarks.answers import Answer, Wrong
from benchmarks.processes import Peak
from benchmarks.questions import Question
from benchmarks.running import Service

# Too much for the service's limits is a time too, if not a good one: no reason to stop.
_REFUSALS = ("too_expensive", "busy", "engine_down")


class Timing(Struct, frozen=True):
    """How long a question took, each time it was answered; `rows` and `found` are medians.

    Attributes:
        name: the question.
        p50_ms: the median; None where nothing was answered.
        p95_ms: of 100 answers 95 took at most as long.
        min_ms: the fastest.
        n: how many were answered.
        refused: how many the service stopped at a limit.
        rows: in an answer.
        found: the count that an answer gave.
        bytes: of a body.
        all_ms: every time taken, in the order asked.
    """

    name: str
    p50_ms: float | None
    p95_ms: float | None
    min_ms: float | None
    n: int
    refused: int
    rows: int | None
    found: int | None
    bytes: int | None
    all_ms: list[float]


class Exported(Struct, frozen=True):
    """A CSV export of everything; memory None where it cannot be seen."""

    rows: int
    bytes: int
    seconds: float
    first_byte_ms: float
    growth_bytes: int | None


class _Taken(Struct, frozen=True):
    ms: float
    bytes: int
    answer: Answer


class _Failure(Struct):
    code: str = ""


@contextmanager
def connected(service: Service, project: int, key: str) -> Generator[httpx.Client]:
    """Open a client that keeps one connection and waits for as long as it takes."""
    with httpx.Client(
        base_url=f"{service.url}/api/projects/{project}/",
        headers={"authorization": f"Bearer {key}", "accept-encoding": "identity"},
        limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=None),
        timeout=None,
        trust_env=False,
    ) as client:
        yield client


def ask_all(
    client: httpx.Client, questions: list[Question], repeat: int, note: Callable[[str], None]
) -> list[Timing]:
    """Ask every question once to see that it is answered rightly, then all in turns for the time.

    Every answer is checked, after its time was taken.

    Raises:
        Wrong: an answer is.
    """
    for question in questions:
        _ask(client, question, 0)
    note(f"all {len(questions)} questions are answered rightly")
    taken: dict[str, list[_Taken | None]] = {question.name: [] for question in questions}
    for n in range(1, repeat + 1):
        # Who comes after the largest page should not always be the same.
        for question in random.Random(n).sample(questions, len(questions)):
            taken[question.name].append(_ask(client, question, n))
    note(f"asked {repeat} times")
    return [_timing(question.name, taken[question.name]) for question in questions]


def export_all(client: httpx.Client, service: Service, persons: int) -> Exported:
    """Read all persons as CSV, as fast as they come.

    Raises:
        Wrong: there are not as many lines as persons.
    """
    received = newlines = 0
    first = math.nan
    with Peak(service.pid) as peak:
        started = time.perf_counter()
        with client.stream("GET", "persons.csv") as response:
            for chunk in response.iter_raw():
                if not received:
                    first = time.perf_counter() - started
                received += len(chunk)
                # No generated text holds a line break.
                newlines += chunk.count(b"\n")
        seconds = time.perf_counter() - started
    if response.status_code != 200 or newlines != persons + 1:
        raise Wrong(f"export: status {response.status_code}, {newlines} lines, header included")
    growth = None
    if peak.highest_bytes is not None and peak.before_bytes is not None:
        growth = peak.highest_bytes - peak.before_bytes
    return Exported(persons, received, seconds, 1_000 * first, growth)


def _ask(client: httpx.Client, question: Question, n: int) -> _Taken | None:
    """Ask once; None where the service refuses because it would take too much."""
    request = client.build_request("GET", question.path(n))
    started = time.perf_counter()
    response = client.send(request)
    ms = 1_000 * (time.perf_counter() - started)
    if response.status_code != 200:
        if _code(response.content) in _REFUSALS:
            return None
        raise Wrong(f"{request.url}: {response.status_code} {response.text[:1_000]}")
    try:
        answer = question.check(n, response.content)
    except (Wrong, msgspec.DecodeError) as error:
        raise Wrong(f"{question.name}: {request.url}: {error}") from error
    return _Taken(ms, len(response.content), answer)


def _code(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Failure).code
    except msgspec.DecodeError:
        return ""


def _timing(name: str, taken: list[_Taken | None]) -> Timing:
    answered = [one for one in taken if one is not None]
    refused = len(taken) - len(answered)
    if not answered:
        return Timing(name, None, None, None, 0, refused, None, None, None, [])
    times = [round(one.ms, 3) for one in answered]
    found = [one.answer.found for one in answered if one.answer.found is not None]
    return Timing(
        name,
        round(statistics.median(times), 3),
        sorted(times)[math.ceil(0.95 * len(times)) - 1],
        min(times),
        len(times),
        refused,
        statistics.median_low([one.answer.rows for one in answered]),
        statistics.median_low(found) if found else None,
        statistics.median_low([one.bytes for one in answered]),
        times,
    )
