"""What the white-box robustness tasks are, in words and numbers for people and for the engine."""

from typing import Final

from harness.task import MetricSpec, ProtocolSpec, TaskMeta
from tasks.classification.robustness.choices import BATTERY, HAS, STANDARD, attack_settings, metric_of
from tasks.classification.robustness.interface import INTERFACE

CLEAN_ACCURACY: Final = "clean"
ROBUST: Final = "robust_accuracy"
WORST_CASE: Final = "worst-case"


def accuracy(name: str, title: str) -> MetricSpec:
    """An accuracy in percent of all images."""
    return MetricSpec(name=name, title=title, unit="%", decimals=2, least=0.0, most=100.0)


TOTALS: Final = (
    accuracy(ROBUST, "images answered rightly as they are and whatever the attacks make of them"),
    accuracy(CLEAN_ACCURACY, "images answered rightly as they are"),
)


def after(attack: str) -> MetricSpec:
    """What is left standing after an attack and those before it."""
    return accuracy(metric_of(attack), f"images standing after {attack} and the attacks before it")


METRICS: Final = (*TOTALS, *(after(name) for name in dict.fromkeys((*BATTERY, *HAS)) if name != STANDARD))
PROTOCOLS: Final = (
    ProtocolSpec(
        id=WORST_CASE,
        title="worst case of all attacks for each image; only what still stands is attacked; percent of all images",
        source="fra31/auto-attack, autoattack/autoattack.py (run_standard_evaluation); RobustBench, README.md",
    ),
)
RESULTS: Final = (
    ".npz with clean_logits (n, classes), adversarial_logits (n, classes) or (n, attacks, classes), ids if they are not in the "
    "data set's order, and adversarial_image (n, 3, h, w) in [0, 1], which is checked against ball and box"
)
_NORMS: Final = {"linf": "L-infinity", "l2": "L2"}


def make_meta(
    id: str, *, data: str, norm: str, radius: str, splits: tuple[str, ...], layout: str, licence: str, citation: str,
    homepage: str,
) -> TaskMeta:  # fmt: skip
    """The declaration of one task: a data set, a norm and the customary radius."""
    return TaskMeta(
        id=id, version="1", title=f"{data} under {_NORMS[norm]} attack", family="robustness",
        summary=f"{data} classification where an attack that sees the network changes each image within an {_NORMS[norm]} ball",
        metrics=METRICS, main_metric=ROBUST, protocols=PROTOCOLS, splits=splits, interface=INTERFACE, unit="image",
        fixed="the attack's random numbers and the set of classes", layout=layout, results=RESULTS, licence=licence,
        citation=citation, homepage=homepage, settings=attack_settings(norm, radius),
    )  # fmt: skip
