"""Statements that find the columns of a CSV. What they find: tests/service/test_export.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from queries.columns import count_sizes, list_keys, list_parts, list_unread
from queries.export_source import Source
from queries.filters import Operator, Test
from queries.persons import Selection, condition
from queries.statement import Statement
from tests.queries.test_statement import GOLDEN, golden_text

STATEMENTS: dict[str, Callable[[Source], Statement[Any]]] = {
    "columns_sizes": count_sizes,
    "columns_keys": list_keys,
    "columns_parts": list_parts,
    "columns_unread": list_unread,
}
NARROW = Selection(7, 9, Test("it's", Operator.EXACT, ("{}",)), search="ann", distinct_ids=("d",))


@pytest.mark.parametrize("name", STATEMENTS)
def test_golden(name: str, update_golden: bool) -> None:
    file = GOLDEN / f"{name}.sql"
    text = golden_text(STATEMENTS[name](Source(Selection(7, 1_700_000_000_000_000))))
    if update_golden:
        file.write_text(text)
    assert text == file.read_text(), "run `make golden` and look at the difference"


@pytest.mark.parametrize("name", STATEMENTS)
def test_only_the_selection_is_read(name: str) -> None:
    statement = STATEMENTS[name](Source(NARROW))
    text, values = statement.sql.render()
    assert text.count("FROM persons FINAL") == 1
    narrowing, bound = condition(NARROW).render()
    assert narrowing in text
    assert values == bound
