"""Import files read into persons or events, whatever their format and compression.

`reading` tells the format and makes batches; `sources` opens, and undoes the compression;
`lines` and `documents` cut JSON into records; `tables` reads CSV and Parquet. What a record means
is not known here but in `queries.imports` and `queries.event_lines`. Nothing here holds more of a
file than a batch and one record of `MAX_RECORD_BYTES`.
"""

from service.readers.reading import Batch, Format, Record, read, read_events
from service.readers.sources import UnreadableSource

__all__ = ["Batch", "Format", "Record", "UnreadableSource", "read", "read_events"]
