"""Requests made to take as much as one request can: what `benchmarks.bombs` sends.

Each is as large as the limits let it be (docs/reference/limits.md); a few are over one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote

from msgspec import Struct

# The longest address that the server takes is 65,534 bytes.
_LONGEST = 60_000


class Bomb(Struct, frozen=True):
    """What to send: after the project's address, and how often it may be sent at once."""

    name: str
    path: str


def bombs() -> list[Bomb]:
    """Return them all, the same ones every time."""
    made = {
        "100 keys are set, page and count": _asked(
            [_test(f"custom_{n}", "is_set") for n in range(100)]
        ),
        "499 times contains, any": _asked(_any("icontains", lambda n: f"zz{n}", 499)),
        "124 times a date, any": _asked(_any("is_date_exact", lambda _: "-7d", 124)),
        "62 times a version, any": _asked(_any("semver_caret", lambda _: "1.2.3", 62)),
        "equal to one of 4,000": _asked([_test("email", "exact", [f"x{n}" for n in range(4_000)])]),
        "contains one of 4,000": _asked(
            [_test("email", "icontains", [f"x{n}" for n in range(4_000)])]
        ),
        "100 patterns that are long to compile": _asked(
            [_test("email", "not_regex", [f".{{900}}{n}" for n in range(100)])]
        ),
        "patterns that blow others up": _asked(
            [_test("email", "regex", [_nested(n) for n in range(90)])]
        ),
        "a pattern of 5,000 alternatives": _asked(
            [_test("email", "regex", "|".join(f"x{n}" for n in range(5_000)))]
        ),
        "19 groups in each other, 50 times": _asked([_groups(_test("email", "is_set"))] * 50),
        "count of nearly everybody": _asked([_test("$browser", "is_set")]),
        "search for two letters nobody has": "persons?search=%01%02",
        "search for 10,000 wildcards": f"persons?search={'%25a' * 10_000}",
        "values that contain a text": "persons/values?key=email&value=e",
        "values of distinct ids": "persons/values?key=distinct_id&value=a",
        "the last page by offset": "persons?offset=99900&include_total=false",
        "the largest page": "persons?limit=50000&include_total=false",
        "all as CSV": "persons.csv",
        "refused: 9,000 parameters": f"persons?{'&'.join(f'{n}=' for n in range(9_000))}",
        "refused: 1,001 filters": _asked([{"key": "a", "value": 1}] * 1_001),
        "refused: 30,000 digits that are no number": _asked(
            [_test("a", "gt", "1" * 30_000 + "x"), {"key": 5}]
        ),
        "refused: 200 levels": f"persons?properties={'[' * 200}",
    }
    return [Bomb(name, path) for name, path in made.items()]


def _test(key: str, operator: str, value: object = None) -> dict[str, object]:
    return {"key": key, "operator": operator, "value": value}


def _any(operator: str, value: Callable[[int], str], times: int) -> object:
    tests = [_test(f"custom_{n % 100}", operator, value(n)) for n in range(times)]
    return {"type": "OR", "values": tests}


def _nested(n: int) -> str:
    return (f"(a+)+{n}$", f"((x{{30}}){{30}}){n}", f".*.*.*.*.*={n}", f"(.{{1,50}}){{1,20}}{n}")[
        n % 4
    ]


def _groups(test: object) -> object:
    for _ in range(18):
        test = {"type": "OR", "values": [test]}
    return test


def _asked(properties: object) -> str:
    path = f"persons?properties={quote(json.dumps(properties, separators=(',', ':')), safe='')}"
    if len(path) > _LONGEST:
        raise ValueError(f"{len(path)} bytes are too many for an address")
    return path
