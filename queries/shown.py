"""How the engine writes what is shown of a person, as `queries.identity` and the API write it."""

from __future__ import annotations

from collections.abc import Sequence

from queries.identity import ANONYMOUS
from queries.sql import Sql, bind, sql

# The properties that may be a person's name, the first of them first.
NAMED = ("email", "name", "username")

# What a name may not be, unless it is the text; and what may have been written otherwise.
_DOUBTFUL_NAME = r"^((false|-?0(\.0+)?([eE][+-]?[0-9]+)?)$|[\[{])"

# The integer id.
NUMBER = sql("toInt64(greatest(bitAnd(toUInt64(toUInt128(id)), 9007199254740991), 1))")


def ordered_ids(ids: Sql) -> Sql:
    """Return some distinct ids, those that name somebody first."""
    anonymous = bind("String", f"^{ANONYMOUS}$")
    return sql(
        """if(length({}) < 2, {}, arrayConcat(
        arrayFilter(item -> NOT match(item, {}), {}),
        arrayFilter(item -> match(item, {}), {})))""",
        *(ids, ids, anonymous, ids, anonymous, ids),
    )


def first_id(ids: Sql) -> Sql:
    """Return the first of those, NULL where there is none."""
    return sql(
        """if(empty({}), NULL, {}[greatest(
        indexOf(arrayMap(item -> match(item, {}), {}), 0), 1)])""",
        *(ids, ids, bind("String", f"^{ANONYMOUS}$"), ids),
    )


def display_name(texts: Sequence[Sql], first: Sql) -> Sql:
    """Return the name, of the texts of the properties `NAMED` and the first distinct id.

    It is right unless `is_doubtful_name` says of one of the texts that it may not be.
    """
    return sql(
        "coalesce(nullIf({}, ''), nullIf({}, ''), nullIf({}, ''), {}, toString({}))",
        *(*texts, first, NUMBER),
    )


def is_doubtful_name(text: Sql) -> Sql:
    """Return the condition that only the JSON itself tells whether a text is a name."""
    return sql("ifNull(match({}, {}), false)", text, bind("String", _DOUBTFUL_NAME))


def iso_text(time: Sql) -> Sql:
    """Return a time as the API writes it, NULL for NULL."""
    return sql("concat(replaceOne(replaceOne(toString({}), '.000000', ''), ' ', 'T'), 'Z')", time)
