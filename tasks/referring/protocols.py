"""The protocols in use for sentences: which IoU, which comparison, which masks, and what a missing answer counts."""

from dataclasses import dataclass
from typing import Final

from harness.task import ProtocolSpec

LAVT_THRESHOLDS: Final = (0.5, 0.6, 0.7, 0.8, 0.9)
FINE_THRESHOLDS: Final = (
    0.5, 0.55, 0.6000000000000001, 0.6500000000000001, 0.7000000000000002, 0.7500000000000002, 0.8000000000000003,
    0.8500000000000003, 0.9000000000000004, 0.9500000000000004,
)  # fmt: skip
"""``np.arange(0.5, 1, 0.05)``, written out: an IoU of exactly 0.6 does not pass a threshold that lies above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Masks:
    """How masks are compared."""

    pixels: str
    """`once`: pixels of exactly one polygon; `any`: of at least one."""
    smooth: float = 0.0
    """Added to intersection and union."""
    strict: bool = False
    """Whether an IoU must lie above the threshold, not only reach it."""
    single: bool = False
    """Whether IoUs and their mean are in single precision."""
    running: bool = False
    """Whether the mean is a running sum, whose last digit is another than that of NumPy's mean."""
    overall: bool = False
    """Whether the overall IoU is part of it: all intersections over all unions."""
    thresholds: tuple[float, ...] = LAVT_THRESHOLDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One protocol; `boxes` names one of `tasks.referring.boxes.RULES`, or is empty where boxes do not count."""

    id: str
    title: str
    source: str
    boxes: str = ""
    strict: bool = False
    answered_only: bool = False
    """Whether sentences without an answer are left out, instead of counted as wrong."""
    masks: Masks | None = None
    also: tuple[str, ...] = ()

    @property
    def spec(self) -> ProtocolSpec:
        """What the engine needs to know."""
        return ProtocolSpec(id=self.id, title=self.title, source=self.source, main_metric=self.main_metric)

    @property
    def main_metric(self) -> str:
        """Accuracy of boxes; of protocols for masks alone, the overall IoU."""
        return "acc50" if self.boxes else "oIoU"


RULES: Final = (
    Rule(
        id="refer-ge",
        title="a box is right at IoU >= 0.5, plain areas, every sentence counts",
        source="lichengunc/refer (>= 0.5 per sentence); mjhucla/Google_Refexp_toolbox, refexp_eval.py (the IoU)",
        boxes="plain",
        also=("refer-gt", "lavt"),
    ),
    Rule(
        id="refer-gt",
        title="a box is right at IoU > 0.5, plain areas, every sentence counts",
        source="luogen1996/Real-time-Global-Inference-Network, code/eval_script.py; luogen1996/SimREC",
        boxes="plain",
        strict=True,
    ),
    Rule(
        id="lavt",
        title="masks: mean and overall IoU, precision at IoU >= 0.5 ... 0.9; pixels of exactly one polygon; empty on empty is 0",
        source="yz93/LAVT-RIS, test.py and data/dataset_refer_bert.py",
        masks=Masks(pixels="once", overall=True),
    ),
    Rule(
        id="mcn",
        title="boxes: smoothed IoU > 0.5; masks: smoothed mean IoU, precision at IoU > 0.5 ... 0.95; pixels of any polygon",
        source="luogen1996/MCN, callbacks/eval.py",
        boxes="smoothed",
        strict=True,
        masks=Masks(pixels="any", smooth=1e-10, strict=True, running=True, thresholds=FINE_THRESHOLDS),
    ),
    Rule(
        id="simrec",
        title="boxes: IoU > 0.5; masks: mean IoU in single precision; pixels of any polygon",
        source="luogen1996/SimREC",
        boxes="plain",
        strict=True,
        masks=Masks(pixels="any", smooth=1e-10, strict=True, single=True, thresholds=()),
    ),
    Rule(
        id="realgin",
        title="a box is right at IoU >= 0.5 in single precision",
        source="luogen1996/Real-time-Global-Inference-Network, code/evaluator.py",
        boxes="single",
    ),
    Rule(
        id="google",
        title="a box is right at IoU >= 0.5; sentences without an answer are left out",
        source="mjhucla/Google_Refexp_toolbox, google_refexp_py_lib/refexp_eval.py",
        boxes="plain",
        answered_only=True,
    ),
    Rule(
        id="mattnet",
        title="a box is right at IoU >= 0.5, corners are pixels inside it",
        source="lichengunc/refer, pyReferDemo; lichengunc/MAttNet",
        boxes="inclusive",
    ),
    Rule(
        id="vlm-plus1",
        title="a box is right at IoU > 0.5, every side one pixel longer",
        source="evaluation scripts of vision-language models (VILA, LLaVA, MiniGPT)",
        boxes="plus-one",
        strict=True,
    ),
)
BY_ID: Final = {rule.id: rule for rule in RULES}
