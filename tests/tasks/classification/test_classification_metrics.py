"""Whoever reads a score takes it for the official one: numbers equal a word-for-word restatement, ties included."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.classification.metrics import (
    aggregate,
    likelihood,
    rank_lists,
    rank_probabilities,
    rank_scores,
    rank_sets,
    replicates,
)

NAMES = [
    *(f"top{k}{ending}" for k in (1, 5) for ending in ("", "_optimistic", "_pessimistic")),
    "nll",
    "ece15",
]


def statistics_of(logits, labels):
    ranked = rank_scores(logits, labels)
    nll, confidence = likelihood(ranked)
    depth = np.full(len(labels), logits.shape[1], np.int32)
    return {**ranked, "label": labels, "nll": nll, "confidence": confidence, "depth": depth}


def literally(logits, labels):
    """The protocol, one image and one class at a time."""
    n = len(labels)
    counts = dict.fromkeys(NAMES[:6], 0)
    nlls, confidences, rights = [], [], []
    for row, label in zip(logits, labels, strict=True):
        own = row[label]
        better = sum(1 for value in row if value > own)
        before = sum(1 for place, value in enumerate(row) if value == own and place < label)
        tied = sum(1 for place, value in enumerate(row) if value == own and place != label)
        for k in (1, 5):
            counts[f"top{k}"] += better + before < k
            counts[f"top{k}_optimistic"] += better < k
            counts[f"top{k}_pessimistic"] += better + tied < k
        wide = row.astype(np.float64)
        log_sum = wide.max() + np.log(np.exp(wide - wide.max()).sum())
        nlls.append(log_sum - float(own))
        confidences.append(np.exp(wide.max() - log_sum))
        rights.append(better + before == 0)
    values = {name: 100 * count / n for name, count in counts.items()}
    confidence, right = np.array(confidences), np.array(rights)
    error = 0.0
    for low, high in zip(np.linspace(0, 1, 16)[:-1], np.linspace(0, 1, 16)[1:], strict=True):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            error += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    return {**values, "nll": np.array(nlls).mean(), "ece15": error}


@given(st.integers(0, 10**6), st.integers(1, 300), st.integers(5, 40), st.integers(1, 6))
def test_equal_to_the_protocol_word_for_word(seed, n, classes, levels):
    random = np.random.default_rng(seed)
    # Few levels: many ties, as in quantised networks.
    logits = random.integers(-levels, levels + 1, (n, classes)).astype(np.float32) * np.float32(0.37)
    labels = random.integers(0, classes, n)
    assert aggregate(statistics_of(logits, labels), NAMES) == literally(logits, labels)


@given(st.integers(0, 10**6))
def test_equal_on_real_valued_logits(seed):
    random = np.random.default_rng(seed)
    logits = random.standard_normal((257, 100)).astype(np.float32) * 5
    labels = random.integers(0, 100, 257)
    assert aggregate(statistics_of(logits, labels), NAMES) == literally(logits, labels)


@given(st.integers(0, 10**6))
def test_a_resample_is_the_score_of_the_data_drawn(seed):
    random = np.random.default_rng(seed)
    logits = random.integers(-3, 4, (60, 8)).astype(np.float32)
    labels = random.integers(0, 8, 60)
    weights = np.stack([np.bincount(random.integers(0, 60, 60), minlength=60) for _ in range(3)]).astype(np.uint16)
    found = replicates(statistics_of(logits, labels), weights, NAMES)
    for row, times in enumerate(weights):
        drawn = np.repeat(np.arange(60), times)
        wanted = literally(logits[drawn], labels[drawn])
        for name in NAMES:
            assert math.isclose(found[name][row], wanted[name], rel_tol=1e-12, abs_tol=1e-12), name


def test_equal_scores_count_by_index_between_both_bounds():
    found = aggregate(statistics_of(np.zeros((4, 10), np.float32), np.array([0, 4, 5, 9])), NAMES[:6])
    assert found == {
        "top1": 25.0, "top1_optimistic": 100.0, "top1_pessimistic": 0.0,
        "top5": 50.0, "top5_optimistic": 100.0, "top5_pessimistic": 0.0,
    }  # fmt: skip


def test_huge_logits_overflow_nothing():
    found = aggregate(statistics_of(np.array([[3e38, -3e38]], np.float32), np.array([1])), ["nll"])
    assert found["nll"] == pytest.approx(6e38, rel=1e-6)


@given(st.integers(0, 10**6))
def test_probabilities_score_as_the_logits_they_come_from(seed):
    random = np.random.default_rng(seed)
    logits = random.standard_normal((50, 12))
    labels = random.integers(0, 12, 50)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    ranked, wanted = rank_probabilities(shares, labels), rank_scores(logits, labels)
    assert np.array_equal(ranked["better"], wanted["better"])
    for one, other in zip(likelihood(ranked), likelihood(wanted), strict=True):
        assert np.allclose(one, other, rtol=1e-12, atol=1e-12)


@given(st.integers(0, 10**6))
def test_lists_of_classes_rank_as_the_logits_they_come_from(seed):
    random = np.random.default_rng(seed)
    logits = random.standard_normal((50, 12))
    labels = random.integers(0, 12, 50)
    lists = np.argsort(-logits, axis=1)[:, :5]
    better = rank_scores(logits, labels)["better"]
    assert np.array_equal(rank_lists(lists, labels)["better"], np.minimum(better, 5))


@given(st.integers(0, 10**6))
def test_several_true_classes_one_of_them_must_be_first(seed):
    random = np.random.default_rng(seed)
    logits = random.integers(-2, 3, (30, 9)).astype(np.float32)
    sets = [np.sort(random.choice(9, random.integers(1, 4), replace=False)) for _ in range(30)]
    offsets = np.concatenate([[0], np.cumsum([len(one) for one in sets])])
    found = rank_sets(logits, np.concatenate(sets), offsets, lists=False)
    for row, true in enumerate(sets):
        first = found["better"][row] + found["tied_before"][row] == 0
        assert first == (int(logits[row].argmax()) in true)
        best = logits[row].max()
        others = [place for place in np.flatnonzero(logits[row] == best) if place not in true]
        possible = bool((logits[row][true] == best).any())
        assert (found["better"][row] < 1) == possible
        assert (found["better"][row] + found["tied"][row] < 1) == (possible and not others)
