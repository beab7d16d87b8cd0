"""Pictures of results, as SVG. Without matplotlib there are none, and nothing else is different."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.results_file import Report

_COLORS = {
    "personhouse": "#0b6e4f",
    "personhouse, HTTP": "#6bbf9c",
    "posthog": "#c8553d",
    "posthog, e-mail materialized": "#e8a798",
    "PostgreSQL": "#33658a",
    "DuckDB": "#d4a72c",
}
_ACROSS = 4


def plot_peers(report: Report, target: Path) -> bool:
    """Draw the medians of all questions and systems as bars; False where it cannot be drawn."""
    library = _library()
    if library is None:
        return False
    questions, systems = list(report.questions()), report.asked()
    figure, axes = library.subplots(figsize=(10, 0.55 * len(questions) + 1.5), layout="constrained")
    height = 0.85 / max(len(systems), 1)
    for n, system in enumerate(systems):
        medians = report.medians(system)
        shown = [(row, medians[one]) for row, one in enumerate(questions) if one in medians]
        axes.barh(
            [row + (n - (len(systems) - 1) / 2) * height for row, _ in shown],
            [ms for _, ms in shown],
            height,
            label=system,
            color=_COLORS.get(system),
        )
    axes.set_yticks(range(len(questions)), [_plain(one) for one in questions])
    axes.set_ylim(len(questions) - 0.5, -0.5)
    axes.set_xscale("log")
    axes.set_xlabel("milliseconds, median (logarithmic: shorter is faster)")
    axes.set_title(f"{report.persons:,} persons, personhouse {report.version}")
    axes.grid(axis="x", alpha=0.3)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    _save(library, figure, target)
    return True


def plot_sizes(reports: list[Report], target: Path) -> bool:
    """Draw each question's cost against the number of persons; False where it cannot be drawn."""
    library = _library()
    if library is None or not reports:
        return False
    questions = list(dict.fromkeys(one for report in reports for one in report.questions()))
    systems = list(dict.fromkeys(one for report in reports for one in report.asked()))
    down = -(-len(questions) // _ACROSS)
    figure, grid = library.subplots(
        down, _ACROSS, figsize=(13, 2.3 * down + 1), layout="constrained", squeeze=False
    )
    cells = list(grid.flat)
    for axes in cells[len(questions) :]:
        axes.set_axis_off()
    for axes, question in zip(cells, questions, strict=False):
        for system in systems:
            points = [
                (report.persons, report.medians(system)[question])
                for report in reports
                if question in report.medians(system)
            ]
            if points:
                sizes, times = zip(*points, strict=True)
                axes.plot(sizes, times, "o-", markersize=3, label=system, color=_COLORS.get(system))
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_title(_plain(question), fontsize=9)
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.3)
    handles: dict[str, Any] = {}
    for axes in cells:
        drawn, labels = axes.get_legend_handles_labels()
        handles.update(zip(labels, drawn, strict=True))
    figure.supxlabel("persons")
    figure.supylabel("milliseconds, median")
    figure.legend(
        handles.values(),
        handles.keys(),
        loc="outside lower center",
        ncols=len(systems),
        frameon=False,
    )
    _save(library, figure, target)
    return True


def _library() -> Any | None:
    try:
        whole = import_module("matplotlib")
    except ImportError:
        return None
    whole.use("svg")
    # The same numbers make the same file.
    whole.rcParams["svg.hashsalt"] = "personhouse"
    return import_module("matplotlib.pyplot")


def _save(library: Any, figure: Any, target: Path) -> None:
    figure.savefig(target, format="svg", metadata={"Date": None})
    library.close(figure)


def _plain(text: str) -> str:
    """Return a text without what would be read as mathematics."""
    return text.replace("$", r"\$")
