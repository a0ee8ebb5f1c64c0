"""From stored answers and settings to ranks: which distance, which query features, re-ranked or not."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.errors import PredictionError, UsageError
from harness.task import Dataset, Predictions
from tasks.reid.data import people, role_ids
from tasks.reid.distances import DISTANCES, EUCLIDEAN, Features, prepared, rank_features, rank_matrix
from tasks.reid.folders import GALLERY, MULTI_QUERY, QUERY
from tasks.reid.ranking import Ranks, Relevance
from tasks.reid.reranking import Parameters, rank_again

RERANKING = "k-reciprocal"


def distance_of(settings: Mapping[str, Any]) -> str:
    """The setting `distance`; raises ValueError for one that is not known."""
    distance = settings.get("distance") or EUCLIDEAN
    if distance not in DISTANCES:
        raise ValueError(f"distance '{distance}'; known are {', '.join(DISTANCES)}")
    return str(distance)


def parameters(settings: Mapping[str, Any]) -> Parameters:
    """The parameters of re-ranking that the settings give."""
    standard = Parameters()
    return Parameters(
        k1=int(settings.get("reranking_k1", standard.k1)),
        k2=int(settings.get("reranking_k2", standard.k2)),
        weight=float(settings.get("reranking_lambda", standard.weight)),
    )


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise UsageError for settings of re-ranking that mean nothing."""
    chosen = parameters(settings)
    if settings.get("reranking", "none") == "none":
        if chosen != Parameters():
            raise UsageError(
                "reranking_k1, reranking_k2 and reranking_lambda need --set reranking=k-reciprocal beside them"
            )
        return
    if chosen.k1 < 1 or chosen.k2 < 1 or not 0 <= chosen.weight <= 1:
        raise UsageError("reranking_k1 and reranking_k2 must be at least 1, reranking_lambda must lie in 0 to 1")


def retrieve(dataset: Dataset, predictions: Predictions, wanted: Relevance, settings: Mapping[str, Any]) -> Ranks:
    """The ranks of the good images `wanted`; raises NotFinite, PredictionError."""
    reranked = settings.get("reranking") == RERANKING
    if "distances" in predictions.table.columns:
        if reranked:
            raise PredictionError(
                "re-ranking needs the distances among queries and among gallery images, too: hand in features"
            )
        return rank_matrix(predictions.table.dense("distances"), wanted)
    distance = distance_of(settings)
    gallery = prepared(_features(dataset, predictions, GALLERY), distance)
    queries = prepared(_features(dataset, predictions, QUERY), distance)
    if settings.get("multi_query"):
        further = prepared(_features(dataset, predictions, MULTI_QUERY), distance)
        queries = prepared(_averaged(dataset, further, queries), distance)
    if reranked:
        return rank_again(queries, gallery, wanted, parameters(settings))
    return rank_features(queries, gallery, wanted)


def _features(dataset: Dataset, predictions: Predictions, role: str) -> Features:
    table, ids = predictions.table, role_ids(dataset, role)
    rows = np.array([table.position(id) for id in ids], np.int64)
    features = table.dense("feature")
    if len(rows) and np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
        found: Features = features[rows[0] : rows[0] + len(rows)]
        return found
    chosen: Features = features[rows]
    return chosen


def _averaged(dataset: Dataset, further: Features, queries: Features) -> Features:
    """Every query's mean over all further images of its person from its camera; its own feature where there are none."""
    asked, there = people(dataset, QUERY), people(dataset, MULTI_QUERY)
    found = queries.copy()
    rows: dict[tuple[int, int], list[int]] = {}
    for row, key in enumerate(zip(there.identity.tolist(), there.camera.tolist(), strict=True)):
        rows.setdefault(key, []).append(row)
    for query, key in enumerate(zip(asked.identity.tolist(), asked.camera.tolist(), strict=True)):
        if key in rows:
            found[query] = np.mean(further[rows[key]], axis=0)
    return found
