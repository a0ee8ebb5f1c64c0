"""What the tasks of this family are, in words and numbers for people and for the engine."""

from typing import Final

from harness.task import MetricSpec, ProtocolSpec, SettingSpec, TaskMeta
from tasks.referring.benchmarks import Benchmark
from tasks.referring.interface import INTERFACE
from tasks.referring.protocols import FINE_THRESHOLDS, RULES, Rule

SEEN: Final = "saw_evaluated_images"
"""The setting by which a submission declares a leak."""
UNDECLARED, NO, YES = "undeclared", "no", "yes"


def make_meta(benchmark: Benchmark) -> TaskMeta:
    """The declaration of one benchmark's task; without masks there are no metrics and protocols of masks."""
    rules = [rule for rule in RULES if rule.boxes or benchmark.masks]
    return TaskMeta(
        id=benchmark.id,
        version="1",
        title=benchmark.title,
        family="referring",
        summary=benchmark.summary,
        metrics=(*_box_metrics(rules), *(_mask_metrics(rules) if benchmark.masks else ())),
        main_metric="acc50",
        protocols=tuple(_spec(rule, rules) for rule in rules),
        splits=benchmark.splits,
        interface=INTERFACE,
        unit="sentence",
        fixed="the photographs' objects and what each sentence means; sentences of one photograph are drawn together",
        layout=benchmark.layout,
        results='one JSON object a line: {"sent_id": 12, "box_xyxy": [x1, y1, x2, y2]'
        + (', "segmentation": {"size": [h, w], "counts": "..."}' if benchmark.masks else "")
        + "}, also .gz or .zip",
        licence=benchmark.licence,
        citation=benchmark.citation,
        homepage=benchmark.homepage,
        settings=_settings(benchmark),
        notice=benchmark.notice,
    )


def _spec(rule: Rule, rules: list[Rule]) -> ProtocolSpec:
    also = tuple(one for one in rule.also if any(one == other.id for other in rules))
    return ProtocolSpec(id=rule.id, title=rule.title, source=rule.source, also=also, main_metric=rule.main_metric)


def _settings(benchmark: Benchmark) -> tuple[SettingSpec, ...]:
    partitions = tuple(benchmark.partitions)
    return (
        SettingSpec(
            name="partition", title="whose division into splits", default=partitions[0], choices=partitions
        ),
        SettingSpec(
            name=SEEN,
            title="whether any part of the method was trained on images that are evaluated",
            default=UNDECLARED,
            choices=(UNDECLARED, NO, YES),
            by="submission",
            compared=False,
        ),
    )  # fmt: skip


def _box_metrics(rules: list[Rule]) -> tuple[MetricSpec, ...]:
    of_boxes = tuple(rule.id for rule in rules if rule.boxes)
    return (
        _share("acc50", "sentences whose box is right, by IoU 0.5", of_boxes),
        _share("box_mIoU", "mean IoU of the boxes", of_boxes),
    )


def _mask_metrics(rules: list[Rule]) -> tuple[MetricSpec, ...]:
    of_masks = [(rule.id, rule.masks) for rule in rules if rule.masks is not None]
    found = [
        _share(
            "oIoU",
            "overall IoU of the masks: all intersections over all unions",
            tuple(id for id, m in of_masks if m.overall),
        ),
        _share("mIoU", "mean IoU of the masks", tuple(id for id, _ in of_masks)),
    ]
    for threshold in FINE_THRESHOLDS:
        name = f"P{round(100 * threshold)}"
        under = tuple(id for id, masks in of_masks if name in {f"P{round(100 * t)}" for t in masks.thresholds})
        found.append(_share(name, f"sentences whose mask has an IoU of {round(100 * threshold) / 100:.2f}", under))
    return tuple(found)


def _share(name: str, title: str, protocols: tuple[str, ...]) -> MetricSpec:
    return MetricSpec(name=name, title=title, protocols=protocols, least=0.0, most=1.0, decimals=4)
