"""Statements that read projects."""

from __future__ import annotations

from uuid import UUID

from msgspec import Struct

from queries.sql import bind, sql
from queries.statement import Statement


class Project(Struct, frozen=True):
    """A project: persons of two of them never meet.

    Attributes:
        id: 1, 2, 3 …; what stands in addresses, and column `team_id` of its persons.
        uuid: made up when it was created.
        name: 1 to 200 characters, not unique.
        api_token: `phc_…`, which names the project to clients that send events; no secret.
        created_us: microseconds since 1970.
    """

    id: int
    uuid: UUID
    name: str
    api_token: str
    created_us: int


def list_projects() -> Statement[Project]:
    """Select all projects, the oldest first."""
    return Statement(
        "projects.list",
        sql(
            """
            SELECT id, uuid, name, api_token, toUnixTimestamp64Micro(created_at) AS created_us
            FROM projects FINAL
            ORDER BY id
            """
        ),
        Project,
        threads=1,
    )


def get_project(project: int) -> Statement[Project]:
    """Select the project with an id; one row or none."""
    return Statement(
        "projects.get",
        sql(
            """
            SELECT id, uuid, name, api_token, toUnixTimestamp64Micro(created_at) AS created_us
            FROM projects FINAL
            WHERE id = {}
            """,
            bind("UInt32", project),
        ),
        Project,
        threads=1,
    )
