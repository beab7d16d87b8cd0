"""An export into a directory of somebody's own, by a command: a job that nobody else works on."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from queries.export_jobs import copy_name, drop_copy
from service.engine import Engine
from service.errors import NotFound
from service.exports.jobs import DELETED, Job, JobStore, Order
from service.exports.running import run_job
from service.handoff import is_alive

_COMMAND = ":command:"


def export_into(
    engine: Engine,
    project: int,
    order: Order,
    directory: Path,
    on_progress: Callable[[int, int, float], None],
) -> Job:
    """Write a whole export into a directory, parts and manifest; returns the job as it was done.

    Whatever ends it early takes away what was written: a directory has a whole export or none.

    Args:
        engine: where the persons are.
        project: whose.
        order: which, and how the files look.
        directory: empty, or not there yet.
        on_progress: told of persons written, of how many, and in how many seconds.

    Raises:
        BadRequest: the order is wrong.
        PersonhouseError: the engine failed, or the disk is full.
    """
    store = JobStore(engine)
    forget_dead(engine)
    job = store.create(project, order, directory, f"{_here()}{os.getpid()}")
    began, rows, total = time.monotonic(), 0, 0

    def note(more: int) -> None:
        nonlocal rows, total
        total = total or store.get(project, job.id).total
        rows += more
        on_progress(rows, total, time.monotonic() - began)

    try:
        done = run_job(engine, job, note)
    except BaseException:
        for file in directory.glob("*"):
            file.unlink()
        raise
    finally:
        _forget(engine, job)
    return done


def forget_dead(engine: Engine) -> None:
    """Forget the jobs of commands on this machine that are gone, and drop their copies."""
    for job in JobStore(engine).all_unfinished():
        if job.node.startswith(_here()) and not is_alive(int(job.node.rpartition(":")[2])):
            _forget(engine, job)


def _here() -> str:
    return f"{socket.gethostname()}{_COMMAND}"


def _forget(engine: Engine, job: Job) -> None:
    store = JobStore(engine)
    engine.command_now(drop_copy(copy_name(job.id)))
    try:
        latest = store.get(job.project, job.id)
    except NotFound:
        return
    store.note(replace(latest, state=DELETED))
