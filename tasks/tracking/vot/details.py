"""Scores, tables and curves of a VOT challenge, from the statistics of its sequences."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from harness.columns import Table
from harness.task import Curve, DetailTable
from tasks.tracking.vot import pysot, toolkit
from tasks.tracking.vot.data import TAGS
from tasks.tracking.vot.statistics import Track

Cell = str | int | float | bool | None
_NAMES: Final = ("accuracy", "robustness", "lost_number", "EAO")


def scores(tracks: Sequence[Track], protocol: str, interval: tuple[int, int]) -> dict[str, float]:
    """All metrics under `protocol`; NaN where undefined."""
    if protocol == "vot-python":
        found = toolkit.pieces(tracks)
        robustness = toolkit.robustness(tracks)
        return {
            "accuracy": toolkit.accuracy(tracks),
            "robustness": robustness,
            "robustness_exp": toolkit.reliability(robustness / toolkit.mean_length(tracks)),
            "lost_number": pysot.lost_number(tracks),
            "EAO": toolkit.expected_average_overlap(toolkit.expected_overlap_curve(found, interval[1] + 1), interval),
        }
    curve = pysot.expected_overlap_curve(pysot.fragments(tracks))
    return {
        "accuracy": pysot.accuracy(tracks),
        "robustness": pysot.robustness(tracks),
        "lost_number": pysot.lost_number(tracks),
        "EAO": pysot.expected_average_overlap(curve, interval),
    }


def tables(table: Table, tracks: Sequence[Track], protocol: str, interval: tuple[int, int]) -> list[DetailTable]:
    """Per tag (under pysot's rules, which alone define it), per sequence, per repetition where there are several."""
    found = [_sequence_table(table.ids, tracks, protocol)]
    if protocol != "vot-python":
        found.insert(0, _tag_table(tracks, interval))
    repetitions = {len(track.codes) for track in tracks}
    if repetitions != {1} and len(repetitions) == 1:
        found.append(_repetition_table(tracks, protocol, interval))
    return found


def _tag_table(tracks: Sequence[Track], interval: tuple[int, int]) -> DetailTable:
    tagged = [track for track in tracks if len(track.tags)]
    rows = tuple((tag, *_tag_scores(tagged, index, interval)) for index, tag in enumerate((*TAGS, "empty")))
    return DetailTable(
        name="tags",
        title=f"Per attribute of the frames ({len(tagged)} of {len(tracks)} sequences carry them)",
        columns=("attribute", "frames", "accuracy", "lost_number", "EAO"),
        rows=rows,
    )


def _tag_scores(tracks: Sequence[Track], index: int, interval: tuple[int, int]) -> tuple[Cell, ...]:
    """Frames, accuracy, failures and expected overlap of the frames with one tag; the last index means: with none."""
    if not tracks:
        return None, None, None, None
    if index == len(TAGS):
        tracks = [replace(track, tags=~np.any(track.tags, axis=1, keepdims=True)) for track in tracks]
        index = 0
    marks = [track.tags[:, index] for track in tracks]
    frames = int(sum(mark.sum() for mark in marks))
    pooled = np.concatenate([pysot.mean_of_repetitions(t.accuracy)[m] for t, m in zip(tracks, marks, strict=True)])
    lost = sum(
        float(np.mean(np.count_nonzero((t.codes == 2)[:, m], axis=1))) for t, m in zip(tracks, marks, strict=True)
    )
    curve = pysot.expected_overlap_curve(pysot.fragments(tracks, index))
    expected = pysot.expected_average_overlap(curve, interval) if frames else float("nan")
    accuracy = float(np.nanmean(pooled)) if not np.isnan(pooled).all() else float("nan")
    return frames, _cell(accuracy), lost if frames else None, _cell(expected)


def _cell(value: float) -> float | None:
    return None if np.isnan(value) else value


def _sequence_table(ids: Sequence[str], tracks: Sequence[Track], protocol: str) -> DetailTable:
    rows = []
    for id, track in zip(ids, tracks, strict=True):
        accuracy = toolkit.accuracy_of(track) if protocol == "vot-python" else pysot.accuracy([track])
        rows.append((id, track.frames, len(track.codes), _cell(accuracy), float(np.mean(track.failures))))
    return DetailTable(
        name="sequences",
        title="Per sequence (accuracy empty where no frame lies past the burn-in)",
        columns=("sequence", "frames", "repetitions", "accuracy", "failures"),
        rows=tuple(rows),
    )


def _repetition_table(tracks: Sequence[Track], protocol: str, interval: tuple[int, int]) -> DetailTable:
    """Every repetition scored by itself, their mean and their standard deviation (n - 1)."""
    values = []
    for index in range(len(tracks[0].codes)):
        one = slice(index, index + 1)
        alone = [Track(t.codes[one], t.accuracy[one], t.overlaps[one], t.tags) for t in tracks]
        found = scores(alone, protocol, interval)
        values.append([found[name] for name in _NAMES])
    spread = np.array(values)
    rows: list[tuple[Cell, ...]] = [(str(i + 1), *map(_cell, row)) for i, row in enumerate(values)]
    rows.append(("mean", *map(_cell, spread.mean(axis=0).tolist())))
    rows.append(("standard deviation", *map(_cell, spread.std(axis=0, ddof=1).tolist())))
    return DetailTable(
        name="repetitions",
        title=f"Each of the {len(values)} repetitions by itself",
        columns=("repetition", *_NAMES),
        rows=tuple(rows),
    )


def curves(tracks: Sequence[Track], protocol: str) -> list[Curve]:
    """The expected overlap of every length, and accuracy over robustness as one point."""
    python = protocol == "vot-python"
    longest = max(track.frames for track in tracks)
    curve = (
        toolkit.expected_overlap_curve(toolkit.pieces(tracks), longest)
        if python
        else pysot.expected_overlap_curve(pysot.fragments(tracks)).astype(np.float64)
    )
    lengths = np.arange(len(curve), dtype=np.float64) + (0 if python else 1)
    known = np.isfinite(curve)
    found = [
        Curve(name="expected_overlap", title="expected overlap", x_label="length of the sequence in frames",
              y_label="expected overlap", x=lengths[known], y=curve[known], group="Expected overlap"),
    ]  # fmt: skip
    accuracy = toolkit.accuracy(tracks) if python else pysot.accuracy(tracks)
    rate = toolkit.robustness(tracks) / toolkit.mean_length(tracks) if python else pysot.robustness(tracks) / 100
    if not np.isnan(accuracy):
        point = np.array([toolkit.reliability(rate)]), np.array([accuracy])
        found.append(
            Curve(name="accuracy_robustness", title="accuracy and robustness", x_label="reliability, exp(-30 failures)",
                  y_label="accuracy", x=point[0], y=point[1], group="Accuracy and robustness"),
        )  # fmt: skip
    return found
