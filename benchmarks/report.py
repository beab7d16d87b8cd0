"""A version's results as Markdown: `python -m benchmarks.report DIR` makes it of the JSON."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.plots import plot_peers, plot_sizes
from benchmarks.results_file import Report, SystemReport, read
from benchmarks.targets import HTTP, OURS, targets

_MIB = 1 << 20
_ABOUT = """\
- A time is that of the statements, or of the request, until all of the answer is there; it is taken
  in the system's own process. One question at a time, all systems open, in turns and in another
  order every time, in one run; every answer is compared with what plain Python made of the lines.
- Each question has another constant every time but those that have none to change (the list's first
  page, whether `utm_source` is set, values) and the plan, one of four. The query condition cache is
  off for PostHog's model and as the service has it, on, for personhouse, which gets nothing from it
  as the constants vary.
- Data is in memory: nothing is read cold. 7.5 % of the persons have a newer version, 1 % are
  deleted, every hundredth has 20 events. personhouse and PostHog's model hold the older versions as
  they come, the former after its own merges; PostgreSQL and DuckDB hold the latest state alone.
- In brackets: how many times as long as personhouse's statements it takes; below 1 the peer is
  faster. On a machine that does something else as well, differences below a factor of two mean
  nothing.
- *Limit*: the bytes that any system must look at (what is asked of everybody who must be looked at,
  what is shown of those who pass), at the memory's measured bandwidth.
- Asked no more, after three times, is what has taken a system the run's `--seconds`."""


def main() -> None:
    """Write the Markdown and the pictures of a directory anew."""
    write(Path(sys.argv[1]))


def write(folder: Path) -> None:
    """Write the Markdown and the pictures of all results in a directory."""
    reports = sorted(map(read, folder.glob("*.json")), key=lambda one: one.persons)
    for n, report in enumerate(reports):
        plot_peers(report, folder / f"peers-{report.persons}.svg")
        (folder / f"{report.persons}.md").write_text(markdown(report, reports[:n]))
    plot_sizes(reports, folder / "sizes.svg")


def summary(report: Report) -> str:
    """Return the table of times alone."""
    return "\n".join(_times(report))


def markdown(report: Report, smaller: list[Report]) -> str:
    """Return the whole report; its first lines say which targets are missed."""
    lines = [
        f"# {report.persons:,} persons, personhouse {report.version}",
        "",
        *_targets(report, smaller),
        "",
        f"![Bars: every question, every system](peers-{report.persons}.svg)",
        "",
        "![Lines: cost against the number of persons](sizes.svg)",
        "",
        "## Milliseconds, medians",
        "",
        *_times(report),
        "",
        _ABOUT,
        "",
        "## p95, spread and how often",
        "",
        *_table(report, lambda one: f"{_ms(one[0])} / {_ms(one[1])} / {one[2]}"),
        "",
        "Of each: 95 of 100 took at most so many ms / ms between the quartiles / times asked.",
        "",
        "## Load, disk, memory, exports",
        "",
        *_bulk(report),
        "",
        "## How it was measured",
        "",
        *_facts(report),
        "",
        *_statements(report),
    ]
    return "\n".join(lines) + "\n"


def _targets(report: Report, smaller: list[Report]) -> list[str]:
    found = targets(report, smaller)
    missed = [target for target in found if target.missed]
    if not missed:
        return [
            f"All {len(found)} targets are met." if found else "There was nobody to compare with."
        ]
    return [
        f"**{len(missed)} of {len(found)} targets are missed:**",
        "",
        *(f"- {target.text}: not {'; '.join(target.missed)}" for target in missed),
        "",
        "Met: " + "; ".join(target.text for target in found if not target.missed) + ".",
    ]


def _times(report: Report) -> list[str]:
    asked = report.asked()
    medians = {system: report.medians(system) for system in asked}
    rows = [
        f"| question | {' | '.join(asked)} | limit | times the limit |",
        f"| --- |{' --: |' * (len(asked) + 2)}",
    ]
    for question in report.questions():
        ours = medians.get(OURS, {}).get(question)
        cells = [_cell(medians[system].get(question), ours, system == OURS) for system in asked]
        limit = 1_000 * report.scanned[question] / report.bandwidth.memory
        above = f"{ours / limit:,.0f}" if ours and limit else ""
        rows.append(f"| {question} | {' | '.join(cells)} | {_ms(limit)} | {above} |")
    return rows


def _cell(ms: float | None, ours: float | None, is_ours: bool) -> str:
    if ms is None:
        return "–"
    return _ms(ms) if is_ours or not ours else f"{_ms(ms)} ({ms / ours:.2g}×)"


def _table(report: Report, shown: Callable[[tuple[float, float, int]], str]) -> list[str]:
    asked = report.asked()
    found = {
        (one.question, one.system): (one.p95_ms, one.spread_ms, one.n) for one in report.timings
    }
    rows = [f"| question | {' | '.join(asked)} |", f"| --- |{' --: |' * len(asked)}"]
    for question in report.questions():
        cells = (found.get((question, system)) for system in asked)
        rows.append(
            f"| {question} | {' | '.join('–' if not one else shown(one) for one in cells)} |"
        )
    return rows


def _bulk(report: Report) -> list[str]:
    rows = [
        "| system | load, persons/s | bytes a person | memory MiB | CSV, persons/s | Parquet |",
        "| --- | --: | --: | --: | --: | --: |",
    ]
    written = {(one.system, one.form): one.rows / one.seconds for one in report.exports}
    for one in report.systems:
        if one.missing:
            continue
        loaded = one.loaded
        memory = "" if one.memory_bytes is None else f"{one.memory_bytes / _MIB:,.0f}"
        has_loaded = loaded is not None and loaded.seconds > 0
        rate = f"{loaded.persons / loaded.seconds:,.0f}" if loaded and has_loaded else "as below"
        disk = f"{loaded.disk_bytes / report.persons:,.0f}" if loaded and has_loaded else "the same"
        csv, parquet = (written.get((one.name, form)) for form in ("csv", "parquet"))
        shown = ["–" if rate is None else f"{rate:,.0f}" for rate in (csv, parquet)]
        rows.append(f"| {one.name} | {rate} | {disk} | {memory} | {' | '.join(shown)} |")
    rows += [
        "",
        "Loaded are persons and distinct ids, indexes included; personhouse by its own command."
        " Memory is that of the processes after the questions, shared pages counted once. Exports"
        " are uuid, created_at and properties of everybody, once, into a file.",
    ]
    return rows


def _facts(report: Report) -> list[str]:
    machine = report.machine
    return [
        *([f"- **{report.note}**"] if report.note else []),
        _ABOUT_MACHINE.format(
            at=report.at,
            command=report.command,
            cores=machine.cores,
            memory=machine.memory_bytes / 2**30,
            platform=machine.platform,
            load=machine.load,
            versions=", ".join(f"{name} {number}" for name, number in report.versions.items()),
            read=report.bandwidth.memory / 1e9,
            disk=report.bandwidth.disk / 1e9,
        ),
        *(_about(one) for one in report.systems),
    ]


_ABOUT_MACHINE = """\
- {at}, `{command}`
- {cores} cores, {memory:.1f} GiB, {platform}; load {load} before the questions
- {versions}
- memory is read at {read:.1f} GB/s by one thread, the disk at {disk:.1f} GB/s"""


def _about(one: SystemReport) -> str:
    if one.facts is None:
        return f"- **{one.name}** took no part: {one.missing}"
    settings = f" Settings: {one.facts.settings}." if one.facts.settings else ""
    return f"- **{one.name}** {one.facts.version}: {one.facts.about}{settings}"


def _statements(report: Report) -> list[str]:
    lines = ["## Schemas and statements", ""]
    for one in report.systems:
        shown = [(s.question, s.text) for s in report.statements if s.system == one.name]
        if one.facts is None or not shown:
            continue
        language = "http" if one.name == HTTP else "sql"
        asked = "\n\n".join(f"-- {question}\n{text}" for question, text in shown)
        lines += [
            f"<details><summary>{one.name}</summary>",
            "",
            f"```{language}",
            *([one.facts.schema] if one.facts.schema else []),
            asked,
            "```",
            "",
            "</details>",
            "",
        ]
    return lines[:-1]


def _ms(ms: float) -> str:
    return f"{ms:,.0f}" if ms >= 100 else f"{ms:.1f}" if ms >= 10 else f"{ms:.2g}"


if __name__ == "__main__":
    main()
