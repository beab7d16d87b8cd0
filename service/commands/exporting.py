"""The progress of an export on the command line."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from service.commands.backend import Exported


@contextmanager
def exporting(name: str) -> Generator[Callable[[Exported], None]]:
    """Show progress on stderr where it is a terminal: persons, how many a second, how long yet."""
    from rich.console import Console as Terminal
    from rich.progress import BarColumn, Progress, TextColumn

    terminal = Terminal(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:>12,} persons {task.fields[rate]:>9,.0f}/s {task.fields[eta]}"),
    )
    with Progress(
        *columns, console=terminal, disable=not terminal.is_terminal, transient=True
    ) as progress:
        task = progress.add_task(name, total=None, rate=0.0, eta="")

        def show(done: Exported) -> None:
            left = done.eta_seconds
            progress.update(
                task,
                completed=done.rows,
                total=done.rows_total or None,
                rate=done.rows_per_second,
                eta="" if left is None else f"{left:,.0f} s left",
            )

        yield show
