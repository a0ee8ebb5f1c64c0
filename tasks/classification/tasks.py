"""The entry points' factories: one function a data set."""

from functools import partial
from typing import Final

from tasks.classification.benchmarks import CIFAR10, CIFAR100, Cifar
from tasks.classification.cifar import open_cifar, open_cifar10_1
from tasks.classification.declaration import make_meta
from tasks.classification.imagenet import open_imagenet, open_imagenet_real, open_imagenet_v2
from tasks.classification.sample import (
    V2_SPLITS,
    write_cifar,
    write_cifar10_1,
    write_imagenet,
    write_imagenet_real,
    write_imagenet_v2,
)
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


_IMAGENET_LAYOUT: Final = """
val/ILSVRC2012_val_00000001.JPEG ...                                      (the official, flat layout)
ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt, meta.mat
val/n01440764/ILSVRC2012_val_00000293.JPEG ...                            (or: class folders, without the kit)
*val*.tar, val/*.tar                                                      (or: shards, .jpg and .cls of each image)
*val*.parquet, data/*val*.parquet                                         (or: shards, image (bytes, path) and label)
LOC_val_solution.csv, LOC_synset_mapping.txt                              (or: Kaggle's, with ILSVRC/Data/CLS-LOC/val)
"""
_V2_LAYOUT: Final = """
imagenetv2-matched-frequency-format-val/0/*.jpeg ... 999/*.jpeg           (folders are class indices)
imagenetv2-threshold0.7-format-val/..., imagenetv2-top-images-format-val/...
"""
_REAL_LAYOUT: Final = """
real.json                                  (a list of classes for each validation image)
val/ILSVRC2012_val_00000001.JPEG ...
"""
_IMAGENET_TERMS: Final = "images for non-commercial research and education, https://image-net.org/download"
_RUSSAKOVSKY: Final = "Russakovsky et al.: ImageNet Large Scale Visual Recognition Challenge, IJCV 115(3), 2015"


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


def imagenet() -> Classification:
    """The task `imagenet`."""
    meta = make_meta(
        "imagenet", title="ImageNet (ILSVRC 2012) validation", summary="One of a thousand kinds of things in a photograph",
        splits=("val",), layout=_IMAGENET_LAYOUT, licence=_IMAGENET_TERMS, citation=_RUSSAKOVSKY,
        homepage="https://www.image-net.org/challenges/LSVRC/2012/",
    )  # fmt: skip
    return Classification(meta, open_imagenet, write_imagenet)


def imagenet_v2() -> Classification:
    """The task `imagenet-v2`."""
    meta = make_meta(
        "imagenet-v2", title="ImageNetV2", summary="New photographs for ImageNet's thousand classes", splits=V2_SPLITS,
        layout=_V2_LAYOUT, licence=_IMAGENET_TERMS,
        citation="Recht, Roelofs, Schmidt, Shankar: Do ImageNet Classifiers Generalize to ImageNet?, ICML 2019, arXiv 1902.10811",
        homepage="https://github.com/modestyachts/ImageNetV2",
    )  # fmt: skip
    return Classification(meta, open_imagenet_v2, write_imagenet_v2)


def imagenet_real() -> Classification:
    """The task `imagenet-real`."""
    meta = make_meta(
        "imagenet-real", title="ImageNet ReaL", summary="ImageNet's validation images with every class that they show",
        splits=("val",), layout=_REAL_LAYOUT, licence=f"labels Apache-2.0; {_IMAGENET_TERMS}", sets=True,
        citation="Beyer, Henaff, Kolesnikov, Zhai, van den Oord: Are we done with ImageNet?, 2020, arXiv 2006.07159",
        homepage="https://github.com/google-research/reassessed-imagenet",
    )  # fmt: skip
    return Classification(meta, open_imagenet_real, write_imagenet_real)
