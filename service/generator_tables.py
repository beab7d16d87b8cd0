"""What the generator draws from: words, weights, and slot tables of ready JSON fragments.

A slot table is a list whose length is a power of two and in which a value fills slots in
proportion to its weight, so a choice is one index, the high bits of a draw, and no comparison.
Weights and slots are integers throughout: the tables are the same on every platform. Fragments
begin with a comma, but for the device's, which stands first; an absent property is empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import accumulate
from typing import TypeVar

import msgspec

from service import generator_words as words

T = TypeVar("T")

START = date(2023, 10, 1)
DAYS = 1096
"""Days from START to the fixed end of all times, 2026-10-01."""
SLOTS = 1 << 12
WIDE = 1 << 14
COMPANY_SLOTS = 1 << 19
MINUTE_MS = 60_000
_ODD = 40503
"""Odd, so multiplying by it modulo a power of two visits every slot once, far from in order."""


def slots(weighted: Iterable[tuple[T, int]], size: int = SLOTS) -> list[T]:
    """A slot table of `size`; a value of less weight than one slot may get none."""
    pairs = list(weighted)
    total = sum(weight for _, weight in pairs)
    table: list[T] = []
    for (value, _), reached in zip(pairs, accumulate(w for _, w in pairs), strict=True):
        table += [value] * (reached * size // total - len(table))
    return table


def zipf(values: Iterable[T]) -> list[tuple[T, int]]:
    """The values, commonest first, with weights in proportion to 1, 1/2, 1/3, …."""
    return [(value, 10**9 // rank) for rank, value in enumerate(values, 1)]


def fragment(**properties: object) -> bytes:
    """The properties as JSON members, each after a comma; `_` in front of a key stands for `$`."""
    named = {("$" + k[1:] if k[0] == "_" else k): v for k, v in properties.items()}
    return b"," + msgspec.json.encode(named)[1:-1]


def _some(fragments: list[tuple[bytes, int]], percent: int) -> list[bytes]:
    """A slot table where `percent` of draws give one of the fragments, the rest nothing."""
    present = sum(weight for _, weight in fragments)
    return slots([*fragments, (b"", present * (100 - percent) // percent)])


def _names(region: str) -> list[tuple[bytes, bytes]]:
    """A slot table of (name fragment, romanised `first.last`) for the countries of a region."""
    made: dict[str, list[tuple[bytes, bytes]]] = {}
    for script in words.MIXES[region]:
        firsts, lasts = (
            [(w.split("/")[0], w.split("/")[-1].lower()) for w in line.split()]
            for line in words.NAMES[script]
        )
        made[script] = [
            (fragment(name=f"{last} {first}" if script == "japanese" else f"{first} {last}"),
             f"{plain}.{plain_last}".encode())
            for first, plain in firsts
            for last, plain_last in lasts
        ]  # fmt: skip
    scripts = slots(words.MIXES[region].items())
    return [made[s][slot * _ODD % SLOTS % len(made[s])] for slot, s in enumerate(scripts)]


class City(msgspec.Struct, frozen=True):
    """A city's fragment, its name as JSON, and the names its people have."""

    fragment: bytes
    city: bytes
    names: list[tuple[bytes, bytes]]


def _cities() -> list[City]:
    """1,000 cities, largest first: the countries' own in turn, then about 20 towns of each."""
    names = {region: _names(region) for region in words.MIXES}
    towns = {
        region: [begin + end for end in ends.split() for begin in begins.split()]
        for region, (begins, ends) in words.TOWNS.items()
    }
    ranked: list[tuple[int, City]] = []
    for line in words.COUNTRIES.strip().split("\n"):
        code, country, continent, zone, region, own = line.split("|")
        free = towns[region]
        for rank, city in enumerate([*own.split(","), *free[:22]]):
            made = fragment(
                _geoip_city_name=city,
                _geoip_country_code=code,
                _geoip_country_name=country,
                _geoip_continent_code=continent,
                _geoip_time_zone=zone,
            )
            ranked.append((rank, City(made, msgspec.json.encode(city), names[region])))
        del free[:22]
    return [city for _, city in sorted(ranked, key=lambda pair: pair[0])][:1000]


def _companies() -> list[tuple[bytes, bytes]]:
    """(Fragment, mail domain) of 20,000 companies, zipf, and of none for four persons in ten."""
    firsts, seconds = words.COMPANY_FIRST.split(), words.COMPANY_SECOND.split()
    ranked: list[tuple[bytes, bytes]] = []
    for rank in range(20_000):
        last, word = divmod(rank * 7919 % 20_000, 2000)
        first, second = firsts[word % 50], seconds[word // 50]
        slug = f"{first}-{second}{last or ''}.example".lower()
        company = f"{first} {second} {words.COMPANY_LAST[last]}".rstrip()
        ranked.append((fragment(company=company), slug.encode()))
    weighted = zipf(ranked)
    none = sum(weight for _, weight in weighted) * 2 // 3
    return slots([((b"", MAIL_DOMAINS[0]), none), *weighted], COMPANY_SLOTS)


def _devices() -> list[bytes]:
    """Browser, version, system and device; five versions of a browser, the newest commonest."""
    weighted: list[tuple[bytes, int]] = []
    for browser, newest, systems in words.BROWSERS:
        for system, versions, device, weight in systems:
            known = versions.split() or [""]
            for number, os_version in enumerate(known, 1):
                part = weight * 1000 * number // sum(range(len(known) + 1))
                for age, share in enumerate((50, 25, 13, 8, 4)):
                    made = fragment(_browser=browser, _browser_version=newest - age, _os=system)
                    if os_version:
                        made += fragment(_os_version=os_version)
                    made += fragment(_device_type=device)
                    weighted.append((made[1:], part * share))
    return slots(weighted)


def _plans() -> list[bytes]:
    """Plan, seats, and for those who pay the monthly revenue: seats times a discounted price."""
    plans = slots([("free", 70), ("pro", 20), ("business", 8), ("enterprise", 2)], WIDE)
    seats = {"free": 3, "pro": 20, "business": 150, "enterprise": 2000}
    price = {"free": 0, "pro": 2900, "business": 4900, "enterprise": 7450}
    made: list[bytes] = []
    for slot, plan in enumerate(plans):
        draw = slot * _ODD % WIDE
        count = 1 + draw * draw * seats[plan] // WIDE**2
        cents = price[plan] * count * (100 - draw % 26) // 100
        paid = {"mrr": cents / 100} if cents else {}
        made.append(fragment(plan=plan, seats=count, **paid))
    return made


def _features() -> list[bytes]:
    """One to four beta features for a tenth of the persons."""
    names = words.FEATURES.split()
    sets = [[names[(n * 3 + k * (1 + n // 8)) % 8] for k in range(1 + n % 4)] for n in range(24)]
    return _some([(fragment(beta_features=list(dict.fromkeys(s))), 1) for s in sets], 10)


def _landings() -> list[bytes]:
    """The page first seen: a few commonest, then 236 posts."""
    posts = [f"/blog/{post}-{n}" for post in words.POSTS.split() for n in range(1, 60)]
    paths = [*words.LANDINGS.split(), *posts]
    return slots(zipf(fragment(_initial_current_url=f"https://app.example{p}") for p in paths))


def _ties() -> list[tuple[int, int, int, int]]:
    """Day, minute, millisecond, microseconds of 200 instants, zipf, for 656 of 65,536 draws."""
    at = [((n * 389 + 71) % DAYS, n * 233 % 1440, n * 7127 % MINUTE_MS, 0) for n in range(200)]
    return slots(zipf(at), 656)


def _clock() -> list[int]:
    """Minutes of the day, busiest in the afternoon (UTC)."""
    hours = (2, 1, 1, 1, 2, 3, 5, 7, 9, 10, 10, 9, 9, 11, 12, 12, 11, 10, 9, 8, 7, 6, 4, 3)
    return slots([(minute, hours[minute // 60]) for minute in range(1440)], WIDE)


def _growth() -> list[int]:
    """Days since START, four times as many at the end as at the beginning, fewer at weekends."""
    last = DAYS - 1
    return slots(
        [
            (day, (last**2 + 3 * day**2) * (6 if (START + timedelta(day)).weekday() > 4 else 10))
            for day in range(DAYS)
        ],
        WIDE,
    )


_RELEASES = [
    (f"{a}.{b}.{c}", 1 + a * 8 + b) for a in range(1, 5) for b in range(13) for c in range(4)
]

DAY = _growth()
DAY_TEXT = [(START + timedelta(day)).isoformat().encode() for day in range(DAYS)]
MINUTE = _clock()
MINUTE_TEXT = [b"T%02d:%02d:" % divmod(minute, 60) for minute in range(1440)]
SECOND_TEXT = [b"%02d." % second for second in range(60)]
THOUSAND_TEXT = [b"%03d" % n for n in range(1000)]
MICRO_TEXT = [b"Z"] * 1000 + [b"%03dZ" % micro for micro in range(1000)]
"""Half the times end at the millisecond."""
TIES = _ties()
LOGIN_DAY = slots([(day, 10**6 // (DAYS + 2 - day)) for day in range(DAYS)])
"""Ascending, so setting a bit of the draw never makes a login earlier."""
LOGIN_TIME = [
    MINUTE_TEXT[MINUTE[slot * 2 * _ODD % WIDE]] + b'%02dZ"' % (slot * _ODD % 60)
    for slot in range(SLOTS)
]
CITY = slots(zipf(_cities()), WIDE)
MAIL_DOMAINS = [host.encode() + b".example" for host in words.MAIL_HOSTS.split()]
COMPANY = _companies()
DOMAIN = slots([*zipf(MAIL_DOMAINS), (b"", 1_820_000_000)])
"""Mail hosts, zipf; empty, 35 %, for those who write from their company's domain."""
DEVICE = _devices()
PLAN = _plans()
SCORE = [fragment(score=slot * slot * 10_000 // WIDE**2 / 100) for slot in range(WIDE)]
APP_VERSION = slots((fragment(app_version=version), weight) for version, weight in _RELEASES)
AGE = _some([(fragment(age=18 + n), (74 - n) ** 2) for n in range(72)], 50)
IS_ADMIN = slots([(fragment(is_admin=False), 96), (fragment(is_admin=True), 4)])
FEATURES = _features()
CHURNED = _some([(fragment(churned_at=None), 1)], 2)
UTM = _some(zipf(fragment(utm_source=source) for source in words.SOURCES.split()), 25)
REFERRER = slots(
    zipf(fragment(_initial_referring_domain=domain) for domain in words.REFERRERS.split())
)
LANDING = _landings()
IDENTITY = slots(
    # Identified, has an e-mail, has a name; in thousandths.
    {
        (False, False, False): 120,
        (True, True, True): 775,
        (True, True, False): 75,
        (True, False, True): 25,
        (True, False, False): 5,
    }.items()
)
ID_COUNT = slots({1: 616, 2: 250, 3: 80, 4: 27, 5: 12, 6: 7, 8: 4, 10: 2, 20: 2}.items())
ID_KIND = slots({"user": 45, "email": 30, "number": 15, "auth0": 10}.items())
STREET = [street.encode() for street in words.STREETS.split(",")]
