"""What the query-limited tasks are, in words and numbers for people and for the engine."""

from collections.abc import Mapping
from typing import Final

from harness.task import MetricSpec, TaskMeta
from tasks.classification.robustness.blackbox.choices import attack_settings
from tasks.classification.robustness.blackbox.counting import PROTOCOLS
from tasks.classification.robustness.blackbox.interface import INTERFACE, QUERIES
from tasks.classification.robustness.declaration import CLEAN_ACCURACY, ROBUST, accuracy

SUCCESS: Final = "success_rate"
METRICS: Final = (
    accuracy(ROBUST, "images answered rightly as they are and after all queries"),
    accuracy(CLEAN_ACCURACY, "images answered rightly as they are"),
    MetricSpec(
        name=SUCCESS, title="attacked images that fell within the budget", unit="%", higher_is_better=False, decimals=2,
        least=0.0, most=100.0,
    ),
    *(
        MetricSpec(
            name=f"{kind}_queries{ending}", title=f"{kind} number of queries {of}", unit=QUERIES, decimals=1, least=1.0
        )
        for ending, of in (
            ("", "of the images that fell"), ("_all", "of all attacked images; those that stand count the budget"),
        )
        for kind in ("mean", "median")
    ),
)  # fmt: skip
RESULTS: Final = (
    ".npz with clean_logits and adversarial_logits (n, classes), queries (n,), tests (n,) if there were any, ids if they are "
    "not in the data set's order, and adversarial_image (n, 3, h, w) in [0, 1], which is checked against ball and box"
)


def make_meta(
    id: str, *, data: str, radii: Mapping[str, str], splits: tuple[str, ...], layout: str, licence: str, citation: str,
) -> TaskMeta:  # fmt: skip
    """The declaration of one task: a data set and the customary radius of each norm."""
    return TaskMeta(
        id=id, version="1", title=f"{data} under query-limited attack", family="robustness",
        summary=f"{data} classification where an attack that can only ask changes each image within a ball",
        metrics=METRICS, main_metric=ROBUST, protocols=PROTOCOLS, splits=splits, interface=INTERFACE, unit="image",
        fixed="the attack's random numbers and the set of classes", layout=layout, results=RESULTS, licence=licence,
        citation=citation, homepage="https://github.com/MadryLab/blackbox-bandits", settings=attack_settings(radii),
    )  # fmt: skip
