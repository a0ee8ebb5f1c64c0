"""Scores of boxes and masks equal those of the evaluators in use: the gold file, and literal restatements of their rules."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasks.referring.boxes import RULES
from tasks.referring.metrics import Answers, replicates, summarize
from tasks.referring.protocols import BY_ID

Array = Any


def of_boxes(found: Array, truth: Array, answered: Array | None = None) -> Answers:
    length = len(found)
    return Answers(
        boxes_xyxy=found,
        truth_xyxy=truth,
        has_box=np.ones(length, np.bool_) if answered is None else answered,
        has_mask=np.zeros(length, np.bool_),
        intersection={kind: np.zeros(length, np.int64) for kind in ("once", "any")},
        union={kind: np.zeros(length, np.int64) for kind in ("once", "any")},
    )


def of_masks(intersection: Array, union: Array, answered: Array | None = None) -> Answers:
    length = len(intersection)
    return Answers(
        boxes_xyxy=np.zeros((length, 4)),
        truth_xyxy=np.zeros((length, 4)),
        has_box=np.zeros(length, np.bool_),
        has_mask=np.ones(length, np.bool_) if answered is None else answered,
        intersection={"once": intersection, "any": intersection},
        union={"once": union, "any": union},
    )


@pytest.fixture(scope="module")
def gold(shared: Path) -> Any:
    return json.loads((shared / "gold/referring.json").read_text())


# -- the gold file -------------------------------------------------------------------------------------------------------
def test_boxes_of_the_gold_file(shared: Path, gold: Any) -> None:
    pairs = np.array(json.loads((shared / "data/referring/shifted_pairs_seed7.json").read_text()), np.float64)
    pairs[..., 2:] += pairs[..., :2]
    answers, expected = of_boxes(pairs[:, 0], pairs[:, 1]), gold["real_boxes_shifted_seed7"]
    scores = {id: summarize(answers, rule) for id, rule in BY_ID.items() if rule.boxes}
    right = {id: score["acc50"] for id, score in scores.items()}
    n = expected["n"]
    assert len(pairs) == n == 9520
    assert right["refer-ge"] == expected["plain_xyxy_float64_ge"] / n == 5121 / n
    assert right["refer-gt"] == expected["plain_gt"] / n == expected["realgin_eval_script_gt"] / n == 4484 / n
    assert right["google"] == expected["google_toolbox_ge(official prec@1 rule)"] / n
    assert right["mattnet"] == expected["mattnet_ge"] / n
    assert right["vlm-plus1"] == expected["vlm_plus1_gt"] / n
    assert right["realgin"] == expected["realgin_train_evaluator_ge"] / n
    assert right["simrec"] == expected["simrec_gt"] / n
    assert right["mcn"] == expected["mcn_gt_with_smooth1e-7"] / n
    assert scores["refer-ge"]["box_mIoU"] == expected["plain_mean_iou"]
    assert scores["google"]["box_mIoU"] == expected["google_toolbox_mean_iou"]
    assert scores["mattnet"]["box_mIoU"] == expected["mattnet_mean_iou"]
    assert scores["vlm-plus1"]["box_mIoU"] == expected["vlm_plus1_mean_iou"]
    assert scores["realgin"]["box_mIoU"] == expected["realgin_mean_iou_f32"]


def test_edge_cases_of_the_gold_file(gold: Any) -> None:
    for name, case in gold["edge_cases"].items():
        found, truth = (np.array([case[side]], np.float64) for side in ("pred", "gt"))
        found[:, 2:] += found[:, :2]
        truth[:, 2:] += truth[:, :2]
        ious = {rule: float(iou(found, truth)[0]) for rule, iou in RULES.items()}
        expected = {
            "plain": case["google"], "inclusive": case["mattnet"], "plus-one": case["vlm_plus1"], "single": case["realgin"],
        }  # fmt: skip
        assert {rule: ious[rule] for rule in expected} == expected, name
        answers = of_boxes(found, truth)
        assert summarize(answers, BY_ID["simrec"])["acc50"] == case["simrec>0.5"], name
        assert summarize(answers, BY_ID["mcn"])["acc50"] == case["mcn>0.5"], name


def test_masks_of_the_gold_file(shared: Path, gold: Any) -> None:
    with np.load(shared / "data/referring/res_masks_seed11.npz") as stored:
        pairs = [(stored[f"gt{i}"] > 0, stored[f"pr{i}"] > 0) for i in range(300)]
    answers = of_masks(
        np.array([(a & b).sum() for a, b in pairs], np.int64), np.array([(a | b).sum() for a, b in pairs], np.int64)
    )
    expected = gold["RES_300_masks"]
    lavt, mcn, simrec = (summarize(answers, BY_ID[id]) for id in ("lavt", "mcn", "simrec"))
    assert None not in (lavt["mIoU"], lavt["oIoU"])
    assert lavt["mIoU"] * 100 == expected["lavt_mIoU_pct"]  # type: ignore[operator]
    assert lavt["oIoU"] * 100 == expected["lavt_oIoU_pct"]  # type: ignore[operator]
    assert mcn["mIoU"] * 100 == expected["mcn_mIoU_pct"]  # type: ignore[operator]
    # SimREC multiplies by 100 in single precision.
    assert float(np.float32(simrec["mIoU"]) * np.float32(100)) == expected["simrec_mIoU_pct_f32"]
    for threshold, percent in expected["lavt_P@X(>=)"].items():
        # LAVT multiplies the count by 100 before it divides.
        share = lavt[f"P{round(100 * float(threshold))}"]
        assert share is not None and round(share * 300) * 100 / 300 == percent and share == round(share * 300) / 300
    for threshold, percent in expected["mcn_P@X(>), keys are np.arange floats"].items():
        share = mcn[f"P{round(100 * float(threshold))}"]
        assert share is not None and share * 100 == percent


# -- literal restatements ------------------------------------------------------------------------------------------------
def slow_iou(found: list[float], truth: list[float], rule: str) -> float:
    """The protocols' own words, one pair at a time."""
    one = 1.0 if rule == "plus-one" else 0.0
    if rule == "inclusive":
        left, top = max(found[0], truth[0]), max(found[1], truth[1])
        right, bottom = min(found[2] - 1, truth[2] - 1), min(found[3] - 1, truth[3] - 1)
        common = (right - left + 1) * (bottom - top + 1) if left < right and top < bottom else 0.0
    else:
        width = min(found[2], truth[2]) - max(found[0], truth[0]) + one
        height = min(found[3], truth[3]) - max(found[1], truth[1]) + one
        common = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0] + one) * (box[3] - box[1] + one) for box in (found, truth)]
    union = areas[0] + areas[1] - common
    smooth = 1e-7 if rule == "smoothed" else 0.0
    return (common + smooth) / (union + smooth) if union + smooth > 0 else 0.0


CORNERS = arrays(np.int64, st.tuples(st.integers(1, 12), st.just(2), st.just(4)), elements=st.integers(0, 6))


@given(CORNERS, st.booleans())
def test_every_iou_is_what_its_words_say(corners: Array, halves: bool) -> None:
    boxes = corners.astype(np.float64) / (2 if halves else 1)
    boxes[..., 2:] += boxes[..., :2]
    for rule in ("plain", "smoothed", "plus-one", "inclusive"):
        expected = [slow_iou(found, truth, rule) for found, truth in boxes.tolist()]
        assert RULES[rule](boxes[:, 0], boxes[:, 1]).tolist() == expected


@given(CORNERS, st.data())
def test_missing_answers_are_wrong_but_left_out_by_google(corners: Array, data: st.DataObject) -> None:
    boxes = corners.astype(np.float64)
    boxes[..., 2:] += boxes[..., :2] + 1
    answered = np.array(data.draw(st.lists(st.booleans(), min_size=len(boxes), max_size=len(boxes))))
    answers = of_boxes(boxes[:, 0], boxes[:, 1], answered)
    right = [
        slow_iou(*pair, "plain") >= 0.5 for pair, has in zip(boxes.tolist(), answered.tolist(), strict=True) if has
    ]
    if not right:
        assert summarize(answers, BY_ID["refer-ge"]) == {}
        return
    assert summarize(answers, BY_ID["refer-ge"])["acc50"] == sum(right) / len(boxes)
    assert summarize(answers, BY_ID["google"])["acc50"] == sum(right) / len(right)


PIXELS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.booleans()), min_size=1, max_size=15)


@given(PIXELS)
def test_masks_count_as_lavt_and_mcn_count_them(drawn: list[tuple[int, int, bool]]) -> None:
    common = np.array([min(a, b) for a, b, _ in drawn], np.int64)
    either = np.array([max(a, b) for a, b, _ in drawn], np.int64)
    answered = np.array([has for _, _, has in drawn])
    answers = of_masks(np.where(answered, common, 0), either, answered)
    lavt, mcn = summarize(answers, BY_ID["lavt"]), summarize(answers, BY_ID["mcn"])
    if not answered.any():
        assert lavt == {} and mcn == {}
        return
    plain, smooth, total = [], 0.0, 0
    for i, u, has in zip(common.tolist(), either.tolist(), answered.tolist(), strict=True):
        plain.append(i / u if has and u else 0.0)
        smooth += (i + 1e-10) / (u + 1e-10) if has else 0.0
        total += i if has else 0
    assert lavt["mIoU"] == float(np.mean(plain))
    assert lavt["P60"] == sum(iou >= 0.6 for iou in plain) / len(plain)
    assert lavt["oIoU"] == (total / either.sum() if either.sum() else None)
    assert mcn["mIoU"] == smooth / len(plain)
    assert mcn["P50"] == sum(
        has and (i + 1e-10) / (u + 1e-10) > 0.5 for i, u, has in zip(common, either, answered, strict=True)
    ) / len(plain)


# -- resampling ----------------------------------------------------------------------------------------------------------
@given(CORNERS, st.data())
def test_a_resample_is_the_score_of_data_in_which_sentences_stand_that_often(
    corners: Array, data: st.DataObject
) -> None:
    boxes = corners.astype(np.float64)
    boxes[..., 2:] += boxes[..., :2] + 1
    length = len(boxes)
    answered = np.array(data.draw(st.lists(st.booleans(), min_size=length, max_size=length)))
    answered[0] = True
    common = np.array(data.draw(st.lists(st.integers(0, 9), min_size=length, max_size=length)), np.int64)
    weights = np.array(
        [data.draw(st.lists(st.integers(0, 3), min_size=length, max_size=length)), [1] * length], np.uint16
    )

    def answers(rows: Array) -> Answers:
        masks = of_masks(common[rows] * answered[rows], np.full(len(rows), 9), answered[rows])
        whole = of_boxes(boxes[rows, 0], boxes[rows, 1], answered[rows])
        return Answers(
            boxes_xyxy=whole.boxes_xyxy, truth_xyxy=whole.truth_xyxy, has_box=whole.has_box, has_mask=masks.has_mask,
            intersection=masks.intersection, union=masks.union,
        )  # fmt: skip

    everything = answers(np.arange(length))
    for rule in BY_ID.values():
        names = list(summarize(everything, rule))
        found = replicates(everything, rule, weights, names)
        for row, drawn in enumerate(weights):
            repeated = answers(np.repeat(np.arange(length), drawn))
            expected = summarize(repeated, rule) if drawn.sum() and repeated.has_box.any() else {}
            for name in names:
                if expected.get(name) is not None:
                    assert found[name][row] == pytest.approx(expected[name], rel=1e-9, abs=1e-12), (rule.id, name)
