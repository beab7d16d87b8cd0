"""Statements that mask superseded versions. Whole texts: golden/; what they do: tests/engine."""

from __future__ import annotations

import pytest

from queries.masking import empty_superseded, mask_superseded, name_superseded
from queries.statement import Statement
from tests.queries.test_statement import GOLDEN, golden_text

COMMANDS: dict[str, Statement[None]] = {
    "masking_empty": empty_superseded(),
    "masking_name": name_superseded(()),
    "masking_name_beside_settled": name_superseded(("all_1_8_1", "all_9_9_0")),
    "masking_mask": mask_superseded(),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_golden(name: str, update_golden: bool) -> None:
    file = GOLDEN / f"{name}.sql"
    text = golden_text(COMMANDS[name])
    if update_golden:
        file.write_text(text)
    assert text == file.read_text(), "run `make golden` and look at the difference"


def test_part_names_are_bound() -> None:
    text, values = name_superseded(("all_1_8_1",)).sql.render()
    assert "all_" not in text
    assert list(values.values()) == [["all_1_8_1"]]


def test_of_no_settled_parts_everybody_is_looked_at() -> None:
    text, values = name_superseded(()).sql.render()
    assert "_part" not in text
    assert not values
