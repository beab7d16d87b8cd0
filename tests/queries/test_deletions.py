"""Statements that remove persons: what is bound. Texts: golden/; what they do: tests/engine."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from queries.deletions import void_unwritten
from queries.event_removal import (
    drop_unwritten,
    forget_erased,
    name_erased,
    name_events,
    note_events,
    remove_events,
)
from queries.mutations import Mutation, Place, list_mutations, stop_mutation
from queries.removal import (
    Left,
    apply_mask,
    complete,
    end_round,
    forget_answers,
    forget_history,
    remove_free,
    remove_rows,
    restore_held,
    scrub_entries,
)
from queries.removal_names import (
    Round,
    name_entries,
    name_free,
    name_history,
    name_ids,
    name_persons,
    name_rows,
)
from queries.statement import Statement
from tests.queries.test_statement import GOLDEN, ROUND, golden_text

US = 1_700_000_000_000_001

COMMANDS: dict[str, Statement[None]] = {
    "deletions_void_unwritten": void_unwritten(7, US),
    "removal_name_persons": name_persons(ROUND, 100_000),
    "removal_name_ids": name_ids(ROUND),
    "removal_name_rows": name_rows(ROUND),
    "removal_name_entries": name_entries(ROUND),
    "removal_name_free": name_free(ROUND),
    "removal_name_history": name_history(ROUND),
    "removal_forget_history": forget_history(ROUND),
    "removal_remove_rows": remove_rows(ROUND),
    "removal_apply_mask": apply_mask(),
    "removal_scrub_entries": scrub_entries(ROUND),
    "removal_forget_answers": forget_answers(ROUND),
    "removal_remove_free": remove_free(ROUND),
    "removal_restore_held": restore_held(ROUND),
    "removal_complete": complete(ROUND, US),
    "removal_end_round": end_round(ROUND.began_us),
    "deletions_note_events": note_events(7, [UUID(int=5)], US, keeps=False),
    "deletions_drop_unwritten_events": drop_unwritten(7),
    "removal_name_erased": name_erased(ROUND, 1_000_000),
    "removal_name_events": name_events(ROUND),
    "removal_remove_events": remove_events(ROUND),
    "removal_forget_erased": forget_erased(ROUND),
    "mutations_stop": stop_mutation(Place("house", "persons"), Mutation("mutation_5.txt", "it's")),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_golden(name: str, update_golden: bool) -> None:
    file = GOLDEN / f"{name}.sql"
    text = golden_text(COMMANDS[name])
    if update_golden:
        file.write_text(text)
    assert text == file.read_text(), "run `make golden` and look at the difference"


@pytest.mark.parametrize(
    "make",
    [
        *(name_ids, name_rows, name_entries, name_free, remove_rows, scrub_entries),
        *(name_history, forget_history),
        *(forget_answers, remove_free, restore_held, name_events, remove_events, forget_erased),
    ],
)
def test_a_round_touches_its_project_and_what_it_named(
    make: Callable[[Round], Statement[None]],
) -> None:
    text, values = make(Round(31, US)).sql.render()
    bound = list(values.values())
    assert bound.count(31) == text.count("team_id = {") + text.count("SELECT {p0:UInt32}")
    assert US in bound


def test_mutations_are_those_of_a_table() -> None:
    text, values = list_mutations(Place("house", "activity")).sql.render()
    assert "FROM system.mutations\n" in text
    assert values == {"p0": "house", "p1": "activity"}


def test_mutations_are_those_of_all_nodes() -> None:
    place = Place("house", "activity_local", "ours")
    text, values = list_mutations(place).sql.render()
    assert "FROM clusterAllReplicas({p0:String}, system.mutations)\n" in text
    assert values == {"p0": "ours", "p1": "house", "p2": "activity_local"}


@pytest.mark.parametrize(
    ("left", "nothing"),
    [
        (Left(0, 0, 0, 0, 0), True),
        (Left(0, 1, 0, 0, 0), False),
        (Left(0, 0, 0, 1, 0), False),
        (Left(0, 0, 0, 0, 1), False),
    ],
)
def test_nothing_is_left_where_all_are_none(left: Left, nothing: bool) -> None:
    assert left.is_nothing() is nothing
