"""Score against parameters, against operations, and over time: plots that need no clock, for a whole board."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.record import Metric, Record
from harness.summary import method_name
from leaderboard.boards import main_metric
from leaderboard.dates import method_month
from leaderboard.drawing import POINTS_PER_INCH
from leaderboard.plot import HEIGHT_IN, Point, Scatter, describe
from leaderboard.standings import Standings
from leaderboard.view import Picture, Section

HEIGHT = round(HEIGHT_IN * POINTS_PER_INCH)
LARGEST = 1e9
"""Scores and latencies beyond this are in the table only."""
MOST_COUNTED = 1e18
SHAPES = {"measured": "circle", "verified": "diamond", "disputed": "cross", "scored": "square", "reported": "triangle"}


@dataclass(frozen=True, slots=True)
class PlotPaths:
    """A plot's files, from the site's root."""

    light: str
    dark: str
    data: str


PlotFiles = Callable[[Scatter], PlotPaths]
"""Draws a scatter plot unless it is there."""
Frontiers = Mapping[str, Sequence[str]]
"""Record id -> the plots on whose frontier it lies, in words."""


@dataclass(frozen=True, slots=True)
class Trade:
    """A plot of a board with the section that it stands in and what its frontier is called in the table."""

    scatter: Scatter
    called: str


def trades(records: Sequence[Record], found: Standings) -> list[Trade]:
    """The plots of parameters and of operations, where at least two results have them."""
    parameters = _scatter("score against parameters", "parameters", records, lambda r: _parameters(r, found))
    operations = "multiply-accumulates of one sample"
    macs = _scatter("score against operations", operations, records, lambda r: _macs(r, found))
    pairs = ((parameters, "parameters"), (macs, "operations"))
    return [Trade(scatter, called) for scatter, called in pairs if scatter]


def over_time(records: Sequence[Record], standing: Standings) -> Scatter | None:
    """Every result at the month in which its method appeared; None where all appeared in one month."""
    title = "month of the paper, else of the run"
    found = _scatter("results over time", title, records, lambda r: _dated(r, standing), kind="time")
    return found if found and len({point.x for point in found.points}) > 1 else None


def _scatter(
    title: str,
    x_title: str,
    records: Sequence[Record],
    point: Callable[[Record], Point | None],
    kind: Literal["cost", "time"] = "cost",
) -> Scatter | None:
    points = tuple(item for record in records if (item := point(record)))
    metric = next((m for record in records if (m := main_metric(record))), None)
    if len(points) < 2 or metric is None:
        return None
    return Scatter(
        title=title,
        score_title=score_title(metric),
        higher_is_better=metric.higher_is_better,
        points=points,
        x_title=x_title,
        kind=kind,
    )


def score_title(metric: Metric) -> str:
    """The metric with its unit."""
    return f"{metric.name}{', ' + metric.unit if metric.unit else ''}"


def point_at(
    record: Record, x: float, *, stable: bool, ranked: bool, low: float | None = None, high: float | None = None
) -> Point | None:
    """The record's score at `x`; None where there is no score that can be drawn."""
    metric = main_metric(record)
    if metric is None or metric.value is None or not abs(metric.value) < LARGEST:
        return None
    interval = metric.interval
    return Point(
        id=record.id,
        label=method_name(record),
        x=x,
        x_low=low,
        x_high=high,
        score=metric.value,
        score_low=interval.low if interval else None,
        score_high=interval.high if interval else None,
        provenance=record.provenance,
        stable=stable,
        ranked=ranked,
    )  # fmt: skip


def _parameters(record: Record, found: Standings) -> Point | None:
    cost = record.measurements.cost
    if cost is None or not cost.parameters or not 0 < cost.parameters < MOST_COUNTED:
        return None
    return point_at(record, float(cost.parameters), stable=True, ranked=found.has_rank(record.id))


def _macs(record: Record, found: Standings) -> Point | None:
    cost = record.measurements.cost
    if cost is None or not cost.macs or not 0 < cost.macs < MOST_COUNTED or record.submission.emulated:
        return None
    return point_at(record, float(cost.macs), stable=cost.complete, ranked=found.has_rank(record.id))


def _dated(record: Record, found: Standings) -> Point | None:
    month = method_month(record)
    if month is None:
        return None
    return point_at(record, month[0] + (month[1] - 0.5) / 12, stable=True, ranked=found.has_rank(record.id))


def picture(scatter: Scatter, draw: PlotFiles, remark: str = "") -> Picture:
    """The plot with its caption and its text."""
    files = draw(scatter)
    caption = " ".join(filter(None, [remark, _caption(scatter)]))
    return Picture(
        light=files.light, dark=files.dark, data=files.data, alt=describe(scatter), caption=caption, height=HEIGHT
    )


def _caption(scatter: Scatter) -> str:
    shown = [provenance for provenance in SHAPES if any(point.provenance == provenance for point in scatter.points)]
    shapes = "; ".join(f"{SHAPES[provenance]}: {provenance}" for provenance in shown)
    parts = [f"Bars are 95 % intervals. {shapes[:1].upper()}{shapes[1:]}."]
    if any(not point.stable for point in scatter.points):
        parts.append("Hollow and grey: not stable or a lower bound, for the reason in the table.")
    if len(scatter.frontier) > 1:
        line = "was the best when it came" if scatter.kind == "time" else "no other beats in both"
        parts.append(
            f"The dashed line joins the ranked results that {'each ' if scatter.kind == 'time' else ''}{line}."
        )
    return " ".join(parts)


def trade_section(found: Sequence[Trade], draw: PlotFiles) -> Section:
    """Score against what it costs, on any machine."""
    return Section(
        id="trade",
        title="Score against cost",
        pictures=[picture(item.scatter, draw, f"By {item.called}.") for item in found],
    )


def time_section(scatter: Scatter, draw: PlotFiles) -> Section:
    """Results over time."""
    return Section(id="time", title="Results over time", pictures=[picture(scatter, draw)])


def frontiers(found: Sequence[Trade]) -> dict[str, list[str]]:
    """On which frontiers each record lies; a frontier needs two ranked results."""
    lies: dict[str, list[str]] = {}
    for item in found:
        if sum(point.ranked and point.stable for point in item.scatter.points) < 2:
            continue
        for point in item.scatter.frontier:
            if item.called not in (known := lies.setdefault(point.id, [])):
                known.append(item.called)
    return lies
