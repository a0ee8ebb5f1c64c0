"""Ranks and scores equal the official numbers and a literal walk along the sorted gallery, to the last digit."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.columns import Ragged
from tasks.reid.metrics import (
    NON_INTERPOLATED,
    TRAPEZOID,
    average_precision,
    cumulative_matches,
    inverse_negative_penalty,
    mean,
    per_query,
    weighted_means,
)
from tasks.reid.ranking import NotFinite, People, Ranks, join, rank, relevance

_SPEC = importlib.util.spec_from_file_location("reid_restated", Path(__file__).with_name("restated.py"))
assert _SPEC is not None and _SPEC.loader is not None
restated = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(restated)

MarketSize = Callable[[str], tuple[np.ndarray, People, People]]


@pytest.mark.parametrize("mode", ["tied", pytest.param("tiefree", marks=pytest.mark.slow)])
def test_market_size_equals_the_official_port(market_size: MarketSize, mode: str) -> None:
    distances, queries, gallery = market_size(mode)
    ranks = rank(distances, relevance(queries, gallery))
    found = {name: mean(values, TRAPEZOID) for name, values in per_query(ranks.stable, TRAPEZOID).items()}
    assert found["mAP"] == 0.7096248479926043
    assert (found["rank1"], found["rank5"]) == (0.9216152019002375, 0.9860451306413301)
    assert found["rank10"] == 0.9919833729216152
    cmc = cumulative_matches(ranks.stable, TRAPEZOID, 50)
    assert (cmc[19], cmc[49]) == (0.996437054631829, 0.998812351543943)
    other = mean(per_query(ranks.stable, NON_INTERPOLATED)["mAP"], NON_INTERPOLATED)
    assert other is not None and abs(other - 0.7177626295548234) <= 1e-12
    # fast-reid's compiled evaluator, in single precision, on the matrix without ties.
    penalty = mean(inverse_negative_penalty(ranks.stable), NON_INTERPOLATED)
    assert penalty is not None and abs(penalty - 0.18942275643348694) < 1e-7
    tied = int((ranks.most.values - ranks.least.values).sum())
    assert (tied > 0) == (mode == "tied")


def test_the_first_200_queries_without_ties_equal_torchreid_and_fast_reid(market_size: MarketSize) -> None:
    distances, queries, gallery = market_size("tied")
    first = People(identity=queries.identity[:200], camera=queries.camera[:200])
    tiefree = np.empty((200, distances.shape[1]), np.float32)
    for row, found in zip(tiefree, distances, strict=False):
        row[np.argsort(found, kind="stable")] = np.arange(len(row))
    ranks = rank(tiefree, relevance(first, gallery)).stable
    assert mean(per_query(ranks, TRAPEZOID)["mAP"], TRAPEZOID) == 0.697991879757306
    # torchreid adds in pairs over the whole gallery: another last digit.
    found = mean(per_query(ranks, NON_INTERPOLATED)["mAP"], NON_INTERPOLATED)
    assert found is not None and abs(found - 0.7074202830796144) <= 1e-12
    assert mean(per_query(ranks, NON_INTERPOLATED)["mINP"], NON_INTERPOLATED) == 0.20170935180443883


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, People, People]:
    """Small galleries full of ties, of repeated people and cameras, with queries that have nobody to find."""
    n_queries, n_gallery = draw(st.integers(1, 5)), draw(st.integers(1, 25))
    values = draw(st.lists(st.integers(-3, 3), min_size=n_queries * n_gallery, max_size=n_queries * n_gallery))
    dtype = draw(st.sampled_from([np.float32, np.float64]))

    def people(count: int) -> People:
        chosen = [draw(st.lists(st.integers(0, 2), min_size=count, max_size=count)) for _ in range(2)]
        return People(identity=np.array(chosen[0], np.int64), camera=np.array(chosen[1], np.int64))

    scale = dtype(draw(st.sampled_from([0.1, 1.0, 1e30])))
    return np.array(values, dtype).reshape(n_queries, n_gallery) * scale, people(n_queries), people(n_gallery)


@given(cases())
@settings(max_examples=300)
def test_ranks_equal_a_walk_along_the_sorted_gallery(case: tuple[np.ndarray, People, People]) -> None:
    distances, queries, gallery = case
    ranks = rank(distances, relevance(queries, gallery))
    columns = {protocol: per_query(ranks.stable, protocol) for protocol in (TRAPEZOID, NON_INTERPOLATED)}
    for query in range(len(queries)):
        same = gallery.identity == queries.identity[query]
        near = gallery.camera == queries.camera[query]
        good, junk = set(np.flatnonzero(same & ~near).tolist()), set(np.flatnonzero(same & near).tolist())
        if not good:
            assert columns[TRAPEZOID]["mAP"][query] == 0 and np.isnan(columns[NON_INTERPOLATED]["mAP"][query])
            assert columns[TRAPEZOID]["rank1"][query] == 0 and np.isnan(columns[NON_INTERPOLATED]["rank1"][query])
            continue
        order = restated.ranking(distances[query])
        expected, cmc = restated.walk(order, good, junk)
        assert columns[TRAPEZOID]["mAP"][query] == expected
        assert columns[NON_INTERPOLATED]["mAP"][query] == restated.non_interpolated(order, good, junk)
        assert columns[TRAPEZOID]["mINP"][query] == restated.inverse_penalty(order, good, junk)
        for k in (1, 5, 10):
            assert columns[TRAPEZOID][f"rank{k}"][query] == (cmc + [1.0] * 10)[k - 1]
        kept = [index for index in order if index not in junk]
        _check_bounds(distances[query], kept, good, ranks, query)


def _check_bounds(distances: np.ndarray, kept: list[int], good: set[int], ranks: Ranks, query: int) -> None:
    """The bounds are the ranks of galleries in which ties are sorted for and against the good images."""
    for column, ahead in ((ranks.least, 0), (ranks.most, 1)):
        order = sorted(kept, key=lambda index: (float(distances[index]), (index in good) == bool(ahead), index))
        expected = [place for place, index in enumerate(order) if index in good]
        assert column.row(query).tolist() == expected
    stable = [place for place, index in enumerate(kept) if index in good]
    assert ranks.stable.row(query).tolist() == stable


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("column", [0, 3, 7])
def test_a_distance_that_is_not_finite_is_found_wherever_it_stands(bad: float, dtype: Any, column: int) -> None:
    distances = np.arange(24, dtype=dtype).reshape(3, 8)
    distances[1, column] = bad
    people = People(identity=np.array([1, 2, 3]), camera=np.array([1, 1, 1]))
    gallery = People(identity=np.array([1, 2, 3, 2, 0, 1, 2, 3]), camera=np.array([2, 2, 2, 1, 3, 2, 2, 2]))
    with pytest.raises(NotFinite) as caught:
        rank(distances, relevance(people, gallery))
    assert caught.value.row == 1


def test_a_query_with_junk_only_and_a_gallery_without_its_person() -> None:
    queries = People(identity=np.array([1, 9]), camera=np.array([1, 1]))
    gallery = People(identity=np.array([1, 2]), camera=np.array([1, 1]))
    ranks = rank(np.zeros((2, 2), np.float32), relevance(queries, gallery))
    assert len(ranks.stable.values) == 0
    assert np.isnan(average_precision(ranks.stable, TRAPEZOID)).all()
    assert mean(per_query(ranks.stable, NON_INTERPOLATED)["mAP"], NON_INTERPOLATED) is None
    assert cumulative_matches(ranks.stable, NON_INTERPOLATED, 2).tolist() == [0, 0]


def test_open_reids_way_of_counting_is_not_ours() -> None:
    """Its all-shots CMC spreads a query over its matches; here the first one counts."""
    ranks = Ragged(np.array([0, 1, 2, 9]), np.array([0, 4]))
    assert cumulative_matches(ranks, TRAPEZOID, 1).tolist() == [1.0]


@given(cases(), st.integers(0, 2**32 - 1))
def test_a_resample_is_the_score_of_the_queries_it_draws(case: tuple[np.ndarray, People, People], seed: int) -> None:
    distances, queries, gallery = case
    drawn = np.random.default_rng(seed).integers(0, len(queries), len(queries))
    weights = np.bincount(drawn, minlength=len(queries)).astype(np.uint16)[None]
    again = People(identity=queries.identity[drawn], camera=queries.camera[drawn])
    for protocol in (TRAPEZOID, NON_INTERPOLATED):
        whole = per_query(rank(distances, relevance(queries, gallery)).stable, protocol)
        part = per_query(rank(distances[drawn], relevance(again, gallery)).stable, protocol)
        for name in whole:
            expected = mean(part[name], protocol)
            found = weighted_means(whole[name], weights)[0]
            assert np.isnan(found) if expected is None else found == pytest.approx(expected, rel=1e-12)


def test_blocks_join_to_the_whole() -> None:
    random = np.random.default_rng(3)
    distances = random.integers(0, 5, (7, 30)).astype(np.float32)
    queries = People(identity=random.integers(0, 4, 7), camera=random.integers(0, 2, 7))
    gallery = People(identity=random.integers(0, 4, 30), camera=random.integers(0, 2, 30))
    wanted = relevance(queries, gallery)
    whole = rank(distances, wanted)
    parts = join([rank(distances[i : i + 2], wanted.rows(i, min(i + 2, 7))) for i in range(0, 7, 2)])
    for name in ("stable", "least", "most"):
        assert np.array_equal(getattr(whole, name).values, getattr(parts, name).values)
        assert np.array_equal(getattr(whole, name).offsets, getattr(parts, name).offsets)
