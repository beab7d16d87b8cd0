"""What is aimed at, and whether a run has it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from benchmarks.results_file import Report

OURS, HTTP = "personhouse", "personhouse, HTTP"
POSTHOG, POSTHOG_EMAIL = "posthog", "posthog, e-mail materialized"
POSTGRES, DUCKDB = "PostgreSQL", "DuckDB"

LARGE = 10_000_000
"""Ratios to PostHog's model are aimed at for so many persons; for fewer it is to be ahead."""
_POSTHOG_RATIO = 20.0
_SEARCH_RATIO = 3.0
_POINT_RATIO = 10.0
_FLAT = 1.5
# Twice the same differ by so much.
_LINEAR_SLACK = 1.2
_FLAT_KINDS = ("point", "page")
_SCANS = ("count", "values", "search count")


class Target(Struct, frozen=True):
    """A target; `missed` says where it is missed, one text for each."""

    text: str
    missed: list[str]


def targets(report: Report, smaller: list[Report]) -> list[Target]:
    """Return all targets that a run can tell something about.

    Args:
        report: the run.
        smaller: runs of the same version with fewer persons, for how cost grows.
    """
    asked = report.asked()
    found: list[Target] = []
    if POSTHOG in asked:
        found.append(_ahead(report, POSTHOG, tuple(report.questions().values())))
        found += _ratios(report) if report.persons >= LARGE else []
    if POSTGRES in asked:
        found.append(_ahead(report, POSTGRES, _SCANS))
        found.append(
            Target(
                f"within {_POINT_RATIO:g} times PostgreSQL's time in point reads",
                list(_behind(report, POSTGRES, ("point",), 1 / _POINT_RATIO)),
            )
        )
        found += _bulk(report)
    if smaller:
        least = min(smaller, key=lambda one: one.persons)
        grown = f"from {least.persons:,} to {report.persons:,} persons"
        found.append(
            Target(
                f"point reads and pages at most {_FLAT:g} times as long {grown}",
                list(_growth(least, report, _FLAT_KINDS, _FLAT)),
            )
        )
        linear = _LINEAR_SLACK * report.persons / least.persons
        found.append(
            Target(f"scans at most linear {grown}", list(_growth(least, report, _SCANS, linear)))
        )
    return found


def _ahead(report: Report, peer: str, kinds: tuple[str, ...]) -> Target:
    named = ", ".join(dict.fromkeys(kinds)) if peer == POSTGRES else "every question"
    return Target(f"ahead of {peer} in {named}", list(_behind(report, peer, kinds, 1.0)))


def _ratios(report: Report) -> Iterator[Target]:
    kinds = ("page", "count")
    yield Target(
        f"{_POSTHOG_RATIO:g} times as fast as {POSTHOG} in lists, filters and counts",
        list(_behind(report, POSTHOG, kinds, _POSTHOG_RATIO)),
    )
    yield Target(
        f"{_SEARCH_RATIO:g} times as fast as {POSTHOG_EMAIL} in searches",
        list(_behind(report, POSTHOG_EMAIL, ("search", "search count"), _SEARCH_RATIO)),
    )


def _behind(report: Report, peer: str, kinds: tuple[str, ...], ratio: float) -> Iterator[str]:
    """Yield where the peer takes less than `ratio` times our time."""
    ours, theirs = report.medians(OURS), report.medians(peer)
    for question, kind in report.questions().items():
        if kind not in kinds or question not in theirs or question not in ours:
            continue
        if theirs[question] < ratio * ours[question]:
            yield f"{question} ({ours[question]:,.3g} ms, theirs {theirs[question]:,.3g})"


def _bulk(report: Report) -> Iterator[Target]:
    loaded = {one.name: one.loaded for one in report.systems if one.loaded is not None}
    ours, theirs = loaded.get(HTTP), loaded.get(POSTGRES)
    # What else ran meanwhile was not the same for both.
    if ours and theirs and ours.was_alone() and theirs.was_alone():
        rates = ours.persons / ours.seconds, theirs.persons / theirs.seconds
        yield _faster("load", *rates)
    written = {(one.system, one.form): one.rows / one.seconds for one in report.exports}
    exported = written.get((HTTP, "csv")), written.get((POSTGRES, "csv"))
    if exported[0] is not None and exported[1] is not None:
        yield _faster("export CSV, over HTTP,", exported[0], exported[1])


def _faster(what: str, ours: float, theirs: float) -> Target:
    missed = [] if ours >= theirs else [f"{ours:,.0f} persons/s, theirs {theirs:,.0f}"]
    return Target(f"{what} faster than PostgreSQL", missed)


def _growth(least: Report, most: Report, kinds: tuple[str, ...], limit: float) -> Iterator[str]:
    for system in (OURS, HTTP):
        before, after = least.medians(system), most.medians(system)
        for question, kind in most.questions().items():
            # An offset of another depth is another question.
            if kind in kinds and question in before and question in after and before[question]:
                ratio = after[question] / before[question]
                if ratio > limit:
                    yield f"{system}: {question} ({ratio:.1f} times)"
