"""The guard of a project's addresses: the key comes first, arguments are looked at after it."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from service.auth import Access, Gate
from service.edit_batches import Author
from service.metering import current
from service.projects import Project
from service.rates import Rates

# What a handler's `opt` says of the scopes its address needs; the guard reads it.
READ_PERSONS: dict[str, Any] = {"scopes": ("person:read",)}
WRITE_PERSONS: dict[str, Any] = {"scopes": ("person:write",)}
READ_ACTIVITY: dict[str, Any] = {"scopes": ("activity_log:read",)}


async def enter_project(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Let a request into the project its address names, or raise why not (401, 404, 403)."""
    gate: Gate = connection.app.state.gate
    scopes: tuple[str, ...] = handler.opt.get("scopes", ())
    access, project = await gate.enter(
        connection.headers.get("authorization"), connection.path_params["project_id"], *scopes
    )
    connection.state.project = project
    let_in(connection, access, project.id, writes=any(one.endswith(":write") for one in scopes))


def let_in(
    connection: ASGIConnection[Any, Any, Any, Any],
    access: Access,
    project: int = 0,
    *,
    writes: bool = False,
) -> None:
    """Note whose request this is, and count it.

    Raises:
        Throttled: it is one too many of its key.
    """
    connection.state.access = access
    tally = current()
    if tally is not None:
        tally.project, tally.key_id = project, access.key_id
    rates: Rates = connection.app.state.rates
    connection.state.left = rates.take(access.key_id, writes=writes)


def project_entered(request: Request[Any, Any, Any]) -> Project:
    """Return the project that the guard let the request into."""
    project: Project = request.state.project
    return project


def access_of(request: Request[Any, Any, Any]) -> Access:
    """Return what the request's key opens."""
    access: Access = request.state.access
    return access


def author_of(request: Request[Any, Any, Any]) -> Author:
    """Return who makes the request, for the log."""
    access = access_of(request)
    return Author(access.key_id, access.key_label)
