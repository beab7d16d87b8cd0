"""Edits, splits, merges, deletions and imports over HTTP, in any order, on the real engine.

Beside them a model in plain Python, which knows nothing of versions. After each step everybody is
listed and compared with it, and after some each distinct id is looked up as well. What the drafts
of such writes say is tested without an engine, and at greater length:
tests/queries/test_identity_model.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID, uuid5

import msgspec
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as how
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

from service.settings import Auth, Settings
from tests.conftest import Client, MakeKey, make_project

NAMESPACE = UUID("932979b4-65c3-4424-8467-0b66ec27bc22")
IDS = ["a", "b", "c", "d", "e", "f"]
KEYS = ["x", "y", "\n", "$z"]
VALUES = st.sampled_from([None, True, 1, 2.5, "", "ä", [1], {"k": "v"}])
MOMENTS = ["2024-01-01T00:00:00Z", "2024-02-01T00:00:00.123456Z", "2024-03-01T00:00:00Z"]
PICK = st.integers(0, 1_000)
# Steps from one look-up of all distinct ids to the next: it costs as much as the list does.
LOOK_UPS = 5
SOME = st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True)


class Plain(Struct):
    """A person, as somebody would tell of it."""

    created: str
    ids: list[str]
    properties: dict[str, Any]


class Persons(RuleBasedStateMachine):
    """Every run is in a project of its own."""

    client: ClassVar[Client]

    def __init__(self) -> None:
        super().__init__()
        self.project = make_project(self.client, "machine")
        self.path = f"/api/projects/{self.project}/persons"
        self.people: dict[UUID, Plain] = {}
        self.steps = 0

    def named(self, name: str) -> UUID:
        return uuid5(NAMESPACE, f"{self.project}:{name}")

    def free(self, name: str) -> UUID:
        more = ["", ":split", *(f":split:{n}" for n in range(2, 20))]
        return next(u for u in (self.named(name + m) for m in more) if u not in self.people)

    def pick(self, number: int) -> tuple[UUID, Plain]:
        # Not in the order of their uuids, which hang on the project.
        uuid = list(self.people)[number % len(self.people)]
        return uuid, self.people[uuid]

    def post(self, address: str, body: object, status: int = 200) -> None:
        answer = self.client.post(f"{self.path}/{address}", json=body)
        assert answer.status_code == status, answer.text

    @initialize(alone=st.booleans())
    def begun(self, alone: bool) -> None:
        """Have somebody: hypothesis may leave out any rule for a whole run, imports too."""
        self.imported([0, 1, 2], {"x": 1}, MOMENTS[1])
        if not alone:
            self.imported([3], {"y": []}, MOMENTS[0])

    @rule(
        some=SOME,
        properties=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=2),
        created=st.sampled_from(MOMENTS),
    )
    def imported(self, some: list[int], properties: dict[str, Any], created: str) -> None:
        ids = [IDS[n] for n in some]
        holders = [u for u, one in self.people.items() if set(ids) & set(one.ids)]
        if len(holders) > 1:
            return
        line = {"distinct_ids": ids, "properties": properties, "created_at": created}
        headers = {"Content-Type": "application/octet-stream"}
        content = msgspec.json.encode(line)
        path = f"/api/projects/{self.project}/imports"
        answer = self.client.post(path, content=content, headers=headers).json()
        assert answer["written"] + answer["unchanged"] == 1, answer
        uuid = holders[0] if holders else self.free(ids[0])
        person = self.people.setdefault(uuid, Plain(created, [], {}))
        person.ids += [one for one in ids if one not in person.ids]
        person.properties = dict(properties)

    @precondition(lambda self: self.people)
    @rule(
        who=PICK,
        given=st.dictionaries(st.sampled_from(KEYS), VALUES),
        verb=st.sampled_from(["PATCH", "PUT"]),
    )
    def updated(self, who: int, given: dict[str, Any], verb: str) -> None:
        uuid, person = self.pick(who)
        answer = self.client.request(verb, f"{self.path}/{uuid}", json={"properties": given})
        assert answer.status_code == 200, answer.text
        person.properties |= given
        assert answer.json()["properties"] == person.properties

    @precondition(lambda self: self.people)
    @rule(who=PICK, keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=3))
    def unset(self, who: int, keys: list[str]) -> None:
        uuid, person = self.pick(who)
        self.post(f"{uuid}/delete_property", {"$unset": keys})
        for key in keys:
            person.properties.pop(key, None)

    @precondition(lambda self: self.people)
    @rule(who=PICK, main=st.none() | PICK)
    def split_whole(self, who: int, main: int | None) -> None:
        uuid, person = self.pick(who)
        if not person.ids:
            self.post(f"{uuid}/split", {})
            return
        stays = person.ids[0] if main is None else person.ids[main % len(person.ids)]
        self.post(f"{uuid}/split", {} if main is None else {"main_distinct_id": stays})
        self.split_off(person, [one for one in person.ids if one != stays])

    @precondition(lambda self: any(len(one.ids) > 1 for one in self.people.values()))
    @rule(who=PICK, some=SOME)
    def split_some(self, who: int, some: list[int]) -> None:
        several = [u for u, one in self.people.items() if len(one.ids) > 1]
        uuid = several[who % len(several)]
        person = self.people[uuid]
        moved = list(dict.fromkeys(person.ids[n % len(person.ids)] for n in some))
        self.post(f"{uuid}/split", {"distinct_ids_to_split": moved})
        self.split_off(person, moved)

    def split_off(self, person: Plain, moved: Sequence[str]) -> None:
        person.ids = [one for one in person.ids if one not in moved]
        # Who can have the uuid of its own id comes first.
        for one in sorted(moved, key=lambda one: self.named(one) in self.people):
            self.people[self.free(one)] = Plain(person.created, [one], {})

    @precondition(lambda self: len(self.people) > 1)
    @rule(who=PICK, others=st.lists(PICK, min_size=1, max_size=2))
    def merged(self, who: int, others: list[int]) -> None:
        uuid, person = self.pick(who)
        picked = {self.pick(n)[0]: self.pick(n)[1] for n in others}
        if uuid in picked:
            self.post(f"{uuid}/merge", {"ids": [str(other) for other in picked]}, 400)
            return
        self.post(f"{uuid}/merge", {"ids": [str(other) for other in picked]})
        everybody = [person, *picked.values()]
        properties: dict[str, Any] = {}
        for one in [*picked.values(), person]:
            properties |= one.properties
        ids = [id for one in everybody for id in one.ids]
        created = min(one.created for one in everybody)
        for other in picked:
            del self.people[other]
        self.people[uuid] = Plain(created, ids, properties)

    @precondition(lambda self: self.people)
    @rule(who=PICK)
    def deleted(self, who: int) -> None:
        uuid, _ = self.pick(who)
        answer = self.client.delete(f"{self.path}/{uuid}")
        assert answer.status_code == 202, answer.text
        del self.people[uuid]

    @rule(one=st.sampled_from(IDS))
    def reset(self, one: str) -> None:
        self.post("reset_person_distinct_id", {"distinct_id": one}, 202)

    @invariant()
    def everybody_is_as_the_model_has_them(self) -> None:
        page = self.client.get(self.path, params={"limit": 1_000}).json()
        found = {
            UUID(one["uuid"]): Plain(one["created_at"], one["distinct_ids"], one["properties"])
            for one in page["results"]
        }
        assert page["count"] == len(page["results"]) == len(found)
        assert found == self.people

        self.steps += 1
        if self.steps % LOOK_UPS == 0:
            self.each_distinct_id_leads_to_its_owner()

    def each_distinct_id_leads_to_its_owner(self) -> None:
        asked = self.client.post(f"{self.path}/batch_by_distinct_ids", json={"distinct_ids": IDS})
        found = {id: UUID(one["uuid"]) for id, one in asked.json()["results"].items()}
        assert found == {id: uuid for uuid, one in self.people.items() for id in one.ids}


def machine(client: Client) -> type[RuleBasedStateMachine]:
    """Return the machine for a client."""
    return type("PersonsOfClient", (Persons,), {"client": client})


QUICK = how(
    max_examples=2,
    stateful_step_count=50,
    deadline=None,
    derandomize=True,
    # Each step is some statements: to shrink a failure would take minutes.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    """Keys are looked up once: no test takes one away."""
    return msgspec.structs.replace(settings, auth=Auth())


@pytest.fixture(scope="module")
def api_key(make_key: MakeKey) -> str:
    return make_key("*")


def test_persons_are_what_the_model_says(client: Client) -> None:
    run_state_machine_as_test(machine(client), settings=QUICK)


@pytest.mark.fuzz
def test_persons_are_what_the_model_says_at_length(client: Client) -> None:
    long = how(QUICK, max_examples=1_000, derandomize=False)
    run_state_machine_as_test(machine(client), settings=long)
