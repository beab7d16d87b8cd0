"""Columns of an export by name, and the statement that reads them."""

from __future__ import annotations

import json
import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queries.export_columns import (
    FIXED,
    MAX_COLUMNS,
    WHOLE,
    Column,
    ColumnError,
    cell_text,
    decode_columns,
    inside,
    named_columns,
    token,
)
from queries.export_rows import Form, Pure, export_rows, keys_of
from queries.export_source import Source
from queries.lines import Ids, Shape, export_lines
from queries.persons import Selection
from queries.places import Place
from queries.property_statistics import Kinds
from queries.settled import Settled
from tests.queries.test_statement import GOLDEN, golden_text
from tests.queries.test_where import HOSTILE

SELECTION = Selection(7, 1_700_000_000_000_000, distinct_ids=("ann",))
SOURCE = Source(SELECTION)
PLACE = Place(1_600_000_000_000_001, UUID("b8c3e778-c1ea-5503-9f33-596db7513f5a"))
PART = Source(SELECTION, copy="export_1", after=PLACE, limit=5)
ALL = (*FIXED, "email", "distinct_ids.0", "distinct_ids.7", "properties.plan", "properties.a.b")


@pytest.mark.parametrize("form", Form)
def test_golden(form: Form, update_golden: bool) -> None:
    file = GOLDEN / f"persons_rows_{form}.sql"
    text = golden_text(export_rows(SOURCE, named_columns(ALL), form))
    if update_golden:
        file.write_text(text)
    assert text == file.read_text(), "run `make golden` and look at the difference"


def test_golden_of_a_part(update_golden: bool) -> None:
    file = GOLDEN / "persons_rows_of_a_copy.sql"
    text = golden_text(export_rows(PART, named_columns(["uuid"]), Form.CELLS))
    if update_golden:
        file.write_text(text)
    assert text == file.read_text(), "run `make golden` and look at the difference"


PURE = Pure(
    ("all_1_8_1",),
    {
        "plan": Kinds("plan", 5, 0, 0, 0),
        "is": Kinds("is", 0, 0, 5, 0),
        "mixed": Kinds("mixed", 1, 0, 1, 0),
        "a": Kinds("a", 1, 0, 0, 1),
        "email": Kinds("email", 5, 0, 0, 0),
        "name": Kinds("name", 5, 1, 0, 0),
    },
)


def test_golden_of_pure_parts(update_golden: bool) -> None:
    file = GOLDEN / "persons_rows_of_pure_parts.sql"
    names = ["name", *(f"properties.{key}" for key in ("plan", "is", "mixed", "a.b", "gone.b"))]
    source = Source(Selection(7, 1_000), settled=Settled(("all_1_8_1",), False, 1_000))
    columns = named_columns(names)
    text = golden_text(export_rows(source, columns, Form.CELLS, PURE))
    if update_golden:
        file.write_text(text)
    assert text == file.read_text(), "run `make golden` and look at the difference"
    assert keys_of(columns) == [
        *("plan", "is", "mixed", "a", "a.b", "gone", "gone.b", "email", "name", "username"),
    ]


def test_what_is_pure_is_not_looked_at() -> None:
    columns = named_columns(["email", "properties.is", "properties.none"])
    text, _ = export_rows(SOURCE, columns, Form.CELLS, PURE).sql.render()
    assert "properties" not in text
    assert text.count("transform(") == 1
    assert keys_of(named_columns(["uuid"])) == []


@given(st.lists(HOSTILE, min_size=2, max_size=2, unique=True), st.sampled_from(Form))
def test_the_text_never_depends_on_the_keys(keys: list[str], form: Form) -> None:
    def text(paths: list[str]) -> str:
        columns = [Column(f"properties.{path}", path) for path in paths]
        made, _ = export_rows(SOURCE, columns, form).sql.render()
        return re.sub(r"prop\.\{p\d+:Identifier\}(\.:String)?|\{p\d+:", "prop", made)

    # A dot leads inside, so that more keys are looked at.
    assert text([key.replace(".", "") for key in keys]) == text(["one", "two"])


def test_a_copy_is_read_alone() -> None:
    for statement in (
        export_rows(PART, named_columns(ALL), Form.TYPED),
        export_lines(PART, Shape([], [], [])),
    ):
        text, values = statement.sql.render()
        assert "FROM persons" not in text
        assert "FROM distinct_ids" not in text
        assert "export_1" in values.values()
        assert "LIMIT" in text


@pytest.mark.parametrize("form", Form)
def test_joined_ids_are_one_text(form: Form) -> None:
    text, _ = export_rows(SOURCE, (Column("distinct_ids", is_joined=True),), form).sql.render()
    assert "toJSONString" in text


@pytest.mark.parametrize("how", Ids)
@pytest.mark.parametrize("is_safe", [False, True])
def test_lines_of_every_kind(how: Ids, is_safe: bool) -> None:
    text, values = export_lines(SOURCE, Shape([1], ["a"], [""], how, is_safe)).sql.render()
    assert ("arrayStringConcat(ordered, " in text) == (how is Ids.JOINED)
    assert ("^[=+\\-@\t\r]" in values.values()) == is_safe


def test_names_are_told_apart() -> None:
    found = decode_columns('email,"properties.a,""b",distinct_ids.12,properties.,id')
    assert found == (
        Column("email", "email"),
        Column('properties.a,"b', 'a,"b'),
        Column("distinct_ids.12", nth=12),
        Column("properties.", ""),
        Column("id"),
    )
    assert decode_columns("") == ()
    assert [column.name for column in named_columns(WHOLE)] == list(WHOLE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plan", "no column 'plan'"),
        ("email,,name", "no column ''"),
        ("distinct_ids.01", "no column"),
        ("distinct_ids.-1", "no column"),
        ("id,id", "'id' twice"),
        ('"id', "no list of names"),
        ('"id"x', "no list of names"),
        (",".join(f"properties.{n}" for n in range(MAX_COLUMNS + 1)), "may name 1,000"),
    ],
)
def test_what_is_no_column(text: str, said: str) -> None:
    with pytest.raises(ColumnError, match=said):
        decode_columns(text)


@pytest.mark.parametrize(
    ("value", "path", "found"),
    [
        ('{"a":{"b":1}}', "a.b", "1"),
        ('{"a.b":2}', "a.b", "2"),
        ('{"a.b":2,"a":{"b":1}}', "a.b", "1"),
        ('{"a":{"c":1},"a.b":2}', "a.b", "2"),
        ('{"a":[{"b":3}]}', "a.0.b", "3"),
        ('{"a":[[4]]}', "a.0.0", "4"),
        ('{"a":[1]}', "a.1", None),
        ('{"a":[1]}', "a.01", None),
        ('{"a":[]}', "a.0", None),
        ('{"a":[1]}', "a.x", None),
        ('{"a":1}', "a.b", None),
        ('{"a.b":{"c":5}}', "a.b.c", "5"),
        ('{"a":{"b.c":6}}', "a.b.c", "6"),
        ('{"":{"":7}}', ".", "7"),
        ("5", "a", None),
    ],
)
def test_where_a_path_leads(value: str, path: str, found: str | None) -> None:
    assert inside(value.encode(), path) == (None if found is None else found.encode())


@pytest.mark.parametrize(
    ("raw", "cell", "on_one_line"),
    [
        ('"x\\ny"', "x\ny", '"x\\ny"'),
        ('""', None, '""'),
        ("null", None, "null"),
        ("true", "True", "true"),
        ("false", "False", "false"),
        ('"true"', "true", '"true"'),
        ("1.50", "1.50", "1.50"),
        ("12345678901234567890123", "12345678901234567890123", "12345678901234567890123"),
        ('{"b":1,\n "a":[1.0]}', '{"a":[1.0],"b":1}', '{"a":[1.0],"b":1}'),
        ("[]", "[]", "[]"),
    ],
)
def test_a_value_as_a_cell_and_as_json(raw: str, cell: str | None, on_one_line: str) -> None:
    assert cell_text(raw.encode()) == cell
    assert token(raw.encode()) == on_one_line
    assert json.loads(on_one_line) == json.loads(raw)
