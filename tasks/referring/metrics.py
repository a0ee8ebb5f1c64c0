"""From answers and truth of every sentence to accuracy, mean and overall IoU, and precision at thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.referring.boxes import RULES as BOX_RULES
from tasks.referring.protocols import Masks, Rule

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What was answered to n sentences, beside the truth."""

    boxes_xyxy: Float
    """(n, 4); anything where `has_box` is not set."""
    truth_xyxy: Float
    has_box: Bool
    has_mask: Bool
    intersection: Mapping[str, Int]
    """`once` and `any` (see `protocols.Masks.pixels`) -> pixels that answered and true mask have in common; 0 without answer."""
    union: Mapping[str, Int]
    """The same for the pixels of either; the true mask's without answer."""


def box_ious(answers: Answers, rule: Rule) -> Float:
    """The IoU of every sentence's box, 0 where none was answered; NaN where the rule leaves such sentences out."""
    ious = BOX_RULES[rule.boxes](answers.boxes_xyxy, answers.truth_xyxy)
    return np.where(answers.has_box, ious, np.nan if rule.answered_only else 0.0)


def mask_ious(answers: Answers, masks: Masks) -> Float:
    """The IoU of every sentence's mask, 0 where none was answered. Empty on empty is 0, or 1 where it is smoothed."""
    kind = np.dtype(np.float32 if masks.single else np.float64)
    smooth = kind.type(masks.smooth)
    above: NDArray[Any] = answers.intersection[masks.pixels].astype(kind) + smooth
    below: NDArray[Any] = answers.union[masks.pixels].astype(kind) + smooth
    ious = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return np.where(answers.has_mask, ious, 0).astype(np.float64)


def values(answers: Answers, rule: Rule) -> dict[str, Float]:
    """Every metric that is a mean over sentences: name -> float64 (n,). Sentences that are NaN are left out of it."""
    found: dict[str, Float] = {}
    if rule.boxes and answers.has_box.any():
        ious = box_ious(answers, rule)
        found["acc50"] = np.where(np.isnan(ious), np.nan, ious > 0.5 if rule.strict else ious >= 0.5)
        found["box_mIoU"] = ious
    if rule.masks is not None and answers.has_mask.any():
        ious = mask_ious(answers, rule.masks)
        found["mIoU"] = ious
        for threshold in rule.masks.thresholds:
            passed = ious > threshold if rule.masks.strict else ious >= threshold
            found[f"P{round(100 * threshold)}"] = (passed & answers.has_mask).astype(np.float64)
    return found


def summarize(answers: Answers, rule: Rule) -> dict[str, float | None]:
    """The official numbers; metrics of what nobody answered are absent."""
    found: dict[str, float | None] = {name: _mean(column, name, rule) for name, column in values(answers, rule).items()}
    if rule.masks is not None and rule.masks.overall and answers.has_mask.any():
        union = int(answers.union[rule.masks.pixels].sum())
        found["oIoU"] = int(answers.intersection[rule.masks.pixels].sum()) / union if union else None
    return found


def _mean(column: Float, name: str, rule: Rule) -> float:
    kept = column[~np.isnan(column)]
    if name == "mIoU" and rule.masks is not None:
        if rule.masks.single:
            return float(np.mean(kept.astype(np.float32)))
        if rule.masks.running:
            return float(np.cumsum(kept)[-1]) / len(kept)
    if name in ("box_mIoU", "mIoU"):
        return float(np.mean(kept))
    return float(np.count_nonzero(kept)) / len(kept)


def replicates(answers: Answers, rule: Rule, weights: NDArray[np.uint16], names: list[str]) -> dict[str, Float]:
    """The same where sentence ``i`` counts ``weights[b, i]`` times: name -> float64 (B,), NaN where nothing counts."""
    columns, drawn = values(answers, rule), weights.astype(np.float64)
    found = {}
    for name in names:
        if name == "oIoU" and rule.masks is not None:
            parts = (answers.intersection[rule.masks.pixels], answers.union[rule.masks.pixels])
            above, below = (drawn @ part.astype(np.float64) for part in parts)
        elif name == "mIoU" and rule.masks is not None and rule.masks.single:
            # Its mean is one of single precision, which a weighted sum would not give.
            column = columns[name].astype(np.float32)
            means = (np.mean(np.repeat(column, row)) if row.any() else np.nan for row in weights)
            found[name] = np.fromiter(means, np.float64, len(weights))
            continue
        else:
            kept = ~np.isnan(columns[name])
            above, below = drawn[:, kept] @ columns[name][kept], drawn[:, kept].sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            found[name] = np.where(below > 0, above / below, np.nan)
    return found
