"""How the evaluators of Pascal VOC differ, as data: what each does with overlaps, order, digits and means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

DEVKIT, MMDET = 0, 1
"""The styles of overlap that native/voc_match.c knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """One evaluator.

    `metrics` names for each metric the index of its threshold; -1 is the mean over all thresholds.
    """

    thresholds: tuple[float, ...]
    metrics: Mapping[str, int]
    eleven_point: bool
    """Precision read at eleven recalls; else the area under its envelope."""
    style: int = DEVKIT
    rounded: bool = False
    """Scores are rounded to three decimals and boxes to one before anything else, as Detectron2 writes its files."""
    scale: float = 1.0

    @property
    def single(self) -> bool:
        """Whether precision and AP are in single precision, and ground truths marked difficult come last."""
        return self.style == MMDET


_METRICS: Final = {"mAP": 0, "mAP75": 1}
_DETECTRON2: Final = tuple(percent / 100.0 for percent in range(50, 100, 5))


def rules_of(protocol: str, year: int) -> Rules:
    """The rules of a protocol; Detectron2 and mmdetection choose by the year how AP is read off the curve."""
    if protocol == "mmdet":
        return Rules(thresholds=(0.5, 0.75), metrics=_METRICS, eleven_point=year == 2007, style=MMDET)
    if protocol == "detectron2":
        metrics = {"AP": -1, "AP50": 0, "AP75": 5}
        return Rules(
            thresholds=_DETECTRON2, metrics=metrics, eleven_point=year == 2007, rounded=True, scale=100.0
        )  # fmt: skip
    return Rules(thresholds=(0.5, 0.75), metrics=_METRICS, eleven_point=protocol == "voc2007/11-point")
