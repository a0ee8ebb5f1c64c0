"""The sufficient statistics of an image, as columns, and what the metrics make of them."""

from collections.abc import Sequence

import numpy as np

from harness.columns import Array, Ragged, Table
from harness.task import FloatArray
from tasks.detection.voc.metrics import Detections, Int, Ranked, Truth, comparable, image_index, match, rank
from tasks.detection.voc.resampling import TruthCounts
from tasks.detection.voc.rules import Rules


def to_table(ids: Sequence[str], truth: Truth, detections: Detections, rules: Rules, n_categories: int) -> Table:
    """The statistics as a table over images: every detection's score, place and marks; counts of ground truth."""
    hit, miss = match(truth, detections, rules)
    marked: dict[str, Array] = {
        "category": detections.category,
        "score": comparable(detections, rules).scores,
        "order": detections.order,
        "hit": hit,
        "miss": miss,
    }
    columns = {name: Ragged(values, detections.offsets) for name, values in marked.items()}
    return Table(tuple(ids), columns | _truth_columns(truth, n_categories))


def _truth_columns(truth: Truth, n_categories: int) -> dict[str, Ragged]:
    """For every image and category that it has: how many ground truths count, and how many are difficult."""
    n_images = len(truth.offsets) - 1
    cell = image_index(truth.offsets).astype(np.int64) * n_categories + truth.category
    cells, where = np.unique(cell, return_inverse=True)
    offsets = np.searchsorted(cells, np.arange(n_images + 1) * n_categories).astype(np.int64)
    counted = {
        "truth_count": np.bincount(where, ~truth.difficult, len(cells)).astype(np.int32),
        "truth_difficult": np.bincount(where, truth.difficult, len(cells)).astype(np.int32),
        "truth_category": (cells % n_categories).astype(np.int32),
    }
    return {name: Ragged(values, offsets) for name, values in counted.items()}


def ranked(table: Table, n_categories: int) -> Ranked:
    """The detections of all images in the order in which they are gone through."""
    category = table.ragged("category").values
    rows = rank(category, table.ragged("score").values, table.ragged("order").values)
    return Ranked(
        starts=np.searchsorted(category[rows], np.arange(n_categories + 1)).astype(np.int64),
        image=image_index(table.ragged("category").offsets)[rows],
        hit=table.ragged("hit").values[rows],
        miss=table.ragged("miss").values[rows],
        n_truth=per_category(table, "truth_count", n_categories),
    )


def per_category(table: Table, column: str, n_categories: int) -> Int:
    """How many ground truths each category has, of those that count or of the difficult ones: int64 (categories,)."""
    return np.bincount(
        table.ragged("truth_category").values, table.ragged(column).values, minlength=n_categories
    ).astype(np.int64)  # fmt: skip


def truth_counts(table: Table, n_categories: int) -> TruthCounts:
    """Ground truth that counts, by category, for resampling."""
    category, count = table.ragged("truth_category"), table.ragged("truth_count").values
    rows = np.flatnonzero(count)
    rows = rows[np.argsort(category.values[rows], kind="stable")]
    return TruthCounts(
        starts=np.searchsorted(category.values[rows], np.arange(n_categories + 1)).astype(np.int64),
        image=image_index(category.offsets)[rows],
        count=count[rows],
    )


def missed(table: Table) -> FloatArray:
    """How many ground truths of each image no detection finds at the first threshold, float64 (images,)."""
    found = np.concatenate([[0], np.cumsum(table.ragged("hit").values & 1, dtype=np.int64)])
    asked = np.concatenate([[0], np.cumsum(table.ragged("truth_count").values, dtype=np.int64)])
    offsets, truth_offsets = table.ragged("hit").offsets, table.ragged("truth_count").offsets
    return (np.diff(asked[truth_offsets]) - np.diff(found[offsets])).astype(np.float64)
