"""Projects: those a key may see. Some clients look here first to learn what there is to read."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from queries.times import from_us
from service.api.access import let_in
from service.api.openapi import READS_PROJECTS, Described, answers, operation_id
from service.auth import Gate
from service.projects import Project, Projects


class ProjectShown(Struct):
    """A project. `organization` is there for clients that ask for it: there are none here."""

    id: int
    uuid: UUID
    name: str
    organization: None
    api_token: str
    created_at: datetime
    timezone: str = "UTC"


class ProjectPage(Struct):
    """All projects a key may see, on one page."""

    count: int
    next: None
    previous: None
    results: list[ProjectShown]


@get(
    "/",
    operation_id=operation_id("projects_list"),
    operation_class=Described,
    summary="List the projects the key may see",
    security=READS_PROJECTS,
    responses=answers(ProjectPage, 401),
)
async def get_projects(
    request: Request[Any, Any, Any],
    gate: NamedDependency[SkipValidation[Gate]],
    projects: NamedDependency[SkipValidation[Projects]],
) -> ProjectPage:
    """List projects, the oldest first."""
    access = await gate.authenticate(request.headers.get("authorization"))
    let_in(request, access)
    seen = [
        _shown(project)
        for project in await projects.list()
        if not access.projects or project.id in access.projects
    ]
    return ProjectPage(len(seen), None, None, seen)


@get(
    "/",
    operation_id=operation_id("projects_retrieve"),
    operation_class=Described,
    summary="Get a project",
    security=READS_PROJECTS,
    responses=answers(ProjectShown, 401, 403, 404),
)
async def get_project(project: NamedDependency[Project]) -> ProjectShown:
    """Get the project of the address."""
    return _shown(project)


def _shown(project: Project) -> ProjectShown:
    return ProjectShown(
        project.id,
        project.uuid,
        project.name,
        None,
        project.api_token,
        from_us(project.created_us),
    )
