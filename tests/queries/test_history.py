"""What is noted of a write, and the way back through what is noted."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from queries.history import NotedRow, Source, get_retention, keep, led_to, note
from queries.parts import merge_some, stop_merges
from queries.property_edits import Touched, touched_between, untouched
from queries.statement import Statement
from queries.upserts import Before, Upsert

UUID_1 = UUID(int=1)


def row(before: bytes | None, after: bytes, *, is_deleted: bool = False) -> Upsert:
    return Upsert(
        uuid=UUID_1,
        created_us=5,
        is_identified=False,
        last_seen_us=None,
        ids=["a"],
        properties=after,
        texts=None,
        base=7,
        is_new=before is None,
        source_version=0,
        new_ids=[],
        changed=True,
        is_deleted=is_deleted,
        before=None if before is None else Before(before, 7, 70),
    )


def read(write_id: int, follows: int, version: int = 1, **touched: tuple[str, str]) -> NotedRow:
    pairs = list(touched.values())
    return NotedRow(
        version=version,
        write_id=write_id,
        follows=follows,
        followed=version - 1,
        source="updated",
        key_id="",
        key_label="",
        keys=list(touched),
        before=[before for before, _ in pairs],
        after=[after for _, after in pairs],
    )


def test_each_property_that_changed_is_noted_with_both_values() -> None:
    one = note(
        3,
        row(b'{"a":1,"b":"x","c":null}', b'{"a":1.0,"c":null,"d":[]}'),
        71,
        8,
        Source("s", "k", "l"),
    )
    assert one is not None
    assert (one.team_id, one.person_id, one.version, one.write_id) == (3, UUID_1, 8, 71)
    assert (one.follows, one.followed) == (70, 7)
    assert (one.source, one.key_id, one.key_label) == ("s", "k", "l")
    assert list(zip(one.keys, one.before, one.after, strict=True)) == [
        ("a", "1", "1.0"),
        ("b", '"x"', ""),
        ("d", "", "[]"),
    ]


def test_a_write_that_changes_no_property_is_noted_as_a_link() -> None:
    one = note(3, row(b"{}", b"{}"), 71, 8, Source("split_person"))
    assert one is not None
    assert one.keys == one.before == one.after == []


def test_nothing_is_noted_of_who_is_new_or_deleted() -> None:
    assert note(3, row(None, b'{"a":1}'), 71, 8, Source("imported")) is None
    assert note(3, row(b'{"a":1}', b"{}", is_deleted=True), 71, 8, Source("deleted")) is None


def test_only_what_a_write_leads_to_counts() -> None:
    rows = [read(4, 3), read(9, 3), read(3, 2), read(8, 1), read(2, 1), read(7, 0)]
    assert [one.write_id for one in led_to(rows, 4)] == [4, 3, 2]
    assert [one.write_id for one in led_to(rows, 9)] == [9, 3, 2]
    assert led_to(rows, 1) == []


def test_what_was_noted_is_read_as_what_was_touched() -> None:
    touched = read(2, 1, a=("", "1"), b=('"x"', "")).touched()
    assert touched == [Touched("a", None, b"1"), Touched("b", b'"x"', None)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"{}", b"{}"),
        (b"{}", b'{"a":1}'),
        (b'{"a":1}', b"{}"),
        (b'{"a":1,"b":2}', b'{"b":3,"c":null}'),
        (b'{"a":1.0,"":[{"x":"\\u00e4"}]}', '{"a":1,"":[{"x":"ä"}]}'.encode()),
    ],
)
def test_to_undo_what_differs_is_to_have_what_was(before: bytes, after: bytes) -> None:
    undone = untouched(after, touched_between(before, after))
    assert touched_between(before, undone) == []


def test_rows_are_kept_for_as_many_days_as_are_set() -> None:
    text, values = keep(30).sql.render()
    assert "MODIFY TTL" in text
    assert list(values.values()) == [30]
    assert "_CAST" in str(get_retention("history").sql.render()[1])


@pytest.mark.parametrize("make", [merge_some, stop_merges])
def test_a_table_is_named_as_an_identifier(make: Callable[[str], Statement[None]]) -> None:
    assert list(make("persons").sql.render()[1].values()) == ["persons"]
