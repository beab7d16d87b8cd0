"""Names that come from the settings, quoted for SQL."""

from __future__ import annotations

import re


class MigrationError(Exception):
    """The tables and the files do not fit; the text says which and what to do."""


def quoted(identifier: str) -> str:
    """Quote a name from the settings for SQL.

    Raises:
        MigrationError: it is not of letters, digits and `_`.
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", identifier):
        raise MigrationError(f"{identifier!r}: a database is named with letters, digits and _")
    return f"`{identifier}`"
