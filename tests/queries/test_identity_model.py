"""Imports, edits, splits, merges and deletions in any order, against persons as plain dicts.

What the drafts say is written into dicts that behave as the tables do: of a place the row with the
highest version is left, a tombstone hides it, and a person is only found where `person_keys` and
`distinct_ids` lead. The model beside them knows nothing of versions, places or drafts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec import Struct

from queries.edits import Edit, EditError, Plan, delete, unset, update
from queries.imports import PersonInput
from queries.ownership import Unknown, merge, split
from queries.property_edits import given_properties
from queries.stored import StoredPerson, by_uuid
from queries.texts import texts_of
from queries.times import from_us
from queries.upserts import Upsert, candidate_uuids, upsert_batch

PROJECT = 7
NAMESPACE = UUID("932979b4-65c3-4424-8467-0b66ec27bc22")


def named(name: str) -> UUID:
    return uuid5(NAMESPACE, f"{PROJECT}:{name}")


IDS = ["a", "a:split", "a:split:2", "b", "b:split", "c"]
UUIDS = [UUID(int=1), named("a"), named("a:split"), named("b:split")]
KEYS = ["x", "y", "", "\n"]
VALUES = [
    *("1", "1.0", '"1"', "null", "true", "[]", "{}", '"\\u00e4"', '"ä"', "1180591620717411303424"),
    *('{"a":1,"b":[2]}', '{ "b" : [2], "a" : 1 }', '"\\ud83e\\udd9c"', "-0", "1e3"),
]
MOMENTS = [1_500_000_000_000_000, 1_600_000_000_000_000, 1_700_000_000_000_000]

Where = tuple[int, UUID]


class Tables:
    """The three tables, and what must hold whenever something is written to them."""

    def __init__(self) -> None:
        self.persons: dict[Where, StoredPerson] = {}
        self.keys: defaultdict[UUID, set[Where]] = defaultdict(set)
        self.distinct_ids: defaultdict[str, set[Where]] = defaultdict(set)
        self.highest: defaultdict[UUID, int] = defaultdict(int)
        self.writes = 0

    def insert(self, drafts: Sequence[Upsert], now_us: int) -> None:
        before = by_uuid(self.persons.values())
        places = [(draft.created_us, draft.uuid) for draft in drafts]
        assert len(set(places)) == len(places)
        highest = dict(self.highest)
        for draft, place in zip(drafts, places, strict=True):
            version = max(now_us, draft.base + 1)
            assert version > highest.get(draft.uuid, 0)
            self.highest[draft.uuid] = max(version, self.highest[draft.uuid])
            if draft.is_new:
                self.keys[draft.uuid].add(place)
            for distinct_id in draft.new_ids:
                self.distinct_ids[distinct_id].add(place)
            self.writes += 1
            row = StoredPerson(
                uuid=draft.uuid,
                created_us=draft.created_us,
                is_identified=draft.is_identified,
                last_seen_us=draft.last_seen_us,
                ids=draft.ids,
                properties=draft.properties.decode(),
                version=version,
                source_version=draft.source_version,
                is_deleted=draft.is_deleted,
                write_id=self.writes,
                write_ids=[self.writes, *draft.write_ids[:15]],
            )
            known = before.get(draft.uuid)
            assert row.write_ids[1:] == (known.lineage()[:15] if known else [])
            assert not draft.is_deleted or (draft.ids, row.properties) == ([], "{}")
            self.persons[place] = row

    def of_uuids(self, uuids: Iterable[UUID]) -> list[StoredPerson]:
        return self._at({place for uuid in uuids for place in self.keys[uuid]})

    def of_ids(self, ids: Iterable[str]) -> list[StoredPerson]:
        return self._at({place for one in ids for place in self.distinct_ids[one]})

    def _at(self, places: Iterable[Where]) -> list[StoredPerson]:
        return [self.persons[place] for place in sorted(places) if place in self.persons]


class Plain(Struct):
    """A person, as somebody would tell of it."""

    created: int
    ids: list[str]
    properties: dict[str, str]
    identified: bool
    seen: int | None


def meaning(value: str) -> Any:
    """A JSON value in which numbers stay what they were written as."""
    return json.loads(value, parse_int=lambda n: ("n", n), parse_float=lambda n: ("n", n))


def joined(properties: dict[str, str]) -> bytes:
    members = (f"{json.dumps(key)}:{value}" for key, value in properties.items())
    return ("{" + ", ".join(members) + "}").encode()


LINE_KEYS = ("uuid", "ids", "properties", "created", "identified", "seen")
LINES = st.fixed_dictionaries(
    {
        "uuid": st.none() | st.sampled_from(UUIDS),
        "ids": st.lists(st.sampled_from(IDS), max_size=4, unique=True),
        "properties": st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=2),
        "created": st.none() | st.sampled_from(MOMENTS),
        "identified": st.none() | st.booleans(),
        "seen": st.none() | st.sampled_from(MOMENTS),
    }
).filter(lambda line: line["uuid"] or line["ids"])
PICK = st.integers(0, 1_000)


def moment(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)


class Persons(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.tables = Tables()
        self.people: dict[UUID, Plain] = {}
        self.now_us = 1_750_000_000_000_000
        self.living = 0
        self.tokens: set[str] = set()

    @rule(step=st.sampled_from([0, 1, 1_000, -500]))
    def time_passes(self, step: int) -> None:
        self.now_us += step

    @initialize(there=st.sets(st.sampled_from(UUIDS)), ids=st.permutations(IDS))
    def some_are_there(self, there: set[UUID], ids: list[str]) -> None:
        """Whose uuids others would have: without ids, as a split leaves them, or one with all."""
        line: dict[str, Any] = dict.fromkeys(LINE_KEYS) | {"ids": [], "properties": {}}
        lines = [line | {"uuid": uuid} for uuid in sorted(there)]
        if len(lines) == 1:
            lines[0]["ids"] = ids
        self.import_a_batch(lines)

    @rule(one=st.sampled_from(["a", "b"]))
    def import_an_id(self, one: str) -> None:
        """Of few words, so that nothing else in the batch leads to who may be in the way."""
        self.import_a_batch([dict.fromkeys(LINE_KEYS) | {"ids": [one], "properties": {}}])

    @rule(lines=st.lists(LINES, min_size=1, max_size=3))
    def import_a_batch(self, lines: list[dict[str, Any]]) -> None:
        batch = [
            (
                number,
                PersonInput(
                    one["uuid"],
                    tuple(one["ids"]),
                    joined(one["properties"]),
                    moment(one["created"]),
                    one["identified"],
                    moment(one["seen"]),
                    None,
                ),
            )
            for number, one in enumerate(lines)
        ]
        uuids = candidate_uuids(PROJECT, batch)
        texts = [texts_of(given.properties) for _, given in batch]
        asked: list[UUID] = []
        while True:
            stored = self.tables.of_ids({d for one in lines for d in one["ids"]})
            stored += self.tables.of_uuids([*uuids, *asked])
            outcome = upsert_batch(PROJECT, batch, uuids, texts, stored, self.now_us, asked)
            if not outcome.assumed:
                break
            asked += outcome.assumed
        refused = [n for n, one in enumerate(lines) if not self._tell_of(one)]
        assert [reject.line for reject in outcome.rejects] == refused
        self.tables.insert(outcome.upserts, self.now_us)
        self.living += sum(row.is_new for row in outcome.upserts)

    def _tell_of(self, line: dict[str, Any]) -> bool:
        """Apply a line to the model; False where it must be refused."""
        holders = {uuid for uuid, one in self.people.items() if set(one.ids) & set(line["ids"])}
        if line["uuid"] is not None:
            if holders - {line["uuid"]}:
                return False
            uuid = line["uuid"]
        elif len(holders) > 1:
            return False
        elif holders:
            (uuid,) = holders
        else:
            uuid = self._free(line["ids"][0], set(self.people))
        person = self.people.get(uuid)
        if person is None:
            created = self.now_us if line["created"] is None else line["created"]
            person = self.people[uuid] = Plain(created, [], {}, False, None)
        person.ids += [one for one in line["ids"] if one not in person.ids]
        person.properties = dict(line["properties"])
        if line["identified"] is not None:
            person.identified = line["identified"]
        if line["seen"] is not None:
            person.seen = max(line["seen"], person.seen or 0)
        return True

    def _free(self, distinct_id: str, taken: set[UUID]) -> UUID:
        names = [distinct_id, f"{distinct_id}:split"]
        names += [f"{distinct_id}:split:{n}" for n in range(2, 20)]
        return next(named(name) for name in names if named(name) not in taken)

    def _pick(self, number: int) -> tuple[UUID, Plain, StoredPerson]:
        uuid = sorted(self.people)[number % len(self.people)]
        row = by_uuid(self.tables.of_uuids([uuid]))[uuid]
        assert not row.is_deleted
        return uuid, self.people[uuid], row

    def _write(self, edit: Edit) -> None:
        owned = sorted(d for row in self._alive() for d in row.ids)
        assert edit.token not in self.tokens
        self.tokens.add(edit.token)
        self.tables.insert(edit.rows, self.now_us)
        self.living += edit.created()
        if edit.note.activity != "deleted":
            assert sorted(d for row in self._alive() for d in row.ids) == owned

    def _alive(self) -> list[StoredPerson]:
        return [row for row in self.tables.persons.values() if not row.is_deleted]

    def _write_if(self, plan: Plan, is_change: bool) -> None:
        assert isinstance(plan, Edit) == is_change
        if isinstance(plan, Edit):
            self._write(plan)

    @precondition(lambda self: self.people)
    @rule(who=PICK, given=st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES)))
    def set_some(self, who: int, given: dict[str, str]) -> None:
        _, person, row = self._pick(who)
        change = any(
            key not in person.properties or meaning(person.properties[key]) != meaning(value)
            for key, value in given.items()
        )
        plan = update(row, given_properties(joined(given)))
        self._write_if(plan, change)
        for key, value in given.items():
            before = person.properties.get(key)
            if before is None or meaning(before) != meaning(value):
                person.properties[key] = value

    @precondition(lambda self: self.people)
    @rule(who=PICK, keys=st.lists(st.sampled_from(KEYS), max_size=3))
    def unset_some(self, who: int, keys: list[str]) -> None:
        _, person, row = self._pick(who)
        self._write_if(unset(row, keys), bool(set(keys) & set(person.properties)))
        person.properties = {k: v for k, v in person.properties.items() if k not in keys}

    @precondition(lambda self: self.people)
    @rule(who=PICK, main=PICK, some=st.none() | st.sets(st.integers(0, 4), min_size=1))
    def split_off(self, who: int, main: int, some: set[int] | None) -> None:
        uuid, person, row = self._pick(who)
        stays: str | None = None
        wanted: list[str] | None = None
        if some is None:
            if person.ids and main % 2:
                stays = person.ids[main % len(person.ids)]
        elif person.ids:
            wanted = list(dict.fromkeys(person.ids[n % len(person.ids)] for n in sorted(some)))
        known: dict[UUID, StoredPerson | None] = {}
        plan = split(row, stays, wanted, project=PROJECT, known=known)
        while isinstance(plan, Unknown):
            known.update(dict.fromkeys(plan.uuids))
            known.update(by_uuid(self.tables.of_uuids(plan.uuids)))
            plan = split(row, stays, wanted, project=PROJECT, known=known)
        self._write_if(plan, len(person.ids) > 1)
        if len(person.ids) > 1:
            moved = [d for d in person.ids if d != (stays or person.ids[0])]
            self._tell_of_split(uuid, person, moved if wanted is None else wanted)

    def _tell_of_split(self, uuid: UUID, person: Plain, moved: list[str]) -> None:
        person.ids = [one for one in person.ids if one not in moved]
        # Who can have the uuid of its own id comes first.
        taken = set(self.people)
        own = [one for one in moved if named(one) not in taken]
        free = {one: named(one) for one in own}
        taken.update(free.values())
        later = [one for one in moved if one not in own]
        for turn in range(1, 20):
            name = ":split" if turn == 1 else f":split:{turn}"
            for one in [one for one in later if one not in free]:
                if named(one + name) not in taken:
                    free[one] = named(one + name)
                    taken.add(free[one])
        for one in moved:
            self.people[free[one]] = Plain(person.created, [one], {}, False, None)

    @precondition(lambda self: len(self.people) > 1)
    @rule(who=PICK, others=st.lists(PICK, min_size=1, max_size=3))
    def merge_some(self, who: int, others: list[int]) -> None:
        uuid, person, row = self._pick(who)
        picked = {chosen[0]: chosen for chosen in map(self._pick, others)}
        plan = merge(row, [chosen[2] for chosen in picked.values()])
        if uuid in picked:
            assert isinstance(plan, EditError)
            return
        assert isinstance(plan, Edit)
        self._write(plan)
        highest = max(one.version for one in [row, *(chosen[2] for chosen in picked.values())])
        written = [self.tables.persons[one.created_us, one.uuid] for one in plan.rows]
        assert all(one.version > highest for one in written)
        gone = [self.people.pop(other) for other in picked]
        everybody = [person, *gone]
        properties: dict[str, str] = {}
        for one in [*gone, person]:
            properties |= one.properties
        self.people[uuid] = Plain(
            created=min(one.created for one in everybody),
            ids=[d for one in everybody for d in one.ids],
            properties=properties,
            identified=any(one.identified for one in everybody),
            seen=max((one.seen for one in everybody if one.seen is not None), default=None),
        )

    @precondition(lambda self: self.people)
    @rule(who=PICK)
    def delete_one(self, who: int) -> None:
        uuid, _, row = self._pick(who)
        self._write(delete(row))
        del self.people[uuid]

    @invariant()
    def everybody_is_where_the_model_has_them(self) -> None:
        alive = self._alive()
        found = {row.uuid: row for row in alive}
        assert len(found) == len(alive) == self.living
        assert found.keys() == self.people.keys()
        for uuid, person in self.people.items():
            row = found[uuid]
            assert (row.created_us, row.ids) == (person.created, person.ids)
            assert (row.is_identified, row.last_seen_us) == (person.identified, person.seen)
            assert given_properties(row.properties.encode()) == {
                key: value.encode() for key, value in person.properties.items()
            }
            assert row in self.tables.of_uuids([uuid])

    @invariant()
    def each_distinct_id_has_one_owner_or_none(self) -> None:
        for one in IDS:
            rows = [row for row in self.tables.of_ids([one]) if not row.is_deleted]
            owners = [row.uuid for row in rows if one in row.ids]
            assert owners == [uuid for uuid, person in self.people.items() if one in person.ids]


QUICK = settings(
    max_examples=250,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.slow
def test_persons_are_what_the_model_says() -> None:
    run_state_machine_as_test(Persons, settings=QUICK)


@pytest.mark.fuzz
def test_persons_are_what_the_model_says_at_length() -> None:
    run_state_machine_as_test(
        Persons, settings=settings(QUICK, max_examples=1_000, stateful_step_count=50)
    )
