"""A batch of an import put together with the persons that are there."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from queries.identity import person_uuid
from queries.imports import PersonInput, Reject
from queries.stored import StoredPerson
from queries.texts import Texts, texts_of
from queries.times import to_us
from queries.upserts import Outcome, Upsert, candidate_uuids, upsert_batch

PROJECT = 7
NOW_US = 1_700_000_000_000_000
U1, U2 = UUID(int=1), UUID(int=2)
MORNING = datetime(2020, 1, 1, 8, tzinfo=UTC)
EVENING = datetime(2020, 1, 1, 20, tzinfo=UTC)

LINE = PersonInput(
    uuid=None,
    distinct_ids=("ann",),
    properties=b'{"a":1}',
    created_at=None,
    is_identified=None,
    last_seen_at=None,
    source_version=None,
)
STORED = StoredPerson(
    uuid=U1,
    created_us=to_us(MORNING),
    is_identified=False,
    last_seen_us=None,
    ids=["ann"],
    properties='{"a":1}',
    version=100,
    source_version=0,
    is_deleted=False,
)


def line(**given: object) -> PersonInput:
    return msgspec.structs.replace(LINE, **given)


def stored(**given: object) -> StoredPerson:
    return msgspec.structs.replace(STORED, **given)


def settle(
    lines: Iterable[PersonInput],
    known: Iterable[StoredPerson] = (),
    asked: Collection[UUID] = (),
) -> Outcome:
    numbered = list(enumerate(lines, 1))
    return upsert_batch(
        PROJECT,
        numbered,
        candidate_uuids(PROJECT, numbered),
        [texts_of(person.properties) for _, person in numbered],
        known,
        NOW_US,
        asked,
    )


def only(outcome: Outcome) -> Upsert:
    """The one person that is written, of an outcome without rejects."""
    assert outcome.rejects == []
    (person,) = outcome.upserts
    return person


def test_candidate_uuid_is_the_lines_or_follows_from_its_first_distinct_id() -> None:
    lines = [(1, line(uuid=U1)), (2, line(distinct_ids=("x", "y")))]
    assert candidate_uuids(PROJECT, lines) == [U1, person_uuid(PROJECT, "x")]


def test_new_person() -> None:
    given = line(
        distinct_ids=("ann", "b"), created_at=MORNING, last_seen_at=EVENING, is_identified=True
    )
    assert only(settle([given])) == Upsert(
        uuid=person_uuid(PROJECT, "ann"),
        created_us=to_us(MORNING),
        is_identified=True,
        last_seen_us=to_us(EVENING),
        ids=["ann", "b"],
        properties=b'{"a":1}',
        texts=Texts(b'{"a":"1"}', ""),
        base=0,
        is_new=True,
        source_version=0,
        new_ids=["ann", "b"],
        changed=True,
    )


def test_new_person_of_whom_little_is_said() -> None:
    person = only(settle([line(uuid=U2, distinct_ids=())]))
    assert (person.uuid, person.created_us, person.is_identified) == (U2, NOW_US, False)
    assert (person.last_seen_us, person.ids, person.source_version) == (None, [], 0)


def test_new_person_beside_those_who_are_there() -> None:
    outcome = settle([line(distinct_ids=("bob",), source_version=5)], [STORED])
    person = only(outcome)
    assert (person.uuid, person.base) == (person_uuid(PROJECT, "bob"), 0)
    assert (person.source_version, outcome.unchanged) == (5, 0)


@pytest.mark.parametrize(
    "given",
    [
        LINE,
        line(uuid=U1),
        line(uuid=U1, distinct_ids=()),
        line(created_at=EVENING),
        line(is_identified=False),
    ],
    ids=["same", "uuid", "no-ids", "created-at", "identified"],
)
def test_a_line_that_changes_nothing_writes_nothing(given: PersonInput) -> None:
    assert settle([given], [STORED]) == Outcome([], 1, [])


def test_properties_are_replaced() -> None:
    person = only(settle([line(properties=b'{"b":2}')], [STORED]))
    assert (person.uuid, person.base, person.is_new) == (U1, 100, False)
    assert (person.properties, person.texts) == (b'{"b":2}', Texts(b'{"b":"2"}', ""))
    assert (person.ids, person.new_ids) == (["ann"], [])


def test_properties_written_otherwise_are_other_properties() -> None:
    assert only(settle([line(properties=b'{"a": 1}')], [STORED])).properties == b'{"a": 1}'


def test_new_distinct_ids_join_after_the_old_ones() -> None:
    person = only(settle([line(distinct_ids=("new", "ann"))], [STORED]))
    assert (person.ids, person.new_ids) == (["ann", "new"], ["new"])
    assert (person.properties, person.base) == (b'{"a":1}', 100)


def test_created_at_stays() -> None:
    person = only(settle([line(created_at=EVENING, properties=b"{}")], [STORED]))
    assert person.created_us == to_us(MORNING)


def test_identified_is_what_the_line_says_and_stays_where_it_says_nothing() -> None:
    assert only(settle([line(is_identified=True)], [STORED])).is_identified
    known = stored(is_identified=True)
    assert only(settle([line(properties=b"{}")], [known])).is_identified
    assert not only(settle([line(is_identified=False)], [known])).is_identified


def test_last_seen_is_the_latest() -> None:
    assert only(settle([line(last_seen_at=EVENING)], [STORED])).last_seen_us == to_us(EVENING)
    known = stored(last_seen_us=to_us(EVENING))
    assert settle([line(last_seen_at=MORNING)], [known]).unchanged == 1
    assert only(settle([line(properties=b"{}")], [known])).last_seen_us == to_us(EVENING)


def test_an_older_source_version_adds_its_ids_and_says_nothing_else() -> None:
    known = stored(source_version=5)
    older = line(
        distinct_ids=("ann", "new"), properties=b"{}", is_identified=True, source_version=4
    )
    person = only(settle([older], [known]))
    assert (person.properties, person.texts) == (b'{"a":1}', None)
    assert (person.is_identified, person.source_version) == (False, 5)
    assert person.new_ids == ["new"]
    assert settle([line(properties=b"{}", source_version=4)], [known]).unchanged == 1


@pytest.mark.parametrize("version", [5, 6])
def test_the_same_or_a_newer_source_version_replaces(version: int) -> None:
    person = only(
        settle([line(properties=b"{}", source_version=version)], [stored(source_version=5)])
    )
    assert (person.properties, person.source_version) == (b"{}", version)


def test_a_newer_source_version_alone_is_a_change() -> None:
    assert only(settle([line(source_version=6)], [stored(source_version=5)])).source_version == 6


def test_a_line_without_source_version_replaces() -> None:
    person = only(settle([line(properties=b"{}")], [stored(source_version=5)]))
    assert (person.properties, person.source_version) == (b"{}", 5)


def test_without_uuid_a_person_is_found_by_any_of_its_distinct_ids() -> None:
    person = only(settle([line(distinct_ids=("other", "ann"))], [STORED]))
    assert (person.uuid, person.ids) == (U1, ["ann", "other"])


def test_distinct_ids_of_two_persons_are_refused() -> None:
    both = line(distinct_ids=("ann", "bob"))
    outcome = settle([both], [STORED, stored(uuid=U2, ids=["bob"])])
    reason = f"distinct_ids: they belong to different persons, 'ann' to {U1} and 'bob' to {U2}"
    assert outcome == Outcome([], 0, [Reject(1, reason)])


def test_a_distinct_id_of_another_person_is_refused_naming_the_owner() -> None:
    outcome = settle([line(uuid=U2, distinct_ids=("x", "ann"))], [STORED])
    reason = f"distinct_ids: 'ann' belongs to person {U1}"
    assert outcome == Outcome([], 0, [Reject(1, reason)])


def test_a_distinct_id_claimed_twice_in_a_batch_is_the_firsts() -> None:
    lines = [line(uuid=U1), line(uuid=U2), line(uuid=U2, distinct_ids=("bob",))]
    outcome = settle(lines)
    assert [(p.uuid, p.ids) for p in outcome.upserts] == [(U1, ["ann"]), (U2, ["bob"])]
    assert outcome.rejects == [Reject(2, f"distinct_ids: 'ann' belongs to person {U1}")]


def test_lines_of_one_person_follow_one_another() -> None:
    lines = [
        line(properties=b'{"n":1}'),
        line(properties=b'{"n":2}', distinct_ids=("ann", "new")),
        line(properties=b'{"n":2}', distinct_ids=("new",)),
        line(properties=b'{"n":3}', distinct_ids=("new",)),
    ]
    outcome = settle(lines)
    person = only(outcome)
    assert (person.properties, person.ids) == (b'{"n":3}', ["ann", "new"])
    assert (person.base, person.new_ids) == (0, ["ann", "new"])
    assert person.texts == Texts(b'{"n":"3"}', "")
    assert outcome.unchanged == 1


def test_lines_of_one_stored_person_make_one_version() -> None:
    lines = [line(properties=b"{}"), line(properties=b'{"n":2}', distinct_ids=("ann", "new"))]
    person = only(settle(lines, [STORED]))
    assert (person.base, person.new_ids, person.properties) == (100, ["new"], b'{"n":2}')


def test_a_person_whose_first_id_was_split_off_makes_room() -> None:
    first = person_uuid(PROJECT, "ann")
    outcome = settle([LINE], [stored(uuid=first, ids=["kept"])])
    person = only(outcome)
    assert (person.uuid, person.ids) == (person_uuid(PROJECT, "ann:split"), ["ann"])
    assert outcome.assumed == [person.uuid]
    assert settle([LINE], [stored(uuid=first, ids=["kept"])], outcome.assumed).assumed == []


SECOND = person_uuid(PROJECT, "ann:split")
FIRST_WITHOUT_ITS_ID = stored(uuid=person_uuid(PROJECT, "ann"), ids=["kept"])


def test_whoever_has_the_uuid_of_a_split_keeps_it() -> None:
    other = stored(uuid=SECOND, ids=["other"], properties='{"other":1}')
    outcome = settle([LINE], [FIRST_WITHOUT_ITS_ID, other], [SECOND])
    third = person_uuid(PROJECT, "ann:split:2")
    assert [(p.uuid, p.ids) for p in outcome.upserts] == [(third, ["ann"])]
    assert outcome.assumed == [third]


def test_the_uuid_of_a_split_is_revived_above_its_deletion() -> None:
    grave = stored(uuid=SECOND, is_deleted=True, version=900, write_id=9, write_ids=[9, 8])
    outcome = settle([LINE], [FIRST_WITHOUT_ITS_ID, grave], [SECOND])
    person = only(outcome)
    assert (person.uuid, person.base, person.is_new) == (SECOND, 900, True)
    assert (person.write_ids, outcome.assumed) == ([9, 8], [])


def test_a_grave_that_an_id_led_to_does_not_say_that_its_uuid_is_free() -> None:
    grave = stored(uuid=SECOND, is_deleted=True, ids=[])
    outcome = settle([LINE], [FIRST_WITHOUT_ITS_ID, grave])
    assert outcome.assumed == [SECOND]
    back = stored(uuid=SECOND, ids=["other"], created_us=7)
    outcome = settle([LINE], [FIRST_WITHOUT_ITS_ID, grave, back], outcome.assumed)
    assert only(outcome).uuid == person_uuid(PROJECT, "ann:split:2")


def test_a_uuid_that_the_batch_names_was_looked_for() -> None:
    lines = [LINE, line(uuid=SECOND, distinct_ids=("x",))]
    assert settle(lines, [FIRST_WITHOUT_ITS_ID]).assumed == []


def test_what_is_written_follows_the_writes_before() -> None:
    (person,) = settle([line(properties=b"{}")], [stored(write_id=5, write_ids=[5, 4])]).upserts
    assert (person.write_ids, person.write_id) == ([5, 4], 0)
    (person,) = settle([line(properties=b"{}")], [stored(write_id=5)]).upserts
    assert person.write_ids == [5]
    assert only(settle([line(uuid=U1)], [stored(is_deleted=True, write_id=5)])).write_ids == [5]
    assert only(settle([LINE])).write_ids == []


GRAVE = stored(
    is_deleted=True, version=500, ids=["ann", "old"], properties='{"old":1}', source_version=9
)


def test_a_deleted_person_comes_back_new_above_its_deletion() -> None:
    given = line(uuid=U1, created_at=EVENING, source_version=3)
    assert only(settle([given], [GRAVE])) == Upsert(
        uuid=U1,
        created_us=to_us(EVENING),
        is_identified=False,
        last_seen_us=None,
        ids=["ann"],
        properties=b'{"a":1}',
        texts=Texts(b'{"a":"1"}', ""),
        base=500,
        is_new=True,
        source_version=3,
        new_ids=["ann"],
        changed=True,
    )


def test_a_deleted_person_comes_back_above_the_last_of_its_deletions() -> None:
    graves = [GRAVE, stored(is_deleted=True, version=700, created_us=5), GRAVE]
    assert only(settle([line(uuid=U1)], graves)).base == 700


@pytest.mark.parametrize("first", ["grave", "person"])
def test_who_lives_at_another_place_is_not_deleted(first: str) -> None:
    """As a merge of persons that moves created_at leaves it."""
    known = [GRAVE, stored(created_us=to_us(EVENING))]
    person = only(settle([line(properties=b"{}")], known if first == "grave" else reversed(known)))
    assert (person.base, person.is_new, person.created_us) == (100, False, to_us(EVENING))


def test_the_distinct_ids_of_a_deleted_person_are_free() -> None:
    persons = settle([line(uuid=U2, distinct_ids=("old",)), line()], [GRAVE]).upserts
    assert [(p.uuid, p.ids, p.base) for p in persons] == [
        (U2, ["old"], 0),
        (person_uuid(PROJECT, "ann"), ["ann"], 0),
    ]


def test_a_deleted_person_makes_no_room_for_a_split() -> None:
    first = person_uuid(PROJECT, "ann")
    person = only(settle([LINE], [stored(uuid=first, is_deleted=True, version=500)]))
    assert (person.uuid, person.base, person.is_new) == (first, 500, True)


def test_lines_of_a_person_who_comes_back_follow_one_another() -> None:
    lines = [line(uuid=U1), line(uuid=U1), line(distinct_ids=("ann", "b"), properties=b"{}")]
    outcome = settle(lines, [GRAVE])
    person = only(outcome)
    assert (person.base, person.is_new, person.new_ids) == (500, True, ["ann", "b"])
    assert (person.properties, outcome.unchanged) == (b"{}", 1)


def test_the_first_import_of_a_file_is_the_same_by_the_short_way_and_the_long() -> None:
    lines = [line(distinct_ids=(f"id{n}",), source_version=n) for n in range(3)]
    assert settle(lines) == settle(lines, [stored(ids=["somebody else"])])
    assert settle([]) == Outcome([], 0, [])
