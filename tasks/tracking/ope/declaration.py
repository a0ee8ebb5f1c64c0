"""What a one-pass benchmark is, in words and numbers for people and for the engine."""

from typing import Final

from harness.task import MetricSpec, ProtocolSpec, TaskMeta
from tasks.tracking.interface import interface
from tasks.tracking.ope.benchmarks import Benchmark
from tasks.tracking.ope.results import PREDICTIONS

INTERFACE: Final = interface(
    "boxes_xywh: float64 (frames, 4), x, y, width, height of every frame, the first among them", PREDICTIONS
)
PROTOCOLS: Final = {
    "otb-matlab": ProtocolSpec(
        id="otb-matlab",
        title="whole pixels, first frame given, invalid boxes repaired, curves that are 0 dropped",
        source="Tracker_Benchmark_tb100: genPerfMat.m, util/calcSeqErrRobust.m, util/plotDrawSave.m",
    ),
    "lasot": ProtocolSpec(
        id="lasot",
        title="as otb-matlab, frames without the target left out but counted, normalised precision",
        source="HengLan/LaSOT_Evaluation_Toolkit: utils/calc_seq_err_robust.m",
    ),
    "pysot": ProtocolSpec(
        id="pysot",
        title="no repair, first frame scored, all sequences in the mean",
        source="STVIR/pysot: toolkit/evaluation/ope_benchmark.py, toolkit/utils/statistics.py",
    ),
    "got10k": ProtocolSpec(
        id="got10k",
        title="first frame given, every frame counts whose truth is known",
        source="got-10k/toolkit: got10k/experiments/, got10k/utils/metrics.py",
    ),
}
METRICS: Final = (
    MetricSpec(name="AUC", title="area under the success curve", least=0.0, most=1.0),
    MetricSpec(name="precision20", title="frames with centres at most 20 pixels apart", least=0.0, most=1.0),
    MetricSpec(name="success50", title="frames with an overlap above one half", least=0.0, most=1.0),
)
NORMALIZED: Final = MetricSpec(
    name="normalized_precision",
    title="frames with centres at most a fifth of the box apart; under got10k the mean up to a half",
    least=0.0,
    most=1.0,
)


def declare(benchmark: Benchmark) -> TaskMeta:
    """The declaration of one benchmark."""
    return TaskMeta(
        id=benchmark.id,
        version="1",
        title=benchmark.title,
        family="tracking",
        summary=f"One target in each of {len(benchmark.names)} sequences, tracked in one pass",
        metrics=(*METRICS, NORMALIZED) if benchmark.normalized else METRICS,
        main_metric="AUC",
        protocols=tuple(PROTOCOLS[name] for name in benchmark.protocols),
        splits=benchmark.splits,
        interface=INTERFACE,
        unit="sequence",
        fixed="the thresholds",
        layout=benchmark.layout,
        results=(
            "NAME.txt for every sequence, or NAME/NAME_001.txt, in a folder or zip: x,y,width,height a line, a line a "
            "frame, separated by commas, tabs or blanks"
        ),
        licence="annotations and videos for research, terms of their owners",
        citation=benchmark.citation,
        homepage=benchmark.homepage,
        notice=benchmark.notice,
    )
