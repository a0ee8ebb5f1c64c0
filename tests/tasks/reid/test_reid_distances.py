"""Features rank as double precision says, whatever the library that multiplies in single precision makes of them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.reid import distances as module
from tasks.reid.distances import normalised, rank_features, rank_matrix
from tasks.reid.ranking import People, Ranks, relevance


def people(random: np.random.Generator, count: int) -> People:
    return People(identity=random.integers(0, 5, count), camera=random.integers(0, 2, count))


def exact(queries: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """|g|^2 - 2 q.g without any rounding, as the ranks of its values, float64."""
    found = np.empty((len(queries), len(gallery)))
    for row, query in enumerate(queries.tolist()):
        values = [
            sum(Fraction(b) * Fraction(b) - 2 * Fraction(a) * Fraction(b) for a, b in zip(query, image, strict=True))
            for image in gallery.tolist()
        ]
        levels = {value: level for level, value in enumerate(sorted(set(values)))}
        found[row] = [levels[value] for value in values]
    return found


def same(one: Ranks, other: Ranks) -> bool:
    return all(
        np.array_equal(getattr(one, name).values, getattr(other, name).values) for name in ("stable", "least", "most")
    )


@given(seed=st.integers(0, 2**32), spread=st.sampled_from([1.0, 1e-3, 1e-6, 1e-7]))
@settings(max_examples=60)
def test_ranks_are_those_of_exact_arithmetic(seed: int, spread: float) -> None:
    random = np.random.default_rng(seed)
    centre = random.normal(size=12)
    gallery = (centre + spread * random.normal(size=(30, 12))).astype(np.float32)
    gallery[20:] = gallery[random.integers(0, 20, 10)]
    queries = (centre + spread * random.normal(size=(4, 12))).astype(np.float32)
    wanted = relevance(people(random, 4), people(random, 30))
    # Nearer than double precision tells apart is not asked for: whole multiples of a power of two have no rounding.
    queries, gallery = (np.round(part * 2**20) / 2**20 for part in (queries, gallery))
    assert same(rank_features(queries, gallery, wanted), rank_matrix(exact(queries, gallery), wanted))


def test_noise_of_another_library_changes_no_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    gallery = normalised(np.abs(random.normal(size=(400, 512))).astype(np.float32))
    queries = normalised(np.abs(random.normal(size=(30, 512))).astype(np.float32))
    wanted = relevance(people(random, 30), people(random, 400))
    expected = rank_features(queries, gallery, wanted)
    noise = random.uniform(-1e-6, 1e-6, (30, 400)).astype(np.float32)
    plain = module.rank_near

    def disturbed(found: np.ndarray, *arguments: np.ndarray) -> Ranks:
        return plain(found + noise[: len(found)], *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "rank_near", disturbed)
    assert same(rank_features(queries, gallery, wanted), expected)
    # What is ranked by the disturbed distances alone comes out otherwise.
    rough = (gallery.astype(float) ** 2).sum(1) - 2 * (queries.astype(float) @ gallery.T.astype(float))
    assert same(rank_matrix(rough, wanted), expected) and not same(rank_matrix(rough - 2 * noise, wanted), expected)


def test_blocks_and_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    queries, gallery = (random.normal(size=(n, 33)).astype(np.float32) for n in (23, 150))
    wanted = relevance(people(random, 23), people(random, 150))
    whole = rank_features(queries, gallery, wanted)
    monkeypatch.setattr(module, "BLOCK_BYTES", 4 * 150 * 5)
    assert same(rank_features(queries, gallery, wanted), whole)


def test_features_that_overflow_single_precision_are_ranked() -> None:
    random = np.random.default_rng(2)
    queries, gallery = (random.normal(size=(n, 6)).astype(np.float32) * np.float32(1e25) for n in (5, 40))
    wanted = relevance(people(random, 5), people(random, 40))
    with np.errstate(over="ignore", invalid="ignore"):
        found = rank_features(queries, gallery, wanted)
    squares = (gallery.astype(float) ** 2).sum(1)
    assert same(found, rank_matrix(squares - 2 * queries.astype(float) @ gallery.T.astype(float), wanted))


def test_features_of_zeros_have_no_direction_and_stay() -> None:
    assert normalised(np.zeros((2, 3), np.float32)).tolist() == [[0, 0, 0]] * 2
    lengths = np.linalg.norm(normalised(np.full((2, 3), 1e-30, np.float32)), axis=1)
    assert lengths == pytest.approx([1, 1], rel=1e-6)
