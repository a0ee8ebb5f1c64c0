"""The one-pass benchmarks: their sequences, attributes, protocols and papers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tasks.tracking.ope import sequences


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One benchmark."""

    id: str
    title: str
    names: tuple[str, ...]
    """Its sequences, in the order in which its evaluator adds them up."""
    frames: int | None
    """How many frames they have, where it is known: by it the official annotations are told from others."""
    protocols: tuple[str, ...]
    """The first is the default."""
    toolkit: str
    """How pysot's JSON file is called, without the ending."""
    layout: str
    citation: str
    homepage: str
    splits: tuple[str, ...] = ("test",)
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Abbreviation -> title, in the order of the columns of the ``att`` files."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    omitted: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Sequence -> how many first frames of how many annotated ones are not scored."""
    ranges: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Sequence -> first and last scored frame of the video, where it does not start with its first."""
    every: Mapping[str, int] = field(default_factory=dict)
    """Split -> annotated lines a frame, where the annotations may be those of a higher frame rate (NFS at 30 frames/s)."""
    prefix: str = ""
    """What some toolkits put before a sequence's name."""
    absence: bool = False
    """Whether annotations say in which frames the target is absent."""
    normalized: bool = False
    """Whether normalised precision is reported."""
    longer: bool = False
    """Results may be longer than the annotations by any number of frames (LaSOT's monkey-17)."""
    notice: str = ""


_OTB_ATTRIBUTES: Final = {
    "IV": "illumination variation", "OPR": "out-of-plane rotation", "SV": "scale variation", "OCC": "occlusion",
    "DEF": "deformation", "MB": "motion blur", "FM": "fast motion", "IPR": "in-plane rotation", "OV": "out of view",
    "BC": "background clutter", "LR": "low resolution",
}  # fmt: skip
_OTB_LAYOUT: Final = (
    "NAME/groundtruth_rect.txt (.1.txt, .2.txt: several targets)   x,y,width,height a line, a line a frame\n"
    "NAME/img/0001.jpg ...                                         the frames; scoring needs none; or instead\n"
    "NAME.txt and att/NAME.txt                                     annotations alone, with 11 attributes, 0 or 1; or\n"
    "{toolkit}.json                                                pysot's annotations"
)
_OTB_CITATION: Final = "Wu, Lim, Yang, Object Tracking Benchmark, PAMI 2015"
_OTB_RANGES: Final = {"david": (300, 770), "BlurCar1": (247, 988), "BlurCar4": (18, 397), "tiger1": (6, 354)}


def _otb(id: str, title: str, names: tuple[str, ...], frames: int, toolkit: str, citation: str) -> Benchmark:
    return Benchmark(
        id=id,
        title=title,
        names=names,
        frames=frames,
        protocols=("otb-matlab", "pysot", "got10k"),
        toolkit=toolkit,
        layout=_OTB_LAYOUT.format(toolkit=toolkit),
        citation=citation,
        homepage="http://cvlab.hanyang.ac.kr/tracker_benchmark/",
        attributes=_OTB_ATTRIBUTES,
        aliases=sequences.OTB_ALIASES,
        omitted={"tiger1": (5, 354)},
        ranges={name: span for name, span in _OTB_RANGES.items() if name in names},
        notice="Tiger1 is scored on frames 6 to 354, as the official evaluator does",
    )


BENCHMARKS: Final = {
    "otb100": _otb("otb100", "OTB-100", sequences.OTB100, 59_035, "OTB100", _OTB_CITATION),
    "otb50": _otb("otb50", "OTB-50 (TB-50)", sequences.OTB50, 26_972, "OTB50", _OTB_CITATION),
    "otb2013": _otb("otb2013", "OTB-2013", sequences.OTB2013, 29_486, "CVPR13",
                    "Wu, Lim, Yang, Online Object Tracking: A Benchmark, CVPR 2013"),
    "uav123": Benchmark(
        id="uav123", title="UAV123", names=sequences.UAV123, frames=112_578, protocols=("pysot", "got10k"),
        toolkit="UAV123", prefix="uav-", ranges=sequences.UAV123_PARTS,
        layout=(
            "anno/UAV123/NAME.txt          x,y,width,height a line, NaN where the target is absent\n"
            "anno/UAV123/att/NAME.txt      12 attributes, 0 or 1\n"
            "data_seq/UAV123/VIDEO/000001.jpg ...   the frames; scoring needs none; or instead\n"
            "UAV123.json                   pysot's annotations"
        ),
        citation="Mueller, Smith, Ghanem, A Benchmark and Simulator for UAV Tracking, ECCV 2016",
        homepage="https://cemse.kaust.edu.sa/ivul/uav123",
        attributes={
            "SV": "scale variation", "ARC": "aspect ratio change", "LR": "low resolution", "FM": "fast motion",
            "FOC": "full occlusion", "POC": "partial occlusion", "OV": "out of view", "BC": "background clutter",
            "IV": "illumination variation", "VC": "viewpoint change", "CM": "camera motion", "SOB": "similar object",
        },
    ),
    "nfs": Benchmark(
        id="nfs", title="Need for Speed", names=sequences.NFS, frames=None, protocols=("pysot", "got10k"),
        toolkit="NFS30", splits=("30", "240"), prefix="nfs-", every={"30": 8},
        layout=(
            "NAME/30/NAME.txt              track, left, top, right, bottom, ... a line (240 for the other split)\n"
            "NAME/30/NAME/00001.jpg ...    the frames; scoring needs none; or instead\n"
            "NAME.txt                      x,y,width,height a line; or NFS30.json, NFS240.json: pysot's annotations"
        ),
        citation="Galoogahi et al., Need for Speed: A Benchmark for Higher Frame Rate Object Tracking, ICCV 2017",
        homepage="http://ci2cv.net/nfs/index.html",
    ),
    "lasot": Benchmark(
        id="lasot", title="LaSOT", names=sequences.LASOT, frames=None, protocols=("lasot", "pysot", "got10k"),
        toolkit="LaSOT", absence=True, normalized=True, longer=True,
        layout=(
            "CLASS/NAME/groundtruth.txt    x,y,width,height a line\n"
            "CLASS/NAME/full_occlusion.txt and out_of_view.txt   when the target is absent, 0 or 1; or absent/NAME.txt\n"
            "CLASS/NAME/img/00000001.jpg ...   the frames; scoring needs none; or instead\n"
            "LaSOT.json                    pysot's annotations"
        ),
        citation="Fan et al., LaSOT: A High-quality Benchmark for Large-scale Single Object Tracking, CVPR 2019",
        homepage="http://vision.cs.stonybrook.edu/~lasot/",
    ),
}  # fmt: skip
