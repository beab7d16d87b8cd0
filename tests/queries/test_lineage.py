"""From writes that are known back to one that the person's row has forgotten."""

from __future__ import annotations

import pytest

from queries.lineage import Link, leads_to

# 5, 4, 3, 2, 1 were made; 14 and 13 were to follow 2, in vain.
LINKS = [Link(5, 4), Link(4, 3), Link(3, 2), Link(2, 1), Link(14, 13), Link(13, 2)]


@pytest.mark.parametrize(
    ("write_id", "known", "expected"),
    [
        (5, [5], True),
        (2, [5], True),
        (1, [77, 4], True),
        (13, [5, 4], False),
        (14, [5, 4], False),
        (3, [77], False),
        (3, [], False),
        (0, [5], False),
    ],
)
def test_what_is_led_to(write_id: int, known: list[int], expected: bool) -> None:
    assert leads_to(write_id, known, LINKS) is expected


def test_a_ring_has_an_end() -> None:
    assert not leads_to(9, [1], [Link(1, 2), Link(2, 1)])
