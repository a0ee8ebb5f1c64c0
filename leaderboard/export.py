"""Records as rows for other programs and for papers, and their methods as BibTeX."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from harness.record import Record
from harness.summary import cost_of, energy_of, latency_of
from harness.text import csv_bytes, latex_line, markdown_table
from leaderboard.bibtex import bibtex
from leaderboard.parquet import to_parquet
from leaderboard.table import json_bytes
from leaderboard.text import clean

Row = dict[str, Any]
FIELDS = (
    "record",
    "task",
    "task_version",
    "split",
    "origin",
    "protocol",
    "settings",
    "data_digest",
    "submission",
    "variant",
    "provenance",
    "metric",
    "value",
    "low",
    "high",
    "unit",
    "n",
    "reason",
    "latency_p50_ms",
    "latency_verdict",
    "energy_j",
    "energy_verdict",
    "parameters",
    "macs",
    "macs_complete",
    "host",
    "device",
    "batch_size",
    "not_ranked",
    "finished",
)
PAPER_FIELDS = (
    ("task", "Task"),
    ("split", "Split"),
    ("protocol", "Protocol"),
    ("submission", "Submission"),
    ("metric", "Metric"),
    ("value", "Value"),
    ("low", "Low"),
    ("high", "High"),
    ("latency_p50_ms", "Latency (ms)"),
    ("parameters", "Parameters"),
    ("provenance", "Provenance"),
)


def rows(records: Iterable[Record]) -> list[Row]:
    """One row for every metric of every record (one without a metric where nothing was scored), in order of task and record."""
    listed = sorted(records, key=lambda record: (record.task.id, record.task.split, record.task.protocol, record.id))
    return [row for record in listed for row in _rows(record)]


def _rows(record: Record) -> list[Row]:
    shared = _shared(record)
    found = [
        {
            **shared,
            "protocol": metric.protocol,
            "metric": metric.name,
            "value": metric.value,
            "unit": metric.unit,
            "n": metric.n,
            "low": metric.interval.low if metric.interval else None,
            "high": metric.interval.high if metric.interval else None,
            "reason": metric.reason,
        }
        for metric in record.metrics
    ]
    return [{field: row.get(field) for field in FIELDS} for row in found or [shared]]


def _shared(record: Record) -> Row:
    latency, energy, cost = latency_of(record), energy_of(record), cost_of(record)
    task, part = record.task, record.submission
    return {
        "record": record.id,
        "task": task.id,
        "task_version": task.version,
        "split": task.split,
        "origin": task.origin,
        "protocol": task.protocol,
        "settings": "; ".join(f"{k}={v}" for k, v in sorted(record.settings.items())),
        "data_digest": task.data_digest,
        "submission": part.name,
        "variant": part.variant,
        "provenance": record.provenance,
        "latency_p50_ms": latency[0] if latency else None,
        "latency_verdict": latency[1] if latency else "not measured",
        "energy_j": energy.energy_j if energy else None,
        "energy_verdict": energy.verdict if energy else "not measured",
        "parameters": cost.parameters if cost else None,
        "macs": cost.macs if cost else None,
        "macs_complete": cost.complete if cost else None,
        "host": record.host.host_id if record.host else "",
        "device": record.run.device,
        "batch_size": record.measurements.latency[0].batch_size if record.measurements.latency else None,
        "not_ranked": "; ".join(flag.text or flag.code for flag in record.flags if flag.scope == "score"),
        "finished": record.run.finished,
    }


def to_csv(found: Sequence[Row]) -> bytes:
    """Every field, text guarded against formulas."""
    return csv_bytes(list(FIELDS), list(found))


def to_json(found: Sequence[Row]) -> bytes:
    """Every field, numbers with all their digits."""
    return json_bytes(list(found))


def to_latex(found: Sequence[Row]) -> bytes:
    r"""A ``tabular`` for the booktabs package (``\usepackage{booktabs}``)."""
    numeric = {"value", "low", "high", "latency_p50_ms", "parameters"}
    layout = "".join("r" if key in numeric else "l" for key, _ in PAPER_FIELDS)
    lines = [
        rf"\begin{{tabular}}{{{layout}}}",
        r"\toprule",
        latex_line(title for _, title in PAPER_FIELDS),
        r"\midrule",
    ]
    lines += [latex_line(_paper_cells(row)) for row in found]
    lines += [r"\bottomrule", r"\end{tabular}"]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def to_markdown(found: Sequence[Row]) -> bytes:
    """A pipe table."""
    shown = markdown_table([title for _, title in PAPER_FIELDS], map(_paper_cells, found))
    return shown.encode("utf-8", "replace")


def _paper_cells(row: Mapping[str, Any]) -> list[str]:
    return [_paper_text(row[key]) for key, _ in PAPER_FIELDS]


def _paper_text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else clean(str(value), 200)


def to_bibtex(records: Sequence[Record]) -> bytes:
    """The methods behind the records; authors and titles are those of the installed papers where there are any."""
    from harness.papers import all_papers

    manifests, _ = all_papers(references=True)
    return bibtex(records, {manifest.name: manifest.paper for manifest in manifests if manifest.paper is not None})


def _of_rows(write: Callable[[Sequence[Row]], bytes]) -> Callable[[Sequence[Record]], bytes]:
    return lambda records: write(rows(records))


WRITERS: dict[str, Callable[[Sequence[Record]], bytes]] = {
    "csv": _of_rows(to_csv),
    "json": _of_rows(to_json),
    "parquet": _of_rows(lambda found: to_parquet(FIELDS, found)),
    "latex": _of_rows(to_latex),
    "markdown": _of_rows(to_markdown),
    "bibtex": to_bibtex,
}
"""Format -> writer, for ``harness export --format``."""
