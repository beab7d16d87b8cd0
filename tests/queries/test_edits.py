"""Edits of one person: the row that follows, and what the log says."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from queries.edits import Edit, EditError, delete, unset, update
from queries.import_values import MAX_PROPERTIES_BYTES
from queries.stored import StoredPerson
from queries.upserts import Before, Upsert

U1 = UUID(int=1)
PERSON = StoredPerson(
    uuid=U1,
    created_us=5,
    is_identified=True,
    last_seen_us=9,
    ids=["ann", "b"],
    properties='{"a":1,"b":2}',
    version=100,
    source_version=3,
    is_deleted=False,
    write_id=7,
    write_ids=[7, 6],
)
ROW = Upsert(
    uuid=U1,
    created_us=5,
    is_identified=True,
    last_seen_us=9,
    ids=["ann", "b"],
    properties=b'{"a":1,"b":2}',
    texts=None,
    base=100,
    is_new=False,
    source_version=3,
    new_ids=[],
    changed=True,
    write_ids=[7, 6],
    before=Before(b'{"a":1,"b":2}', 100, 7),
)
NULLS = '"before":null,"after":null'
REST = '"short_id":null,"trigger":null,"type":null'


def made(plan: Edit | EditError | None) -> Edit:
    assert isinstance(plan, Edit)
    return plan


def test_an_update_is_the_row_with_other_properties() -> None:
    edit = made(update(PERSON, {"b": b"3", "c": b"4"}))
    assert edit.rows == [replace(ROW, properties=b'{"a":1,"b":3,"c":4}')]
    assert (edit.token, edit.follows) == (f"{U1}:100", 7)
    assert (edit.created(), edit.newest_us()) == (0, 0)


def test_an_update_is_logged_with_keys_and_only_if_asked_with_values() -> None:
    note = made(update(PERSON, {"b": b"3", "c": b"4", "a": b"1"})).note
    assert (note.activity, note.property_keys) == ("updated", ["b", "c"])
    head = '{"changes":[{"type":"Person","action":"changed","field":"properties"'
    tail = f'"name":null,{REST},"property_keys":["b","c"]}}'
    assert note.detail() == f"{head},{NULLS}}}],{tail}".encode()
    values = '"before":{"b":2},"after":{"b":3,"c":4}'
    assert note.detail(with_values=True) == f"{head},{values}}}],{tail}".encode()


def test_what_changes_nothing_is_no_edit() -> None:
    assert update(PERSON, {"a": b" 1".strip()}) is None
    assert update(PERSON, {}) is None
    assert unset(PERSON, ["c"]) is None


def test_properties_have_a_limit() -> None:
    room = MAX_PROPERTIES_BYTES - len('{"a":1,"b":2,"c":""}')
    assert made(update(PERSON, {"c": b'"' + b"x" * room + b'"'}))
    refused = update(PERSON, {"c": b'"' + b"x" * (room + 1) + b'"'})
    assert isinstance(refused, EditError)
    assert refused == EditError(
        "the person's properties would have 524289 bytes, at most 524288 are kept", "properties"
    )


def test_taking_out_is_the_row_without() -> None:
    edit = made(unset(PERSON, ["b", "c", "b"]))
    assert edit.rows == [replace(ROW, properties=b'{"a":1}')]
    assert (edit.note.activity, edit.note.property_keys) == ("delete_property", ["b"])
    head = '{"changes":[{"type":"Person","action":"changed","field":null'
    tail = f'"name":"{U1}",{REST},"property_keys":["b"]}}'
    assert edit.note.detail() == f"{head},{NULLS}}}],{tail}".encode()
    values = '"before":{"b":2},"after":{}'
    assert edit.note.detail(with_values=True) == f"{head},{values}}}],{tail}".encode()


@pytest.mark.parametrize("with_values", [False, True])
def test_a_deletion_leaves_a_tombstone_with_nothing_of_the_person(with_values: bool) -> None:
    edit = delete(PERSON)
    assert edit.rows == [
        Upsert(
            uuid=U1,
            created_us=5,
            is_identified=False,
            last_seen_us=None,
            ids=[],
            properties=b"{}",
            texts=None,
            base=100,
            is_new=False,
            source_version=0,
            new_ids=[],
            changed=True,
            is_deleted=True,
            write_ids=[7, 6],
        )
    ]
    assert (edit.created(), edit.newest_us(), edit.note.activity) == (-1, 0, "deleted")
    detail = edit.note.detail(with_values=with_values)
    assert detail == f'{{"changes":null,"name":"{U1}",{REST}}}'.encode()


def test_a_mark_goes_before_the_writes_that_are_followed() -> None:
    edit = delete(PERSON)
    marked = edit.marked(5)
    assert [row.write_ids for row in marked.rows] == [[5, 7, 6]]
    assert [row.write_ids for row in edit.rows] == [[7, 6]]
    assert (marked.token, marked.follows, marked.note) == (edit.token, 7, edit.note)


def test_details_are_json() -> None:
    for edit in (made(update(PERSON, {"ä\n": b'"\\ud83e\\udd9c"'})), delete(PERSON)):
        assert msgspec.json.decode(edit.note.detail(with_values=True))
