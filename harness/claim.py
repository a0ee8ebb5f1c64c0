"""What a paper claims, as its manifest states it: single claims, and tables whose rows become claims."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

Value = str | int | float | bool | list[str | int | float]
Setting = str | int | float | bool

Relation = Literal["", "error", "reduction", "drop", "gain", "ratio", "share"]
"""How a number follows from the method's value `a` and its baseline's `b`: ``reduction`` 100 (1 - a / b) %, ``drop``
b - a, ``gain`` a - b, ``ratio`` b / a (times smaller or faster), ``share`` 100 a / b %; ``error`` is 100 - a and needs
no baseline. Empty: the number is `a`."""

Qualifier = Literal["", "about", "at most", "less than", "up to", "at least", "more than"]

Missing = Literal[
    "weights",
    "data",
    "private labels",
    "architecture",
    "hardware",
    "adapter",
    "implementation",
    "baseline",
    "count",
]
"""The one thing that keeps a claim from being settled: weights that are not published or not at hand; the benchmark's
data; labels that only its server has; an architecture that was never published; the hardware named; a task or metric
that this project cannot score; a public network that nobody has written here yet; a baseline that the source names and
no variant here is; the count of a network that is here (``harness paper NAME --cost``)."""


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A frozen struct that refuses fields it does not know."""


class About(Strict, frozen=True):
    """What is said of a number; a table, its columns, rows and cells may each say a part of it."""

    task: str = ""
    """A task id of this project, ``cost``, or an id of `harness.other_tasks` where there is no such task yet."""
    metric: str = ""
    """A metric of that task, or one of `harness.claim_metrics`."""
    split: str = ""
    protocol: str = "unstated"
    unit: str = ""
    """As printed; K, M, G or B, T multiply (``M`` of parameters)."""
    dataset: str = ""
    """The data set in the source's words, where the task's id does not say it."""
    submission: str = ""
    """Another submission whose network it is about (``mobilenetv1``); `variant` and `options` are then that one's."""
    variant: str = ""
    """The variant of this manifest, or of `submission`, that it is about; empty where there is none."""
    options: dict[str, Value] = {}
    """Options of that variant (``--set``) that differ from its own: a rate list."""
    method: str = ""
    """What it is about, in the paper's words, where that is no variant here."""
    setting: str = ""
    """The conditions, in the paper's words."""
    settings: dict[str, Setting] = {}
    """The same as settings of this project, where a record must have them to be compared."""
    hardware: str = ""
    qualifier: Qualifier = ""
    """``about``, ``at most``, ...: what the source says before the number."""
    relation: Relation = ""
    baseline: str = ""
    """What the source compares with, in its words."""
    relative_to: str = ""
    """The variant of this manifest that a relation is counted from."""
    relative_options: dict[str, Value] = {}
    """Options of that variant which differ from its own."""
    convention: str = ""
    """How operations are counted (``macs``), by its name in ``harness cost``; other conventions in words."""
    relative_convention: str = ""
    """The convention of the baseline's value, where it is another."""
    inferred: str = ""
    """Why it is not known that the source counted this very network, where variant or options are inferred: it cannot
    be refuted then."""
    verified: bool = True
    """False for a number that was not read in its source."""
    blocker: str = ""
    """The manifest's blocker that keeps this from being settled."""
    note: str = ""


class Claim(About, frozen=True, kw_only=True):
    """One number that a paper states, as printed, with its source."""

    task: str
    metric: str
    value: str
    """As printed, so that the printed precision is kept: ``47.0``; a range is ``315000 to 325000``."""
    source: str
    """Where it stands: abstract, table and row, repository file."""
    table: str = ""
    """Title of the table that it stands in; claims of one table and row share a line where they are shown."""
    row: str = ""
    """Name of its row, as printed."""
    column: str = ""
    """Heading of its column, as printed."""
    line: int = 0
    """Number of its row, from 1: two rows may have one name. 0 outside tables."""


class Cell(About, frozen=True, kw_only=True):
    """A number of a table of which more is to be said than its row and column say."""

    value: str


class Column(About, frozen=True, kw_only=True):
    """A column of a table; `title` is its heading as printed, the metric where empty."""

    title: str = ""


class Row(About, frozen=True, kw_only=True):
    """A row of a table: a name as printed, and a number for each column, empty where nothing is printed."""

    name: str
    values: list[str | Cell]
    source: str = ""
    """Where the row stands, where that is another place than the table's."""


class ClaimTable(About, frozen=True, kw_only=True):
    """A table as its source prints it. What it says of itself holds for all of its cells unless they say otherwise."""

    title: str
    source: str
    columns: list[Column]
    rows: list[Row]


class Blocker(Strict, frozen=True):
    """The one thing that is missing, in words, and the command that would settle the claims once it is there."""

    missing: Missing
    text: str
    command: str = ""
    """Empty: the command follows from the claim."""


class ClaimFile(Strict, frozen=True):
    """A file of ``--claims``: claims and tables of one's own, stated as in a manifest."""

    claims: list[Claim] = []
    tables: list[ClaimTable] = []
    blockers: dict[str, Blocker] = {}


_JOINED = {"setting": "; ", "note": "; "}
_OWN = ("columns", "rows", "title", "name", "values", "value", "source")


def expand(table: ClaimTable) -> list[Claim]:
    """The claims of a table, row after row.

    A cell's words go before its row's, these before its column's, these before the table's; settings and options are
    joined. Raises ValueError naming row or column where the table does not fit together.
    """
    claims = []
    for line, row in enumerate(table.rows, 1):
        if len(row.values) != len(table.columns):
            raise ValueError(
                f"the row '{row.name}' of the table '{table.title}' has {len(row.values)} values "
                f"for {len(table.columns)} columns"
            )
        for column, value in zip(table.columns, row.values, strict=True):
            cell = Cell(value=value) if isinstance(value, str) else value
            if cell.value:
                claims.append(msgspec.structs.replace(_claim(table, row, column, cell), line=line))
    return claims


def _claim(table: ClaimTable, row: Row, column: Column, cell: Cell) -> Claim:
    said: dict[str, Any] = {}
    for part in (table, column, row, cell):
        said = _join(said, {key: item for key, item in msgspec.to_builtins(part).items() if key not in _OWN})
    heading = column.title or said.get("metric", "")
    for field in ("task", "metric"):
        if not said.get(field):
            raise ValueError(f"the column '{heading}' of the table '{table.title}' states no {field}")
    if not said.get("variant") and not said.get("method"):
        said["method"] = row.name
    place = ", ".join(filter(None, [row.source or table.source, table.title, row.name]))
    return Claim(**said, value=cell.value, source=place, table=table.title, row=row.name, column=heading)


def _join(said: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    joined = dict(said)
    for key, item in more.items():
        if isinstance(item, dict):
            joined[key] = {**said.get(key, {}), **item}
        elif key in _JOINED and said.get(key):
            joined[key] = f"{said[key]}{_JOINED[key]}{item}"
        else:
            joined[key] = item
    return joined
