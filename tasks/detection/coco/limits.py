"""The limits on detections per image and category: what ``max_detections`` may say, and the metrics that follow from it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from harness.errors import UsageError
from tasks.detection.coco.metrics import COCO_METRICS, Metric, Parameters

OFFICIAL: Final = (1, 10, 100)
_MOST: Final = 16
"""How many limits may be given."""


def parse_limits(value: Any) -> int | str:
    """The one spelling of a setting: the last limit where the others are 1 and 10, else all of them with commas.

    `value` is a number, a text (``300``, ``5,50,500``) or a sequence of numbers. Raises UsageError.
    """
    limits = _limits(value)
    return limits[-1] if limits[:-1] == OFFICIAL[:-1] else ",".join(map(str, limits))


def parameters(max_detections: int | str) -> Parameters:
    """COCO's parameters with other limits; raises UsageError for limits that cannot be.

    pycocotools answers -1 for AP under limits without 100; here AP and the recalls by size are those at the largest.
    """
    limits = _limits(max_detections)
    recalls = [Metric(name=f"AR{limit}", kind="recall", limit=index) for index, limit in enumerate(limits[:-1])]
    recalls.append(Metric(name=f"AR{limits[-1]}", kind="recall"))
    precisions = [metric for metric in COCO_METRICS if metric.kind == "precision"]
    by_size = [metric for metric in COCO_METRICS if metric.kind == "recall" and metric.area]
    return Parameters(limits=limits, metrics=(*precisions, *recalls, *by_size))


def _limits(value: Any) -> tuple[int, ...]:
    parts: Sequence[Any] = value if isinstance(value, list | tuple) else str(value).split(",")
    shown = ",".join(str(part) for part in parts)
    try:
        numbers = tuple(int(str(part)) for part in parts)
    except ValueError:
        raise _refused(shown, "it must be a whole number such as 300, or several such as 1,10,500") from None
    if not 1 <= len(numbers) <= _MOST or max(numbers) >= 1 << 31:
        raise _refused(shown[:60], f"between 1 and {_MOST} limits are possible, each below 2^31")
    if len(numbers) == 1:
        if numbers[0] <= OFFICIAL[-2]:
            raise _refused(shown, "it must be at least 11, because AR10 is reported beside it; or give all: 1,5,10")
        return (*OFFICIAL[:-1], numbers[0])
    if numbers[0] < 1 or any(low >= high for low, high in pairwise(numbers)):
        raise _refused(shown, "limits must be positive and ascend")
    return numbers


def _refused(shown: str, reason: str) -> UsageError:
    return UsageError(f"--set max_detections={shown}: {reason}")
