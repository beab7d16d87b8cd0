"""What ClickHouse and its driver raise, in the service's own terms."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from clickhouse_connect.driver.exceptions import ClickHouseError

from service.errors import PersonhouseError, engine_failure


@contextmanager
def failures() -> Generator[None]:
    """Turn ClickHouse's and the driver's errors into ours."""
    try:
        yield
    except PersonhouseError:
        raise
    except (ClickHouseError, OSError) as error:
        code: int | None = getattr(error, "code", None)
        raise engine_failure(code, str(error)) from error
