"""What settled parts take out of a statement. Whole texts: golden/; exactness: tests/engine."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from queries.persons import Selection, condition
from queries.settled import Examined, Settled, count_persons, examine_parts, oldest_elsewhere
from queries.statement import Statement
from tests.queries.test_statement import GOLDEN, golden_text

SELECTION = Selection(7, 1_000)
SETTLED = Settled(("all_1_8_1", "all_9_9_0"), has_tombstones=False, newest_us=1_000)
ELSEWHERE = "(created_at, id) NOT IN"
AHEAD = "created_at <="

STATEMENTS: dict[str, Statement[Any]] = {
    "persons_examine_parts": examine_parts(("all_1_8_1", "all_9_9_0")),
    "persons_oldest_elsewhere": oldest_elsewhere(("all_1_8_1", "all_9_9_0")),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_golden(name: str, update_golden: bool) -> None:
    file = GOLDEN / f"{name}.sql"
    text = golden_text(STATEMENTS[name])
    if update_golden:
        file.write_text(text)
    assert text == file.read_text(), "run `make golden` and look at the difference"


@pytest.mark.parametrize(("latest", "is_settled"), [(9, True), (8, False)])
def test_parts_are_settled_where_each_live_row_is_the_latest(latest: int, is_settled: bool) -> None:
    assert Examined(9, latest, 2, 5, 5).is_settled() == is_settled


def _alone(settled: Settled) -> str:
    """The half of a statement that reads settled parts."""
    text, _ = count_persons(SELECTION, settled).sql.render()
    alone, final = text.split("UNION ALL")
    assert "FINAL" not in alone
    assert "FINAL" in final
    assert AHEAD in final
    return alone


def test_settled_parts_are_asked_for_no_more_than_they_need() -> None:
    alone = _alone(SETTLED)
    assert ELSEWHERE in alone
    assert AHEAD not in alone
    assert "is_deleted" not in alone


@pytest.mark.parametrize(
    ("settled", "asked", "is_asked"),
    [
        (msgspec.structs.replace(SETTLED, has_tombstones=True), "is_deleted = 0", True),
        (msgspec.structs.replace(SETTLED, newest_us=1_001), AHEAD, True),
        (msgspec.structs.replace(SETTLED, is_all=True), ELSEWHERE, False),
    ],
)
def test_what_is_known_of_them_decides_what_is_asked(
    settled: Settled, asked: str, is_asked: bool
) -> None:
    assert (asked in _alone(settled)) == is_asked


def test_part_names_are_bound() -> None:
    text, values = count_persons(SELECTION, SETTLED).sql.render()
    assert "all_" not in text
    assert list(values.values()).count(["all_1_8_1", "all_9_9_0"]) == 3


def test_without_settled_parts_all_is_final() -> None:
    text, _ = count_persons(SELECTION).sql.render()
    assert "UNION ALL" not in text
    assert "FINAL" in text


def test_a_condition_may_leave_out_who_is_created_ahead() -> None:
    bounded, free = (condition(SELECTION, bounded=is_bounded) for is_bounded in (True, False))
    assert AHEAD in bounded.render()[0]
    assert free.render() == ("(team_id = {p0:UInt32})", {"p0": 7})
