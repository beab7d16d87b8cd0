"""`personhouse doctor`: what is wrong, and what to do about it."""

from __future__ import annotations

import msgspec
import rich_click as click

from service.commands.console import Console, json_option, pass_console
from service.settings import SettingsError

_SICK = 1


@click.command("doctor")
@json_option
@pass_console
@click.pass_context
def doctor(context: click.Context, console: Console) -> None:
    """Look for what is wrong, and say what to do. Changes nothing.

    Ends with 0 if nothing is, else with 1. What is only worth knowing is a `note`.
    """
    from service.commands.checks import Check, examine

    try:
        checks = examine(console.settings)
    except SettingsError as error:
        checks = [Check("settings", "wrong", str(error), "Mend that setting: docs/reference.")]
    lines: list[str] = []
    for one in checks:
        lines.append(f"{one.state:<5}  {one.name}: {one.found}")
        if one.advice:
            lines.append(f"       {one.advice}")
    is_well = all(one.state != "wrong" for one in checks)
    console.answer(
        {"well": is_well, "checks": msgspec.to_builtins(checks)},
        "\n".join([*lines, "", "Nothing is wrong." if is_well else "Something is wrong."]),
    )
    if not is_well:
        context.exit(_SICK)
