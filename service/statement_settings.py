"""The SETTINGS clause of statements: ours alone, whole numbers and a name we made."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from queries.statement import Statement
from service.settings import ClickHouse

_HEAVY_NICE = 10


def tag_of(statement: Statement[Any]) -> str:
    """Return a name for one run of a statement, by which it can be found and ended."""
    return f"{statement.name}:{uuid4().hex}"


def fetch_clause(
    statement: Statement[Any],
    limits: ClickHouse,
    *,
    threads: int,
    is_heavy: bool,
    seconds: int = 0,
    most_rows: int = 0,
) -> str:
    """Return the clause of a statement whose rows are fetched together.

    Args:
        statement: it.
        limits: those set.
        threads: that it may use, 0 for one of each core.
        is_heavy: those who read little come before it.
        seconds: it may take; 0 for the limit set.
        most_rows: it may read; 0 likewise.
    """
    return _clause(
        statement,
        {
            "max_execution_time": seconds or limits.timeout_seconds,
            "max_memory_usage": limits.max_memory_bytes,
            "max_rows_to_read": most_rows or limits.max_rows_to_read,
            "log_comment": f"'{tag_of(statement)}'",
            **({"max_threads": threads} if threads else {}),
            **(_last() if is_heavy else {}),
        },
    )


def export_clause(statement: Statement[Any], limits: ClickHouse, *, threads: int, tag: str) -> str:
    """Return the clause of a statement whose rows are streamed: it takes as long as its reader.

    Args:
        statement: it.
        limits: those set.
        threads: that it may use, 0 for one of each core.
        tag: what it is known by; empty for any name.
    """
    return _clause(
        statement,
        {
            "max_execution_time": 0,
            "max_memory_usage": limits.export_memory_bytes,
            "max_rows_to_read": 0,
            "log_comment": f"'{tag or tag_of(statement)}'",
            **({"max_threads": threads} if threads else {}),
            **_last(),
            "output_format_arrow_compression_method": "'none'",
            "output_format_json_escape_forward_slashes": 0,
            "enable_shared_storage_snapshot_in_query": 1,
        },
    )


def _clause(statement: Statement[Any], values: dict[str, int | str]) -> str:
    indexes = {} if statement.skip_indexes else {"use_skip_indexes_if_final": 0}
    return "\nSETTINGS " + ", ".join(f"{k} = {v}" for k, v in {**values, **indexes}.items())


def _last() -> dict[str, int | str]:
    """Let all others come first.

    Without the right to change it (CAP_SYS_NICE) the engine lets it be.
    """
    return {"os_threads_nice_value_query": _HEAVY_NICE}
