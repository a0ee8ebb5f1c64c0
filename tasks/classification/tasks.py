"""The entry points' factories: one function a data set."""

from functools import partial
from typing import Final

from tasks.classification.benchmarks import CIFAR10, CIFAR100, Cifar
from tasks.classification.cifar import open_cifar, open_cifar10_1
from tasks.classification.declaration import make_meta
from tasks.classification.sample import write_cifar, write_cifar10_1
from tasks.classification.task import Classification

_CIFAR_LAYOUT: Final = """
{python}/{batch}                  (pickled batches, with {meta})
{binary}/{batch}.bin              (or: binary batches, with {text})
{archives}                        (or: one of the archives, as it is published)
"""
_CIFAR10_1_LAYOUT: Final = """
cifar10.1_v6_data.npy      uint8 (2000, 32, 32, 3)
cifar10.1_v6_labels.npy    whole numbers (2000,)
cifar10.1_v4_data.npy, cifar10.1_v4_labels.npy     (2021 pictures)
"""


def _cifar(benchmark: Cifar) -> Classification:
    archives = ", ".join(name for name in benchmark.md5 if name.endswith(".tar.gz"))
    layout = _CIFAR_LAYOUT.format(
        python=benchmark.python, binary=benchmark.binary, batch=benchmark.batches["test"][0], archives=archives,
        meta=benchmark.names_file[0], text=benchmark.names_file[1],
    )  # fmt: skip
    meta = make_meta(
        benchmark.id, title=benchmark.title, summary=benchmark.summary, splits=tuple(benchmark.batches), layout=layout,
        licence=benchmark.licence, citation=benchmark.citation, homepage=benchmark.homepage,
    )  # fmt: skip
    return Classification(
        meta, lambda task, request: open_cifar(task, benchmark, request), partial(write_cifar, benchmark=benchmark)
    )


def cifar10() -> Classification:
    """The task `cifar10`."""
    return _cifar(CIFAR10)


def cifar100() -> Classification:
    """The task `cifar100`."""
    return _cifar(CIFAR100)


def cifar10_1() -> Classification:
    """The task `cifar10.1`."""
    meta = make_meta(
        "cifar10.1", title="CIFAR-10.1", summary="New pictures for CIFAR-10's ten classes", splits=("v6", "v4"),
        layout=_CIFAR10_1_LAYOUT, licence="MIT (the collection)",
        citation="Recht, Roelofs, Schmidt, Shankar: Do CIFAR-10 Classifiers Generalize to CIFAR-10?, 2018, arXiv 1806.00451",
        homepage="https://github.com/modestyachts/CIFAR-10.1",
    )  # fmt: skip
    return Classification(meta, open_cifar10_1, write_cifar10_1)
