"""The application: the only place where everything is put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from litestar import Litestar, Request, Router
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from service.activity import void_unwritten_now
from service.api import (
    activity,
    batches,
    deletions,
    edits,
    export_jobs,
    failures,
    health,
    imports,
    openapi,
    past,
    persons,
    projects,
    properties,
    timeline,
    values,
)
from service.api.access import enter_project, project_entered
from service.api.admin import admin
from service.api.arguments import (
    decode_selection,
    decode_times,
    refuse_crowds,
    refuse_repeats,
    wants_csv,
)
from service.api.front import Front
from service.api.long_pages import LongPages
from service.api.metrics import Metrics, get_metrics
from service.api.spool import sweep
from service.auth import Gate
from service.catalogue import Catalogue
from service.counts import Counts
from service.cursors import Cursors
from service.deletions import Deleter
from service.edits import Editor
from service.engine import Engine
from service.exports.known import Known
from service.exports.running import Runner
from service.history import History
from service.idempotency import Answers
from service.import_runs import drop_leftovers
from service.keys import Keys
from service.projects import Projects
from service.rates import Rates
from service.removal import Removal
from service.settings import Settings
from service.settling import Settling
from service.shared_secrets import shared_secret
from service.tidying import Tidying

IMPORTS_AT_ONCE = 2

_PREFIXES = ("/api/projects", "/api/environments")
# What handlers and dependencies may ask for by name, beside what is decoded from the request.
_SHARED = (
    *("settings", "engine", "keys", "projects", "gate", "counts", "cursors"),
    "settling",
    "catalogue",
    "history",
    "import_threads",
    "runner",
    "long_pages",
    "known",
)


def create_app(
    settings: Settings, engine: Engine, *, admin_token: str = "", owns_engine: bool = True
) -> Litestar:
    """Put the application together; nothing is opened before it starts.

    Args:
        settings: what is in force.
        engine: opened at the start if it is not open yet.
        admin_token: the key of the service's own commands; empty opens nothing.
        owns_engine: close the engine at the end.
    """
    keys, settling = Keys(engine, settings.auth), Settling(engine)
    catalogue = Catalogue(engine, settling)
    tidying = Tidying(engine, work=catalogue.work)
    history = History(engine, keep_days=settings.history.keep_days)
    runner = Runner(engine, settings.exports_directory())
    removal = Removal(engine, after_seconds=settings.deletion.remove_after_seconds)

    lifespan = _lifespan(
        settings,
        engine,
        keys,
        history,
        (removal, settling, tidying, runner),
        owns_engine=owns_engine,
    )
    state = _state(
        settings, engine, keys, settling, catalogue, removal, history, admin_token, runner
    )
    app = Litestar(
        route_handlers=_routes(),
        lifespan=[lifespan],
        state=state,
        dependencies={name: _shared(name) for name in _SHARED},
        exception_handlers=failures.HANDLERS,
        openapi_config=openapi.config(),
        request_max_body_size=settings.http.max_body_bytes,
        logging_config=None,
        cors_config=_cors(settings.http.origins()),
        debug=False,
    )
    # Around all of it: what no route answers is told of too.
    app.asgi_handler = Front(app.asgi_handler, settings, state.metrics)
    return app


def _lifespan(
    settings: Settings,
    engine: Engine,
    keys: Keys,
    history: History,
    workers: Sequence[_Worker],
    *,
    owns_engine: bool,
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """Return what opens all there is, and closes it at the end."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncGenerator[None]:
        await asyncio.to_thread(sweep, settings)
        if not engine.is_open:
            await asyncio.to_thread(engine.open)
        await asyncio.to_thread(drop_leftovers, engine)
        await asyncio.to_thread(void_unwritten_now, engine)
        app.state.cursors = Cursors(await asyncio.to_thread(shared_secret, engine, "cursors"))
        await asyncio.to_thread(history.start)
        app.state.import_threads = threads = ThreadPoolExecutor(IMPORTS_AT_ONCE, "imports")
        try:
            async with _at_work(*workers):
                try:
                    yield
                finally:
                    # Not here: what an import waits for may have to happen in this thread.
                    await asyncio.to_thread(threads.shutdown, cancel_futures=True)
        finally:
            await keys.flush()
            if owns_engine:
                await asyncio.to_thread(engine.close)

    return lifespan


def _routes() -> list[ControllerRouterHandler]:
    """Return all addresses."""
    return [
        *(_prefixed(prefix) for prefix in _PREFIXES),
        health.get_livez,
        health.get_readyz,
        get_metrics,
        admin,
        openapi.ui_files(),
    ]


def _cors(origins: list[str]) -> CORSConfig | None:
    """Return who may ask from pages of other origins; None for nobody."""
    if not origins:
        return None
    return CORSConfig(
        allow_origins=origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-Match", "Idempotency-Key"],
        expose_headers=["ETag", "Retry-After", "X-Request-Id", "RateLimit-Remaining"],
        max_age=600,
    )


class _Worker(Protocol):
    """What works in the background."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


@asynccontextmanager
async def _at_work(*workers: _Worker) -> AsyncGenerator[None]:
    """Start workers, and stop them at the end, the last one first."""
    try:
        for worker in workers:
            worker.start()
        yield
    finally:
        for worker in reversed(workers):
            await asyncio.to_thread(worker.stop)


def _state(
    settings: Settings,
    engine: Engine,
    keys: Keys,
    settling: Settling,
    catalogue: Catalogue,
    removal: Removal,
    history: History,
    admin_token: str,
    runner: Runner,
) -> State:
    """Return what all requests share."""
    in_use = Projects(engine)
    counts = Counts(engine, settling, seconds=settings.limits.count_seconds)
    return State(
        {
            "settings": settings,
            "engine": engine,
            "keys": keys,
            "projects": in_use,
            "gate": Gate(keys, in_use, admin_token),
            "counts": counts,
            "editor": Editor(engine, counts, log_values=settings.activity.log_values),
            "deleter": Deleter(engine, counts, removal.wake),
            "answers": Answers(engine),
            "history": history,
            "settling": settling,
            "catalogue": catalogue,
            "runner": runner,
            "long_pages": LongPages(engine, patience_seconds=settings.clickhouse.timeout_seconds),
            "known": Known(engine, catalogue, settling),
            "rates": Rates(settings.rate),
            "metrics": Metrics(engine),
        },
        deep_copy=False,
    )


def _prefixed(prefix: str) -> Router:
    """Return all addresses under one of the two prefixes."""
    project = Router(
        "/{project_id:str}",
        route_handlers=[
            projects.get_project,
            persons.get_page,
            *persons.exports,
            persons.refuse_creation,
            values.get_values,
            properties.get_properties,
            batches.get_by_distinct_ids,
            batches.get_by_uuids,
            activity.get_project_log,
            past.get_properties_at_time,
            deletions.get_status,
            deletions.bulk_delete,
            deletions.reset_distinct_id,
            persons.get_person,
            edits.patch_person,
            edits.put_person,
            edits.update_property,
            edits.delete_property,
            edits.split_person,
            edits.merge_persons,
            deletions.delete_person,
            activity.get_person_log,
            past.get_history,
            timeline.get_timeline,
            imports.import_file,
            export_jobs.create_job,
            export_jobs.list_jobs,
            export_jobs.get_job,
            export_jobs.delete_job,
            export_jobs.get_file,
        ],
        guards=[enter_project, refuse_crowds, refuse_repeats],
        dependencies={
            "project": Provide(project_entered, sync_to_thread=False),
            "times": Provide(decode_times, sync_to_thread=False),
            "selection": Provide(decode_selection),
            "as_csv": Provide(wants_csv, sync_to_thread=False),
        },
    )
    return Router(prefix, route_handlers=[projects.get_projects, project])


def _shared(name: str) -> Provide:
    """Return a dependency on what the application holds in its state."""

    def provide(request: Request[Any, Any, Any]) -> Any:  # noqa: ANN401
        return request.app.state[name]

    return Provide(provide, sync_to_thread=False)
