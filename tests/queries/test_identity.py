"""Who a person is: uuid, integer id, name; which distinct ids come first (CONTRACT 2.1, 2.2)."""

from __future__ import annotations

from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queries.identity import (
    display_name,
    is_anonymous,
    later_uuid,
    ordered,
    person_number,
    person_uuid,
)

MADE_UP = "0189-aa-bb-cc-dd"
LOWER_UUID = "b8c3e778-c1ea-5503-9f33-596db7513f5a"


def test_a_persons_uuid_follows_from_project_and_distinct_id() -> None:
    namespace = UUID("932979b4-65c3-4424-8467-0b66ec27bc22")
    assert person_uuid(7, "ann") == uuid5(namespace, "7:ann")
    assert person_uuid(8, "ann") != person_uuid(7, "ann")


def test_a_taken_uuid_gives_way_to_that_of_a_split() -> None:
    names = ["ann", "ann:split", "ann:split:2", "ann:split:3"]
    uuids = [later_uuid(7, "ann", turn) for turn in range(4)]
    assert uuids == [person_uuid(7, name) for name in names]


def test_integer_id_is_the_low_53_bits() -> None:
    assert person_number(UUID(int=(1 << 53) + 5)) == 5
    assert person_number(UUID(int=(1 << 128) - 1)) == (1 << 53) - 1


def test_integer_id_is_never_zero() -> None:
    assert person_number(UUID(int=1 << 53)) == 1


@settings(deadline=None)
@given(st.uuids())
def test_integer_id_is_positive_and_safe_in_javascript(uuid: UUID) -> None:
    assert 0 < person_number(uuid) < 1 << 53


@pytest.mark.parametrize("distinct_id", [MADE_UP, LOWER_UUID, "a-b-c-d-e", "1-2-3-4-5"])
def test_five_groups_of_lower_case_letters_and_digits_are_anonymous(distinct_id: str) -> None:
    assert is_anonymous(distinct_id)


@pytest.mark.parametrize(
    "distinct_id",
    [
        *("ann", "", "a-b-c-d", "a-b-c-d-e-f", "a-b--d-e", "a_b-b-c-d-e", "ä-b-c-d-e"),
        *(LOWER_UUID.upper(), f"{MADE_UP}\n", f" {MADE_UP}", "ann@example.com"),
    ],
)
def test_anything_else_is_not_anonymous(distinct_id: str) -> None:
    assert not is_anonymous(distinct_id)


def test_distinct_ids_order_is_stable_and_not_anonymous_first() -> None:
    given_order = [LOWER_UUID, "zoe", MADE_UP, "ann"]
    assert ordered(given_order) == ["zoe", "ann", LOWER_UUID, MADE_UP]
    assert ordered(()) == []


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        (b'{"username":"u","name":"n","email":"e"}', "e"),
        (b'{"username":"u","name":"n"}', "n"),
        (b'{"username":"u"}', "u"),
        (b'{"Email":"E","$email":"$e"}', "first"),
        (b"{}", "first"),
    ],
    ids=["email", "name", "username", "newest-list", "none"],
)
def test_name_is_the_first_of_the_display_properties(properties: bytes, name: str) -> None:
    assert display_name(properties, ["first", "second"], 5) == name


@pytest.mark.parametrize(
    "value",
    [
        *('""', "null", "false", "0", "0.0", "0.00", "-0", "-0.0", "0e0", "0E+5", "-0.0e-1"),
        *("[]", "[ ]", "[\n]", "{}", "{ }"),
    ],
    ids=str,
)
def test_name_skips_what_is_not_truthy(value: str) -> None:
    assert display_name(f'{{"email":{value},"name":"n"}}'.encode(), [], 5) == "n"


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("42", "42"),
        ("true", "true"),
        ("1.50", "1.50"),
        ("[1]", "[1]"),
        ("[0]", "[0]"),
        ("[[ ]]", "[[ ]]"),
        ('{"a":null}', '{"a":null}'),
        ("1e-3", "1e-3"),
        ('" "', " "),
        ('"0"', "0"),
        ('"null"', "null"),
        ('"a\\u00e4\\n"', "aä\n"),
    ],
)
def test_name_of_a_value_that_is_no_text_is_its_json(value: str, name: str) -> None:
    assert display_name(f'{{"email": {value} }}'.encode(), ["id"], 5) == name


def test_name_without_properties_is_the_first_distinct_id() -> None:
    assert display_name(b"{}", ordered([MADE_UP, "ann"]), 5) == "ann"


def test_name_without_distinct_ids_is_the_integer_id() -> None:
    assert display_name(b"{}", [], 5) == "5"
