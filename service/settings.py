"""Everything that can be set, with its default and unit; read once, passed down.

A TOML file first, then environment variables over it: `PERSONHOUSE_DATA`, `PERSONHOUSE_DSN`, and
for a setting of a group two underscores, as `PERSONHOUSE_CLICKHOUSE__WORKERS=8`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, cast

import msgspec
from msgspec import Meta, Struct

PREFIX = "PERSONHOUSE_"
# What the tests are told is none of the service's settings.
_TESTS = "PERSONHOUSE_TEST_"


class SettingsError(Exception):
    """A setting is misspelt or of the wrong type; the text names it."""


class ClickHouse(Struct, frozen=True, forbid_unknown_fields=True):
    """How ClickHouse is used."""

    database: str = "personhouse"
    cluster: str = ""
    cluster_is_replicated: bool = True
    workers: int = 4
    heavy_workers: int = 2
    waiting: int = 96
    project_share: Annotated[float, Meta(gt=0, le=1)] = 0.75
    timeout_seconds: int = 30
    max_memory_bytes: int = 2_000_000_000
    max_rows_to_read: int = 0
    export_workers: int = 2
    export_memory_bytes: int = 4_000_000_000
    silence_seconds: Annotated[float, Meta(ge=0)] = 1.0


class Http(Struct, frozen=True, forbid_unknown_fields=True):
    """Where and how the service listens."""

    host: str = "127.0.0.1"
    port: int = 8000
    max_body_bytes: int = 20_971_520
    public_url: str = ""
    cors_origins: str = ""
    connections: Annotated[int, Meta(ge=1, le=1_000_000)] = 4_096
    header_seconds: Annotated[float, Meta(gt=0)] = 10.0
    body_seconds: Annotated[float, Meta(gt=0)] = 30.0

    def origins(self) -> list[str]:
        """Return the origins whose pages may ask."""
        return [one.strip() for one in self.cors_origins.split(",") if one.strip()]


class Auth(Struct, frozen=True, forbid_unknown_fields=True):
    """How keys are checked."""

    cache_seconds: float = 1.0
    note_use_seconds: float = 60.0


class Activity(Struct, frozen=True, forbid_unknown_fields=True):
    """What the activity log says."""

    log_values: bool = False


class History(Struct, frozen=True, forbid_unknown_fields=True):
    """How long it is known what persons were."""

    keep_days: Annotated[int, Meta(ge=1, le=36_500)] = 400


class Deletion(Struct, frozen=True, forbid_unknown_fields=True):
    """When the bytes of deleted persons go."""

    remove_after_seconds: Annotated[float, Meta(ge=0)] = 60.0


class Exports(Struct, frozen=True, forbid_unknown_fields=True):
    """How exports are made."""

    stall_seconds: Annotated[float, Meta(gt=0)] = 60.0
    directory: str = ""
    part_rows: Annotated[int, Meta(ge=1, le=100_000_000)] = 500_000


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """What one request may ask for."""

    page_rows: int = 50_000
    count_seconds: int = 10
    max_offset: int = 1_000_000
    batch_ids: Annotated[int, Meta(ge=1, le=10_000)] = 200
    bulk_delete_ids: Annotated[int, Meta(ge=1, le=100_000)] = 1_000
    import_batch_rows: int = 25_000
    import_bytes: int = 0
    rejects_kept: int = 1_000
    timeline_points: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000


class Rate(Struct, frozen=True, forbid_unknown_fields=True):
    """How often a key may ask; the numbers are PostHog's."""

    limited: bool = False
    reads_per_minute: Annotated[int, Meta(ge=1)] = 240
    writes_per_minute: Annotated[int, Meta(ge=1)] = 240


class Log(Struct, frozen=True, forbid_unknown_fields=True):
    """What is written to stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"


class Metrics(Struct, frozen=True, forbid_unknown_fields=True):
    """Who may read `/metrics`."""

    access: Literal["key", "open", "off"] = "key"


class Health(Struct, frozen=True, forbid_unknown_fields=True):
    """When the service is not ready."""

    least_free_bytes: Annotated[int, Meta(ge=0)] = 104_857_600


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All settings. `dsn` empty means the embedded engine in `data`."""

    data: str = "data"
    dsn: str = ""
    clickhouse: ClickHouse = ClickHouse()
    http: Http = Http()
    auth: Auth = Auth()
    limits: Limits = Limits()
    activity: Activity = Activity()
    history: History = History()
    deletion: Deletion = Deletion()
    exports: Exports = Exports()
    rate: Rate = Rate()
    log: Log = Log()
    metrics: Metrics = Metrics()
    health: Health = Health()

    def exports_directory(self) -> Path:
        """Return where jobs write their files."""
        return Path(self.exports.directory or Path(self.data) / "exports").resolve()

    def engine_dsn(self) -> str:
        """Return the DSN in force."""
        return self.dsn or f"chdb://{Path(self.data).resolve() / 'clickhouse'}"


def load(file: Path | None, environ: Mapping[str, str]) -> Settings:
    """Read the settings; `file` may be None.

    Raises:
        SettingsError: the file is not there or no TOML, or a name or type is wrong.
    """
    values: dict[str, object] = {}
    if file is not None:
        try:
            values = tomllib.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise SettingsError(f"{file}: {error}") from error
    for variable, value in environ.items():
        if variable.startswith(PREFIX) and not variable.startswith(_TESTS):
            _put(values, variable.removeprefix(PREFIX).lower().split("__"), value, variable)
    try:
        return msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(str(error)) from error


def origins(
    file: Path | None, environ: Mapping[str, str], options: Mapping[str, str]
) -> dict[str, str]:
    """Return where each setting that is given comes from, by its dotted name.

    Args:
        file: as for `load`.
        environ: likewise.
        options: those variables in it that an option of the command line stands for, and its name.
    """
    found: dict[str, str] = {}
    if file is not None:
        try:
            found = dict.fromkeys(_dotted(tomllib.loads(file.read_text("utf-8"))), str(file))
        except (OSError, ValueError) as error:
            raise SettingsError(f"{file}: {error}") from error
    for variable in environ:
        if variable.startswith(PREFIX) and not variable.startswith(_TESTS):
            name = variable.removeprefix(PREFIX).lower().replace("__", ".")
            found[name] = options.get(variable, variable)
    return found


def _dotted(values: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _dotted(cast("dict[str, object]", value), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def flat(values: Mapping[str, object]) -> dict[str, object]:
    """Return values by their dotted names."""
    found: dict[str, object] = {}
    for name in _dotted(values):
        at: object = values
        for part in name.split("."):
            at = cast("dict[str, object]", at)[part]
        found[name] = at
    return found


def _put(values: dict[str, object], path: list[str], value: str, variable: str) -> None:
    *groups, name = path
    for group in groups:
        inner = values.setdefault(group, {})
        if not isinstance(inner, dict):
            raise SettingsError(f"{variable}: `{group}` is no group of settings")
        values = inner
    values[name] = value


def shown(settings: Settings) -> dict[str, object]:
    """Return the settings as plain values, the DSN's password masked."""
    values: dict[str, object] = msgspec.to_builtins(settings)
    values["dsn"] = masked(settings.engine_dsn())
    return values


def masked(dsn: str) -> str:
    """Return a DSN whose password, if it has one, is `***`."""
    scheme, _, rest = dsn.partition("://")
    credentials, at, address = rest.rpartition("@")
    if not at:
        return dsn
    user = credentials.partition(":")[0]
    return f"{scheme}://{user}:***@{address}"
