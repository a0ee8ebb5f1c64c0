"""The benchmarks of this family: where their files lie, their partitions, splits and official counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

COCO_IMAGES: Final = ("images/mscoco/images/train2014", "images/train2014", "train2014")
"""Where the images of the refer toolbox lie below its folder ``data``; the first is the official place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One benchmark."""

    id: str
    title: str
    summary: str
    folder: str
    """Its folder below ``data``."""
    partitions: Mapping[str, tuple[str, ...]]
    """Who divided it -> the splits of that division; the first is the default."""
    official: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """(Partition, split) -> referring expressions in the sense of ``refs(*.p)``: objects, each with its sentences."""
    csv: str = ""
    """The path of the sentences of a split below ``data``, where they are tables: ``{split}.csv``."""
    image_folders: tuple[str, ...] = COCO_IMAGES
    layout: str
    licence: str
    citation: str
    homepage: str
    notice: str = ""

    @property
    def masks(self) -> bool:
        """Whether its truth has masks beside boxes."""
        return not self.csv

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits of any partition, the default first."""
        return tuple(dict.fromkeys(split for splits in self.partitions.values() for split in splits))


def _layout(folder: str, partition: str) -> str:
    return (
        f"data/{folder}/refs({partition}).p\ndata/{folder}/instances.json\n"
        "data/images/mscoco/images/train2014/COCO_train2014_000000581857.jpg ..."
    )


_LICENCE: Final = "annotations: none stated by their authors; images under the terms of Flickr"
_REFER: Final = "https://github.com/lichengunc/refer"
_TRAIN2014: Final = (
    "All evaluated images lie in COCO train2014: "
    "a method with a detector or backbone trained on all of it has seen them."
)
_KAZEMZADEH: Final = "Kazemzadeh et al., ReferItGame, EMNLP 2014"
_YU: Final = "Yu et al., Modeling Context in Referring Expressions, ECCV 2016, arXiv 1608.00272"

REFCOCO: Final = Benchmark(
    id="refcoco",
    title="RefCOCO",
    summary="The object in a photograph that a short sentence means; words for places allowed",
    folder="refcoco",
    partitions={"unc": ("val", "testA", "testB", "test"), "google": ("val", "test")},
    official={("unc", "val"): 3811, ("unc", "testA"): 1975, ("unc", "testB"): 1810},
    layout=_layout("refcoco", "unc"),
    licence=_LICENCE,
    citation=f"{_YU}; {_KAZEMZADEH}",
    homepage=_REFER,
    notice=_TRAIN2014,
)
REFCOCO_PLUS: Final = Benchmark(
    id="refcoco+",
    title="RefCOCO+",
    summary="The object in a photograph that a short sentence means; no words for places",
    folder="refcoco+",
    partitions={"unc": ("val", "testA", "testB", "test")},
    official={("unc", "val"): 3805, ("unc", "testA"): 1975, ("unc", "testB"): 1798},
    layout=_layout("refcoco+", "unc"),
    licence=_LICENCE,
    citation=f"{_YU}; {_KAZEMZADEH}",
    homepage=_REFER,
    notice=_TRAIN2014,
)
REFCOCOG: Final = Benchmark(
    id="refcocog",
    title="RefCOCOg",
    summary="The object in a photograph that a longer sentence means",
    folder="refcocog",
    partitions={"umd": ("val", "test"), "google": ("val",)},
    official={("umd", "val"): 2573, ("umd", "test"): 5023, ("google", "val"): 5000},
    layout=_layout("refcocog", "umd"),
    licence=_LICENCE,
    citation="Mao et al., Generation and Comprehension of Unambiguous Object Descriptions, CVPR 2016, arXiv 1511.02283",
    homepage=_REFER,
    notice=_TRAIN2014,
)
REFERIT: Final = Benchmark(
    id="referit",
    title="ReferIt (RefClef)",
    summary="The region of a photograph of SAIAPR TC-12 that a short sentence means; boxes only",
    folder="referit",
    partitions={"realgin": ("test", "val")},
    csv="referit/csv_dir/{split}.csv",
    image_folders=("referit/saiapr_tc12_images",),
    layout="data/referit/csv_dir/test.csv (img_id, bbox as [x1, y1, x2, y2], query)\ndata/referit/saiapr_tc12_images/112.jpg ...",
    licence="annotations: none stated by their authors; images: IAPR TC-12, for research",
    citation=_KAZEMZADEH,
    homepage="https://github.com/luogen1996/Real-time-Global-Inference-Network",
)
FLICKR30K: Final = Benchmark(
    id="flickr30k",
    title="Flickr30k Entities",
    summary="The region of a photograph that a phrase of its caption means; boxes only",
    folder="flickr30k",
    partitions={"realgin": ("test", "val")},
    csv="flickr30k/csv_dir/flickr/{split}.csv",
    image_folders=("flickr30k/flickr30k_images",),
    layout=(
        "data/flickr30k/csv_dir/flickr/test.csv (img_id, bbox as [x1, y1, x2, y2], query)\n"
        "data/flickr30k/flickr30k_images/1007129816.jpg ..."
    ),
    licence="annotations: for research; images under the terms of Flickr",
    citation="Plummer et al., Flickr30k Entities, ICCV 2015, arXiv 1505.04870",
    homepage="https://github.com/luogen1996/Real-time-Global-Inference-Network",
    notice=(
        "Every phrase has the one box that the table gives it: results that count a phrase of several boxes as found with any of "
        "them, or with their union, are other numbers."
    ),
)
