"""Statements about exports into files that answer nothing, and how a copy is named."""

from __future__ import annotations

from uuid import UUID

from queries.export_jobs import clone_persons, copy_name, drop_copy, fill_copy, make_copy
from queries.parts import end_statement
from queries.persons import Selection, condition


def test_a_copy_is_named_by_its_job() -> None:
    assert copy_name(UUID(int=5)) == "export_00000000000000000000000000000005"


def test_a_copy_is_bound_and_never_written_out() -> None:
    selection = Selection(7, 9, search="ann")
    for statement in (
        clone_persons("export_5"),
        make_copy("export_5"),
        fill_copy("export_5", selection),
        drop_copy("export_5"),
    ):
        text, values = statement.sql.render()
        assert "export_5" not in text
        assert values["p0"] == "export_5"
    wanted, bound = condition(selection).render()
    text, values = fill_copy("export_5", selection).sql.render()
    assert text.count("WHERE") == wanted.count("WHERE") + 1
    assert list(values.values())[1:] == list(bound.values())


def test_a_statement_is_ended_by_its_tag() -> None:
    text, values = end_statement("persons.rows:5").sql.render()
    assert (text.count("KILL QUERY"), values) == (1, {"p0": "persons.rows:5"})
