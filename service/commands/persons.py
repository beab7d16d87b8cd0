"""`personhouse import` and `personhouse export`."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import rich_click as click

from service.commands.backend import Asked, Backend, backend
from service.commands.console import Console, Failure, json_option, pass_console
from service.commands.exporting import exporting
from service.commands.importing import Importing, spooled

FORMATS = ("ndjson", "csv", "parquet", "posthog", "mixpanel")


@click.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--project", type=click.IntRange(min=1), required=True, help="Where to.")
@click.option(
    "--format",
    "fmt",
    type=click.Choice(FORMATS),
    help="What the files hold; told from their content if not given.",
)
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the lines go that are not imported; FILE.rejected.ndjson if not given.",
)
@click.option("--events", is_flag=True, help="The files hold events, and not persons.")
@json_option
@pass_console
@click.pass_context
def import_(
    context: click.Context,
    console: Console,
    files: tuple[str, ...],
    project: int,
    fmt: str | None,
    rejects: Path | None,
    events: bool,
) -> None:
    """Import persons, or events, from each FILE; - is standard input.

    Ends with 0 if all were written, 1 if some lines were rejected, 2 if it stopped. To import
    a file again changes nothing.
    """
    if events and fmt not in (None, "ndjson"):
        raise click.UsageError("--events are read from lines of JSON: leave --format out.")
    sources = [Path(file) for file in files]
    for source in sources:
        if source != Path("-") and not source.is_file():
            raise Failure(f"{source}: there is no such file")
    importing = Importing(
        console,
        project,
        fmt,
        events=events,
        rejects=rejects,
        naming=rejects is not None and len(files) > 1,
    )
    with backend(console.settings) as opened:
        for source in sources:
            if source == Path("-"):
                with spooled(console.settings, lambda sink: _read_stdin(sink)) as spool:
                    importing.run(opened, spool, Path("stdin"))
            else:
                importing.run(opened, source, source)
    total = importing.total
    console.answer(
        total,
        f"{total['read']:,} lines read,"
        f" {total['written']:,} {'events' if events else 'persons'} written,"
        f" {total['unchanged']:,} unchanged, {total['rejected']:,} rejected,"
        f" {total['skipped']:,} skipped in {total['seconds']:.1f} s",
    )
    context.exit(1 if total["rejected"] else 0)


def _read_stdin(sink: IO[bytes]) -> None:
    shutil.copyfileobj(sys.stdin.buffer, sink)


@click.command("export")
@click.option("--project", type=click.IntRange(min=1), required=True, help="Whose persons.")
@click.option("--output", default="-", help="The file to write; - is standard output.")
@click.option(
    "--parts",
    type=click.Path(file_okay=False, path_type=Path),
    help="The directory to write: parts and a manifest, which `verify` proves; empty or not there.",
)
@click.option("--search", default="", help="Only those whose e-mail, name or an id contains this.")
@click.option("--email", default="", help="Only those with this e-mail.")
@click.option("--distinct-id", multiple=True, help="Only those with this distinct id; repeatable.")
@click.option("--properties", default="", help="Only those that pass these filters: a JSON list.")
@click.option(
    "--format",
    "fmt",
    default="csv",
    show_default=True,
    help="csv, ndjson, parquet, arrow",
)
@click.option("--columns", default="", help="Which columns, in which order: email,properties.plan")
@click.option("--distinct-ids", default="", help="How these are written: columns, joined, first.")
@click.option("--safe", is_flag=True, help="Of CSV: no cell begins as a formula does.")
@json_option
@pass_console
def export(
    console: Console,
    project: int,
    output: str,
    parts: Path | None,
    search: str,
    email: str,
    distinct_id: tuple[str, ...],
    properties: str,
    fmt: str,
    columns: str,
    distinct_ids: str,
    safe: bool,
) -> None:
    """Write persons into a file, CSV if not told otherwise.

    A file is written beside its place and renamed when it is whole. --parts writes as many files
    as are needed and the proof that all are there.
    """
    if parts is not None and output != "-":
        raise click.UsageError("--output names one file, --parts a directory: give one of them.")
    to_stdout = output == "-" and parts is None
    if to_stdout and console.as_json:
        raise click.UsageError("--json needs --output FILE: standard output can hold one alone.")
    started = time.monotonic()
    asked = Asked(
        *(search, email, distinct_id, properties, fmt, columns, distinct_ids, "1" if safe else "")
    )
    with backend(console.settings) as opened:
        if parts is not None:
            _export_parts(console, opened, project, asked, parts)
            return
        chunks = opened.export(project, asked)
        if to_stdout:
            _write(chunks, sys.stdout.buffer)
            return
        with _whole(Path(output)) as file:
            written = _write(chunks, file)
    seconds = round(time.monotonic() - started, 3)
    console.answer(
        {"output": output, "bytes": written, "seconds": seconds},
        f"{written:,} bytes written to {output} in {seconds:.1f} s",
    )


def _export_parts(
    console: Console, opened: Backend, project: int, asked: Asked, directory: Path
) -> None:
    """Write parts and a manifest."""
    if directory.exists() and any(directory.iterdir()):
        raise Failure(f"{directory} is not empty: name a directory that is, or none yet")
    with exporting(directory.name) as show:
        done = opened.export_parts(project, asked, directory, show)
    console.answer(
        {
            "directory": str(directory),
            "rows": done.rows,
            "bytes": done.bytes,
            "parts": done.parts,
            "rows_per_second": round(done.rows_per_second, 1),
        },
        f"{done.rows:,} persons, {done.bytes:,} bytes in {done.parts} parts written to {directory},"
        f" {done.rows_per_second:,.0f} a second",
    )


def _write(chunks: Iterator[bytes], file: IO[bytes]) -> int:
    written = 0
    for chunk in chunks:
        written += file.write(chunk)
    file.flush()
    return written


@contextmanager
def _whole(path: Path) -> Generator[IO[bytes]]:
    """Open `<path>.part`, which takes the place of `path` when all went well."""
    path = path.resolve()
    # A device or a pipe is written, not replaced.
    special = path.exists() and not path.is_file()
    part = path if special else path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
        if not special:
            part.replace(path)
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}") from error
    finally:
        if not special:
            part.unlink(missing_ok=True)
