"""The command line: options that all commands share, and how each ends.

Here alone the environment is read, and here alone an expected failure becomes a line on stderr,
or with `--json` an object on stdout, and the exit code 2.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import rich_click as click

from service.commands.backups import backup, restore
from service.commands.benchmarking import bench
from service.commands.console import Console, Failure, json_option, pass_console
from service.commands.demo import demo
from service.commands.doctor import doctor
from service.commands.keys import key
from service.commands.persons import export, import_
from service.commands.projects import project
from service.commands.serving import serve
from service.commands.showing import config
from service.commands.stats import stats
from service.commands.verifying import verify
from service.errors import PersonhouseError
from service.handoff import running
from service.settings import SettingsError, load, origins

_FAILED = 2
_STOPPED = 130


def _print_version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        ours = version("personhouse")
        print(_json({"version": ours}) if context.params["as_json"] else f"personhouse {ours}")
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--data", metavar="DIR", help="Where everything is kept (PERSONHOUSE_DATA).")
@click.option("--dsn", help="A ClickHouse server, not the embedded engine (PERSONHOUSE_DSN).")
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Settings, as TOML.",
)
@click.option(
    "--json", "as_json", is_flag=True, is_eager=True, help="Print one JSON object on stdout."
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
@click.pass_context
def cli(
    context: click.Context, data: str | None, dsn: str | None, config: Path | None, as_json: bool
) -> None:
    """Keep persons in ClickHouse and serve PostHog's Persons API."""
    asked = {"PERSONHOUSE_DATA": data, "PERSONHOUSE_DSN": dsn}
    given = {name: value for name, value in asked.items() if value is not None}
    environ = {**os.environ, **given}
    options = {"PERSONHOUSE_DATA": "--data", "PERSONHOUSE_DSN": "--dsn"}
    context.obj = Console(
        partial(load, config, environ),
        partial(origins, config, environ, {name: options[name] for name in given}),
        as_json=as_json,
    )


@cli.command("migrate")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@json_option
@pass_console
def migrate(console: Console, dry_run: bool) -> None:
    """Bring the tables up to date. Every start of the service does so too."""
    service = running(console.settings)
    if service is not None:
        console.note(f"the service at {service.url} has the engine open: it did this at its start")
        names: list[str] = []
    else:
        from service.commands.local import migrations

        names = migrations(console.settings, dry_run=dry_run)
    word = "pending" if dry_run else "applied"
    console.answer({word: names}, "\n".join([f"{len(names)} {word}", *names]))


for command in (
    *(backup, bench, config, demo, doctor, export, import_, key, project),
    *(restore, serve, stats, verify),
):
    cli.add_command(command)


def main() -> NoReturn:
    """Run the command line and end the process.

    0 is good, 1 an import that rejected lines, 2 a failure, 130 Ctrl-C.
    """
    try:
        code = cli.main(prog_name="personhouse", standalone_mode=False)
    except click.ClickException as error:
        sys.exit(_fail("usage_error", error.format_message()))
    except click.Abort:
        sys.exit(_STOPPED)
    except SettingsError as error:
        sys.exit(_fail("settings_error", str(error)))
    except Failure as error:
        sys.exit(_fail("failure", str(error)))
    except PersonhouseError as error:
        sys.exit(_fail_as(error))
    except BrokenPipeError:
        # Whoever read has enough. What is still held must not be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_FAILED)
    sys.exit(code if isinstance(code, int) else 0)


def _fail_as(error: PersonhouseError) -> int:
    body = error.body()
    return _fail(body.type, body.detail, code=body.code, attr=body.attr)


def _fail(kind: str, detail: str, *, code: str = "error", attr: str | None = None) -> int:
    if "--json" in sys.argv:
        values = {"type": kind, "code": code, "detail": detail, "attr": attr}
        print(_json({"error": values}), flush=True)
    else:
        print(f"personhouse: {detail}", file=sys.stderr)
    return _FAILED


def _json(values: dict[str, Any]) -> str:
    return msgspec.json.encode(values).decode()


if __name__ == "__main__":
    main()
