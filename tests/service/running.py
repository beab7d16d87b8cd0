"""The command line as users meet it: one data directory, commands, and services as processes."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from unittest.mock import patch

import msgspec
from msgspec import Struct

from service.cli import main

ROOT = Path(__file__).parent.parent.parent
SECONDS = 60


class Ended(Struct):
    """How a command ended."""

    code: object
    out: str
    err: str

    def json(self) -> dict[str, Any]:
        """Return the one JSON object on stdout."""
        assert self.out.count("\n") == 1, self
        return msgspec.json.decode(self.out, type=dict[str, Any])


class Commands:
    """`personhouse` with one data directory.

    A command runs in this process, where the embedded engine can be opened in one directory
    alone, that of the fixture `data_dir`. A service is a process of its own.
    """

    def __init__(self, folder: Path, data: Path | None = None) -> None:
        self.folder = folder
        self.data = data or folder / "data"

    def run(
        self, *words: str, stdin: bytes = b"", environ: Mapping[str, str] | None = None
    ) -> Ended:
        """Run a command to its end, in the folder; `environ` is added to what there is."""
        out, err = _text(), _text()
        given = {name: os.environ[name] for name in os.environ if name[:12] != "PERSONHOUSE_"}
        code: object = "main came back"
        with (
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            patch.object(sys, "stdin", _text(stdin)),
            patch.object(sys, "argv", ["personhouse", "--data", str(self.data), *words]),
            patch.dict(os.environ, {**given, **(environ or {})}, clear=True),
        ):
            try:
                main()
            except SystemExit as end:
                code = end.code
        return Ended(code, _written(out), _written(err))

    def json(
        self,
        *words: str,
        code: int = 0,
        stdin: bytes = b"",
        environ: Mapping[str, str] | None = None,
    ) -> Any:
        """Run a command with --json and return its result."""
        ended = self.run(*words, "--json", stdin=stdin, environ=environ)
        assert ended.code == code, ended
        return ended.json()

    @contextmanager
    def started(
        self, *words: str, environ: Mapping[str, str] | None = None
    ) -> Generator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
        """Start a command that serves; yields it and what it says when it is ready.

        Of `environ` the names are of settings, as HTTP__PORT.
        """
        kept = {name: os.environ[name] for name in os.environ if name[:12] != "PERSONHOUSE_"}
        # Nobody reads its lines of requests meanwhile: a pipe that is full would stop it.
        given = {"LOG__LEVEL": "warning", **(environ or {})}
        settings = {f"PERSONHOUSE_{name}": value for name, value in given.items()}
        with subprocess.Popen(
            [sys.executable, "-m", "service.cli", "--data", str(self.data), *words, "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env={**kept, "PYTHONPATH": str(ROOT), **settings},
        ) as process:
            try:
                line = pipe(process.stdout).readline()
                yield process, msgspec.json.decode(line, type=dict[str, Any])
            finally:
                process.terminate()
                process.wait(SECONDS)


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    """Return a process's stream, which is there."""
    assert stream is not None
    return stream


def _text(content: bytes = b"") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline="", write_through=True)


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def check_parts(commands: Commands, place: dict[str, str] | None = None) -> None:
    """An export into a directory is whole, as `verify` says, and leaves no job behind."""
    place, folder = place or {}, commands.folder
    words = ("export", "--project", "1", "--format", "ndjson", "--parts")
    written = commands.json(*words, "whole", environ=place)
    assert (written["rows"], written["parts"]) == (3, 1)
    assert written["rows_per_second"] > 0
    sizes = [file.stat().st_size for file in (folder / "whole").glob("part-*")]
    assert sizes == [written["bytes"]]
    proof = commands.json("verify", "whole", environ=place)
    assert (proof["rows"], proof["bytes"]) == (3, written["bytes"])
    again = commands.json(*words, "whole", code=2, environ=place)["error"]
    assert "not empty" in again["detail"]
    wrong = commands.json(*words, "none", "--columns", "nope", code=2, environ=place)["error"]
    assert wrong["attr"] == "columns"
    assert not (folder / "none").exists()
    with (folder / "whole" / "part-00000.ndjson").open("r+b") as file:
        file.write(b"[")
    assert "SHA-256" in commands.json("verify", "whole", code=2, environ=place)["error"]["detail"]
