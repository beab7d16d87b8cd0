"""Texts made to break out of where they belong: quotes, comments, placeholders, odd characters.

Generated, always the same ones for a seed. None holds a lone surrogate, which is no UTF-8 and so
never arrives.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

_QUOTES = (
    "'",
    '"',
    "`",
    "''",
    "\\'",
    "\\",
    "\\\\",
    "\\'--",
    "\\N",
    "\\x27",
    "\\0",
    "\u2019",
    "\u201c",
    "\uff07",
)
_COMMENTS = ("--", "-- ", "#", "# ", "#!", "/*", "*/", "/*!", "//", ";", ";;", "\n--", "$$", "$a$")
_PLACEHOLDERS = (
    *(
        "{}",
        "{",
        "}",
        "{p0:String}",
        "{p0:Identifier}",
        "{p1:Array(String)}",
        "{:}",
        "{p0:",
        "{{}}",
    ),
    *("%s", "%(p0)s", "%", "%%", "%00", "%27", "$1", "$p0$", "?", ":p0", "@p0", "${p0}"),
)
_WORDS = (
    *(" OR 1=1", "' OR ''='", ") OR (1=1", " UNION ALL SELECT 1", "DROP TABLE persons", " FORMAT "),
    *("SETTINGS readonly = 0", " LIMIT 0", "sleep(3)", "file('/etc/passwd')", "url('http://a')"),
    *("prop.email", "prop", "email", "$os", ".:String", ".^a", "a.b", "a[1]", "[]", "()", "*"),
    *("NULL", "null", "true", "nan", "inf", "0", "-1", "1e9", "needle", "persons", "team_id"),
)
_CHARACTERS = (
    *("\0", "\n", "\r", "\r\n", "\t", "\b", "\x0b", "\x1b[31m", "\x7f", "\x85", "\xa0", "\xad"),
    *("\u200b", "\u200d", "\u202e", "\u2028", "\u2029", "\ufeff", "\ufffd", "\uffff", "\U0010ffff"),
    *(
        "ä",
        "ß",
        "İ",
        "\u0131",
        "a\u0308",
        "ﬁ",
        "ς",
        "ключ",
        "漢字",
        "قيمة",
        "🦜",
        "🏳️‍🌈",
        "\U000e0041",
    ),
    *(
        "a",
        "B",
        "z",
        "_",
        "$",
        "-",
        ".",
        ",",
        " ",
        "/",
        "&",
        "=",
        "+",
        "<",
        ">",
        "|",
        "~",
        "^",
        "!",
    ),
)
_PIECES = (_QUOTES, _COMMENTS, _PLACEHOLDERS, _WORDS, _CHARACTERS)
_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


def texts(count: int, *, seed: int = 1, longest: int = 5_000) -> Iterator[str]:
    """Yield so many texts, none empty; one in a hundred is up to `longest` characters long."""
    draw = random.Random(seed)
    for _ in range(count):
        text = "".join(_piece(draw) for _ in range(draw.choice((1, 1, 2, 2, 3, 5, 8))))
        if draw.random() < 0.01:
            text = (text * longest)[: draw.randrange(longest // 2, longest)]
        yield text[:longest]


def _piece(draw: random.Random) -> str:
    if draw.random() < 0.1:
        code = draw.randrange(_LAST + 1)
        return "?" if code in _SURROGATES else chr(code)
    return draw.choice(draw.choice(_PIECES))
