"""CIFAR-10 and ImageNet as they are attacked by queries: the classification tasks' data and the rule of their pixels."""

from collections.abc import Callable
from dataclasses import replace

from harness.task import DataRequest, Dataset, Task
from tasks.classification.benchmarks import CIFAR10
from tasks.classification.cifar import open_cifar
from tasks.classification.imagenet import open_imagenet
from tasks.classification.robustness.data import told, with_pixels
from tasks.classification.robustness.pixels import RESIZED, WHOLE


def open_asked_cifar(task: Task, request: DataRequest) -> Dataset:
    """CIFAR-10's test pictures; raises DataError."""
    return _counted(lambda one: open_cifar(task, CIFAR10, one), request, WHOLE)


def open_asked_imagenet(task: Task, request: DataRequest) -> Dataset:
    """ImageNet's validation images; raises DataError."""
    return _counted(lambda one: open_imagenet(task, one), request, RESIZED)


def _counted(reader: Callable[[DataRequest], Dataset], request: DataRequest, rule: str) -> Dataset:
    """The data set with what decides the run: the protocol, since it says what a query is, and the rule of the pixels."""
    dataset = told(with_pixels(reader, request), rule)
    return replace(dataset, facts={**dataset.facts, "counting": request.protocol})
