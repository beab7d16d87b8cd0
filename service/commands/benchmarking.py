"""`personhouse bench`: how fast it is here, and how fast what one would use instead."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from runpy import run_module

import rich_click as click

from service.commands.console import Failure

SCALES = ("100k", "1m", "10m")
_ABSENT = (
    "the benchmark is not installed with the package: it stands in the repository, whose"
    " `make bench` installs what it needs and runs it"
)


@click.command("bench")
@click.option(
    "--scale", type=click.Choice(SCALES), default=SCALES[0], show_default=True, help="Persons."
)
@click.option(
    "--keep",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Load into DIR, or ask what is there already.",
)
@click.option("--load-only", is_flag=True, help="With --keep: load, and ask nothing.")
def bench(scale: str, keep: Path | None, load_only: bool) -> None:
    """Load made-up persons into personhouse and its peers, and ask them the same.

    Needs the repository; a service that runs is not concerned. Peers that are absent are left out.
    """
    if find_spec("benchmarks") is None or find_spec("benchmarks.peers") is None:
        raise Failure(_ABSENT)
    words = ["--scale", scale]
    if keep is not None:
        words += ["--keep", str(keep)]
    if load_only:
        words.append("--load-only")
    sys.argv = ["personhouse bench", *words]
    run_module("benchmarks.run", run_name="__main__", alter_sys=True)
