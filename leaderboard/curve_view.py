"""The curves of a record as sections of a page: one plot for every group, under every protocol that was computed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from harness.curves import Curve, table_curves
from harness.errors import RecordError
from leaderboard.curve_plot import MOST_CURVES, MOST_ROWS, CurvePlot, describe
from leaderboard.entries import Entry
from leaderboard.stored import stored_table
from leaderboard.text import clean, name
from leaderboard.view import Picture, Section

LARGEST = 1e12
"""Values beyond this are not drawn: no benchmark has them, and their differences are lost."""
MOST_PLOTS = 24


@dataclass(frozen=True, slots=True)
class CurveFiles:
    """A plot's files, from the site's root."""

    light: str
    dark: str
    data: str


DrawCurves = Callable[[CurvePlot], CurveFiles]
"""Draws a plot unless it is there; raises RecordError where it cannot be drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One group of curves with the protocols that have it."""

    plot: CurvePlot
    protocols: tuple[str, ...]
    left_out: int


def curve_sections(entry: Entry, draw: DrawCurves) -> list[Section]:
    """A section for every protocol that has curves of its own, or one that says why there are none to be seen.

    Those of the record's own protocol come first and are open. Whatever the file of a stranger holds, the page is made.
    """
    try:
        shown = found_curves(entry)
        own = entry.record.task.protocol
        shown.sort(key=lambda item: own not in item.protocols)
        return [
            _section(number, protocols, list(items), own, draw)
            for number, (protocols, items) in enumerate(groupby(shown[:MOST_PLOTS], key=lambda item: item.protocols))
        ]
    except RecordError as error:
        return [Section(id="curves", title="Curves", paragraphs=[f"Not shown: {error}."])]


def own_curves(entry: Entry, title: str, draw: DrawCurves) -> Section | None:
    """The plots of the record's own protocol in one section, or None where there are none to be seen."""
    record = entry.record
    try:
        items = [item for item in found_curves(entry) if record.task.protocol in item.protocols][:MOST_PLOTS]
        pictures = [_picture(item, draw, alone=False) for item in items]
    except RecordError:
        return None
    return Section(id=f"curves-{record.id}", title=title, pictures=pictures) if pictures else None


def found_curves(entry: Entry) -> list[Shown]:
    """The groups of curves that a record keeps; raises RecordError with a reason in words."""
    table = stored_table(entry, "curves", "its curves")
    if table is None:
        return []
    try:
        by_protocol = table_curves(table)
    except (ValueError, LookupError):
        raise RecordError("its curves are not laid out as curves are") from None
    plots: dict[str, tuple[CurvePlot, int]] = {}
    protocols: dict[str, list[str]] = {}
    for protocol, curves in by_protocol.items():
        for plot, left_out in _plots(curves):
            plots.setdefault(plot.name, (plot, left_out))
            protocols.setdefault(plot.name, []).append(protocol)
    return [
        Shown(plot=plot, left_out=left_out, protocols=tuple(protocols[key])) for key, (plot, left_out) in plots.items()
    ]


def _plots(curves: Iterable[Curve]) -> list[tuple[CurvePlot, int]]:
    """Each group as a plot, with how many of its curves are left out."""
    groups: dict[tuple[str, ...], list[Curve]] = {}
    for curve in curves:
        if any((np.abs(values) > LARGEST).any() for values in (curve.x, curve.y)):
            raise RecordError(f"one of its curves has values beyond {LARGEST:g}")
        groups.setdefault((curve.group, curve.x_label, curve.y_label, curve.log), []).append(curve)
    return [
        (CurvePlot(title=title or "Curves", curves=tuple(found[:MOST_CURVES])), max(0, len(found) - MOST_CURVES))
        for (title, *_), found in groups.items()
    ]


def _section(number: int, protocols: Sequence[str], items: Sequence[Shown], own: str, draw: DrawCurves) -> Section:
    alone = len(items) == 1
    words = " and ".join(name(protocol) for protocol in protocols)
    title = clean(items[0].plot.title, 120) if alone else "Curves"
    return Section(
        id=f"curves-{number}",
        title=title if own in protocols else f"{title} ({words})",
        paragraphs=[f"Under {words}."] if len(protocols) > 1 else [],
        pictures=[_picture(item, draw, alone) for item in items],
        folded=own not in protocols,
    )


def _picture(item: Shown, draw: DrawCurves, alone: bool) -> Picture:
    files, plot = draw(item.plot), item.plot
    parts = [] if alone else [f"{clean(plot.title, 120)}."]
    if plot.points > MOST_ROWS:
        kept = sum(len(curve.x) for curve in plot.kept)
        parts.append(f"Drawn from {kept:,} of {plot.points:,} points; the stored file has all of them.")
    parts += [f"{item.left_out} further curves are in the stored file."] if item.left_out else []
    return Picture(
        light=files.light, dark=files.dark, data=files.data, alt=describe(plot), caption=" ".join(parts),
        height=round(plot.height),
    )  # fmt: skip
