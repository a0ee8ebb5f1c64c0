"""Re-ranking in blocks and lists equals the dense steps of the paper, to the last digit."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.reid import distances as distances_module
from tasks.reid.distances import normalised, rank_features
from tasks.reid.ranking import People, rank, relevance
from tasks.reid.reranking import Parameters, rank_again

_SPEC = importlib.util.spec_from_file_location("reid_restated", Path(__file__).with_name("restated.py"))
assert _SPEC is not None and _SPEC.loader is not None
restated = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(restated)


def whole_features(random: np.random.Generator, people: np.ndarray, spread: int) -> np.ndarray:
    """Features of whole numbers, whose squared distances no order of summation changes."""
    centres = random.integers(-9, 10, (int(people.max()) + 1, 6))
    return (centres[people] + random.integers(-spread, spread + 1, (len(people), 6))).astype(np.float32)


def compare(seed: int, n_queries: int, n_gallery: int, spread: int, parameters: Parameters) -> None:
    random = np.random.default_rng(seed)
    who = random.integers(0, 6, n_queries + n_gallery)
    camera = random.integers(0, 3, n_queries + n_gallery)
    images = whole_features(random, who, spread)
    queries = People(identity=who[:n_queries], camera=camera[:n_queries])
    gallery = People(identity=who[n_queries:], camera=camera[n_queries:])
    wanted = relevance(queries, gallery)
    found = rank_again(images[:n_queries], images[n_queries:], wanted, parameters)
    squared = ((images[:, None] - images) ** 2).sum(2)
    final = restated.rerank(squared, n_queries, parameters.k1, parameters.k2, parameters.weight)
    expected = rank(np.ascontiguousarray(final, np.float32), wanted)
    for name in ("stable", "least", "most"):
        assert np.array_equal(getattr(found, name).values, getattr(expected, name).values)


@pytest.mark.parametrize(("k1", "k2", "weight"), [(20, 6, 0.3), (19, 6, 0.3), (5, 1, 0.0), (8, 3, 1.0), (3, 8, 0.5)])
def test_the_ranks_of_the_dense_computation(k1: int, k2: int, weight: float) -> None:
    compare(1, 12, 90, 3, Parameters(k1=k1, k2=k2, weight=weight))


@given(seed=st.integers(0, 2**32), spread=st.integers(1, 6), k1=st.integers(1, 12), k2=st.integers(1, 6))
@settings(max_examples=25)
def test_the_ranks_of_the_dense_computation_whatever_the_parameters(seed: int, spread: int, k1: int, k2: int) -> None:
    compare(seed, 5, 30, spread, Parameters(k1=k1, k2=k2))


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distances_module, "BLOCK_BYTES", 4 * 102 * 7)
    compare(1, 12, 90, 3, Parameters())


def test_more_neighbours_than_images() -> None:
    compare(2, 2, 9, 2, Parameters(k1=8, k2=6))
    random = np.random.default_rng(0)
    people = People(identity=np.array([0, 1]), camera=np.array([0, 0]))
    gallery = People(identity=np.array([0, 1, 1]), camera=np.array([1, 1, 1]))
    features = random.normal(size=(5, 4)).astype(np.float32)
    for k1 in (20, 10**400):
        rank_again(features[:2], features[2:], relevance(people, gallery), Parameters(k1=k1))


def test_it_finds_more_of_the_people_where_features_are_noisy() -> None:
    random = np.random.default_rng(0)
    who, camera = np.repeat(np.arange(40), 10), np.tile(np.arange(5), 80)
    features = normalised((np.eye(40)[who] * 2 + random.normal(size=(400, 40))).astype(np.float32))
    chosen = random.permutation(400)
    query, rest = chosen[:60], chosen[60:]
    wanted = relevance(
        People(identity=who[query], camera=camera[query]), People(identity=who[rest], camera=camera[rest])
    )
    plain = rank_features(features[query], features[rest], wanted)
    again = rank_again(features[query], features[rest], wanted, Parameters())
    assert again.stable.values.mean() < plain.stable.values.mean()
