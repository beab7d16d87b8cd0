"""A few rows as CSV: the form of the export, for answers small enough to be made at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from litestar import Response

from queries.flatten import flatten


def csv_table(rows: Sequence[object], filename: str) -> Response[str]:
    """Return rows as CSV, a column for each dotted path, sorted; of no rows, nothing.

    Args:
        rows: anything msgspec can encode.
        filename: what a browser saves it as.
    """
    flat = [flatten(row) for row in rows]
    sink = io.StringIO()
    if flat:
        columns = sorted({column for cells in flat for column in cells})
        writer = csv.DictWriter(sink, columns, restval="", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(flat)
    return Response(
        sink.getvalue(),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )
