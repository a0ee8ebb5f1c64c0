"""The data sets of 32 x 32 pictures that are scored this way: one row each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

CIFAR10_CLASSES: Final = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
_KRIZHEVSKY: Final = "Krizhevsky: Learning Multiple Layers of Features from Tiny Images, technical report, 2009"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cifar:
    """Where the official archives keep a data set, and how they are known."""

    id: str
    title: str
    summary: str
    python: str
    """Folder of the pickled batches."""
    binary: str
    """Folder of the binary batches."""
    batches: Mapping[str, tuple[str, ...]]
    """Split -> names of its batches, without the binary ones' ``.bin``."""
    names_file: tuple[str, str]
    """The file of class names beside the pickles, and beside the binary batches."""
    names_key: str
    labels_key: str
    label_bytes: int
    """Bytes of labels before each picture of a binary batch; the last one is the class."""
    classes: int
    counts: Mapping[str, int]
    md5: Mapping[str, str] = field(default_factory=dict)
    """Published file -> MD5 of its content: of pickled batches and of whole archives."""
    licence: str = "none stated"
    citation: str = _KRIZHEVSKY
    homepage: str = "https://www.cs.toronto.edu/~kriz/cifar.html"


CIFAR10: Final = Cifar(
    id="cifar10",
    title="CIFAR-10",
    summary="One of ten kinds of things in a picture of 32 x 32 pixels",
    python="cifar-10-batches-py",
    binary="cifar-10-batches-bin",
    batches=MappingProxyType({"test": ("test_batch",), "train": tuple(f"data_batch_{i}" for i in range(1, 6))}),
    names_file=("batches.meta", "batches.meta.txt"),
    names_key="label_names",
    labels_key="labels",
    label_bytes=1,
    classes=10,
    counts=MappingProxyType({"test": 10_000, "train": 50_000}),
    md5=MappingProxyType(
        {
            "test_batch": "40351d587109b95175f43aff81a1287e",
            "data_batch_1": "c99cafc152244af753f735de768cd75f",
            "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
            "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
            "data_batch_4": "634d18415352ddfa80567beed471001a",
            "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
            "cifar-10-python.tar.gz": "c58f30108f718f92721af3b95e74349a",
            "cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530",
        }
    ),
)
CIFAR100: Final = Cifar(
    id="cifar100",
    title="CIFAR-100",
    summary="One of a hundred kinds of things in a picture of 32 x 32 pixels",
    python="cifar-100-python",
    binary="cifar-100-binary",
    batches=MappingProxyType({"test": ("test",), "train": ("train",)}),
    names_file=("meta", "fine_label_names.txt"),
    names_key="fine_label_names",
    labels_key="fine_labels",
    label_bytes=2,
    classes=100,
    counts=MappingProxyType({"test": 10_000, "train": 50_000}),
    md5=MappingProxyType(
        {
            "test": "f0ef6b0ae62326f3e7ffdfab6717acfc",
            "train": "16019d7e3df5f24257cddd939b257f8d",
            "cifar-100-python.tar.gz": "eb9058c3a382ffc7106e4002c42a8d85",
            "cifar-100-binary.tar.gz": "03b5dce01913d631647c71ecec9e9cb8",
        }
    ),
)
CIFAR10_1_COUNTS: Final = {"v6": 2000, "v4": 2021}
