"""The statement whose rows are lines of CSV. What is in them: tests/service/test_export.py."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from queries.export_source import Source
from queries.lines import MARK, Shape, export_lines
from queries.persons import Selection
from tests.queries.test_statement import GOLDEN, golden_text
from tests.queries.test_where import HOSTILE

SOURCE = Source(Selection(7, 1_700_000_000_000_000))
SHAPE = Shape(
    [1, 2], ["company", "email"], [",", ",", ",", ",", ",", ",", MARK, ",,", ",", ",", ",", ""]
)
NOTHING_USUAL = Shape([], [], [",", ",", ",", ",", MARK, ",", ",", ""])


def test_golden(update_golden: bool) -> None:
    file = GOLDEN / "persons_lines.sql"
    text = golden_text(export_lines(SOURCE, SHAPE))
    if update_golden:
        file.write_text(text)
    assert text == file.read_text(), "run `make golden` and look at the difference"


def test_nothing_usual_is_an_array_of_nothing() -> None:
    text, values = export_lines(SOURCE, NOTHING_USUAL).sql.render()
    assert "CAST([], 'Array(Nullable(String))') AS held" in text
    assert list(values.values()).count([]) == 2


@given(st.lists(HOSTILE, min_size=2, max_size=2, unique=True))
def test_the_text_never_depends_on_the_keys(keys: list[str]) -> None:
    shape = Shape(SHAPE.ids, keys, SHAPE.gaps)
    text, values = export_lines(SOURCE, shape).sql.render()
    assert keys in values.values()
    # A key has a column of its own or none.
    paths = re.compile(r"prop\.\{p\d+:Identifier\}(\.:String)?")
    wanted, _ = export_lines(SOURCE, SHAPE).sql.render()
    assert paths.sub("prop", text) == paths.sub("prop", wanted)
