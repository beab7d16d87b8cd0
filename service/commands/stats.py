"""`personhouse stats`: what is there and what it costs."""

from __future__ import annotations

import msgspec
import rich_click as click

from service.commands.backend import backend
from service.commands.console import Console, json_option, pass_console, table


@click.command("stats")
@json_option
@pass_console
def stats(console: Console) -> None:
    """Show what the tables take, what is not merged yet, and the slowest statements.

    The statements are those of the service that runs, since its start.
    """
    with backend(console.settings) as opened:
        found = opened.stats()
    sizes = [(t.name, f"{t.parts}", f"{t.rows:,}", f"{t.bytes:,}") for t in found.tables]
    slow = [
        (
            one.name,
            f"{one.cost.runs:,}",
            f"{one.cost.seconds * 1e3 / one.cost.runs:.1f}",
            f"{one.cost.slowest_seconds * 1e3:.1f}",
            f"{one.cost.rows // one.cost.runs:,}",
        )
        for one in found.slowest
    ]
    text = [
        f"ClickHouse {found.engine}, {found.free_bytes:,} of {found.total_bytes:,} bytes free",
        f"{found.superseded:,} versions of persons are superseded and not merged away yet\n",
        table(("table", "parts", "rows", "bytes"), sizes),
        "",
        table(("statement", "runs", "mean ms", "slowest ms", "mean rows read"), slow),
    ]
    console.answer(msgspec.to_builtins(found), "\n".join(text))
