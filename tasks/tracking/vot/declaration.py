"""What the tasks `vot2016` to `vot2019` are, in words and numbers for people and for the engine."""

from dataclasses import dataclass
from typing import Final

from harness.task import MetricSpec, ProtocolSpec, SettingSpec, TaskMeta
from tasks.tracking.interface import interface
from tasks.tracking.vot.results import PREDICTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One year."""

    year: int
    sequences: int
    frames: int
    interval: tuple[int, int]
    """Shortest and longest length over which the expected overlap is averaged."""
    paper: str

    @property
    def name(self) -> str:
        """As the toolkits write it."""
        return f"VOT{self.year}"


CHALLENGES: Final = {
    2016: Challenge(year=2016, sequences=60, frames=21_455, interval=(108, 371),
                    paper="Kristan et al., The Visual Object Tracking VOT2016 Challenge Results, ECCV Workshops 2016"),
    2017: Challenge(year=2017, sequences=60, frames=21_356, interval=(100, 356),
                    paper="Kristan et al., The Visual Object Tracking VOT2017 Challenge Results, ICCV Workshops 2017"),
    2018: Challenge(year=2018, sequences=60, frames=21_356, interval=(100, 356),
                    paper="Kristan et al., The Sixth Visual Object Tracking VOT2018 Challenge Results, ECCV Workshops 2018"),
    2019: Challenge(year=2019, sequences=60, frames=19_935, interval=(46, 291),
                    paper="Kristan et al., The Seventh Visual Object Tracking VOT2019 Challenge Results, ICCV Workshops 2019"),
}  # fmt: skip
INTERFACE: Final = interface(
    "per repetition and frame a code (0 skipped, 1 started, 2 failed, 4 or 8: a region) and the region: "
    "x, y, width, height, or four corners x1, y1, ..., x4, y4",
    PREDICTIONS,
)
PROTOCOLS: Final = (
    ProtocolSpec(
        id="pysot",
        title="overlap in pixels of rounded regions, accuracy pooled over all frames, fragments weighted",
        source="STVIR/pysot, toolkit/evaluation/; the numbers of votchallenge/toolkit-legacy (MATLAB)",
    ),
    ProtocolSpec(
        id="vot-python",
        title="accuracy and failures weighted by the sequences' lengths, fragments end before the failure",
        source="votchallenge/toolkit 0.9.0, vot/analysis/supervised.py",
    ),
    ProtocolSpec(
        id="pysot-legacy-raster",
        title="as pysot, but regions rasterised as in the challenges before 2016",
        source="STVIR/pysot with REGION_LEGACY_RASTERIZATION set in region.c",
    ),
)
METRICS: Final = (
    MetricSpec(name="EAO", title="expected average overlap", least=0.0, most=1.0),
    MetricSpec(name="accuracy", title="mean overlap while tracking", least=0.0, most=1.0),
    MetricSpec(name="robustness", title="failures: in 100 frames (pysot), mean of a sequence (vot-python)",
               higher_is_better=False, least=0.0),
    MetricSpec(name="lost_number", title="failures in all sequences, mean of the repetitions",
               higher_is_better=False, decimals=1, least=0.0),
    MetricSpec(name="robustness_exp", title="reliability, exp(-30 robustness / mean length)", protocols=("vot-python",),
               least=0.0, most=1.0),
)  # fmt: skip

SETTINGS: Final = (
    SettingSpec(
        name="experiment",
        title="baseline, or realtime: frames come 20 a second, however long the tracker takes",
        default="baseline",
        choices=("baseline", "realtime"),
    ),
    SettingSpec(
        name="repetitions",
        title="most repetitions of a sequence; where the first three are equal there is one",
        default=15,
        choices=tuple(range(1, 16)),
        compared=False,
    ),
)


def declare(challenge: Challenge) -> TaskMeta:
    """The declaration of one year."""
    name = challenge.name
    return TaskMeta(
        id=name.lower(),
        version="1",
        title=f"{name} short-term challenge",
        family="tracking",
        summary=f"One target in each of {challenge.sequences} videos; a tracker that loses it is started again",
        metrics=METRICS,
        main_metric="EAO",
        protocols=PROTOCOLS,
        splits=("baseline",),
        interface=INTERFACE,
        unit="sequence",
        fixed="the interval of lengths of the expected average overlap",
        layout=(
            f"{name}.json                              pysot's annotations, with the size of the frames; or\n"
            "SEQUENCE/groundtruth.txt                  four corners or x,y,width,height a line, a line a frame\n"
            "SEQUENCE/camera_motion.tag ...            0 or 1 a line; also illum_change, motion_change, size_change,\n"
            "                                          occlusion\n"
            "SEQUENCE/color/00000001.jpg ...           the frames (or in SEQUENCE itself); scoring needs none where\n"
            "                                          SEQUENCE/sequence states width= and height="
        ),
        results=(
            "TRACKER/baseline/SEQUENCE/SEQUENCE_001.txt to _015.txt in a folder or zip: a line a frame, 1 started, "
            "2 failed, 0 skipped, x,y,width,height or four corners"
        ),
        licence="annotations and videos for research, terms of their owners",
        citation=challenge.paper,
        settings=SETTINGS,
        homepage=f"https://www.votchallenge.net/vot{challenge.year}/",
    )
