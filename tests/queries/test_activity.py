"""The activity log's statements: what is bound. Texts: golden/; what they find: tests/engine."""

from __future__ import annotations

from uuid import UUID

from queries.activity import count_activity, list_activity, void_unwritten
from queries.idempotency import KEPT_US, find_answer, mark_of, request_hash

U1 = UUID(int=1)


def test_a_page_of_the_log() -> None:
    _, values = list_activity(7, person=U1, limit=11, offset=20).sql.render()
    assert list(values.values()) == [7, 7, str(U1), 11, 20]
    _, values = count_activity(7).sql.render()
    assert list(values.values()) == [7]


def test_doubtful_entries_are_those_of_a_time() -> None:
    text, values = void_unwritten(5, 9).sql.render()
    assert list(values.values()) == [5, 9, 5, 9]
    assert text.strip().startswith("INSERT INTO activity")


def test_an_answer_is_given_again_for_a_day() -> None:
    _, values = find_answer(7, "key", "again", KEPT_US + 5).sql.render()
    assert list(values.values()) == [7, "key", "again", 5]


def test_requests_differ_by_each_of_their_parts() -> None:
    asked = [
        *(("POST", "/a", b"b"), ("PUT", "/a", b"b"), ("POST", "/ab", b""), ("POST", "/", b"ab")),
        *(("POST", "/a", b"b "), ("POSTX", "/a", b"b"), ("POST", "", b"/ab")),
    ]
    assert len({request_hash(*one) for one in asked}) == len(asked)
    assert request_hash("POST", "/a", b"b") == request_hash("POST", "/a", b"b")


def test_marks_differ_by_project_key_and_idempotency_key() -> None:
    asked = [
        (7, "k", "a"),
        (8, "k", "a"),
        (7, "ka", ""),
        (7, "", "ka"),
        (7, "k", "ä"),
        (7, "k", ""),
    ]
    marks = {mark_of(*one) for one in asked}
    assert len(marks) == len(asked)
    assert all(0 < mark < 1 << 64 for mark in marks)
    assert mark_of(7, "k", "a") == mark_of(7, "k", "a")
