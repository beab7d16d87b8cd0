"""The shapes of `properties` that are understood, and how all others are refused (CONTRACT 4.1)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from queries.filter_text import (
    MAX_DEPTH,
    MAX_FILTERS,
    MAX_KEY,
    MAX_KEYS,
    MAX_VALUES,
    FilterError,
    decode_filter,
)
from queries.filters import EVERYONE, AllOf, AnyOf, Filter, Operator, Test

A = Test("a", Operator.EXACT, ("1",))
B = Test("b", Operator.EXACT, ("2",))
A_JSON = {"key": "a", "value": 1, "operator": "exact", "type": "person"}
B_JSON = {"key": "b", "value": "2"}
NOTHING: list[object] = [{}]


def decode(properties: object) -> Filter:
    return decode_filter(json.dumps(properties))


def refusal(properties: object) -> str:
    """The message that a filter, as JSON text or as what is to be JSON, is refused with."""
    text = properties if isinstance(properties, str) else json.dumps(properties)
    with pytest.raises(FilterError) as caught:
        decode_filter(text)
    return str(caught.value)


@pytest.mark.parametrize("text", ["", " ", "\n", "[]", "{}", " [ ] ", " { } "])
def test_empty_text_list_and_object_let_all_pass(text: str) -> None:
    assert decode_filter(text) == EVERYONE


def test_list_of_tests_is_anded() -> None:
    assert decode([A_JSON, B_JSON]) == AllOf((A, B))


def test_group_of_and() -> None:
    assert decode({"type": "AND", "values": [A_JSON, B_JSON]}) == AllOf((A, B))


def test_group_of_or() -> None:
    assert decode({"type": "OR", "values": [A_JSON, B_JSON]}) == AnyOf((A, B))


def test_group_without_type_is_and() -> None:
    assert decode({"values": [A_JSON, B_JSON]}) == AllOf((A, B))


@pytest.mark.parametrize("kind", ["AND", "OR"])
def test_group_without_values_is_neutral(kind: str) -> None:
    assert decode({"type": kind, "values": []}) == EVERYONE


def test_groups_nest() -> None:
    inner = {"type": "OR", "values": [B_JSON, {"type": "AND", "values": [A_JSON]}]}
    nested = {"type": "AND", "values": [A_JSON, inner]}
    assert decode(nested) == AllOf((A, AnyOf((B, AllOf((A,))))))


def test_list_of_groups() -> None:
    groups = [{"type": "OR", "values": [A_JSON, B_JSON]}, A_JSON]
    assert decode(groups) == AllOf((AnyOf((A, B)), A))


def test_list_within_a_list_is_anded() -> None:
    assert decode([[A_JSON, B_JSON]]) == AllOf((AllOf((A, B)),))


def test_single_test_without_a_list() -> None:
    assert decode(A_JSON) == A


def test_bare_object_is_exact_on_each_member() -> None:
    assert decode({"a": 1, "b": ["2", 3]}) == AllOf((A, Test("b", Operator.EXACT, ("2", "3"))))


def test_bare_object_named_by_no_word_of_a_filter() -> None:
    assert decode({"value": 5}) == AllOf((Test("value", Operator.EXACT, ("5",)),))


FLAG = {"type": "flag", "key": "beta", "value": True}
NO_VALUES: dict[str, Any] = {"key": "a", "operator": "is_not", "value": []}
NEUTRAL: list[object] = [
    *({}, FLAG, NO_VALUES, [], [[{}]], [FLAG, {}]),
    *({"type": kind, "values": values} for kind in ("AND", "OR") for values in ([], [{}, FLAG])),
    {"type": "AND", "values": [{"type": "OR", "values": [NO_VALUES]}]},
]


@pytest.mark.parametrize("neutral", NEUTRAL, ids=json.dumps)
def test_what_asks_for_nothing_is_left_out(neutral: object) -> None:
    assert decode([neutral]) == EVERYONE
    assert decode([neutral, A_JSON, neutral]) == AllOf((A,))
    assert decode({"type": "AND", "values": [A_JSON, neutral]}) == AllOf((A,))


@pytest.mark.parametrize("neutral", NEUTRAL, ids=json.dumps)
def test_what_asks_for_nothing_does_not_widen_an_or(neutral: object) -> None:
    assert decode({"type": "OR", "values": [neutral, A_JSON, B_JSON]}) == AnyOf((A, B))
    assert decode({"type": "OR", "values": [A_JSON, neutral]}) == AnyOf((A,))


@pytest.mark.parametrize("neutral", NEUTRAL, ids=json.dumps)
def test_an_or_of_nothing_but_neutral_lets_all_pass(neutral: object) -> None:
    assert decode({"type": "OR", "values": [neutral, neutral]}) == EVERYONE


@pytest.mark.parametrize("absent", [{}, {"operator": None}])
def test_missing_or_null_operator_is_exact(absent: dict[str, None]) -> None:
    assert decode({"key": "a", "value": 1, **absent}) == A


@pytest.mark.parametrize("absent", [{}, {"type": None}])
def test_missing_or_null_type_is_person(absent: dict[str, None]) -> None:
    assert decode({"key": "a", "value": 1, **absent}) == A


@pytest.mark.parametrize("test", [{"type": "flag"}, {**A_JSON, "type": "flag"}])
def test_flag_is_neutral(test: object) -> None:
    assert decode([test]) == decode(test) == EVERYONE


def test_members_we_do_not_know_are_ignored() -> None:
    assert decode({**A_JSON, "label": "x", "group_type_index": 0}) == A


@pytest.mark.parametrize("operator", ["is_set", "is_not_set"])
@pytest.mark.parametrize("value", [{}, {"value": None}, {"value": "is_set"}, {"value": [None]}])
def test_is_set_takes_any_value_or_none(operator: str, value: dict[str, Any]) -> None:
    assert decode({"key": "a", "operator": operator, **value}) == Test("a", Operator(operator))


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("5", ("5",)),
        ('"5"', ("5",)),
        ("5.0", ("5.0",)),
        ("true", ("true",)),
        ('["true"]', ("true",)),
        ("[true]", ("true",)),
        ('""', ("",)),
        ('"null"', ("null",)),
        ('{"b":1, "a":2}', ('{"a":2,"b":1}',)),
        ("[[1, 2]]", ("[1,2]",)),
        ('["x", "y", "x", 5, "5"]', ("x", "y", "5")),
        ("1180591620717411303424", ("1180591620717411303424",)),
    ],
)
def test_value_is_the_text_of_its_json(value: str, texts: tuple[str, ...]) -> None:
    text = f'{{"key":"a","value":{value}}}'
    assert decode_filter(text) == Test("a", Operator.EXACT, texts)


@pytest.mark.parametrize("operator", ["exact", "is_not", "icontains", "not_icontains", "in"])
def test_empty_list_of_values_is_neutral(operator: str) -> None:
    test = f'{{"key":"a","operator":"{operator}","value":[]}}'
    assert decode_filter(test) == decode_filter(f"[{test}]") == EVERYONE


def test_empty_list_of_values_is_no_matter_to_is_set() -> None:
    decoded = decode({"type": "OR", "values": [{**NO_VALUES, "operator": "is_set"}, B_JSON]})
    assert decoded == AnyOf((Test("a", Operator.IS_SET), B))


def _tests(tree: Filter) -> tuple[Filter, ...]:
    assert isinstance(tree, AllOf)
    return tree.filters


def test_exactly_as_many_as_allowed() -> None:
    nested: object = []
    for _ in range(MAX_DEPTH - 1):
        nested = {"type": "AND", "values": [nested]}
    assert decode(nested)
    # The list is one of them.
    assert decode([A_JSON] * (MAX_FILTERS - 1)) == AllOf((A,) * (MAX_FILTERS - 1))
    assert decode(NOTHING * (MAX_FILTERS - 1)) == EVERYONE
    assert len(_tests(decode({f"k{n}": 1 for n in range(MAX_KEYS)}))) == MAX_KEYS
    keys = [{**A_JSON, "key": f"k{n % MAX_KEYS}"} for n in range(MAX_FILTERS - 1)]
    assert len(_tests(decode(keys))) == MAX_FILTERS - 1
    assert decode({"key": "k" * MAX_KEY, "value": 1})
    assert decode({"key": "a", "value": list(range(MAX_VALUES))})


@pytest.mark.parametrize(
    "text",
    [
        "[object Object]",
        "undefined",
        "key=email",
        "properties[0][key]=email",
        "[{'key': 'a', 'value': True}]",
        "{'values': [], 'type': 'AND'}",
        '[{"key":"a"',
        '[{"key":"a","value":1}] x',
        '[{"key":"a","value":NaN}]',
        '[{"key":"a","value":"\\ud83d"}]',
        "\ud83d",
        "\ufeff[]",
        "[" * 500,
    ],
    ids=lambda text: text[:20].encode("unicode_escape").decode(),
)
def test_what_is_no_json_is_unparsable(text: str) -> None:
    assert refusal(text) == "Properties are unparsable!"


@pytest.mark.parametrize("text", ["null", "5", "true", '"[]"', '""'])
def test_json_of_another_kind_is_refused(text: str) -> None:
    assert refusal(text) == "`properties` takes a JSON list of filters, a group or an object"


@pytest.mark.parametrize("levels", [600, 980, 1_000, 1_100, 5_000, 100_000])
@pytest.mark.parametrize(("start", "end"), [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
def test_what_is_nested_too_deep_to_decode_is_refused(start: str, end: str, levels: int) -> None:
    """Wherever that is found out: each decoder has a limit, and it depends on the stack too."""
    value = start * levels + "1" + end * levels
    for text in (
        f'[{{"key":"a","value":{value}}}]',
        f'{{"type":"OR","values":[{{"key":"a","operator":"icontains","value":[{value}]}}]}}',
        f'{{"a":{value}}}',
        start * levels,
    ):
        if levels > 1_100 or text != start * levels:
            assert refusal(text) == "`properties` is nested too deeply"


def test_a_value_no_deeper_than_stored_ones_is_taken() -> None:
    value = '{"a":' * 200 + "[]" + "}" * 200
    assert decode_filter(f'[{{"key":"a","value":{value}}}]') == AllOf(
        (Test("a", Operator.EXACT, (value,)),)
    )


def _nested(depth: int) -> object:
    group: object = A_JSON
    for _ in range(depth):
        group = {"type": "OR", "values": [group]}
    return group


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ([1], "$[0]: a filter is a JSON object, not '1'"),
        ([A_JSON, None], "$[1]: a filter is a JSON object, not 'null'"),
        ([["x"]], "$[0][0]: a filter is a JSON object, not '\"x\"'"),
        ([{"a": 1}], "$[0]: a filter needs `key`, or `type` and `values`"),
        ([{"value": 1}], "$[0]: a filter needs `key`, or `type` and `values`"),
        ({"type": "XOR", "values": []}, "$.type: a group is `AND` or `OR`, not 'XOR'"),
        ({"type": "and", "values": []}, "$.type: a group is `AND` or `OR`, not 'and'"),
        ({"type": 5, "values": []}, "$.type: a JSON text is needed, not '5'"),
        ({"type": "AND", "values": {}}, "$.values: a group's values are a JSON list of filters"),
        ({"type": "AND", "values": None}, "$.values: a group's values are a JSON list of filters"),
        ({"type": "AND"}, "$.type: a filter's type is `person`, a group's `AND` or `OR`"),
        ([{**A_JSON, "type": "persn"}], "$[0].type: a filter's type is `person`, a group's"),
        ([{**A_JSON, "type": 7}], "$[0].type: a JSON text is needed, not '7'"),
        ([{"value": 1, "operator": "exact"}], "$[0].key: a filter names the property it tests in"),
        ({"type": "person"}, "$.key: a filter names the property it tests in `key`"),
        ([{"key": None, "value": 1}], "$[0].key: a JSON text is needed, not 'null'"),
        ([{"key": 5, "value": 1}], "$[0].key: a JSON text is needed, not '5'"),
        ([{"key": "k" * 401, "value": 1}], "$[0].key: a key has at most 400 characters"),
        ([{"key": "a"}], "$[0].value: `exact` needs a value"),
        ([{"key": "a", "value": None}], "$[0].value: `exact` needs a value"),
        ([{"key": "a", "operator": "gt"}], "$[0].value: `gt` needs a value"),
        ([{"key": "a", "value": [1, None]}], "$[0].value: null is no value; ask `is_not_set`"),
        ({"a": None}, "$.a.value: `exact` needs a value"),
        ({"a": 1, "b": [None]}, "$.b.value: null is no value; ask `is_not_set`"),
        ([{**A_JSON, "operator": 5}], "$[0].operator: a JSON text is needed, not '5'"),
        ([A_JSON] * 1_000, "$[999]: more than 1000 filters in one request"),
        (NOTHING * 1_000, "$[999]: more than 1000 filters in one request"),
        ([NOTHING] * 1_000, "$[499][0]: more than 1000 filters in one request"),
        (
            [{"type": "OR", "values": [A_JSON] * 500}] * 2,
            "$[1].values[497]: more than 1000 filters in one request",
        ),
        ({f"k{n}": 1 for n in range(101)}, "$.k100.key: more than 100 different keys in one"),
        (
            [{"type": "OR", "values": [{**A_JSON, "key": f"k{n}"}]} for n in range(101)],
            "$[100].values[0].key: more than 100 different keys in one request",
        ),
        ([{"key": "a", "value": [1] * 100_001}], "$[0].value: more than 100000 values"),
        (_nested(21), "$" + ".values[0]" * 20 + ": filters are nested more than 20 levels deep"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_is_no_filter_is_refused_with_its_path(properties: object, message: str) -> None:
    assert refusal(properties).startswith(message)


def test_the_path_leads_through_groups_and_lists() -> None:
    bad = {"key": "a", "value": [None]}
    inner: object = {"type": "AND", "values": [{}, bad]}
    groups: object = [A_JSON, {"type": "OR", "values": [B_JSON, inner]}]
    assert refusal(groups).startswith("$[1].values[1].values[1].value: ")


@pytest.mark.parametrize(
    "kind",
    [
        *("event", "feature", "group", "session", "element", "hogql", "cohort", "static-cohort"),
        *("precalculated-cohort", "person_metadata", "recording", "log", "data_warehouse"),
    ],
)
def test_types_about_something_else_are_refused(kind: str) -> None:
    assert refusal([{**A_JSON, "type": kind}]) == (
        f"$[0].type: The '{kind}' property filter does not work in 'person' scope"
    )
