"""What the classification tasks are, in words and numbers for people and for the engine."""

from typing import Final

from harness.task import MetricSpec, ProtocolSpec, SettingSpec, TaskMeta
from tasks.classification.choices import IDENTITY
from tasks.classification.interface import INTERFACE, KEEP
from tasks.classification.metrics import TOP

_TIES: Final = (("_optimistic", "ties counted for the method"), ("_pessimistic", "ties counted against it"))


def _accuracies(protocol: str) -> tuple[MetricSpec, ...]:
    """Accuracies in percent with their bounds."""
    return tuple(
        MetricSpec(
            name=f"top{k}{ending}",
            title=("images whose class is the first answer" if k == 1 else f"images whose class is among the first {k}") + way,
            unit="%", decimals=2, least=0.0, most=100.0, minor=bool(ending), protocols=(protocol,),
        )
        for k in TOP
        for ending, way in (("", ""), *((name, f", {rule}") for name, rule in _TIES))
    )  # fmt: skip


SINGLE: Final = "top-k"
SETS: Final = "real"
METRICS: Final = (
    *_accuracies(SINGLE),
    MetricSpec(
        name="nll", title="negative log-likelihood of the class, nats", higher_is_better=False, decimals=4, least=0.0,
        protocols=(SINGLE,),
    ),
    MetricSpec(
        name="ece15", title="expected calibration error, 15 bins of equal width", higher_is_better=False, decimals=4,
        least=0.0, most=1.0, protocols=(SINGLE,),
    ),
)  # fmt: skip
SET_METRICS: Final = tuple(metric for metric in _accuracies(SETS) if metric.name.startswith("top1"))
PROTOCOLS: Final = (
    ProtocolSpec(
        id=SINGLE,
        title="one true class an image; equal scores count by their index, with both bounds beside it",
        source="pytorch/examples, imagenet/main.py (accuracy); Guo et al. 2017 (calibration error, 15 bins closed on the right)",
    ),
)
SET_PROTOCOLS: Final = (
    ProtocolSpec(
        id=SETS,
        title="right if the first answer is one of the image's classes; images without any are left out",
        source="google-research/reassessed-imagenet, README.md; Beyer et al. 2020, https://arxiv.org/abs/2006.07159",
    ),
)
SETTINGS: Final = (
    SettingSpec(
        name="class_map",
        title=f"what the outputs stand for: {IDENTITY}, background-first, or a file with a class a line",
        default=IDENTITY,
        compared=False,
    ),
    SettingSpec(
        name="keep", title="logits kept of each image", default="all", choices=tuple(KEEP), compared=False
    ),
)  # fmt: skip
RESULTS: Final = (
    ".npz with logits, probabilities or labels (best first) and, if they are not in the data set's order, ids; .npy of one "
    "of them; .csv or .parquet with id and columns of them"
)


def make_meta(
    id: str, *, title: str, summary: str, splits: tuple[str, ...], layout: str, licence: str, citation: str,
    homepage: str, notice: str = "", sets: bool = False, hidden: bool = False,
) -> TaskMeta:  # fmt: skip
    """The declaration of one data set's task."""
    return TaskMeta(
        id=id, version="1", title=title, family="classification", summary=summary,
        metrics=SET_METRICS if sets else METRICS, main_metric="top1", protocols=SET_PROTOCOLS if sets else PROTOCOLS,
        splits=splits, interface=INTERFACE, unit="image", fixed="the set of classes", layout=layout, results=RESULTS,
        licence=licence, citation=citation, homepage=homepage, settings=SETTINGS, notice=notice, hidden=hidden,
    )  # fmt: skip
