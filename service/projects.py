"""Projects: made, listed and found."""

from __future__ import annotations

import asyncio
import secrets
import time
from functools import partial
from uuid import uuid4

import polars as pl

from queries.projects import Project as Project
from queries.projects import get_project, list_projects
from queries.times import from_us
from service.engine import Engine
from service.errors import BadRequest, Busy

NAME_CHARS = 200
MAX_ID = 2**32 - 1
_ATTEMPTS = 20

_SCHEMA = pl.Schema(
    {
        "id": pl.UInt32(),
        "uuid": pl.String(),
        "name": pl.String(),
        "api_token": pl.String(),
        "created_at": pl.Datetime("us", "UTC"),
        "version": pl.UInt64(),
    }
)


class Projects:
    """The projects of one database."""

    def __init__(self, engine: Engine) -> None:
        """Take the engine; it need not be open yet."""
        self._engine = engine
        self._creating = asyncio.Lock()
        # A project is never deleted or renamed, so what was found once stays true.
        self._known: dict[int, Project] = {}

    async def list(self) -> list[Project]:
        """Return all projects, the oldest first."""
        return await self._engine.fetch(list_projects())

    async def get(self, id: int) -> Project | None:
        """Return the project with an id, None if there is none."""
        found = self._known.get(id)
        if found is None and 0 < id <= MAX_ID:
            for found in await self._engine.fetch(get_project(id)):
                self._known[id] = found
        return found

    async def create(self, name: str) -> Project:
        """Make a project; its id is one more than the highest.

        Two that are made at once get two ids, also in two processes on one server: an insert
        bears the id as its deduplication token, so ClickHouse keeps the first alone, and what is
        read back tells whose that was.

        Raises:
            BadRequest: the name is empty or longer than 200 characters.
            Busy: others made projects all the while.
        """
        name = name.strip()
        if not 0 < len(name) <= NAME_CHARS:
            raise BadRequest(f"A project's name has 1 to {NAME_CHARS} characters.", attr="name")
        async with self._creating:
            for _ in range(_ATTEMPTS):
                last = max((project.id for project in await self.list()), default=0)
                project = Project(
                    last + 1,
                    uuid4(),
                    name,
                    f"phc_{secrets.token_urlsafe(32)}",
                    time.time_ns() // 1000,
                )
                await self._engine.in_thread(partial(self._insert, project), is_quick=True)
                if await self._engine.fetch(get_project(project.id)) == [project]:
                    return project
        raise Busy("Too many projects are being made at once. Try again in a second.")

    def _insert(self, project: Project) -> None:
        row = {
            "id": project.id,
            "uuid": str(project.uuid),
            "name": project.name,
            "api_token": project.api_token,
            "created_at": from_us(project.created_us),
            "version": project.created_us,
        }
        self._engine.insert_now(
            "projects",
            pl.DataFrame([row], schema=_SCHEMA),
            settings={"insert_deduplication_token": f"project:{project.id}"},
        )
