"""What slow clients do to others: `python -m benchmarks.slow_clients`; see README.md beside this.

Starts a service with persons in it. A calm client gets one person over and over, alone at first,
then while many connections send half a head, half a body, or do not read what they asked for.
"""

from __future__ import annotations

import argparse
import resource
import socket
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from benchmarks.running import import_file, prepare, serving
from service import generator

_SECONDS = 60.0
_PERSONS = 20_000


def main() -> None:
    """Measure as the command line says, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.slow_clients", description=__doc__)
    parser.add_argument("--heads", type=int, default=1_000, help="half-open heads (%(default)s)")
    parser.add_argument("--bodies", type=int, default=200, help="slow bodies (%(default)s)")
    parser.add_argument("--readers", type=int, default=50, help="slow readers (%(default)s)")
    parser.add_argument("--times", type=int, default=500, help="of the calm one (%(default)s)")
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        data, source = Path(folder) / "data", Path(folder) / "persons.ndjson"
        source.write_bytes(b"\n".join(generator.persons(_PERSONS, seed=1)))
        service = stack.enter_context(serving(data, Path(folder) / "log"))
        project, key = prepare(data)
        import_file(data, project, source)
        base = f"/api/projects/{project}/persons"
        host, port = urlsplit(service.url).hostname or "", urlsplit(service.url).port or 0
        client = stack.enter_context(
            httpx.Client(
                base_url=service.url,
                headers={"Authorization": f"Bearer {key}"},
                trust_env=False,
                timeout=_SECONDS,
            )
        )
        uuid = client.get(base, params={"limit": 1}).json()["results"][0]["uuid"]
        signed = f"Host: x\r\nAuthorization: Bearer {key}\r\n"
        posted = f"POST {base}/batch_by_distinct_ids HTTP/1.1\r\n{signed}"
        kinds = {
            "half-open heads": (given.heads, "GET /livez HTTP/1.1\r\nHost: x\r\nX-A: "),
            "slow bodies": (
                given.bodies,
                f"{posted}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{",
            ),
            "slow readers": (
                given.readers,
                f"GET {base}?limit=5000 HTTP/1.1\r\n{signed}\r\n",
            ),
        }
        _wait(client, f"{base}/{uuid}", given.times)
        print("| beside | median ms | p99 ms |\n| --- | --: | --: |")
        _show("nobody", _wait(client, f"{base}/{uuid}", given.times))
        for name, (count, text) in kinds.items():
            with ExitStack() as slow:
                for _ in range(count):
                    connection = slow.enter_context(socket.create_connection((host, port)))
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
                    connection.sendall(text.encode())
                if name == "slow readers":
                    # What they asked for is made first, by the same threads as all else.
                    _quiet(client, f"{base}/{uuid}")
                _show(f"{count} {name}", _wait(client, f"{base}/{uuid}", given.times))


def _quiet(client: httpx.Client, path: str) -> None:
    """Wait until ten answers in a row come quickly."""
    quick = 0
    until = time.monotonic() + _SECONDS
    while quick < 10 and time.monotonic() < until:
        quick = quick + 1 if _wait(client, path, 1)[0] < 0.03 else 0


def _wait(client: httpx.Client, path: str, times: int) -> list[float]:
    """Return how long each answer took, in seconds, the quickest first."""
    took: list[float] = []
    for _ in range(times):
        began = time.perf_counter()
        answer = client.get(path)
        took.append(time.perf_counter() - began)
        if answer.status_code != 200:
            raise SystemExit(f"answered {answer.status_code}: {answer.text}")
    return sorted(took)


def _show(beside: str, took: list[float]) -> None:
    median, slowest = took[len(took) // 2], took[len(took) * 99 // 100]
    print(f"| {beside} | {median * 1e3:.1f} | {slowest * 1e3:.1f} |", flush=True)


if __name__ == "__main__":
    main()
