"""A PostgreSQL of the distribution, in a directory of its own, for as long as it is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.peers.system import CORES, MEMORY_BYTES, Missing

_USER = "postgres"
_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_MIB = 1 << 20

SETTINGS = {
    "shared_buffers": f"{MEMORY_BYTES // 4 // _MIB}MB",
    "effective_cache_size": f"{MEMORY_BYTES // 2 // _MIB}MB",
    "work_mem": "64MB",
    "maintenance_work_mem": "1GB",
    "max_parallel_workers_per_gather": str(CORES),
    "max_parallel_maintenance_workers": str(CORES),
    "random_page_cost": "1.1",
    "max_wal_size": "8GB",
    "jit": "off",
    "listen_addresses": "",
}
"""As for a machine with fast disks that is its own; the rest are the defaults, writes durable."""


class Server:
    """It listens on a socket in its directory, and to nothing else."""

    def __init__(self, folder: Path) -> None:
        """Take the directory.

        Raises:
            Missing: PostgreSQL is not installed, or nobody may run it.
        """
        self._programs = _programs()
        self._folder = folder
        self.data = folder / "data"
        self._socket = ""
        self._as: list[str] = []
        if os.geteuid() == 0:
            self._as = _as_user(folder)

    def start(self) -> None:
        """Start it, and make the cluster where there is none."""
        if not (self.data / "PG_VERSION").exists():
            self._run(
                "initdb", "-D", self.data, "-A", "trust", "-E", "UTF8", "--locale=C", "-U", _USER
            )
            with (self.data / "postgresql.conf").open("a") as settings:
                settings.writelines(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
        # The path of a socket may have a hundred characters, a directory's more.
        self._socket = tempfile.mkdtemp(prefix="postgres-")
        if self._as:
            shutil.chown(self._socket, _USER, _USER)
        log = self._folder / "server.log"
        options = f"-k {self._socket}"
        self._run("pg_ctl", "-D", self.data, "-l", log, "-w", "-t", "600", "-o", options, "start")

    def stop(self) -> None:
        """Stop it."""
        self._run("pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")
        shutil.rmtree(self._socket, ignore_errors=True)

    def is_running(self) -> bool:
        """Say whether it was started, as far as its own file tells."""
        return (self.data / "postmaster.pid").exists()

    def pid(self) -> int:
        """Return the process in front."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def address(self) -> str:
        """Return what a client connects with."""
        return f"host={self._socket} user={_USER} dbname=postgres"

    def _run(self, program: str, *words: object) -> None:
        ended = subprocess.run(
            [*self._as, self._programs / program, *map(str, words)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self._folder,
            check=False,
        )
        if ended.returncode:
            raise RuntimeError(f"{program}: {ended.stderr.decode(errors='replace')[-1_000:]}")


def _programs() -> Path:
    found = shutil.which("pg_ctl")
    places = [Path(found).resolve().parent] if found else []
    for place in [*_PLACES, *places]:
        if all((place / name).exists() for name in ("pg_ctl", "initdb", "postgres")):
            return place
    raise Missing("PostgreSQL is not installed")


def _as_user(folder: Path) -> list[str]:
    """Return what runs a command as somebody else, whose the directory then is: it refuses root."""
    try:
        shutil.chown(folder, _USER, _USER)
    except LookupError as error:
        raise Missing(f"PostgreSQL refuses root, and there is no user {_USER}") from error
    if shutil.which("setpriv") is None:
        raise Missing("PostgreSQL refuses root, and there is no setpriv to be somebody else")
    for parent in folder.resolve().parents:
        if not parent.stat().st_mode & 1:
            # One that the benchmark made for itself alone: whoever knows the way may pass.
            parent.chmod(parent.stat().st_mode | 0o011)
    return ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups"]
