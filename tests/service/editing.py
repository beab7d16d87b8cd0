"""Persons to edit, and requests that edit them."""

from __future__ import annotations

import itertools
from typing import Any

from tests.conftest import Client, InsertPersons

_numbers = itertools.count(1)


class People:
    """The persons of a project, as a client of the API meets them."""

    def __init__(self, client: Client, project: int, insert: InsertPersons) -> None:
        self.client = client
        self.project = project
        self._insert = insert

    def make(self, *ids: str, **line: Any) -> dict[str, Any]:
        """Import a person and return it; without ids it has one of its own."""
        distinct_ids = list(ids) or [f"id {next(_numbers)}"]
        self._insert(self.project, {"distinct_ids": distinct_ids, **line})
        return self.having(distinct_ids[0])

    def having(self, distinct_id: str) -> dict[str, Any]:
        """Return who has a distinct id."""
        (row,) = self.client.get(
            f"/api/projects/{self.project}/persons", params={"distinct_id": distinct_id}
        ).json()["results"]
        return self.get(row["uuid"])

    def get(self, id: object) -> dict[str, Any]:
        """Return a person as it is by itself."""
        answer = self.ask("GET", id)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def ask(self, verb: str, id: object, path: str = "", **sent: Any) -> Any:
        """Make a request about a person."""
        return self.client.request(verb, f"/api/projects/{self.project}/persons/{id}{path}", **sent)

    def post(self, id: object, path: str, body: object = None, **sent: Any) -> Any:
        """Make a POST with a JSON body."""
        given = {} if body is None else {"json": body}
        return self.ask("POST", id, f"/{path}", **given, **sent)

    def log(self, id: object) -> list[dict[str, Any]]:
        """Return a person's log, newest first; for a key that may do anything."""
        answer = self.ask("GET", id, "/activity?limit=100")
        assert answer.status_code == 200, answer.text
        return list(answer.json()["results"])


def refused(answer: Any) -> tuple[int, str, str | None]:
    """Return the status, code and attr of an error in the one shape."""
    body = answer.json()
    assert set(body) == {"type", "code", "detail", "attr"}, body
    return answer.status_code, body["code"], body["attr"]
