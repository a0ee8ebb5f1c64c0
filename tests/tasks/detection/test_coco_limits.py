"""One meaning of ``max_detections`` has one spelling: if these fail, equal settings stand on different boards."""

from typing import Any

import pytest

from harness.errors import UsageError
from harness.options import RunOptions
from harness.scoring import plan_scoring
from tasks.detection.coco.limits import parameters, parse_limits
from tasks.detection.coco.metrics import COCO_METRICS
from tasks.detection.coco.task import Coco


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        (100, 100), ("100", 100), ("1,10,100", 100), ("1, 10, 100", 100), ([1, 10, 100], 100), ("1,10,500", 500),
        ("300", 300), ("5,50,500", "5,50,500"), ((5, 50), "5,50"), ("3,7", "3,7"), ("1,100", "1,100"),
    ],
)  # fmt: skip
def test_limits_have_one_spelling(stated: Any, found: int | str) -> None:
    assert parse_limits(stated) == found and type(parse_limits(stated)) is type(found)
    assert parse_limits(parse_limits(stated)) == found
    settings = plan_scoring(Coco(), RunOptions(task="coco", settings={"max_detections": stated})).settings
    assert settings["max_detections"] == found


@pytest.mark.parametrize(
    "stated",
    ["", "10", "0", "-5", "x", "1.5", "1,10,", "1,1,10", "10,1", "0,10", "1;10", [], "9" * 30, ",".join("1" * 40)],
)
def test_limits_that_cannot_be_are_one_sentence(stated: Any) -> None:
    with pytest.raises(UsageError, match="--set max_detections="):
        parse_limits(stated)
    many = ",".join(map(str, range(1, 40)))
    with pytest.raises(UsageError, match="between 1 and 16"):
        parse_limits(many)


def test_the_default_limits_are_cocos() -> None:
    assert parameters(100).metrics == COCO_METRICS and parameters(100).limits == (1, 10, 100)


def test_other_limits_keep_ap_and_name_their_recalls() -> None:
    names = [metric.name for metric in parameters("5,50,500").metrics]
    assert names == ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR5", "AR50", "AR500", "ARs", "ARm", "ARl"]
