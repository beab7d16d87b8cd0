"""What an export is to look like: its format, compression and columns; decoded and checked once."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from queries.export_columns import WHOLE, Column, ColumnError, decode_columns, named_columns
from queries.export_rows import Form
from queries.lines import Ids
from service.errors import BadRequest

JSON = "json"


class Format(StrEnum):
    """What is written."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"
    ARROW = "arrow"


class Compression(StrEnum):
    """How a text format is made smaller; the names are those of `Content-Encoding`."""

    NONE = ""
    GZIP = "gzip"
    ZSTD = "zstd"


MEDIA_TYPES = {
    Format.CSV: "text/csv",
    Format.NDJSON: "application/x-ndjson",
    Format.PARQUET: "application/vnd.apache.parquet",
    Format.ARROW: "application/vnd.apache.arrow.stream",
}
TEXTS = (Format.CSV, Format.NDJSON)
FORMS = {
    Format.CSV: Form.CELLS,
    Format.NDJSON: Form.TOKENS,
    Format.PARQUET: Form.TYPED,
    Format.ARROW: Form.TYPED,
}
COMPRESSED_TYPES = {Compression.GZIP: "application/gzip", Compression.ZSTD: "application/zstd"}
_SUFFIXES = {Compression.NONE: "", Compression.GZIP: ".gz", Compression.ZSTD: ".zst"}
# Every name that an export may be asked for by, as `ndjson.zst`.
SUFFIXES = {
    f"{fmt}{suffix}": (fmt, compression)
    for fmt in Format
    for compression, suffix in _SUFFIXES.items()
    if not compression or fmt in TEXTS
}


class Ask(Struct, frozen=True):
    """What is asked for.

    Attributes:
        fmt: what is written.
        compression: of the file itself.
        columns: in their order; none for all there are, as the format has them.
        ids: how the distinct ids are written where no columns are named.
        is_safe: no cell of a CSV begins as a formula does.
    """

    fmt: Format = Format.CSV
    compression: Compression = Compression.NONE
    columns: tuple[Column, ...] = ()
    ids: Ids | None = None
    is_safe: bool = False

    @property
    def is_union(self) -> bool:
        """Whether the columns are those of all persons together, and so to be found first."""
        return self.fmt is Format.CSV and not self.columns

    @property
    def suffix(self) -> str:
        """What a file's name ends with, as `ndjson.zst`."""
        return f"{self.fmt}{_SUFFIXES[self.compression]}"

    def named(self) -> tuple[Column, ...]:
        """Return the columns, those of the format where none are named; not for `is_union`."""
        if self.columns:
            return self.columns
        instead = {Ids.FIRST: ["distinct_ids.0"]}.get(self.ids or Ids.COLUMNS, ["distinct_ids"])
        names = (instead if name == "distinct_ids" else [name] for name in WHOLE)
        columns = named_columns([name for some in names for name in some])
        if self.ids is not Ids.JOINED:
            return columns
        return tuple(Column(c.name, is_joined=c.name == "distinct_ids") for c in columns)


def decode_ask(suffix: str, *, columns: str = "", distinct_ids: str = "", safe: str = "") -> Ask:
    """Decode what an export is to look like; empty texts ask nothing.

    Args:
        suffix: one of `SUFFIXES`.
        columns: names with commas between.
        distinct_ids: one of `Ids`.
        safe: `1` or `true`; `0` or `false`.

    Raises:
        BadRequest: an argument is wrong, or does not go with another one; `attr` names it.
    """
    if suffix not in SUFFIXES:
        raise BadRequest(
            f"`format` is one of {', '.join(SUFFIXES)}, not {suffix[:40]!r}.", attr="format"
        )
    fmt, compression = SUFFIXES[suffix]
    try:
        named = decode_columns(columns) if columns else ()
    except ColumnError as error:
        raise BadRequest(str(error), attr="columns") from error
    return Ask(fmt, compression, named, _ids(fmt, distinct_ids, named), _safe(fmt, safe))


def _ids(fmt: Format, text: str, columns: tuple[Column, ...]) -> Ids | None:
    if not text:
        return None
    if text not in list(Ids):
        raise BadRequest(
            f"`distinct_ids` is one of {', '.join(Ids)}, not {text[:40]!r}.", attr="distinct_ids"
        )
    if columns:
        raise BadRequest(
            "`distinct_ids` says nothing beside `columns`: name `distinct_ids` there, or"
            " `distinct_ids.0` for the first.",
            attr="distinct_ids",
        )
    ids = Ids(text)
    if ids is Ids.COLUMNS and fmt is not Format.CSV:
        raise BadRequest(
            f"`distinct_ids=columns` is for CSV; in {fmt} they are a list, or `joined` or `first`.",
            attr="distinct_ids",
        )
    return ids


def _safe(fmt: Format, text: str) -> bool:
    flags = {"": False, "1": True, "true": True, "0": False, "false": False}
    flag = flags.get(text.lower())
    if flag is None:
        raise BadRequest(f"`safe` is `1` or `0`, not {text[:40]!r}.", attr="safe")
    if flag and fmt is not Format.CSV:
        raise BadRequest(f"`safe` is for CSV, and {fmt} has no formulas.", attr="safe")
    return flag
