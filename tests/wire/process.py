"""The double as tests start and stop it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parent.parent.parent
_SECONDS = 30


class DoubleProcess:
    """A double on a directory; it may be killed and started again at the same port."""

    def __init__(self, path: Path, *options: str) -> None:
        """Start nothing yet.

        Args:
            path: of chDB's directory.
            options: of `tests.wire.server`.
        """
        self._path = path
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self) -> None:
        """Start it and wait until it listens."""
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.wire.server", str(self._path)),
                *("--port", str(self.port), *self._options),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        self.port = int(_pipe(self._process.stdout).readline())

    def kill(self) -> None:
        """End it as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._close(self._process)

    def stop(self) -> None:
        """End it."""
        assert self._process is not None
        _pipe(self._process.stdin).close()
        try:
            self._process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._close(self._process)

    def dsn(self, credentials: str = "") -> str:
        """Return where it is; `credentials` as `user:password@`."""
        return f"http://{credentials}127.0.0.1:{self.port}"

    def _close(self, process: subprocess.Popen[bytes]) -> None:
        process.wait(_SECONDS)
        for stream in (process.stdin, process.stdout):
            _pipe(stream).close()
        self._process = None


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream
