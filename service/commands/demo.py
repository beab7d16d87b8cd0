"""`personhouse demo`: a service with made-up persons in it, to look at."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import msgspec
import rich_click as click
from msgspec import Struct
from msgspec.structs import replace

from queries.projects import Project
from service.commands.backend import Backend, backend
from service.commands.console import Console, json_option, pass_console
from service.commands.importing import Importing, spooled
from service.commands.serving import address_options, serve_until_stopped, with_address
from service.handoff import NewKey, Service, running, write_private

PERSONS = 100_000
PROJECT = "Demo"


class Demo(Struct, frozen=True):
    """What `demo.json` keeps, so that a second start finds the first one's work.

    `persons` is how many were imported, once they all are.
    """

    project: int
    uuid: UUID
    key_id: UUID
    key: str
    persons: int = 0


@click.command("demo")
@click.option(
    "--persons", type=click.IntRange(min=1), default=PERSONS, show_default=True, help="How many."
)
@address_options
@json_option
@pass_console
def demo(console: Console, persons: int, host: str | None, port: int | None) -> None:
    """Serve made-up persons, with a key to look at them.

    The first start makes a project and imports the persons; they stay in the data directory.
    """
    settings = with_address(console.settings, host, port)
    if settings.log.level == "info":
        # The address and the key are to stay in sight.
        settings = replace(settings, log=replace(settings.log, level="warning"))
    service = running(settings)
    if service is None:
        serve_until_stopped(console, settings, partial(_show, console, persons))
    else:
        _show(console, persons, service)
        console.note(f"A service runs there already (process {service.pid}): nothing was started.")


def _show(console: Console, persons: int, service: Service) -> None:
    """Fill a running service and say how to ask it."""
    with backend(console.settings) as opened:
        ready = _prepare(console, opened, Path(console.settings.data) / "demo.json", persons)
    curls = _curls(service.url, ready)
    lines = [
        f"\npersonhouse serves {ready.persons:,} persons of project {ready.project} at",
        f"\n    {service.url}\n\nwith the key\n\n    {ready.key}\n",
        "A page of those on the plan enterprise, the values of plan, and a search:\n",
        *curls,
        f"\nThe API is described at {service.url}/schema. Ctrl-C ends it.",
    ]
    result: dict[str, Any] = {
        "url": service.url,
        "pid": service.pid,
        "project": ready.project,
        "key": ready.key,
        "persons": ready.persons,
        "curl": curls,
    }
    console.answer(result, "\n".join(lines))


def _prepare(console: Console, opened: Backend, file: Path, persons: int) -> Demo:
    """Make what is not there yet of project, key and persons."""
    known = _read(file)
    project = _project(opened, known)
    if known is None or known.uuid != project.uuid or not _is_good(opened, known.key_id):
        made = opened.create_key(NewKey("demo", ["*"], [project.id]))
        already = known.persons if known is not None and known.uuid == project.uuid else 0
        known = Demo(project.id, project.uuid, made.key.id, made.secret, already)
        write_private(file, msgspec.json.encode(known))
    if known.persons < persons:
        console.note(f"importing {persons:,} persons into project {project.id}")
        with spooled(console.settings, partial(_write_persons, persons)) as source:
            Importing(console, project.id, "ndjson").run(opened, source, Path("persons"))
        known = msgspec.structs.replace(known, persons=persons)
        write_private(file, msgspec.json.encode(known))
    return known


def _read(file: Path) -> Demo | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Demo)
    except (OSError, msgspec.DecodeError):
        return None


def _project(opened: Backend, known: Demo | None) -> Project:
    projects = opened.list_projects()
    for one in projects:
        if known is not None and one.uuid == known.uuid:
            return one
    for one in projects:
        if one.name == PROJECT:
            return one
    return opened.create_project(PROJECT)


def _is_good(opened: Backend, key_id: UUID) -> bool:
    return any(key.id == key_id and key.revoked_us is None for key in opened.list_keys())


def _write_persons(count: int, sink: IO[bytes]) -> None:
    from service import generator

    sink.writelines(line + b"\n" for line in generator.persons(count, seed=1))


def _curls(url: str, demo: Demo) -> list[str]:
    """Return three questions as lines for a shell."""
    persons = f"{url}/api/projects/{demo.project}/persons"
    plan = '[{"key":"plan","value":"enterprise","operator":"exact","type":"person"}]'
    asked = (
        (f"{persons}/", [f"properties={plan}", "limit=5"]),
        (f"{persons}/values/", ["key=plan"]),
        (f"{persons}/", ["search=anna", "limit=5"]),
    )
    head = ["curl", "-sS", "-G", "-H", f"Authorization: Bearer {demo.key}"]
    return [
        shlex.join([*head, address, *(word for one in data for word in ("--data-urlencode", one))])
        for address, data in asked
    ]
