"""How fast exports are over loopback: `python -m benchmarks.exports --persons 1000000`.

Each form is read to its end by one client. The engine's own writer (CSVWithNames INTO OUTFILE)
writes the same columns in the same run. At the end ten exports run at once while a calm client
reads the first page. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import httpx

from benchmarks.calm import Waited, fill, waited
from benchmarks.processes import Peak
from benchmarks.running import ROOT, Service, serving, unlock
from queries.export_columns import decode_columns
from queries.export_rows import Form, export_rows
from queries.export_source import Source
from queries.persons import Selection

_FOREVER_US = 8_000_000_000_000_000_000
_KEYS = (
    *("plan", "seats", "age", "is_admin", "score", "company", "$browser", "$browser_version"),
    *("$os", "$os_version", "$device_type", "$initial_referring_domain", "$geoip_city_name"),
    *("$geoip_country_code", "$geoip_time_zone", "signup_date", "app_version", "last_login_at"),
)
RAW = "uuid,created_at,properties"
FLAT = ",".join(
    [
        *("uuid", "id", "name", "created_at", "is_identified", "last_seen_at", "distinct_ids.0"),
        *("email", *(f"properties.{key}" for key in _KEYS)),
    ]
)
FORMS = {
    "CSV, raw properties": ("csv", RAW),
    "CSV, 26 columns": ("csv", FLAT),
    "CSV, all columns": ("csv", ""),
    "NDJSON": ("ndjson", ""),
    "Parquet": ("parquet", ""),
    "Parquet, 26 columns": ("parquet", FLAT),
    "Arrow": ("arrow", ""),
}
_AT_ONCE = 10
_PAGES = 60
_LOOK_SECONDS = 1.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.exports", description=__doc__)
    parser.add_argument("--persons", type=int, default=100_000)
    parser.add_argument("--data", type=Path, help="a data directory with persons in project 1")
    parser.add_argument("--own", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.own is not None:
        print(_own(given.data, given.own))
        return
    with tempfile.TemporaryDirectory(prefix="personhouse-bench-") as folder:
        data = given.data or Path(folder) / "data"
        log = Path(folder) / "service.log"
        if given.data is None:
            with serving(data, log) as service:
                fill(service, Path(folder), given.persons, "person:read")
        own = {columns: _own_in_a_process(data, columns) for columns in (RAW, FLAT)}
        with serving(data, log) as service:
            _, key = unlock(data, 1)
            _measure(service, key, Path(folder), own)


def _own_in_a_process(data: Path, columns: str) -> float:
    words = [sys.executable, "-m", "benchmarks.exports", "--data", str(data), "--own", columns]
    return float(subprocess.run(words, capture_output=True, cwd=ROOT, check=True).stdout)


def _own(data: Path, columns: str) -> float:
    """Return rows a second of the engine's own writer."""
    import chdb
    from clickhouse_connect.driver.binding import bind_query

    connect = cast("Any", chdb).connect
    statement = export_rows(Source(Selection(1, _FOREVER_US)), decode_columns(columns), Form.TYPED)
    text, parameters = bind_query(*statement.sql.render())
    params = {name.removeprefix("param_"): value for name, value in parameters.items()}
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(connect(str((data / "clickhouse").resolve()))) as handle,
    ):
        handle.query("USE personhouse")
        rows = int(str(cast("object", handle.query("SELECT count() FROM persons FINAL"))))
        began = time.monotonic()
        inner = text if isinstance(text, str) else text.decode()
        shown = f"SELECT * EXCEPT (odd, unnamed, total, others) FROM ({inner})"
        out = str(Path(folder) / "persons.csv")
        handle.query(shown + f" INTO OUTFILE '{out}' FORMAT CSVWithNames", params=params)
        return rows / (time.monotonic() - began)


def _measure(service: Service, key: str, folder: Path, own: dict[str, float]) -> None:
    print("| export | rows/s | MB/s | first byte | memory grew by | of the engine's own writer |")
    print("| --- | --: | --: | --: | --: | --: |")
    with httpx.Client(
        base_url=f"{service.url}/api/projects/1/",
        headers={"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"},
        timeout=None,
        trust_env=False,
    ) as client:
        _wait_until_counted(client)
        for name, (fmt, columns) in FORMS.items():
            with Peak(service.pid) as peak:
                rows, size, first, seconds = _read(service, key, folder, fmt, columns)
            grew = ((peak.highest_bytes or 0) - (peak.before_bytes or 0)) / 1e6
            ratio = f"{rows / seconds / own[columns]:.2f}" if fmt == "csv" and columns else ""
            print(
                f"| {name} | {rows / seconds:,.0f} | {size / seconds / 1e6:.0f} |"
                f" {1_000 * first:.0f} ms | {grew:.0f} MB | {ratio} |",
                flush=True,
            )
        idle = _pages(client)
        over = threading.Event()
        threads = [
            threading.Thread(target=_export_on, args=(client, over)) for _ in range(_AT_ONCE)
        ]
        for thread in threads:
            thread.start()
        busy = _pages(client)
        over.set()
        for thread in threads:
            thread.join()
    print(
        f"\nThe first page: p50 {idle.p50:.0f} ms, p99 {idle.p99:.0f} ms; with {_AT_ONCE} exports"
        f" at once {busy.p50:.0f} and {busy.p99:.0f}: {busy.p50 / idle.p50:.1f} times at p50"
    )


def _wait_until_counted(client: httpx.Client) -> None:
    """Wait until the service knows the properties, which it counts in the background."""
    while client.get("persons/properties").status_code == 503:
        time.sleep(_LOOK_SECONDS)


def _read(
    service: Service, key: str, folder: Path, fmt: str, columns: str
) -> tuple[int, int, float, float]:
    """Read an export to its end; returns rows, bytes, seconds to the first byte and to the last.

    By curl, which takes a tenth of the processor time that a client in Python would have of what
    the service needs.
    """
    head = folder / "head"
    words = [
        *("curl", "--silent", "--show-error", "--fail", "--noproxy", "*", "--output", "/dev/null"),
        *("--dump-header", str(head), "--header", f"Authorization: Bearer {key}", "--get"),
        *("--write-out", "%{size_download} %{time_starttransfer} %{time_total}"),
        *(("--data-urlencode", f"columns={columns}") if columns else ()),
        f"{service.url}/api/projects/1/persons.{fmt}",
    ]
    said = subprocess.run(words, capture_output=True, check=True, text=True).stdout.split()
    lines = head.read_text().lower().splitlines()
    (rows,) = (line.partition(":")[2] for line in lines if line.startswith("x-total-count"))
    return int(rows), int(said[0]), float(said[1]), float(said[2])


def _export_on(client: httpx.Client, over: threading.Event) -> None:
    """Read exports until it is over; the last one is left in the middle."""
    while not over.is_set():
        with client.stream("GET", "persons.csv", params={"columns": FLAT}) as answer:
            for _ in answer.iter_raw():
                if over.is_set():
                    return


def _pages(client: httpx.Client) -> Waited:
    times: list[float] = []
    for _ in range(_PAGES):
        began = time.monotonic()
        client.get("persons", params={"limit": 100}).raise_for_status()
        times.append(1_000 * (time.monotonic() - began))
        time.sleep(0.05)
    return waited(times)


if __name__ == "__main__":
    main()
