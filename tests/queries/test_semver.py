"""Versions as filters write them, as ranges."""

from __future__ import annotations

import pytest

from queries.semver import Range, Version, decode_range


@pytest.mark.parametrize("text", ["1.2.3", "v1.2.3", "1.2.3-rc.1", "1.2.3+build.5", "1.2.3-a+b"])
@pytest.mark.parametrize(
    ("comparison", "range_"),
    [
        ("eq", Range((1, 2, 3), (1, 2, 4))),
        ("neq", Range((1, 2, 3), (1, 2, 4))),
        ("gt", Range(low=(1, 2, 4))),
        ("gte", Range(low=(1, 2, 3))),
        ("lt", Range(high=(1, 2, 3))),
        ("lte", Range(high=(1, 2, 4))),
    ],
)
def test_comparisons(comparison: str, range_: Range, text: str) -> None:
    assert decode_range(comparison, text) == range_


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("1.2.3", (1, 2, 3), (1, 3, 0)),
        ("1.2", (1, 2, 0), (1, 3, 0)),
        ("1", (1, 0, 0), (2, 0, 0)),
        ("v0.2.3-rc", (0, 2, 3), (0, 3, 0)),
        ("0", (0, 0, 0), (1, 0, 0)),
    ],
)
def test_tilde(text: str, low: Version, high: Version) -> None:
    assert decode_range("tilde", text) == Range(low, high)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("1.2.3", (1, 2, 3), (2, 0, 0)),
        ("0.2.3", (0, 2, 3), (0, 3, 0)),
        ("0.0.3", (0, 0, 3), (0, 0, 4)),
        ("0.0.0", (0, 0, 0), (0, 0, 1)),
        ("1.2", (1, 2, 0), (2, 0, 0)),
        ("0.2", (0, 2, 0), (0, 3, 0)),
        ("0.0", (0, 0, 0), (0, 1, 0)),
        ("1", (1, 0, 0), (2, 0, 0)),
        ("0", (0, 0, 0), (1, 0, 0)),
    ],
)
def test_caret_goes_to_the_next_change_of_the_first_part_that_is_not_0(
    text: str, low: Version, high: Version
) -> None:
    assert decode_range("caret", text) == Range(low, high)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("1.2.*", (1, 2, 0), (1, 3, 0)),
        ("1.*", (1, 0, 0), (2, 0, 0)),
        ("v0.0.*", (0, 0, 0), (0, 1, 0)),
        ("0.*", (0, 0, 0), (1, 0, 0)),
    ],
)
def test_wildcard(text: str, low: Version, high: Version) -> None:
    assert decode_range("wildcard", text) == Range(low, high)


NONE = [
    *("", "x", "1.2.3.4", "01.2.3", "1.02.3", "1.2.03", "-1.2.3", "1.2.3 ", " 1.2.3", "1.2.3\n"),
    *("1.2.", ".1.2", "1..3", "V1.2.3", "1.2.3-", "1.2.3+", "1.2.x", f"1.2.{10**18}", "\u0661.2.3"),
]


@pytest.mark.parametrize("text", [*NONE, "1", "1.2", "1.2.*"])
@pytest.mark.parametrize("comparison", ["eq", "neq", "gt", "gte", "lt", "lte"])
def test_a_comparison_takes_a_whole_version(comparison: str, text: str) -> None:
    with pytest.raises(ValueError, match="no version"):
        decode_range(comparison, text)


@pytest.mark.parametrize("text", [*NONE, "1.2.*"])
@pytest.mark.parametrize("comparison", ["tilde", "caret"])
def test_a_range_takes_a_part_of_a_version_too(comparison: str, text: str) -> None:
    with pytest.raises(ValueError, match="no version"):
        decode_range(comparison, text)


@pytest.mark.parametrize(
    "text", [*NONE, "1.2.3", "*", "1", "1.2", "1.2.3.*", "1*", "1.*.3", "1.*.*"]
)
def test_a_wildcard_ends_in_a_star(text: str) -> None:
    with pytest.raises(ValueError, match="no wildcard"):
        decode_range("wildcard", text)


def test_the_largest_version() -> None:
    most = 10**18 - 1
    assert decode_range("lte", f"{most}.{most}.{most}") == Range(high=(most, most, most + 1))
