"""The generator: the same persons every time, valid, unique, and spread as it says."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from itertools import chain
from uuid import UUID

import msgspec
import pytest

from service.generator import deleted, persons, superseding

COUNT = 50_000
ANONYMOUS = re.compile(r"([a-z0-9]+-){4}[a-z0-9]+")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(\d{3}|\d{6})Z")


class Address(msgspec.Struct, forbid_unknown_fields=True):
    street: str
    city: str
    zip: str


class Properties(msgspec.Struct, rename=lambda name: name.replace("S_", "$")):
    """Every property but the custom ones, strictly typed."""

    S_browser: str
    S_browser_version: int
    S_os: str
    S_device_type: str
    S_geoip_city_name: str
    S_geoip_country_code: str
    S_geoip_country_name: str
    S_geoip_continent_code: str
    S_geoip_time_zone: str
    S_initial_referring_domain: str
    S_initial_current_url: str
    plan: str
    seats: int
    score: float
    is_admin: bool
    S_os_version: str | None = None
    mrr: float | None = None
    company: str | None = None
    age: int | None = None
    utm_source: str | None = None
    beta_features: list[str] | None = None
    address: Address | None = None
    churned_at: msgspec.UnsetType | None = msgspec.UNSET
    email: str | None = None
    name: str | None = None
    username: str | None = None
    signup_date: str | None = None
    last_login_at: str | None = None
    app_version: str | None = None
    beta_tester_id: str | None = None


class Person(msgspec.Struct, forbid_unknown_fields=True):
    uuid: str
    distinct_ids: list[str]
    is_identified: bool
    created_at: str
    properties: Properties


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    return list(persons(COUNT))


@pytest.fixture(scope="module")
def people(lines: list[bytes]) -> list[Person]:
    decoder = msgspec.json.Decoder(Person)
    return [decoder.decode(line) for line in lines]


def test_data_is_the_same_on_every_platform() -> None:
    """Changing the data is allowed; it makes benchmarks of before and after incomparable."""
    digest = hashlib.sha256(b"\n".join(persons(1000))).hexdigest()
    assert digest == "2d0ac8115fc633772bba92d05069115a49b0b03820ac03c5f04b75c652e9d5f2"


def test_seeds_differ() -> None:
    assert not set(persons(100, seed=1)) & set(persons(100, seed=2))
    assert list(persons(100, seed=-7)) == list(persons(100, seed=-7))


@pytest.mark.parametrize("start", [0, 1, 63, 64, 65, 1000, 49_990])
def test_ranges_are_independent(lines: list[bytes], start: int) -> None:
    assert list(persons(10, start=start)) == lines[start : start + 10]


def test_ranges_far_out() -> None:
    far = 10**12 + 5
    assert list(persons(200, start=far))[150:] == list(persons(50, start=far + 150))
    assert list(persons(0, start=far)) == []


@pytest.mark.parametrize(("count", "start"), [(-1, 0), (1, -1)])
def test_negative_ranges_are_refused(count: int, start: int) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        next(persons(count, start=start))


def test_what_must_be_unique_is(people: list[Person]) -> None:
    distinct_ids = list(chain.from_iterable(person.distinct_ids for person in people))
    emails = [p.properties.email for p in people if p.properties.email is not None]
    uuids = [UUID(person.uuid) for person in people]
    assert len(set(distinct_ids)) == len(distinct_ids)
    assert len(set(emails)) == len(emails)
    assert len(set(uuids)) == COUNT
    assert len({uuid.int & (1 << 53) - 1 for uuid in uuids}) == COUNT


def test_numbers_stay_unique_past_their_permuted_bits() -> None:
    edge = 1 << 24
    ranges = (persons(500, start=start) for start in (0, edge - 250, 2 * edge - 250))
    ids = [msgspec.json.decode(line)["distinct_ids"] for line in chain(*ranges)]
    flat = list(chain.from_iterable(ids))
    assert len(set(flat)) == len(flat)


def test_uuids_are_version_5_with_random_low_bits(people: list[Person]) -> None:
    uuids = [UUID(person.uuid) for person in people]
    assert all(str(u) == p.uuid and u.version == 5 for u, p in zip(uuids, people, strict=True))
    for bit in range(62):
        assert sum(u.int >> bit & 1 for u in uuids) / COUNT == pytest.approx(0.5, abs=0.015)


def test_lines_are_plain_json_without_repeated_keys(lines: list[bytes]) -> None:
    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    for line in lines[:5000]:
        assert b"\n" not in line
        assert json.loads(line, object_pairs_hook=once)


def test_times(people: list[Person]) -> None:
    for person in people:
        assert INSTANT.fullmatch(person.created_at)
        assert "2023-10-01" <= person.created_at < "2026-10-01"
        assert person.properties.signup_date in {None, person.created_at[:10]}
        login = person.properties.last_login_at
        assert login is None or person.created_at < login < "2026-10-01"
    counts = Counter(person.created_at for person in people)
    tied = sum(n for n in counts.values() if n > 1)
    assert tied / COUNT == pytest.approx(0.01, abs=0.003)
    months = Counter(person.created_at[:7] for person in people)
    assert months["2026-09"] > 3 * months["2023-10"]
    milliseconds = sum(len(person.created_at) == 24 for person in people)
    assert milliseconds / COUNT == pytest.approx(0.5, abs=0.02)


def test_distinct_ids(people: list[Person]) -> None:
    for person in people:
        first, *others = person.distinct_ids
        assert (ANONYMOUS.fullmatch(first) is None) == person.is_identified
        assert all(ANONYMOUS.fullmatch(other) for other in others)
        assert "@" not in first or first == person.properties.email
    counts = Counter(len(person.distinct_ids) for person in people)
    assert sum(n * of for n, of in counts.items()) / COUNT == pytest.approx(1.6, abs=0.05)
    assert counts[1] / COUNT == pytest.approx(0.66, abs=0.02)
    assert max(counts) == 20
    assert 0 < counts[20] / COUNT < 0.005


@pytest.mark.parametrize(
    ("key", "rate"),
    [
        ("email", 0.85),
        ("name", 0.80),
        ("company", 0.60),
        ("age", 0.50),
        ("username", 0.30),
        ("mrr", 0.30),
        ("utm_source", 0.25),
        ("beta_features", 0.10),
        ("address", 0.05),
        ("last_login_at", 0.68),
        ("app_version", 0.88),
    ],
)
def test_rates(people: list[Person], key: str, rate: float) -> None:
    present = sum(getattr(person.properties, key) is not None for person in people)
    assert present / COUNT == pytest.approx(rate, abs=0.01)


def test_nulls(people: list[Person]) -> None:
    nulls = sum(person.properties.churned_at is None for person in people)
    assert nulls / COUNT == pytest.approx(0.02, abs=0.003)


def test_plans(people: list[Person]) -> None:
    plans = Counter(person.properties.plan for person in people)
    for plan, rate in {"free": 0.70, "pro": 0.20, "business": 0.08, "enterprise": 0.02}.items():
        assert plans[plan] / COUNT == pytest.approx(rate, abs=0.01)
    assert all((p.properties.mrr is None) == (p.properties.plan == "free") for p in people)


def test_skew(people: list[Person]) -> None:
    companies = Counter(p.properties.company for p in people if p.properties.company)
    cities = Counter(p.properties.S_geoip_city_name for p in people)
    assert len(companies) > 5_000
    assert companies.most_common(1)[0][1] / COUNT == pytest.approx(0.057, abs=0.01)
    assert 900 < len(cities) <= 1000
    assert cities["New York"] == max(cities.values())
    assert cities["New York"] / COUNT == pytest.approx(0.134, abs=0.01)


def test_a_city_is_in_one_country(people: list[Person]) -> None:
    pairs = {(p.properties.S_geoip_city_name, p.properties.S_geoip_country_code) for p in people}
    assert len(pairs) == len({city for city, _ in pairs})


def test_names_are_in_many_scripts(people: list[Person]) -> None:
    names = " ".join(p.properties.name for p in people if p.properties.name)
    for letters in ("[a-z]", "[éøł]", "[а-я]", "[一-龯]", "[ا-ي]"):  # noqa: RUF001
        assert len(re.findall(letters, names)) > 1000


def test_emails_reach_nobody(people: list[Person]) -> None:
    address = re.compile(r"[a-z]+\.[a-z]+\d+@[a-z0-9-]+\.example")
    emails = [p.properties.email for p in people if p.properties.email is not None]
    assert all(address.fullmatch(email) for email in emails)


def test_rare_keys() -> None:
    found: Counter[str] = Counter()
    types: dict[int, set[str]] = {0: set(), 1: set(), 2: set()}
    for line in persons(COUNT, start=COUNT):
        for key, value in msgspec.json.decode(line)["properties"].items():
            if key.startswith("custom_"):
                found[key] += 1
                types[int(key[7:]) % 3].add(type(value).__name__)
    assert sum(found.values()) / COUNT == pytest.approx(0.01, abs=0.002)
    assert all(re.fullmatch(r"custom_[0-3]?\d{1,3}", key) for key in found)
    assert types == {0: {"int"}, 1: {"str"}, 2: {"bool"}}


def test_one_beta_tester_in_100_000(lines: list[bytes]) -> None:
    assert [n for n, line in enumerate(lines) if b'"beta_tester_id"' in line] == [31_415]
    assert b'"beta_tester_id"' in next(persons(1, start=131_415))


def test_lines_are_of_the_length_promised(lines: list[bytes]) -> None:
    properties = sum(len(line) - line.index(b'"properties":') - 14 for line in lines)
    assert properties / COUNT == pytest.approx(600, abs=20)


def test_superseding(people: list[Person]) -> None:
    old = {person.uuid: person for person in people}
    newer = [msgspec.json.decode(line, type=Person) for line in superseding(COUNT)]
    assert len(newer) / COUNT == pytest.approx(0.075, abs=0.003)
    for person in newer:
        before = old[person.uuid]
        assert person.distinct_ids == before.distinct_ids
        assert person.created_at == before.created_at
        assert person.is_identified == before.is_identified
        assert person.properties.email == before.properties.email
        assert person.properties.score != before.properties.score
        assert (person.properties.last_login_at or "") >= (before.properties.last_login_at or "")
    moved = sum(p.properties.plan != old[p.uuid].properties.plan for p in newer)
    assert moved / len(newer) == pytest.approx(0.6, abs=0.05)
    assert list(superseding(3000, start=1000)) == [
        line
        for line in superseding(4000)
        if line[9:45].decode() in {person.uuid for person in people[1000:4000]}
    ]


def test_deleted(people: list[Person]) -> None:
    gone = list(deleted(COUNT))
    assert len(set(gone)) / COUNT == pytest.approx(0.01, abs=0.002)
    assert set(gone) <= {person.uuid for person in people}
    assert not set(gone) & {line[9:45].decode() for line in superseding(COUNT)}
