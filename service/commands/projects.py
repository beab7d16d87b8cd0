"""`personhouse project`: make and list projects."""

from __future__ import annotations

from typing import Any

import rich_click as click

from queries.projects import Project
from queries.times import iso
from service.commands.backend import backend
from service.commands.console import Console, json_option, pass_console, table


@click.group("project")
def project() -> None:
    """Make and list projects."""


@project.command("create")
@click.argument("name")
@json_option
@pass_console
def create(console: Console, name: str) -> None:
    """Make a project called NAME."""
    with backend(console.settings) as opened:
        made = opened.create_project(name)
    console.answer(shown(made), f"project {made.id}: {made.name}")


@project.command("list")
@json_option
@pass_console
def list_(console: Console) -> None:
    """List the projects, the oldest first."""
    with backend(console.settings) as opened:
        projects = opened.list_projects()
    rows = [(str(one.id), one.name, iso(one.created_us), one.api_token) for one in projects]
    console.answer(
        {"projects": [shown(one) for one in projects]},
        table(("id", "name", "created", "api token"), rows),
    )


def shown(project: Project) -> dict[str, Any]:
    """Return a project as JSON has it."""
    return {
        "id": project.id,
        "uuid": project.uuid,
        "name": project.name,
        "api_token": project.api_token,
        "created_at": iso(project.created_us),
    }
