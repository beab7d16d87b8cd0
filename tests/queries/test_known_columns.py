"""Statements that find columns without a full pass. What they find: tests/engine."""

from __future__ import annotations

from typing import Any

import pytest

from queries.known_columns import count_ids, find_holders, find_later, list_nested
from queries.persons import Selection
from queries.property_statistics import sum_kinds
from queries.settled import Settled
from queries.statement import Statement
from tests.queries.test_statement import GOLDEN, golden_text

EVERYONE = Selection(7, 1_700_000_000_000_000)
SETTLED = Settled(("all_1_8_1",), has_tombstones=False, newest_us=1_000)
STATEMENTS: dict[str, Statement[Any]] = {
    "columns_ids": count_ids(7),
    "columns_holders": find_holders(7, 12),
    "columns_later": find_later(EVERYONE),
    "statistics_kinds": sum_kinds(7, ["all_1_8_1"], ["plan", "it's"]),
    "columns_nested": list_nested(EVERYONE, SETTLED, ["address", "it's"]),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_golden(name: str, update_golden: bool) -> None:
    file = GOLDEN / f"{name}.sql"
    text = golden_text(STATEMENTS[name])
    if update_golden:
        file.write_text(text)
    assert text == file.read_text(), "run `make golden` and look at the difference"


def test_keys_are_bound() -> None:
    text, values = list_nested(EVERYONE, None, ["it's"]).sql.render()
    assert "it" not in text.replace("with", "").replace("multiIf", "").replace("endsWith", "")
    assert ["it's"] in values.values()
