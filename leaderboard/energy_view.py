"""An energy in full: joules gross and above idling, every window, what else was counted, and the reason for every gap."""

from collections.abc import Iterator
from typing import Any

from harness.record import Energy
from leaderboard.numbers import text_cell, value_cell, verdict_note
from leaderboard.plain_facts import plain_facts
from leaderboard.table import Cell, Column, Row, Table
from leaderboard.text import clean, name
from leaderboard.view import Fact, Section

WINDOW = (
    ("seconds", "Length", "s"),
    ("joules", "Counted", "J"),
    ("inferences", "Inferences", ""),
    ("ticks", "Ticks", ""),
    ("paused_s", "Paused", "s"),
)


def energy_section(index: int, found: Energy, flags: str) -> Section:
    """The facts, the windows as a table, and for an energy that could not be counted what was tried."""
    note = verdict_note(found.verdict, [found.reason] if found.reason else [], flags)
    muted = found.verdict != "stable" or bool(flags)
    facts = [
        Fact(label="Joules a sample", cell=value_cell(found.energy_j, found.reason, muted=muted)),
        Fact(label="Mean watts under load", cell=value_cell(found.power_w, found.reason, muted=muted)),
        Fact(label="Source", cell=text_cell(", ".join(filter(None, [found.source, found.scope])), absent="none")),
        *_counted(found),
        *plain_facts({key: value for key, value in found.facts.items() if key != "windows"}, ""),
    ]
    items = [Cell(value=line, text=f"Tried: {clean(line)}") for line in found.tried]
    paragraphs = [f"Verdict: {clean(note or found.verdict)}."]
    if found.how_to_enable:
        paragraphs.append(f"To enable it: {clean(found.how_to_enable)}")
    tables = list(_windows(index, found.facts.get("windows")))
    return Section(id=f"energy-{index}", title="Energy", facts=facts, items=items, paragraphs=paragraphs, tables=tables)


def _counted(found: Energy) -> list[Fact]:
    """What idling takes, and how the joules were counted; nothing where they were not."""
    if found.energy_j is None:
        return []
    values: dict[str, object] = {
        "samples": found.samples,
        "ticks in a window, at least": found.n_ticks,
        "update period, s": found.update_period_s,
    }
    no_idle = "idling was not measured"
    return [
        Fact(label="Joules a sample above idling", cell=value_cell(found.net_energy_j, no_idle)),
        Fact(label="Mean watts while idle", cell=value_cell(found.idle_w, no_idle)),
        *plain_facts(values, ""),
    ]


def _windows(index: int, windows: Any) -> Iterator[Table]:
    """A row a window; nothing where a record of somebody else's holds something of another form."""
    if not isinstance(windows, list) or not all(isinstance(window, dict) for window in windows):
        return
    keys = [key for key, _, _ in WINDOW if all(isinstance(window.get(key), int | float) for window in windows)]
    if not windows or not keys:
        return
    yield Table(
        id=f"energy-windows-{index}",
        caption="Windows, from one movement of the counter to another",
        columns=(
            Column(key="window", title="Window", header=True),
            *[Column(key=key, title=title, unit=unit, numeric=True) for key, title, unit in WINDOW if key in keys],
        ),
        rows=tuple(
            Row(
                id=f"energy-window-{index}-{i}",
                cells=(text_cell(name(str(i + 1))), *[value_cell(window[key]) for key in keys]),
            )
            for i, window in enumerate(windows[:40])
        ),
        data=f"energy-{index}",
    )
