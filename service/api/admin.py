"""Projects and keys, for the command line of a running service; its token alone opens this."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from litestar import Router, delete, get, post
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, JSONBody, SkipValidation

from queries.keys import Key
from queries.projects import Project
from service.auth import Gate
from service.backups import back_up
from service.engine import Engine
from service.errors import Forbidden
from service.handoff import Backup, MadeKey, NewBackup, NewKey, NewProject, Stats
from service.keys import Keys
from service.projects import Projects
from service.stats import stats_now


async def admin_only(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Let nobody in but the command line.

    Raises:
        NotAuthenticated: no key, or not a good one.
        Forbidden: a key of the API, whatever its scopes.
    """
    gate: Gate = connection.app.state.gate
    access = await gate.authenticate(connection.headers.get("authorization"))
    if not access.is_admin:
        raise Forbidden("This is for the service's own command line.")


@get("/projects")
async def list_projects(projects: NamedDependency[SkipValidation[Projects]]) -> list[Project]:
    return await projects.list()


@post("/projects")
async def create_project(
    data: JSONBody[NewProject], projects: NamedDependency[SkipValidation[Projects]]
) -> Project:
    return await projects.create(data.name)


@get("/keys")
async def list_keys(keys: NamedDependency[SkipValidation[Keys]]) -> list[Key]:
    return await keys.list()


@post("/keys")
async def create_key(
    data: JSONBody[NewKey], keys: NamedDependency[SkipValidation[Keys]]
) -> MadeKey:
    key, secret = await keys.create(data.label, data.scopes, data.projects, data.expires_us)
    return MadeKey(key, secret)


@delete("/keys/{id:uuid}", status_code=200)
async def revoke_key(id: FromPath[UUID], keys: NamedDependency[SkipValidation[Keys]]) -> Key:
    return await keys.revoke(id)


@post("/backups", status_code=200)
async def create_backup(
    data: JSONBody[NewBackup], engine: NamedDependency[SkipValidation[Engine]]
) -> Backup:
    # Not on a worker's thread: it takes minutes.
    return await asyncio.to_thread(back_up, engine, data.directory, data.disk)


@get("/stats")
async def get_stats(engine: NamedDependency[SkipValidation[Engine]]) -> Stats:
    return await asyncio.to_thread(stats_now, engine)


admin = Router(
    "/internal",
    route_handlers=[
        list_projects,
        create_project,
        list_keys,
        create_key,
        revoke_key,
        create_backup,
        get_stats,
    ],
    guards=[admin_only],
    include_in_schema=False,
)
