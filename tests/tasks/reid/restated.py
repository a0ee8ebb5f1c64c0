"""The protocols written out at length, independent of the code under test: sort the whole gallery, walk along it."""

import numpy as np


def ranking(distances: np.ndarray) -> list[int]:
    """Gallery indices, nearest first, the lower index first among equals."""
    return sorted(range(len(distances)), key=lambda index: (float(distances[index]), index))


def walk(order: list[int], good: set[int], junk: set[int]) -> tuple[float, list[float]]:
    """compute_AP.m: average precision by trapezoids, and the CMC curve of one query."""
    cmc = [0.0] * len(order)
    old_recall, old_precision, precision_sum, found, place, skipped = 0.0, 1.0, 0.0, 0, 0, 0
    for number, index in enumerate(order):
        if index in good:
            for later in range(number - skipped, len(order)):
                cmc[later] = 1.0
            found += 1
        if index in junk:
            skipped += 1
            continue
        recall, precision = found / len(good), found / (place + 1)
        precision_sum += (recall - old_recall) * ((old_precision + precision) / 2)
        old_recall, old_precision = recall, precision
        place += 1
        if found == len(good):
            break
    return precision_sum, cmc


def non_interpolated(order: list[int], good: set[int], junk: set[int]) -> float:
    """The mean of the precisions at the hits."""
    kept = [index for index in order if index not in junk]
    precisions, found = [], 0
    for place, index in enumerate(kept, 1):
        if index in good:
            found += 1
            precisions.append(found / place)
    return sum(precisions) / len(good)


def inverse_penalty(order: list[int], good: set[int], junk: set[int]) -> float:
    """Good images by the place of the last of them."""
    kept = [index for index in order if index not in junk]
    return len(good) / max(place for place, index in enumerate(kept, 1) if index in good)


def rerank(squared: np.ndarray, n_queries: int, k1: int, k2: int, weight: float) -> np.ndarray:
    """k-reciprocal re-ranking on the whole matrix of squared distances, float32 (n, n): the steps of the paper, dense."""
    n = len(squared)
    original = (squared / np.max(squared, axis=0)).T.astype(np.float32)
    order = np.array([ranking(row) for row in original])
    half = int(np.around(k1 / 2.0))

    def reciprocal(image: int, k: int) -> list[int]:
        return [int(other) for other in order[image, : k + 1] if image in order[other, : k + 1]]

    encodings = np.zeros((n, n), np.float32)
    for image in range(n):
        own = reciprocal(image, k1)
        members = set(own)
        for other in own:
            theirs = reciprocal(other, half)
            if len(set(theirs) & set(own)) > 2.0 / 3 * len(theirs):
                members |= set(theirs)
        chosen = sorted(members)
        weights = np.exp(-original[image, chosen])
        encodings[image, chosen] = weights / np.sum(weights)
    if k2 != 1:
        encodings = np.stack([np.mean(encodings[order[image, :k2]], axis=0) for image in range(n)])
    jaccard = np.zeros((n_queries, n), np.float32)
    for query in range(n_queries):
        overlap = np.zeros(n, np.float32)
        for member in np.flatnonzero(encodings[query]):
            overlap += np.minimum(encodings[query, member], encodings[:, member])
        jaccard[query] = 1 - overlap / (2 - overlap)
    final: np.ndarray = jaccard * (1 - weight) + original[:n_queries] * weight
    return final[:, n_queries:]
