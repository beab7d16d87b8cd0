"""Turns among processes: which it is, whether it is on, and whether its time is up."""

from __future__ import annotations

import pytest

from queries.turns import Turn, token_of_turn, token_of_write


@pytest.mark.parametrize(
    ("version", "now_us", "number", "is_on", "is_late"),
    [
        (0, 9, 0, False, False),
        (2, 9, 1, True, False),
        (2, 10, 1, True, True),
        (3, 11, 1, False, False),
        (4, 9, 2, True, False),
    ],
)
def test_a_turn(version: int, now_us: int, number: int, is_on: bool, is_late: bool) -> None:
    turn = Turn(version, 5, 10, now_us)
    assert (turn.number(), turn.is_on(), turn.is_late()) == (number, is_on, is_late)


def test_no_two_turns_share_a_token() -> None:
    tokens = [
        make(*pair) for make in (token_of_turn, token_of_write) for pair in ((1, 12), (11, 2))
    ]
    assert len(set(tokens)) == 4
