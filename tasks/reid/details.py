"""What stands beside the numbers: ties, cameras, the hardest queries, the CMC curve."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.columns import Table
from harness.task import Curve, DetailTable
from tasks.reid.metrics import (
    NON_INTERPOLATED,
    TRAPEZOID,
    cumulative_matches,
    first_ranks,
    last_ranks,
    mean,
    per_query,
)

SHOWN: Final = 20
CURVE_LENGTH: Final = 100
"""Ranks of the CMC curve, as many as the data set's own figures show."""


def tied_pairs(table: Table) -> int:
    """Pairs of a good image and an image of somebody else at one distance from the query."""
    return int((table.ragged("most_rank").values - table.ragged("least_rank").values).sum())


def _bounds(table: Table, protocol: str, name: str) -> tuple[float | None, float | None, float | None]:
    """A metric as ranked, and if all ties fell for and against the good images."""
    columns = ("rank", "least_rank", "most_rank")
    found = [mean(per_query(table.ragged(column), protocol)[name], protocol) for column in columns]
    return found[0], found[1], found[2]


def warnings(table: Table) -> Iterator[str]:
    """Queries without good images, and what ties could change."""
    empty = int(np.count_nonzero(np.diff(table.ragged("rank").offsets) == 0))
    if empty:
        yield (
            f"{empty} of {len(table)} queries have no image of their person from another camera: they count 0 under "
            f"{TRAPEZOID}, whose denominator is all queries, and are left out under {NON_INTERPOLATED}"
        )
    pairs = tied_pairs(table)
    if pairs:
        spans = {protocol: _bounds(table, protocol, "mAP")[1:] for protocol in (TRAPEZOID, NON_INTERPOLATED)}
        text = " and ".join(f"between {low} and {high} ({protocol})" for protocol, (high, low) in spans.items())
        yield (
            f"{pairs:,} times an image of somebody else is as far from the query as a good one; the lower gallery index comes "
            f"first, but whichever way they fell, mAP would lie {text}"
        )


def ties(table: Table) -> DetailTable:
    """Every metric under both protocols, with its bounds under ties."""
    rows = []
    for protocol in (TRAPEZOID, NON_INTERPOLATED):
        for name in per_query(table.ragged("rank"), protocol):
            rows.append((name, protocol, *_bounds(table, protocol, name)))
    return DetailTable(
        name="ties",
        title=f"Ties: {tied_pairs(table):,} pairs of a good image and another one at the same distance",
        columns=(
            "metric",
            "protocol",
            "by gallery index",
            "if ties fell for the good image",
            "if they fell against it",
        ),
        rows=tuple(rows),
    )


def cameras(table: Table, protocol: str) -> DetailTable:
    """The scores of the queries of each camera."""
    camera, found = table.dense("camera"), per_query(table.ragged("rank"), protocol)
    rows = []
    for one in np.unique(camera).tolist():
        chosen: NDArray[np.bool_] = camera == one
        scores = (mean(found[name][chosen], protocol) for name in ("rank1", "mAP", "mINP"))
        rows.append((int(one), int(np.count_nonzero(chosen)), *scores))
    return DetailTable(
        name="cameras",
        title="By the query's camera",
        columns=("camera", "queries", "rank1", "mAP", "mINP"),
        rows=tuple(rows),
    )


def hardest(table: Table, protocol: str) -> DetailTable:
    """The queries of the lowest average precision: whose they are, and where their good images stand."""
    ranks = table.ragged("rank")
    precision = per_query(ranks, protocol)["mAP"]
    goods, first, last = np.diff(ranks.offsets), first_ranks(ranks), last_ranks(ranks)
    rows = []
    for query in np.argsort(precision, kind="stable")[:SHOWN].tolist():
        if goods[query] == 0 or precision[query] == 1:
            continue
        whose = int(table.dense("identity")[query]), int(table.dense("camera")[query])
        place = int(goods[query]), int(first[query]) + 1, int(last[query]) + 1
        rows.append((table.ids[query], *whose, *place, float(precision[query])))
    columns = (
        "query",
        "identity",
        "camera",
        "good images",
        "rank of the first",
        "rank of the last",
        "average precision",
    )
    return DetailTable(name="hardest", title="Hardest queries", columns=columns, rows=tuple(rows))


def cmc(table: Table, n_gallery: int, protocol: str) -> Curve:
    """The cumulative matching characteristic."""
    length = min(CURVE_LENGTH, n_gallery)
    return Curve(
        name="CMC",
        title="CMC",
        x_label="rank",
        y_label="share of queries found",
        x=np.arange(1, length + 1, dtype=np.float64),
        y=cumulative_matches(table.ragged("rank"), protocol, length),
        group="Cumulative matching characteristic",
    )
