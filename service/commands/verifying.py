"""`personhouse verify`: is a directory a whole export, every byte as it was written?"""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from service.commands.console import Console, Failure, json_option, pass_console
from service.exports.manifest import Unsound
from service.exports.manifest import verify as verified


@click.command("verify")
@click.argument(
    "directory", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@json_option
@pass_console
def verify(console: Console, directory: Path) -> None:
    """Check that DIR holds a whole export, untouched. Needs no service and no engine."""
    try:
        manifest = verified(directory)
    except Unsound as error:
        raise Failure(f"{directory}: {error}") from error
    except OSError as error:
        raise Failure(f"{directory} cannot be read: {error.strerror}") from error
    parts = len(manifest.parts)
    console.answer(
        {"rows": manifest.rows, "bytes": manifest.bytes, "parts": parts, "id": manifest.id},
        f"{directory} is whole: {manifest.rows:,} persons, {manifest.bytes:,} bytes, {parts} parts",
    )
