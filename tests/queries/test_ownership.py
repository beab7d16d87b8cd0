"""Splits and merges: which rows, whose ids, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from queries.activity_notes import split_off
from queries.edits import Edit, EditError
from queries.identity import person_uuid
from queries.import_values import MAX_PROPERTIES_BYTES
from queries.ownership import Known, Unknown, merge, split
from queries.stored import StoredPerson
from queries.upserts import Before, Upsert

PROJECT = 7
U1, U2, U3 = UUID(int=1), UUID(int=2), UUID(int=3)
PERSON = StoredPerson(
    uuid=U1,
    created_us=50,
    is_identified=True,
    last_seen_us=9,
    ids=["a", "b", "c"],
    properties='{"x":1}',
    version=100,
    source_version=3,
    is_deleted=False,
    write_id=7,
    write_ids=[7, 6],
)
IDS = "distinct_ids_to_split"


def uuid_of(name: str) -> UUID:
    return person_uuid(PROJECT, name)


def plan(
    person: StoredPerson = PERSON,
    main: str | None = None,
    ids: Sequence[str] | None = None,
    *,
    there: Sequence[StoredPerson] = (),
) -> tuple[Edit | EditError | None, list[list[UUID]]]:
    """What a split comes to, and the uuids that were asked for on the way."""
    known: dict[UUID, StoredPerson | None] = {}
    asked: list[list[UUID]] = []
    while True:
        result = split(person, main, ids, project=PROJECT, known=known)
        if not isinstance(result, Unknown):
            return result, asked
        assert result.uuids
        assert not known.keys() & set(result.uuids)
        asked.append(result.uuids)
        known.update(dict.fromkeys(result.uuids))
        known.update({one.uuid: one for one in there if one.uuid in known})


def edit(
    person: StoredPerson = PERSON,
    main: str | None = None,
    ids: Sequence[str] | None = None,
    *,
    there: Sequence[StoredPerson] = (),
) -> Edit:
    result, _ = plan(person, main, ids, there=there)
    assert isinstance(result, Edit)
    return result


def refusal(main: str | None = None, ids: Sequence[str] | None = None) -> tuple[str, str | None]:
    result, _ = plan(PERSON, main, ids)
    assert isinstance(result, EditError)
    return result.detail, result.attr


def owners(result: Edit) -> dict[str, UUID]:
    return {one: row.uuid for row in result.rows for one in row.ids}


NEW = Upsert(
    uuid=uuid_of("b"),
    created_us=50,
    is_identified=False,
    last_seen_us=None,
    ids=["b"],
    properties=b"{}",
    texts=None,
    base=0,
    is_new=True,
    source_version=0,
    new_ids=["b"],
    changed=True,
)


def test_all_but_the_first_id_go_to_persons_of_their_own() -> None:
    result = edit()
    left = Upsert(
        uuid=U1,
        created_us=50,
        is_identified=True,
        last_seen_us=9,
        ids=["a"],
        properties=b'{"x":1}',
        texts=None,
        base=100,
        is_new=False,
        source_version=3,
        new_ids=[],
        changed=True,
        write_ids=[7, 6],
        before=Before(b'{"x":1}', 100, 7),
    )
    new = replace(NEW, uuid=uuid_of("c"), ids=["c"], new_ids=["c"])
    assert result.rows == [left, NEW, new]
    assert (result.token, result.follows) == (f"{U1}:100", 7)
    assert (result.created(), result.newest_us()) == (2, 50)


def test_a_main_id_is_the_one_that_stays() -> None:
    assert owners(edit(main="b")) == {"b": U1, "a": uuid_of("a"), "c": uuid_of("c")}
    assert edit(main="").rows[0].ids == ["a"]


def test_named_ids_are_those_that_go_each_once_in_the_order_named() -> None:
    result = edit(ids=["c", "a", "c"])
    assert [row.ids for row in result.rows] == [["b"], ["c"], ["a"]]


def test_all_ids_may_go() -> None:
    result = edit(ids=["a", "b", "c"])
    assert [row.ids for row in result.rows] == [[], ["a"], ["b"], ["c"]]
    assert result.rows[0].properties == b'{"x":1}'


@pytest.mark.parametrize("ids", [["a"], []])
def test_a_person_with_one_id_keeps_it(ids: list[str]) -> None:
    one = replace(PERSON, ids=ids)
    assert plan(one) == (None, [])
    assert plan(one, None, ids or None) == (None, [])


def test_the_uuids_to_look_for_are_asked_for_at_once() -> None:
    assert plan()[1] == [[uuid_of("b"), uuid_of("c")]]


def test_the_id_a_person_was_created_from_gets_another_uuid() -> None:
    first = replace(PERSON, uuid=uuid_of("a"))
    result, asked = plan(first, "b")
    assert isinstance(result, Edit)
    assert owners(result) == {"b": uuid_of("a"), "a": uuid_of("a:split"), "c": uuid_of("c")}
    assert asked == [[uuid_of("c"), uuid_of("a:split")]]


def test_somebody_elses_uuid_is_not_taken() -> None:
    there = [replace(PERSON, uuid=uuid_of(one), ids=[]) for one in ("b", "b:split", "b:split:2")]
    result, asked = plan(there=there)
    assert isinstance(result, Edit)
    assert owners(result) == {"a": U1, "b": uuid_of("b:split:3"), "c": uuid_of("c")}
    assert len(asked) == 4


def test_a_deleted_persons_uuid_is_revived_above_its_grave() -> None:
    grave = replace(
        PERSON, uuid=uuid_of("b"), is_deleted=True, version=900, created_us=3, write_ids=[5, 4]
    )
    result = edit(there=[grave])
    assert result.rows[1] == replace(NEW, base=900, write_ids=[5, 4])


def test_no_two_of_a_split_get_one_uuid() -> None:
    person = replace(PERSON, uuid=uuid_of("a"), ids=["z", "a", "a:split", "a:split:2"])
    assert owners(edit(person)) == {
        "z": uuid_of("a"),
        "a": uuid_of("a:split:3"),
        "a:split": uuid_of("a:split"),
        "a:split:2": uuid_of("a:split:2"),
    }


def test_a_split_is_logged_with_the_ids_before() -> None:
    rest = '"short_id":null,"trigger":null,"type":null'
    head = '{"changes":[{"type":"Person","action":"split","field":null,"before":null,"after"'
    note = edit().note
    assert (note.activity, note.property_keys) == ("split_person", [])
    ids = '{"distinct_ids":["a","b","c"]}'
    assert note.detail().decode() == f'{head}:{ids}}}],"name":"{U1}",{rest}}}'
    ids = '{"distinct_ids":["a","b","c"],"distinct_ids_to_split":["b"]}'
    detail = edit(ids=["b", "b"]).note.detail(with_values=True)
    assert detail.decode() == f'{head}:{ids}}}],"name":"{U1}",{rest}}}'


@pytest.mark.parametrize(
    ("main", "ids", "detail", "attr"),
    [
        (None, [], "must not be empty", IDS),
        (None, ["x", "a", "y", "x"], "not on this person: ['x', 'y']", IDS),
        ("x", None, "not on this person: ['x']", "main_distinct_id"),
        ("a", ["b"], "main_distinct_id cannot be combined with distinct_ids_to_split", None),
        ("a", [], "main_distinct_id cannot be combined with distinct_ids_to_split", None),
        (None, [f"x{n}" for n in range(21)], f"{[f'x{n}' for n in range(20)]} and 1 more", IDS),
    ],
)
def test_what_is_refused(
    main: str | None, ids: list[str] | None, detail: str, attr: str | None
) -> None:
    said, about = refusal(main, ids)
    assert said.endswith(detail)
    assert about == attr


def test_a_person_with_one_id_is_refused_what_others_are() -> None:
    result, _ = plan(replace(PERSON, ids=["a"]), "x")
    assert isinstance(result, EditError)


@pytest.mark.slow
def test_150_000_ids_are_split_without_a_look_at_each_other() -> None:
    ids = [f"id {n}" for n in range(150_000)]
    known: Known = {uuid_of(one): None for one in ids}
    result = split(replace(PERSON, ids=ids), None, None, project=PROJECT, known=known)
    assert isinstance(result, Edit)
    assert (len(result.rows), result.created()) == (150_000, 149_999)
    detail = msgspec.json.decode(result.note.detail())
    after = detail["changes"][0]["after"]
    assert after == {"distinct_ids": ids[:1_000], "distinct_ids_count": 150_000}


def test_the_log_names_a_thousand_ids_and_counts_the_rest() -> None:
    ids = [f"id {n}" for n in range(1_001)]
    for given, shown in ((ids[:1_000], {}), (ids, {"distinct_ids_count": 1_001})):
        detail = msgspec.json.decode(split_off(U2, given, None).detail())
        assert detail["changes"][0]["after"] == {"distinct_ids": ids[:1_000], **shown}


OTHER = replace(
    PERSON,
    uuid=U2,
    created_us=60,
    is_identified=False,
    last_seen_us=None,
    ids=["d"],
    properties='{"x":2,"y":3}',
    version=300,
    write_id=30,
    write_ids=[30],
)
OLDER = replace(OTHER, uuid=U3, created_us=40, ids=["e", "f"], properties='{"y":4}', last_seen_us=1)


def merged(target: StoredPerson, *others: StoredPerson) -> Edit:
    result = merge(target, others)
    assert isinstance(result, Edit)
    return result


def test_a_merge_moves_ids_and_what_the_target_lacks() -> None:
    result = merged(PERSON, OTHER)
    row, gone = result.rows
    assert row == Upsert(
        uuid=U1,
        created_us=50,
        is_identified=True,
        last_seen_us=9,
        ids=["a", "b", "c", "d"],
        properties=b'{"x":1,"y":3}',
        texts=None,
        base=300,
        is_new=False,
        source_version=3,
        new_ids=["d"],
        changed=True,
        write_ids=[7, 6],
        before=Before(b'{"x":1}', 100, 7),
    )
    assert (gone.uuid, gone.is_deleted, gone.ids, gone.base) == (U2, True, [], 300)
    assert (gone.created_us, gone.properties, gone.write_ids) == (60, b"{}", [30])
    assert (result.token, result.follows) == (f"{U1}:100", 7)
    assert (result.created(), result.newest_us()) == (-1, 0)


def test_who_is_created_earlier_moves_the_target_to_that_place() -> None:
    result = merged(PERSON, OTHER, OLDER)
    row, moved, *gone = result.rows
    assert (row.uuid, row.created_us, row.is_new, row.is_deleted) == (U1, 40, True, False)
    assert (row.ids, row.new_ids) == (["a", "b", "c", "d", "e", "f"], row.ids)
    assert row.properties == b'{"x":1,"y":4}'
    assert (moved.uuid, moved.created_us, moved.is_new, moved.is_deleted) == (U1, 50, False, True)
    assert moved.ids == moved.new_ids == []
    assert [(one.uuid, one.created_us, one.is_deleted) for one in gone] == [
        *((U2, 60, True), (U3, 40, True))
    ]
    assert {one.base for one in result.rows} == {300}
    assert (result.created(), result.newest_us()) == (-2, 40)


def test_whoever_is_identified_or_was_seen_counts() -> None:
    row = merged(OTHER, PERSON, OLDER).rows[0]
    assert (row.is_identified, row.last_seen_us) == (True, 9)
    row = merged(OTHER, replace(OTHER, uuid=U3)).rows[0]
    assert (row.is_identified, row.last_seen_us) == (False, None)


def test_somebody_named_twice_is_merged_once() -> None:
    result = merged(PERSON, OTHER, OTHER)
    assert result == merged(PERSON, OTHER)
    assert result.rows[0].ids == ["a", "b", "c", "d"]


def test_a_merge_is_logged_with_who_is_gone() -> None:
    note = merged(PERSON, OTHER).note
    assert note.activity == "people_merged_into"
    assert msgspec.json.decode(note.detail()) == {
        "changes": [
            {
                "type": "Person",
                "action": "merged",
                "field": None,
                "before": {"distinct_ids": ["a", "b", "c"]},
                "after": {"distinct_ids": ["a", "b", "c", "d"], "merged": [str(U2)]},
            }
        ],
        "name": str(U1),
        "short_id": None,
        "trigger": None,
        "type": None,
    }


def test_merges_that_are_refused() -> None:
    assert merge(PERSON, []) == EditError("must not be empty", "ids")
    itself = EditError("a person cannot be merged with itself", "distinct_ids")
    assert merge(PERSON, [OTHER, PERSON], attr="distinct_ids") == itself
    large = replace(OTHER, properties=f'{{"z":"{"x" * (MAX_PROPERTIES_BYTES - 8)}"}}')
    refused = merge(PERSON, [large])
    assert isinstance(refused, EditError)
    assert refused.attr == "properties"
