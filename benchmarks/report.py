from pathlib import Path
from benchmarks.results_file import Report
def write(folder: Path) -> None: ...
def summary(report: Report) -> str:
    out = []
    for q in report.questions():
        out.append(q.ljust(45) + " ".join(f"{s}={report.medians(s).get(q)}" for s in report.asked()))
    return "\n".join(out)
