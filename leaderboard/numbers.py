"""Numbers as people read them. A value that does not exist stays missing and keeps its reason."""

from harness.record import Metric, Quantile, Timing
from leaderboard.table import Cell

PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
MUTED_VERDICTS = ("unstable", "invalid")


def measured(value: float) -> str:
    """About four digits, without exponents for everyday sizes."""
    size = abs(value)
    if size >= 1e9:
        return f"{value:.3e}"
    if size >= 1000 or (value and size < 0.001):
        return f"{value:,.0f}" if size >= 1000 else f"{value:.2e}"
    return f"{value:.{1 if size >= 100 else 2 if size >= 10 else 3}f}"


def counted(value: int) -> str:
    """A large count with a prefix: 210.1 M."""
    for factor, prefix in PREFIXES:
        if abs(value) >= factor:
            scaled = value / factor
            return f"{scaled:.{1 if scaled >= 100 else 2}f} {prefix}"
    return str(value)


def prefixed(value: float) -> str:
    """Three digits with a prefix, for an axis: 5, 0.2, 210 M."""
    for factor, prefix in PREFIXES:
        if abs(value) >= factor:
            return f"{value / factor:.3g} {prefix}"
    return f"{value:.3g}"


def missing(reason: str, text: str = "not measured") -> Cell:
    """A cell without a value."""
    return Cell(text=text, reason=reason, muted=True)


def places_of(metric: Metric) -> int:
    """How many decimals a metric is printed with."""
    return max(0, min(metric.decimals, 12))


def metric_cell(metric: Metric | None, reason: str = "") -> Cell:
    """A score with its interval, in the decimals that the benchmark's users print."""
    if metric is None or metric.value is None:
        return missing(metric.reason if metric else reason, "no score")
    places = places_of(metric)
    low, high, span = None, None, ""
    if metric.interval is not None:
        low, high = metric.interval.low, metric.interval.high
        span = f"{low:.{places}f} to {high:.{places}f}"
    note = "" if metric.interval else metric.reason
    return Cell(value=metric.value, text=f"{metric.value:.{places}f}", low=low, high=high, span=span, reason=note)


def quiet(cell: Cell) -> Cell:
    """The cell with its reason in the data files only, where there is a value and the reason is said elsewhere."""
    return cell if cell.missing else cell.but(quiet=True)


def quantile_cell(quantile: Quantile, timing: Timing, flags: str = "") -> Cell:
    """A latency in milliseconds with its interval; grey, with every reason, where it may not be believed."""
    if quantile.value is None:
        return missing(quantile.reason or "; ".join(timing.reasons))
    return Cell(
        value=quantile.value,
        text=measured(quantile.value),
        low=quantile.low,
        high=quantile.high,
        span=span_text(quantile.low, quantile.high),
        reason=verdict_note(timing.verdict, timing.reasons, flags),
        muted=timing.verdict in MUTED_VERDICTS or bool(flags),
    )


def span_text(low: float | None, high: float | None) -> str:
    """An interval in words; empty where a bound is missing."""
    return "" if low is None or high is None else f"{measured(low)} to {measured(high)}"


def verdict_note(verdict: str, reasons: list[str], flags: str = "") -> str:
    """What a reader must know about a measurement: nothing where it is stable."""
    parts = [flags] if flags else []
    if verdict != "stable":
        parts.append(f"{verdict}: {'; '.join(reasons)}" if reasons else verdict)
    return "; ".join(parts)


def value_cell(value: float | None, reason: str = "", *, text: str = "", note: str = "", muted: bool = False) -> Cell:
    """A plain number, or why there is none."""
    if value is None:
        return missing(reason)
    shown = text or (str(value) if isinstance(value, int) else measured(value))
    return Cell(value=value, text=shown, reason=note, muted=muted)


def text_cell(text: str, *, href: str = "", sub: str = "", absent: str = "not stated") -> Cell:
    """A piece of text, or that it was not stated."""
    return Cell(value=text, text=text, href=href, sub=sub) if text else Cell(text=absent, muted=True)
