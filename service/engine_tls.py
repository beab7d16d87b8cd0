"""What a server's DSN says of TLS."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypedDict
from urllib.parse import SplitResult, parse_qsl

from service.settings import SettingsError

_SECURE = ("https", "clickhouses")
_FILES: tuple[Literal["ca_cert", "client_cert", "client_cert_key"], ...] = (
    "ca_cert",
    "client_cert",
    "client_cert_key",
)


class TlsOptions(TypedDict, total=False):
    """As clickhouse-connect names them; without any, the server's certificate is verified."""

    verify: bool
    ca_cert: str
    client_cert: str
    client_cert_key: str


def decode_tls(url: SplitResult) -> TlsOptions | None:
    """Return how a server's connections are secured, None where they are not.

    Args:
        url: a DSN, with `secure` and `verify` (true, false), `ca_cert`, `client_cert` and
            `client_cert_key` (files) behind its question mark.

    Raises:
        SettingsError: another option is there, one is there twice or of another form, or options of
            TLS are for a connection without.
    """
    pairs = parse_qsl(url.query, keep_blank_values=True)
    given = dict(pairs)
    if len(given) < len(pairs):
        raise SettingsError("dsn: an option is there twice")
    if url.path not in ("", "/"):
        raise SettingsError("dsn: the database is a setting, clickhouse.database")
    by_scheme = url.scheme in _SECURE
    is_secure = _truth("secure", given.pop("secure", "true" if by_scheme else "false"))
    if by_scheme and not is_secure:
        raise SettingsError(f"dsn: {url.scheme}:// is secure")
    found: TlsOptions = {}
    if "verify" in given:
        found["verify"] = _truth("verify", given.pop("verify"))
    for name in _FILES:
        if name in given:
            found[name] = _file(name, given.pop(name))
    if given:
        raise SettingsError(f"dsn: there is no option {min(given)[:40]!r}")
    if ("client_cert" in found) != ("client_cert_key" in found):
        raise SettingsError("dsn: client_cert and client_cert_key go together")
    if found and not is_secure:
        raise SettingsError("dsn: options of TLS need https:// or secure=true")
    return found if is_secure else None


def _truth(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise SettingsError(f"dsn: {name} is true or false")
    return text == "true"


def _file(name: str, text: str) -> str:
    if not Path(text).is_file():
        raise SettingsError(f"dsn: {name}: there is no such file")
    return text
