"""VOT's scores against literal restatements of the evaluators' rules, and resamples against repeated sequences."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.tracking.vot import details, pysot, resampling, toolkit
from tasks.tracking.vot.statistics import BURN_IN, Track

INTERVAL = (4, 12)
PROTOCOLS = ("pysot", "vot-python")


def run(frames: int, failures: list[int], seed: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Codes and overlaps of a run that fails where it is told, if it tracks then."""
    codes, values = np.full(frames, 4, np.uint8), np.random.default_rng(seed).random(frames).astype(np.float32)
    codes[0], start = 1, 0
    for frame in sorted(failures):
        if frame <= start or frame >= frames:
            continue
        codes[frame : frame + 5] = 0
        codes[frame] = 2
        start = frame + 5
        if start < frames:
            codes[start] = 1
    return codes, np.where(codes == 4, values.astype(np.float64), np.nan)


@st.composite
def a_track(draw: st.DrawFn, repetitions: int) -> Track:
    frames = draw(st.integers(2, 30))
    runs = [
        run(frames, draw(st.lists(st.integers(1, 30), max_size=4)), draw(st.integers(0, 1000)))
        for _ in range(repetitions)
    ]
    codes = np.array([codes for codes, _ in runs])
    expected = np.array([values for _, values in runs])
    burnt = expected.copy()
    for row, code in zip(burnt, codes, strict=True):
        for start in np.flatnonzero(code == 1):
            row[start : start + BURN_IN] = np.nan
    tags = np.array(draw(st.lists(st.booleans(), min_size=frames * 5, max_size=frames * 5))).reshape(frames, 5)
    return Track(codes, burnt, expected, tags)


tracks_of = st.integers(1, 3).flatmap(lambda n: st.lists(a_track(n), min_size=1, max_size=5))


def literal_pysot(tracks: list[Track]) -> dict[str, float]:
    """ar_benchmark.py and eao_benchmark.py, step by step over lists."""
    repetitions = len(tracks[0].codes)
    pooled: list[float] = []
    for track in tracks:
        for frame in range(track.frames):
            known = [float(row[frame]) for row in track.accuracy if not math.isnan(row[frame])]
            pooled.append(sum(known) / len(known) if known else math.nan)
    counted = [value for value in pooled if not math.isnan(value)]
    lost = [sum(int((track.codes[r] == 2).sum()) for track in tracks) for r in range(repetitions)]
    longest = max(track.frames for track in tracks)
    rows: list[list[float]] = []
    weights: list[float] = []
    for track in tracks:
        for codes, overlaps in zip(track.codes.tolist(), track.overlaps.tolist(), strict=True):
            points = [0] + [f + 5 for f, code in enumerate(codes) if code == 2 and f + 5 <= len(codes)]
            if 2 not in codes:
                rows.append(overlaps + [math.nan] * (longest - len(overlaps)))
                weights.append(1.0)
                continue
            for i, start in enumerate(points):
                last = i == len(points) - 1
                stop = len(overlaps) if last else points[i + 1] + 1
                piece = [0.0 if math.isnan(v) else v for v in overlaps[start:stop]]
                rows.append(piece + [math.nan if last else 0.0] * (longest - len(piece)))
                weights.append(len(piece) / (len(codes) - start + 1e-16 if last else points[i + 1] - start + 1))
    curve = [1.0]
    for i in range(1, longest):
        here = [(row, w) for row, w in zip(rows, weights, strict=True) if not math.isnan(row[i])]
        total = sum(w for _, w in here)
        value = sum(sum(row[1 : i + 1]) / i * w for row, w in here) / total if here and total else 0.0
        curve.append(float(np.float32(value)))
    inside = curve[INTERVAL[0] - 1 : INTERVAL[1]]
    return {
        "accuracy": sum(counted) / len(counted) if counted else math.nan,
        "robustness": sum(lost) / repetitions / sum(track.frames for track in tracks) * 100,
        "lost_number": sum(lost) / repetitions,
        "EAO": sum(inside) / len(inside) if inside else math.nan,
    }


def literal_toolkit(tracks: list[Track]) -> dict[str, float]:
    """supervised.py, step by step over lists, in double precision."""
    total = sum(track.frames for track in tracks)
    accuracy = failures = 0.0
    pieces: list[tuple[list[float], bool]] = []
    for track in tracks:
        means = []
        for codes, overlaps in zip(track.codes.tolist(), track.overlaps.tolist(), strict=True):
            burnt = {f + k for f, code in enumerate(codes) if code == 1 for k in range(BURN_IN)}
            counted = [v for f, v in enumerate(overlaps) if codes[f] > 2 and f not in burnt]
            means.append(sum(counted) / len(counted) if counted else 0.0)
            starts, ends = ([f for f, code in enumerate(codes) if code == wanted] for wanted in (1, 2))
            for i, start in enumerate(starts):
                stop = ends[i] if i < len(ends) else len(codes)
                pieces.append(([0.0 if math.isnan(v) else v for v in overlaps[start:stop]], i >= len(ends)))
        accuracy += sum(means) / len(means) * track.frames
        failures += sum(codes.count(2) for codes in track.codes.tolist()) / len(track.codes) * track.frames
    longest = max(len(piece) for piece, _ in pieces)
    curve = []
    for i in range(longest):
        values = [
            (sum(piece[1 : i + 1]) / i if i else piece[0])
            for piece, survived in pieces
            if not survived or i < len(piece)
        ]
        curve.append(sum(values) / len(values))
    inside = curve[INTERVAL[0] : INTERVAL[1] + 1]
    return {
        "accuracy": accuracy / total,
        "robustness": failures / total,
        "robustness_exp": math.exp(-failures / total / (total / len(tracks)) * 30),
        "lost_number": sum(int((t.codes == 2).sum()) / len(t.codes) for t in tracks),
        "EAO": sum(inside) / len(inside) if inside else math.nan,
    }


@settings(max_examples=150)
@given(tracks_of)
def test_pysots_numbers_are_those_of_its_rules(tracks: list[Track]) -> None:
    assert details.scores(tracks, "pysot", INTERVAL) == pytest.approx(literal_pysot(tracks), rel=1e-6, nan_ok=True)


@settings(max_examples=150)
@given(tracks_of)
def test_the_toolkits_numbers_are_those_of_its_rules(tracks: list[Track]) -> None:
    found = details.scores(tracks, "vot-python", INTERVAL)
    assert found == pytest.approx(literal_toolkit(tracks), rel=1e-5, nan_ok=True)


@settings(max_examples=100)
@given(tracks_of, st.lists(st.integers(0, 3), min_size=5, max_size=5), st.sampled_from(PROTOCOLS))
def test_a_resample_scores_as_repeated_sequences(tracks: list[Track], draws: list[int], protocol: str) -> None:
    weights = np.array([draws[: len(tracks)]], np.uint16)
    repeated = [track for track, times in zip(tracks, draws, strict=False) for _ in range(times)]
    if not repeated:
        return
    run = resampling.replicate_toolkit if protocol == "vot-python" else resampling.replicate_pysot
    found = {name: float(values[0]) for name, values in run(tracks, weights, INTERVAL).items()}
    expected = details.scores(repeated, protocol, INTERVAL)
    # Single precision keeps seven digits, and a sum of repetitions is not the repetitions' sum in the last.
    assert found == pytest.approx(expected, rel=2e-6, nan_ok=True)


@settings(max_examples=100)
@given(tracks_of, st.sampled_from(PROTOCOLS))
def test_every_sequence_once_is_the_score(tracks: list[Track], protocol: str) -> None:
    run = resampling.replicate_toolkit if protocol == "vot-python" else resampling.replicate_pysot
    found = run(tracks, np.ones((1, len(tracks)), np.uint16), INTERVAL)
    for name, value in details.scores(tracks, protocol, INTERVAL).items():
        # pysot stores its curve in single precision: half way between two such numbers the order of a sum decides.
        precision = 1e-7 if (name, protocol) == ("EAO", "pysot") else 1e-9
        assert float(found[name][0]) == pytest.approx(value, rel=precision, abs=1e-12, nan_ok=True)


def test_a_failure_near_the_end_weighs_as_pysot_weighs_it() -> None:
    """The next start would lie right behind the end: the stretch is one frame shorter than its weight says."""
    codes, overlaps = run(10, [5], 1)
    pieces = pysot.fragments([Track(codes[None], overlaps[None], overlaps[None], np.zeros((10, 5), np.bool_))])
    assert pieces.weights.tolist() == [1 / (1 + 1e-10) * (10 / 11), 0.0]
    assert np.isnan(pieces.overlaps[1]).all() and not np.isnan(pieces.overlaps[0]).any()


def test_repetitions_are_told_with_their_spread() -> None:
    runs = [run(20, failures, seed) for seed, failures in enumerate([[3], [], [12]])]
    codes, overlaps = np.array([r[0] for r in runs]), np.array([r[1] for r in runs])
    track = Track(codes, overlaps, overlaps, np.zeros((0, 5), np.bool_))
    rows = details._repetition_table([track], "pysot", INTERVAL).rows
    assert [row[0] for row in rows] == ["1", "2", "3", "mean", "standard deviation"]
    lost = [row[3] for row in rows]
    assert lost[:3] == [1.0, 0.0, 1.0]
    assert lost[3] == pytest.approx(2 / 3) and lost[4] == pytest.approx(np.std([1, 0, 1], ddof=1))


def test_tags_are_null_where_no_sequence_carries_any() -> None:
    codes, overlaps = run(20, [], 0)
    bare = Track(codes[None], overlaps[None], overlaps[None], np.zeros((0, 5), np.bool_))
    tagged = Track(codes[None], overlaps[None], overlaps[None], np.eye(20, 5, k=-12, dtype=np.bool_))
    assert {row[1:] for row in details._tag_table([bare], INTERVAL).rows} == {(None,) * 4}
    rows = {row[0]: row[1:] for row in details._tag_table([bare, tagged], INTERVAL).rows}
    assert rows["camera_motion"][:2] == (1, overlaps[12]) and rows["empty"][0] == 15


def test_the_mean_of_no_frames_is_no_number() -> None:
    codes, _ = run(5, [], 0)
    nothing = np.full((1, 5), np.nan)
    track = Track(codes[None], nothing, nothing, np.zeros((0, 5), np.bool_))
    assert math.isnan(pysot.accuracy([track])) and toolkit.accuracy([track]) == 0
