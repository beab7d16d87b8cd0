"""Whether a write is among those that led to what a person is now."""

from __future__ import annotations

from queries.lineage import leads_to, list_links, list_marked
from queries.stored import StoredPerson
from service.engine import Engine


def is_written(
    engine: Engine, project: int, person: StoredPerson, write_id: int, follows: int, since: int
) -> bool:
    """Say whether a write came to be; however many others came after it.

    Args:
        engine: where the persons are.
        project: whose person.
        person: its newest row.
        write_id: of the write.
        follows: the `write_id` of a row that it was to follow, at once or by others of its INSERT.
        since: the version of the write, or a lower one.
    """
    if person.follows(write_id):
        return True
    if not person.is_cut() or person.follows(follows):
        # The lineage goes back to the row before the write, and the write is not in it.
        return False
    links = engine.fetch_now(list_links(project, person.uuid, since))
    return leads_to(write_id, person.lineage(), links)


def was_made(engine: Engine, project: int, person: StoredPerson, mark: int) -> bool:
    """Say whether the request with a mark has edited a person before.

    Args:
        engine: where the persons are.
        project: whose person.
        person: its newest row.
        mark: `queries.idempotency.mark_of` the request.
    """
    if person.follows(mark):
        return True
    if not person.is_cut():
        return False
    return any(
        is_written(engine, project, person, one.write_id, one.follows, one.version)
        for one in engine.fetch_now(list_marked(project, person.uuid, mark))
    )
