"""A project's persons and events, and the timelines it answers, for tests."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from queries.identity import person_uuid
from tests.conftest import Client, make_project

Event = dict[str, Any]

_numbers = itertools.count(1)


def seen(id: str, at: str, person: dict[str, Any] | None = None, **more: Any) -> Event:
    """Return an event as a line of an import file has it."""
    return {
        "uuid": str(UUID(int=next(_numbers))),
        "event": "seen",
        "distinct_id": id,
        "timestamp": at,
        "person_properties": person or {},
        **more,
    }


class Timelines:
    """One project; all by its API."""

    def __init__(self, client: Client, project: int = 0) -> None:
        """Make a project if none is given."""
        self.client = client
        self.project = project or make_project(client, "timelines")
        self.at = f"/api/projects/{self.project}"

    def add(self, *ids: str, **line: Any) -> str:
        """Import a person and return its uuid."""
        self.send([{"distinct_ids": list(ids), **line}])
        return str(person_uuid(self.project, ids[0]))

    def send(self, lines: Iterable[dict[str, Any]], kind: str = "persons") -> dict[str, Any]:
        """Import persons or events, and return the summary."""
        body = "\n".join(map(json.dumps, lines)).encode()
        answer = self.client.post(f"{self.at}/imports?kind={kind}", content=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def happen(self, *events: Event) -> None:
        """Import events that are not there yet."""
        assert self.send(events, "events")["written"] == len(events)

    def ask(self, person: str, **arguments: Any) -> Any:
        """Ask for a timeline; lists and objects are sent as JSON."""
        sent = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in arguments.items()
        }
        return self.client.get(f"{self.at}/persons/{person}/properties_timeline", params=sent)

    def get(self, person: str, *keys: str, **arguments: Any) -> dict[str, Any]:
        """Return a timeline by these keys, from the first event to the last unless said."""
        filters = [{"key": key, "value": "x", "type": "person"} for key in keys]
        dates = {"date_from": "all", "date_to": "2100-01-01"}
        answer = self.ask(person, **{"properties": filters, **dates, **arguments})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def points(self, person: str, *keys: str, **arguments: Any) -> list[tuple[str, Any, int]]:
        """Return the points alone, each as time, properties and count."""
        return [
            (point["timestamp"], point["properties"], point["relevant_event_count"])
            for point in self.get(person, *keys, **arguments)["points"]
        ]
