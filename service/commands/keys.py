"""`personhouse key`: make, list and revoke keys of the API."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import rich_click as click

from queries.keys import Key
from queries.times import iso, to_us
from service.commands.backend import backend
from service.commands.console import Console, json_option, pass_console, table
from service.handoff import NewKey

_AHEAD = re.compile(r"([0-9]{1,6})([hdw])")
_UNIT_US = {"h": 3_600_000_000, "d": 86_400_000_000, "w": 604_800_000_000}


@click.group("key")
def key() -> None:
    """Make, list and revoke keys of the API."""


@key.command("create")
@click.option(
    "--project",
    "projects",
    type=click.IntRange(min=1),
    multiple=True,
    help="A project it is for; may be given more than once.",
)
@click.option("--all-projects", is_flag=True, help="It is for all projects, later ones too.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    help="What it may do; may be given more than once: person:read, person:write (which implies"
    " person:read), activity_log:read, metrics:read, or * for everything.",
)
@click.option("--label", default="", help="What to call it.")
@click.option(
    "--expires",
    default="",
    help="When it ends: a time from now, as 90d, 12h or 4w, or a date, as 2030-01-31. Never if"
    " not given.",
)
@json_option
@pass_console
def create(
    console: Console,
    projects: tuple[int, ...],
    all_projects: bool,
    scopes: tuple[str, ...],
    label: str,
    expires: str,
) -> None:
    """Make a key and print it. It is shown this once: only its hash is kept."""
    if all_projects == bool(projects):
        raise click.UsageError("Give --project for each project it is for, or --all-projects.")
    wanted = NewKey(label, list(scopes), list(projects), expires_us(expires))
    with backend(console.settings) as opened:
        made = opened.create_key(wanted)
    console.answer({**shown(made.key), "key": made.secret}, made.secret)
    if not console.as_json:
        console.note(f"Key {made.key.id}. Keep it well: it cannot be shown again.")


@key.command("list")
@json_option
@pass_console
def list_(console: Console) -> None:
    """List the keys, the revoked ones too, the oldest first."""
    with backend(console.settings) as opened:
        keys = opened.list_keys()
    rows = [
        (
            str(one.id),
            one.mask,
            one.label,
            " ".join(one.scopes),
            " ".join(map(str, one.projects)) or "all",
            iso(one.created_us),
            _state(one),
            "never" if one.used_us is None else iso(one.used_us),
        )
        for one in keys
    ]
    head = ("id", "key", "label", "scopes", "projects", "created", "state", "last used")
    console.answer({"keys": [shown(one) for one in keys]}, table(head, rows))


@key.command("revoke")
@click.argument("id", type=click.UUID)
@json_option
@pass_console
def revoke(console: Console, id: UUID) -> None:
    """Revoke the key ID for good."""
    with backend(console.settings) as opened:
        revoked = opened.revoke_key(id)
    console.answer(shown(revoked), f"key {revoked.id} is revoked")


def shown(key: Key) -> dict[str, Any]:
    """Return a key as JSON has it."""
    return {
        "id": key.id,
        "label": key.label,
        "mask": key.mask,
        "scopes": key.scopes,
        "projects": key.projects,
        "created_at": iso(key.created_us),
        "expires_at": None if key.expires_us is None else iso(key.expires_us),
        "revoked_at": None if key.revoked_us is None else iso(key.revoked_us),
        "used_at": None if key.used_us is None else iso(key.used_us),
    }


def expires_us(text: str) -> int | None:
    """Return when a key ends, in microseconds since 1970; None for an empty text.

    Raises:
        click.BadParameter: it is neither a time from now nor a date.
    """
    if not text:
        return None
    ahead = _AHEAD.fullmatch(text)
    if ahead is not None:
        return time.time_ns() // 1_000 + int(ahead[1]) * _UNIT_US[ahead[2]]
    try:
        moment = datetime.fromisoformat(text)
        return to_us(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(
            f"{text!r} is neither a time from now, as 90d, 12h or 4w, nor a date, as 2030-01-31.",
            param_hint="--expires",
        ) from error


def _state(key: Key) -> str:
    if key.revoked_us is not None:
        return "revoked"
    if key.expires_us is None:
        return "good"
    expired = key.expires_us <= time.time_ns() // 1_000
    return "expired" if expired else f"until {iso(key.expires_us)}"
