"""The CSV of persons, cell by cell against plain Python that shares no code with it."""

from __future__ import annotations

import json
import random
from itertools import product

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from queries.export_source import Source
from queries.filters import Operator, Test
from queries.lines import Ids
from queries.upserts import Upsert
from service.engine import Engine
from service.errors import BadRequest
from service.exports.asked import Ask
from service.exports.stream import export_now
from service.exports.union import MAX_COLUMNS, plan_now
from tests.awkward import KEYS, VALUES, objects
from tests.engine.people import START_US, insert, person
from tests.service.exported import check, expected, export, new_project, planned, read, select


def test_properties_that_have_broken_something(engine: Engine) -> None:
    check(engine, [person(n, text.decode()) for n, text in enumerate(objects(), 1)])


@pytest.mark.parametrize("of", range(4))
def test_every_value_under_every_key(engine: Engine, of: int) -> None:
    pairs = list(product(KEYS, VALUES))[of::4]
    texts = [f"{{{json.dumps(key)}:{value}}}" for key, value in pairs]
    check(engine, [person(n, text) for n, text in enumerate(texts, 1)])


def test_columns_are_those_of_all_rows_sorted(engine: Engine) -> None:
    body = check(
        engine,
        [
            person(1, '{"b":1,"a":{"y":[1,{"z":null}]}}', ids=["x"]),
            person(2, '{"Z":null,"e":[],"f":{"g":{}}}', ids=["y", "z"]),
            person(3, '{"a":true}'),
        ],
    )
    assert body.partition(b"\r\n")[0].decode().split(",") == [
        *("created_at", "distinct_ids.0", "distinct_ids.1", "id", "is_identified"),
        *("last_seen_at", "name", "properties.Z", "properties.a", "properties.a.y.0"),
        *("properties.a.y.1.z", "properties.b", "type", "uuid", "value_at_data_point"),
    ]


def test_bytes(engine: Engine) -> None:
    """CRLF, UTF-8, no mark before it, quotes only where needed."""
    people = [
        person(1, '{"a":"x","b":1.0}', ids=["é"], created_us=START_US),
        person(2, '{"a":"l\\ni\\rn,e\\"s","b":true}', created_us=START_US + 1),
    ]
    people[1].is_identified = True
    assert check(engine, people).decode().split("\r\n") == [
        "created_at,distinct_ids.0,id,is_identified,last_seen_at,name,properties.a,properties.b"
        ",type,uuid,value_at_data_point",
        '2023-11-14T22:13:20.000001Z,,2,True,,2,"l\ni\rn,e""s",True,person'
        ",00000000-0000-0000-0000-000000000002,",
        "2023-11-14T22:13:20Z,é,1,False,,é,x,1.0,person,00000000-0000-0000-0000-000000000001,",
        "",
    ]


def test_what_needs_quotes(engine: Engine) -> None:
    texts = [
        f'{{"v":"a{letter}b"}}' for letter in (",", '\\"', "\\r", "\\n", "\\r\\n", ";", "'", "\\t")
    ]
    body = check(engine, [person(n, text) for n, text in enumerate(texts, 1)])
    assert body.count(b'"') == 5 * 2 + 2


def test_numbers_keep_their_digits(engine: Engine) -> None:
    texts = ("1.0", "1180591620717411303424", "-0", "-0.0", "1e5", "1E+05", "0.10", "5e-324")
    check(engine, [person(n, f'{{"v":{text}}}') for n, text in enumerate(texts, 1)])
    check(engine, [person(n, f'{{"v":[{text}],"n":-0}}') for n, text in enumerate(texts, 1)])


def test_numbers_that_clickhouse_cannot_read(engine: Engine) -> None:
    texts = ('{"huge":1e400,"a":"x"}', '{"b":[1e400],"c":{"d":1}}', '{"a":"y"}')
    check(engine, [person(n, text) for n, text in enumerate(texts, 1)])


def test_a_key_given_twice_counts_once_with_its_last_value(engine: Engine) -> None:
    texts = (
        *('{"k":"a","k":"b"}', '{"k":{"x":1},"k":2}', '{"k":2,"k":{"y":1}}', '{"k":1,"k":null}'),
        *('{"k":true,"k":"true"}', '{"k":"true","k":true}', '{"o":{"i":1,"i":{"j":2}}}'),
    )
    check(engine, [person(n, text) for n, text in enumerate(texts, 1)])


def test_true_the_text_and_true_the_boolean(engine: Engine) -> None:
    texts = (
        *("true", "false", '"true"', '"false"', '"True"', r'"\u0074rue"', r'"fals\u0065"'),
        *(r'"\u0054rue"', "[true]", '["true"]'),
    )
    people = [person(n, f'{{"v":{text},"w":true}}') for n, text in enumerate(texts, 1)]
    cells = {row["properties.v"] for row in read(check(engine, people))}
    assert cells == {"True", "False", "true", "false", ""}


def test_names(engine: Engine) -> None:
    texts = (
        *('{"email":"e","name":"n"}', '{"email":null,"name":"n"}', '{"email":"","username":"u"}'),
        *('{"email":0,"name":false}', '{"email":"0"}', '{"email":"false"}', '{"email":false}'),
        *('{"email":0.0}', '{"name":-0}', '{"username":-0.0}', '{"name":"-0.0"}'),
        *('{"email":0.0,"name":-0,"username":-0.0}', '{"email":1.50}', '{"email":true}'),
        *('{"email":[],"name":{},"username":""}', '{"email":["a"]}', '{"name":{"first":"A"}}'),
        *('{"name":"a, b"}', '{"name":"\\u0001"}', "{}", '{"email":"\\""}'),
    )
    check(engine, [person(n, text, ids=["id, 1"]) for n, text in enumerate(texts, 1)])
    check(engine, [person(n, text) for n, text in enumerate(texts, 1)])


def test_times(engine: Engine) -> None:
    moments = [
        *(-2_208_988_800_000_000, -1, 0, 1, 999_999, 1_000_000, 1_600_000_000_123_000),
        10_413_791_999_999_999,
    ]
    people = [person(n, created_us=us or 5, base=0) for n, us in enumerate(moments, 1)]
    for one, seen in zip(people, [None, *moments[1:]], strict=True):
        one.last_seen_us = seen
    check(engine, people)


MADE_UP = "0190a5b0-0000-7000-8000-00000000000"


def test_distinct_ids_that_name_somebody_come_first(engine: Engine) -> None:
    people = [
        person(1, ids=[f"{MADE_UP}1", "b", f"{MADE_UP}2", "a"]),
        person(2, ids=[f"{MADE_UP}3"]),
        person(3, ids=["a-b-c-d-e\n", "a-b-c-d-E", "a-b-c-d-e", "a-b-c-d-", "x\na-b-c-d-e"]),
        person(4, ids=[f"id {n}" for n in range(12)]),
        person(5),
    ]
    body = check(engine, people)
    header = body.partition(b"\r\n")[0].decode().split(",")
    assert header[1:5] == ["distinct_ids.0", "distinct_ids.1", "distinct_ids.10", "distinct_ids.11"]


def test_distinct_ids_of_any_letters(engine: Engine) -> None:
    awkward = [json.loads(value) for value in VALUES if value.startswith('"') and len(value) > 2]
    ids = [*awkward, "\x01", ",\x01,", "a\x01b", "true", "[1]"]
    check(engine, [person(n, '{"a":1}', ids=[item]) for n, item in enumerate(ids, 1)])


def test_a_thousand_distinct_ids_have_a_column_each(engine: Engine) -> None:
    many = [f"id, {n}" for n in range(1_000)]
    check(engine, [person(1, ids=many), person(2, ids=["a", "b"]), person(3, '{"z":1}')])


def test_of_more_distinct_ids_it_says_what_to_ask_for(engine: Engine) -> None:
    project = new_project()
    many = [f"id, {n}" for n in range(1_001)]
    insert(engine, project, [person(1, ids=many), person(2, ids=["b"])], version=1)
    with pytest.raises(BadRequest, match="`distinct_ids=joined`") as refused:
        planned(engine, select(project))
    assert refused.value.attr == "distinct_ids"
    joined, first = (
        read(export(engine, select(project), ask=Ask(ids=how))) for how in (Ids.JOINED, Ids.FIRST)
    )
    assert [json.loads(row["distinct_ids"]) for row in joined] == [["b"], many]
    assert [row["distinct_ids.0"] for row in first] == ["b", "id, 0"]


def test_nobody_is_an_empty_body(engine: Engine) -> None:
    selection = select(new_project())
    assert planned(engine, selection).columns == ()
    assert export(engine, selection) == b""
    assert b"".join(export_now(engine, Ask(), Source(selection))) == b""


def test_all_gone_by_the_time_lines_are_made_is_an_empty_body(engine: Engine) -> None:
    project = new_project()
    insert(engine, project, [person(1)], version=1)
    before = planned(engine, select(project))
    insert(engine, project, [person(1)], version=2, deleted=True)
    assert export(engine, select(project), before) == b""


def test_the_selection_narrows_rows_and_columns(engine: Engine) -> None:
    project = new_project()
    people = [
        person(1, '{"email":"a@x","in":{"a":1}}', ids=["1"]),
        person(2, '{"email":"b@x","out":{"b":1}}', ids=["2", "3"]),
    ]
    insert(engine, project, people, version=1)
    for narrower in (
        {"email": "a@x"},
        {"search": "a@x"},
        {"distinct_ids": ("1",)},
        {"filter": Test("email", Operator.EXACT, ("a@x",))},
    ):
        body = export(engine, select(project, **narrower))
        assert read(body) == list(expected(people[:1]).values())


def test_only_the_latest_version_counts(engine: Engine) -> None:
    project = new_project()
    insert(engine, project, [person(1, '{"old":1}'), person(2, '{"gone":1}')], version=1)
    insert(engine, project, [person(1, '{"new":1}', base=1)], version=2)
    insert(engine, project, [person(2, '{"gone":1}', base=1)], version=2, deleted=True)
    body = export(engine, select(project))
    assert read(body) == list(expected([person(1, '{"new":1}')]).values())


def test_thousands_of_keys(engine: Engine) -> None:
    """Most are rare, some usual, in either case everywhere in the alphabet."""
    draw = random.Random(5)
    people: list[Upsert] = []
    for n in range(1, 501):
        properties: dict[str, object] = {
            f"usual {k * 7 % 50}": n for k in range(draw.randrange(50))
        }
        properties |= {f"k{draw.randrange(5_000)}": f"v,{n}" for _ in range(draw.choice((0, 0, 9)))}
        if n % 50 == 0:
            properties[f"list {n}"] = [{"a": n}, None, "x\ny"]
        people.append(person(n, json.dumps(properties), ids=[f"{n}"] * (n % 3)))
    people.append(person(5_001, json.dumps({f"k{n}": n for n in range(5_000)})))
    check(engine, people)


def test_too_many_columns_are_refused_with_advice(engine: Engine) -> None:
    project = new_project()
    people = [
        person(n, json.dumps({f"key {n} {k}": 1 for k in range(MAX_COLUMNS // 20 + 1)}))
        for n in range(1, 21)
    ]
    insert(engine, project, people, version=1)
    with pytest.raises(BadRequest, match=r"20,000.*`properties`"):
        planned(engine, select(project))
    with pytest.raises(BadRequest, match="20,000"):
        plan_now(engine, Source(select(project)))
    assert len(read(export(engine, select(project, filter=Test("key 1 0", Operator.IS_SET))))) == 1


JSON_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=6)
SCALARS: st.SearchStrategy[object] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | JSON_TEXT
    | st.sampled_from(["true", "false", "[", "{", "[]", "a,b", '"', "\r\n", "\x01", "0", ""])
)
INNER = st.text("pqr", min_size=1, max_size=1)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(INNER, inner, max_size=3),
    max_leaves=5,
)
# No key is the start of a path another key leads to, or both would name one column.
OUTER = st.sampled_from(["email", "name", "plan", "a", "b,c", "d.e", "\n", "ключ", '"', ""])
OBJECTS = st.dictionaries(OUTER, TREES, max_size=5)
IDS = st.lists(JSON_TEXT.filter(bool) | st.just(f"{MADE_UP}7"), max_size=3, unique=True)


@how(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(st.tuples(OBJECTS, IDS, st.booleans(), st.booleans()), min_size=1, max_size=25),
)
def test_any_persons(
    engine: Engine, drawn: list[tuple[dict[str, object], list[str], bool, bool]]
) -> None:
    people: list[Upsert] = []
    for n, (properties, ids, ascii_only, spaced) in enumerate(drawn, 1):
        separators = (" , ", " : ") if spaced else (",", ":")
        text = json.dumps(properties, ensure_ascii=ascii_only, separators=separators)
        people.append(person(n, text, ids=ids))
    check(engine, people)
