"""Requests that delete persons, for tests."""

from __future__ import annotations

from typing import Any

from tests.service.editing import People

REPORT = {
    "persons_found": 0,
    "persons_deleted": 0,
    "persons_queued_for_deletion": 0,
    "events_queued_for_deletion": False,
    "recordings_queued_for_deletion": False,
    "deletion_errors": [],
}


def at(people: People, path: str) -> str:
    """Return an address of the persons of a project."""
    return f"/api/projects/{people.project}/persons{path}"


def bulk(people: People, body: dict[str, Any] | None = None, **sent: Any) -> Any:
    """Ask for a bulk deletion."""
    given: dict[str, Any] = {} if body is None else {"json": body}
    return people.client.post(at(people, "/bulk_delete"), **given, **sent)


def report(found: int, deleted: int | None = None) -> dict[str, Any]:
    """Return the report of one that found and deleted so many."""
    gone = found if deleted is None else deleted
    numbers = {"persons_deleted": gone, "persons_queued_for_deletion": gone}
    return {**REPORT, "persons_found": found, **numbers}


def status(people: People, **params: str) -> Any:
    """Ask what became of deletions."""
    return people.client.get(at(people, "/deletion_status"), params=params)


def listed(people: People, **params: str) -> dict[str, Any]:
    """Return a page of persons."""
    return dict(people.client.get(at(people, ""), params=params).json())
