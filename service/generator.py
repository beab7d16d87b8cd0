"""Seeded persons, realistic and as unevenly spread as a project's: for the demo and benchmarks.

A person depends on (seed, index) alone, on every platform: ranges may be made in parallel, in any
order, and agree. Randomness is SHAKE-128 of the seed and a block of 64 indices; a person's share
of it is split by `struct` into 16-bit draws, each an index into a table of ready JSON fragments
(`generator_tables`), and the fragments are joined. No dict is encoded, which makes over 100,000
persons a second on one core. The first import builds the tables, in a tenth of a second.

A line is 785 bytes on average, its properties 596. Of all persons:

* identified 88 %; of their ids the first is `user_<n>` 46 %, the e-mail 29 %, a number 15 %,
  `auth0|<hex>` 10 %, the others anonymous ones as posthog-js makes them (UUIDv7). The unidentified
  have one anonymous id, the e-mail and the properties marked * below never. One id 66 %, two 22 %,
  three 7 %, 20 0.2 %; mean 1.58.
* created_at: 2023-10-01 up to 2026-10-01, four times as many a day at the end, fewer at weekends
  and at night; half to the millisecond, half to the microsecond. 1 % share one of 200 instants,
  zipf: the commonest has 0.17 % of all persons.
* email* 85 %, unique; 79 % at 16 hosts, zipf, the others at their company's domain.
* name* 80 %: Latin, accented, Cyrillic, Japanese and Arabic, 57, 27, 6, 4 and 6 %, mixed as the
  country suggests; 2,880 names.
* plan free 70, pro 20, business 8, enterprise 2 %; `seats` int, median 2, to 2,000; `mrr` float,
  those who pay, 21.75 to 150,000.
* company 60 %: 20,000, zipf, the commonest 5.8 %. City with country, continent and time zone:
  1,000 in 41 countries, zipf, the commonest 13 %.
* `$browser`, `$browser_version` int, `$os`, `$os_version` 95 %, `$device_type`: 120 combinations,
  65 % desktop. `$initial_referring_domain` of 12, `$initial_current_url` of 241, zipf.
* score float, 0.0 to 100.0, low ones commonest; is_admin true 4 %; age int 50 %; utm_source 25 %;
  beta_features, a list, 10 %; address, an object, 5 %; churned_at, always null, 2 %.
* signup_date* and app_version* 88 %; last_login_at* 68 %, after created_at; username* 30 %.
* `custom_<n>`, n < 4000, one on 1 % of persons, low n commonest; int, text or true by n % 3.
* `beta_tester_id` where the index is 31,415 more than a multiple of 100,000.

uuid, distinct ids and e-mails are unique within a seed; two seeds share distinct ids, so give each
a project of its own. The UUID says version 5; all its bits but version and variant are random.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from hashlib import shake_128
from itertools import accumulate
from struct import Struct
from typing import Any

from service.generator_tables import (
    AGE,
    APP_VERSION,
    CHURNED,
    CITY,
    COMPANY,
    DAY,
    DAY_TEXT,
    DEVICE,
    DOMAIN,
    FEATURES,
    ID_COUNT,
    ID_KIND,
    IDENTITY,
    IS_ADMIN,
    LANDING,
    LOGIN_DAY,
    LOGIN_TIME,
    MICRO_TEXT,
    MINUTE,
    MINUTE_MS,
    MINUTE_TEXT,
    PLAN,
    REFERRER,
    SCORE,
    SECOND_TEXT,
    START,
    STREET,
    THOUSAND_TEXT,
    TIES,
    UTM,
)

_Digits = tuple[Any, ...]
_Draws = tuple[int, ...]
_Person = tuple[int, _Digits, _Digits, _Draws, _Draws, _Draws, _Draws, _Draws, _Draws]
"""The index, then what is drawn for each of `_PARTS`."""
_BLOCK = 64
_HEX_PARTS = (
    # The UUID's digits, without its version.
    Struct("8s4sx3sB3s12s"),
    # Those of the anonymous ids.
    Struct("3sB3s12sx"),
)
_PARTS = (
    *_HEX_PARTS,
    # Fate; tie, day, minute, millisecond, microsecond of creation.
    Struct("<6H"),
    # City, name, mail host, which of e-mail and name there are, company.
    Struct("<4HI"),
    # Count and kind of distinct ids.
    Struct("<2H"),
    # What everyone has, what the identified have, what few have: see the functions so named.
    Struct("<10H"),
    Struct("<4H"),
    Struct("<2I"),
)
"""What is drawn of a person. A block of random bytes holds each part for 64 persons in turn."""
_ENDS = list(accumulate(_BLOCK * part.size for part in _PARTS))
_COLUMNS = [
    (part.iter_unpack, end - _BLOCK * part.size, end)
    for part, end in zip(_PARTS, _ENDS, strict=True)
]
_HEX_BYTES = _BLOCK * sum(part.size for part in _HEX_PARTS) // 2
_DRAWN_BYTES = _ENDS[-1] - _HEX_BYTES

_VARIANT = {ord(f"{digit:x}"): b"%x" % (8 + digit % 4) for digit in range(16)}
"""A UUID's variant digit, by the character code of a random one."""
_START_MS = (START.toordinal() - date(1970, 1, 1).toordinal()) * 86_400_000
_SUPERSEDED = 65_536 * 75 // 1000
_DELETED = _SUPERSEDED + 65_536 // 100
_NEWER = 0x8000
"""The high bit of a draw. Flipped, it gives the other half of a table, as evenly as before; set, it
never gives an earlier slot."""
_USERNAMES = 65_536 * 30 // 88
_ADDRESSES = (1 << 32) // 20
_CUSTOMS = (1 << 32) // 100


def persons(count: int, *, seed: int = 1, start: int = 0) -> Iterator[bytes]:
    """The persons start to start + count - 1, as NDJSON lines without their newline.

    A line is `{"uuid", "distinct_ids", "is_identified", "created_at", "properties"}`.

    Raises:
        ValueError: count or start is negative.
    """
    for person in _drawn(count, seed, start):
        yield _line(person, 0)


def superseding(count: int, *, seed: int = 1, start: int = 0) -> Iterator[bytes]:
    """Newer lines of those of the same `persons(...)` that change: 7.5 %, always the same ones.

    uuid, distinct_ids and created_at stay. The score always differs, the plan with its seats and
    mrr mostly; app_version and last_login_at stay or advance.

    Raises:
        ValueError: count or start is negative.
    """
    for person in _drawn(count, seed, start):
        if _fate(person) < _SUPERSEDED:
            yield _line(person, _NEWER)


def deleted(count: int, *, seed: int = 1, start: int = 0) -> Iterator[str]:
    """UUIDs of those of the same `persons(...)` to delete: 1 %, none of them superseded.

    Raises:
        ValueError: count or start is negative.
    """
    for person in _drawn(count, seed, start):
        if _SUPERSEDED <= _fate(person) < _DELETED:
            yield _uuid(person[1]).decode()


def _drawn(count: int, seed: int, start: int) -> Iterator[_Person]:
    if count < 0 or start < 0:
        raise ValueError(f"count and start must not be negative: {count}, {start}")
    end = start + count
    for first in range(start - start % _BLOCK, end, _BLOCK):
        drawn = shake_128(b"%d/%d" % (seed, first)).digest(_DRAWN_BYTES)
        block = drawn[:_HEX_BYTES].hex().encode() + drawn[_HEX_BYTES:]
        columns = [unpack(block[begin:stop]) for unpack, begin, stop in _COLUMNS]
        for person in zip(range(first, end), *columns, strict=False):
            if person[0] >= start:
                yield person


def _fate(person: _Person) -> int:
    """A 16-bit draw that decides whether the person is superseded, deleted, or neither."""
    return person[3][0]


def _uuid(digits: _Digits) -> bytes:
    first, second, third, variant, fourth, last = digits
    return b"%b-%b-5%b-%b%b-%b" % (first, second, third, _VARIANT[variant], fourth, last)


def _line(person: _Person, newer: int) -> bytes:
    index, digits, anonymous, times, who, ids, everyone, known, few = person
    _, tie, day, minute, milli, micro = times
    if tie < len(TIES):
        day, minute, milli, micro = TIES[tie]
    else:
        day, minute, milli = DAY[day >> 2], MINUTE[minute >> 2], milli * MINUTE_MS >> 16
    # An odd factor permutes the low 24 bits: unique numbers that do not follow the index.
    number = index & ~0xFFFFFF | index * 0x9E3779B1 & 0xFFFFFF
    city_draw, name, host, identity, firm = who
    city = CITY[city_draw >> 2]
    name_fragment, alias = city.names[name >> 4]
    company, domain = COMPANY[firm >> 13]
    properties = _everyone(everyone, newer) + city.fragment + company
    identified, has_email, has_name = IDENTITY[identity >> 4]
    since_ms = _START_MS + (day * 1440 + minute) * MINUTE_MS + milli
    if identified:
        email = b"%b%d@%b" % (alias, number, DOMAIN[host >> 4] or domain) if has_email else b""
        distinct_ids = _identified_ids(ids, number, email, anonymous, since_ms)
        if has_email:
            properties += b',"email":"%b"' % email
        if has_name:
            properties += name_fragment
        properties += _identified(known, day, alias, number, newer)
    else:
        distinct_ids = _anonymous_ids(anonymous, since_ms, 1)
    return (
        b'{"uuid":"%b","distinct_ids":[%b],"is_identified":%b,"created_at":"%b%b%b%b%b",'
        b'"properties":{%b%b}}'
    ) % (
        _uuid(digits),
        distinct_ids,
        b"true" if identified else b"false",
        DAY_TEXT[day],
        MINUTE_TEXT[minute],
        SECOND_TEXT[milli // 1000],
        THOUSAND_TEXT[milli % 1000],
        MICRO_TEXT[micro % 2000],
        properties,
        _few(few, index, number, city.city),
    )


def _identified_ids(
    draws: _Draws, number: int, email: bytes, anonymous: _Digits, since_ms: int
) -> bytes:
    count, kind = ID_COUNT[draws[0] >> 4], ID_KIND[draws[1] >> 4]
    if kind == "email" and email:
        own = b'"%b"' % email
    elif kind == "number":
        own = b'"%d"' % (10**9 + number)
    elif kind == "auth0":
        own = b'"auth0|%024x"' % (number * 0x9E3779B97F4A7C15F39CC061 & (1 << 96) - 1)
    else:
        own = b'"user_%d"' % number
    if count == 1:
        return own
    return own + b"," + _anonymous_ids(anonymous, since_ms, count - 1)


def _anonymous_ids(digits: _Digits, since_ms: int, count: int) -> bytes:
    """UUIDv7 as posthog-js makes them: the first of the person's creation, then a day apart."""
    third, variant_digit, fourth, last = digits
    variant = _VARIANT[variant_digit]
    made = b'"%08x-%04x-7%b-%b%b-%b"' % (
        since_ms >> 16,
        since_ms & 0xFFFF,
        third,
        variant,
        fourth,
        last,
    )
    for _ in range(1, count):
        since_ms += 86_400_000
        last = b"%012x" % (int(last, 16) * 0x5DEECE66D + 11 & (1 << 48) - 1)
        made += b',"%08x-%04x-7%b-%b%b-%b"' % (
            since_ms >> 16,
            since_ms & 0xFFFF,
            third,
            variant,
            fourth,
            last,
        )
    return made


def _everyone(draws: _Draws, newer: int) -> bytes:
    device, referrer, landing, utm, plan, age, admin, features, score, churned = draws
    return b"".join(
        (
            DEVICE[device >> 4],
            REFERRER[referrer >> 4],
            LANDING[landing >> 4],
            UTM[utm >> 4],
            PLAN[(plan ^ newer) >> 2],
            AGE[age >> 4],
            IS_ADMIN[admin >> 4],
            FEATURES[features >> 4],
            SCORE[(score ^ newer) >> 2],
            CHURNED[churned >> 4],
        )
    )


def _identified(draws: _Draws, day: int, alias: bytes, number: int, newer: int) -> bytes:
    """Username, sign-up, version of the app and last login, if on a day after `day`."""
    username, version, login_draw, clock = draws
    made = b',"signup_date":"%b"%b' % (DAY_TEXT[day], APP_VERSION[(version | newer) >> 4])
    if username < _USERNAMES:
        made += b',"username":"%b_%d"' % (alias, number % 1000)
    login = LOGIN_DAY[(login_draw | newer) >> 4]
    if login > day:
        made += b',"last_login_at":"%b%b' % (DAY_TEXT[login], LOGIN_TIME[clock >> 4])
    return made


def _few(draws: _Draws, index: int, number: int, city: bytes) -> bytes:
    """An address, a custom key, and what a single person in 100,000 has; mostly nothing."""
    made = b""
    address, custom = draws
    if address < _ADDRESSES:
        made += b',"address":{"street":"%d %b","city":%b,"zip":"%05d"}' % (
            1 + address % 200,
            STREET[address & 7],
            city,
            address % 100_000,
        )
    if custom < _CUSTOMS:
        rank = custom * 4000 // _CUSTOMS
        key = rank * (rank + 1) // 4000
        value = (b"%d" % (custom % 1000), b'"v%d"' % (custom % 50), b"true")[key % 3]
        made += b',"custom_%d":%b' % (key, value)
    if index % 100_000 == 31_415:
        made += b',"beta_tester_id":"bt_%d"' % number
    return made
