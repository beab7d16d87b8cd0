"""Waits for mutations, which the engine makes in the background."""

from __future__ import annotations

import logging
import threading

from queries.mutations import list_mutations, stop_mutation
from service.engine import Engine

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.2


def wait_for_mutations(engine: Engine, table: str, stop: threading.Event) -> bool:
    """Wait until no mutation of a table is left; one that fails is given up.

    Returns:
        Whether all came to their end: none failed, and `stop` was not set before.
    """
    went_well = True
    place = engine.place_of(table)
    while mutations := engine.fetch_now(list_mutations(place)):
        for mutation in mutations:
            if mutation.failure:
                reason = mutation.failure.partition(".")[0]
                _log.warning("a mutation of %s was given up: %s", table, reason)
                engine.command_now(stop_mutation(place, mutation))
                went_well = False
        if stop.wait(_POLL_SECONDS):
            return False
    return went_well
