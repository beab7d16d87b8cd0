"""What can be wrong with a service, looked for one after the other; nothing is changed."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import ssl
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct

from queries.parts import describe_machine
from schema.migrate import available, pending
from schema.names import MigrationError
from service import handoff
from service.engine_clients import Clients
from service.engine_target import Target, target
from service.errors import PersonhouseError
from service.json_lines import decode_lines
from service.metering import Meter
from service.opening import explained
from service.settings import Settings, SettingsError, masked

_FILES = 20_000
_OLDEST = (26, 9)
_SKEW_SECONDS = 2.0
_SECONDS = 5.0


class Check(Struct, frozen=True):
    """One thing that was looked at.

    Attributes:
        name: what.
        state: `wrong` is to be mended, `note` worth knowing.
        found: how it is.
        advice: what to do; empty for nothing.
    """

    name: str
    state: Literal["good", "note", "wrong"]
    found: str
    advice: str = ""


def examine(settings: Settings) -> list[Check]:
    """Look at everything; what follows from something that is wrong is left out."""
    checks = [Check("settings", "good", "read"), *_conflicts(settings), *_directory(settings)]
    service = handoff.running(settings)
    checks.append(_service(settings, service))
    checks += _address(settings, is_running=service is not None)
    if handoff.is_embedded(settings):
        checks.append(_open_files())
        if service is not None:
            # It has the engine, and asks it better than we could.
            return [*checks, _ready(service.url)]
    else:
        reached = list(_reach(settings))
        checks += reached
        if any(one.state == "wrong" for one in reached):
            return checks
    return [*checks, *_engine(settings)]


def _conflicts(settings: Settings) -> Iterator[Check]:
    """Settings that fight one another, or this machine."""
    ours, limits = settings.clickhouse, settings.limits
    if limits.count_seconds > ours.timeout_seconds:
        yield Check(
            "settings",
            "note",
            f"limits.count_seconds ({limits.count_seconds}) is more than"
            f" clickhouse.timeout_seconds ({ours.timeout_seconds}): no count takes so long",
            "Lower the one or raise the other.",
        )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    most = ours.max_memory_bytes * ours.heavy_workers
    if handoff.is_embedded(settings) and most > memory:
        yield Check(
            "settings",
            "note",
            f"heavy statements may take {most:,} bytes together, and there are {memory:,}",
            "Lower clickhouse.max_memory_bytes or clickhouse.heavy_workers.",
        )
    cores = os.cpu_count() or 1
    if handoff.is_embedded(settings) and ours.heavy_workers > 2 * cores:
        yield Check(
            "settings",
            "note",
            f"{ours.heavy_workers} heavy statements share {cores} cores",
            "Lower clickhouse.heavy_workers: together they get less done than one after another.",
        )
    if settings.limits.import_batch_rows > 30_000:
        yield Check(
            "settings",
            "note",
            "limits.import_batch_rows above 30000 makes hundreds of files of each batch",
            "Lower it.",
        )


def _directory(settings: Settings) -> Iterator[Check]:
    data = Path(settings.data).absolute()
    there = next(one for one in (data, *data.parents) if one.exists())
    if not there.is_dir():
        yield Check("data", "wrong", f"{there} is no directory", "Name another one with --data.")
        return
    if not os.access(there, os.W_OK | os.X_OK):
        yield Check(
            "data",
            "wrong",
            f"{there} cannot be written by this user (uid {os.getuid()})",
            "Give it to the user that runs the service (chown), or name another one with --data.",
        )
        return
    if there == data and data.stat().st_mode & 0o007:
        yield Check(
            "data",
            "note",
            f"{data} can be entered by everybody on this machine",
            f"chmod o-rwx {data}",
        )
    else:
        yield Check("data", "good", f"{data}" if there == data else f"{data} will be made")
    free = shutil.disk_usage(there).free
    least = settings.health.least_free_bytes
    yield Check(
        "disk",
        "wrong" if free < least else "good",
        f"{free:,} bytes free",
        f"Make room: below {least:,} the service is not ready." if free < least else "",
    )


def _service(settings: Settings, service: handoff.Service | None) -> Check:
    if service is not None:
        return Check("service", "good", f"runs at {service.url} (process {service.pid})")
    if handoff.place(settings).exists():
        return Check("service", "note", "none answers; one that ended has left service.json")
    return Check("service", "good", "none runs on this data directory")


def _address(settings: Settings, *, is_running: bool) -> Iterator[Check]:
    host, port = settings.http.host, settings.http.port
    try:
        is_open = not ip_address(host).is_loopback
    except ValueError:
        is_open = host != "localhost"
    if is_open and not settings.http.public_url.startswith("https://"):
        yield Check(
            "address",
            "note",
            f"{host} can be reached by others, and keys travel as they are",
            "Put a proxy with TLS in front, and say so in http.public_url.",
        )
    if is_running:
        return
    from service.serve import CannotServe, free_address

    try:
        free_address(host, port)
    except CannotServe as error:
        yield Check("address", "wrong", str(error), "Choose another one with --host and --port.")
    else:
        yield Check("address", "good", f"{host}:{port} is free")


def _open_files() -> Check:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < _FILES:
        return Check(
            "open files",
            "note",
            f"at most {hard:,}: large imports end with `Too many open files`",
            "ulimit -Hn, LimitNOFILE=65536 (systemd), --ulimit nofile=65536 (docker)",
        )
    return Check("open files", "good", "enough")


def _ready(url: str) -> Check:
    import httpx

    try:
        answer = httpx.get(f"{url}/readyz", trust_env=False, timeout=_SECONDS)
        if answer.is_success:
            return Check("engine", "good", "the service is ready")
        return Check("engine", "wrong", f"the service is not ready: {answer.json()['detail']}")
    except (httpx.HTTPError, ValueError, KeyError) as error:
        return Check("engine", "wrong", f"the service does not say whether it is ready: {error}")


def _reach(settings: Settings) -> Iterator[Check]:
    """Whether a server is there, and what it speaks."""
    dsn = settings.engine_dsn()
    url = urlsplit(dsn)
    secure = url.scheme in ("https", "clickhouses") or "secure=true" in url.query
    host, port = url.hostname or "", url.port or (8443 if secure else 8123)
    try:
        with socket.create_connection((host, port), _SECONDS) as plain:
            if secure:
                with ssl.create_default_context().wrap_socket(plain, server_hostname=host):
                    pass
    except socket.gaierror as error:
        advice = "Mend the host in the DSN, or the name server."
        yield Check("server", "wrong", f"nobody knows {host}: {error.strerror}", advice)
    except ssl.SSLCertVerificationError as error:
        yield Check(
            "server",
            "wrong",
            f"the certificate of {host} is not trusted: {error.verify_message}",
            "Use the name that it is made out to, or make its authority known (SSL_CERT_FILE).",
        )
    except ssl.SSLError:
        yield Check(
            "server",
            "wrong",
            f"{host}:{port} does not speak TLS",
            "Use clickhouse:// or http://, or the port of TLS (8443).",
        )
    except OSError as error:
        yield Check(
            "server",
            "wrong",
            f"{host}:{port} cannot be reached: {error.strerror or error}",
            "Start it, or mend host and port in the DSN (8123, with TLS 8443), or the firewall.",
        )
    else:
        yield Check("server", "good", f"{masked(dsn)} can be reached")


def _engine(settings: Settings) -> Iterator[Check]:
    """The engine's version, clock and tables; the embedded one is opened where nobody has it."""
    if handoff.is_embedded(settings):
        folder = Path(settings.engine_dsn().removeprefix("chdb://"))
        if not folder.exists():
            yield Check("engine", "good", "no tables yet: the first start makes them")
            return
    where = target(settings.engine_dsn(), settings.clickhouse)
    clients = Clients(where, "default", Meter())
    try:
        with explained(settings):
            text, values = describe_machine().sql.render()
            with clients.lent("doctor.machine") as client:
                body = client.raw_query(text, values, fmt="JSONEachRow")
            (machine,) = decode_lines(body, describe_machine().row)
        yield _version(machine.engine_version)
        skew = abs(machine.now_us / 1e6 - time.time())
        if skew > _SKEW_SECONDS:
            yield Check(
                "clock",
                "wrong",
                f"that of the server is {skew:.0f} s off",
                "Let both follow an NTP server: versions of persons are made of the time.",
            )
        yield _tables(settings, where, clients)
    except SettingsError as error:
        yield Check("engine", "wrong", str(error))
    except PersonhouseError as error:
        yield Check("engine", "wrong", error.detail, "Mend the user or password in the DSN, if so.")
    finally:
        clients.close()
        where.close()


def _version(version: str) -> Check:
    known = tuple(int(one) for one in version.split(".")[:2])
    if known < _OLDEST:
        return Check(
            "engine",
            "wrong",
            f"ClickHouse {version}",
            f"Use {'.'.join(map(str, _OLDEST))} or newer: the tables use what it brought.",
        )
    return Check("engine", "good", f"ClickHouse {version}")


def _tables(settings: Settings, where: Target, clients: Clients) -> Check:
    database = settings.clickhouse.database
    with clients.lent("doctor.tables") as client:
        there = client.command(
            "SELECT count() FROM system.tables WHERE database = {d:String}"
            " AND name = 'schema_migrations'",
            {"d": database},
        )
    if not there:
        return Check("tables", "good", "none yet: the first start makes them")
    inside = where.connect(database)
    try:
        waiting = pending(inside, available())
    except MigrationError as error:
        return Check("tables", "wrong", str(error))
    finally:
        inside.close()
    if waiting:
        return Check("tables", "note", f"{len(waiting)} migrations wait", "personhouse migrate")
    return Check("tables", "good", f"{len(available())} migrations applied")
