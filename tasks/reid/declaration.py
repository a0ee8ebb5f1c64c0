"""What the re-identification tasks are, in words and numbers for people and for the engine."""

from typing import Final

from harness.task import MetricSpec, ProtocolSpec, SettingSpec, TaskMeta
from tasks.reid.benchmarks import Benchmark
from tasks.reid.distances import DISTANCES, EUCLIDEAN
from tasks.reid.interface import INTERFACE
from tasks.reid.metrics import NON_INTERPOLATED, RANKS, TRAPEZOID

_METRICS: Final = (
    MetricSpec(name="mAP", title="mean average precision", least=0.0, most=1.0, decimals=4),
    *(
        MetricSpec(
            name=f"rank{k}", title=f"queries with a good image among the first {k}", least=0.0, most=1.0, decimals=4
        )
        for k in RANKS
    ),
    MetricSpec(
        name="mINP",
        title="mean inverse negative penalty: good images by last rank",
        least=0.0,
        most=1.0,
        decimals=4,
    ),
)
_PROTOCOLS: Final = (
    ProtocolSpec(
        id=TRAPEZOID,
        title="average precision by trapezoids; all queries in the denominator; ties by gallery order",
        source="zhunzhong07/person-re-ranking, evaluation/utils/evaluation.m and compute_AP.m (the data set's own)",
        also=(NON_INTERPOLATED,),
    ),
    ProtocolSpec(
        id=NON_INTERPOLATED,
        title="mean of the precisions at the hits; only queries that have a good image; ties by gallery order",
        source="KaiyangZhou/deep-person-reid, torchreid/metrics/rank.py; JDAI-CV/fast-reid, fastreid/evaluation/rank.py",
        also=(TRAPEZOID,),
    ),
)
_SETTINGS: Final = (
    SettingSpec(
        name="distance", title="how features are compared", default=EUCLIDEAN, choices=DISTANCES, by="submission"
    ),
    SettingSpec(
        name="feature_normalisation",
        title="what is done to features before they are compared",
        default="none",
        by="submission",
    ),
    SettingSpec(
        name="multi_query", title="features of all images of a query's person and camera averaged", default=False
    ),
    SettingSpec(
        name="reranking",
        title="re-ranking by neighbours",
        default="none",
        choices=("none", "k-reciprocal"),
    ),
    SettingSpec(name="reranking_k1", title="neighbours looked at in re-ranking", default=20),
    SettingSpec(name="reranking_k2", title="neighbours averaged in re-ranking", default=6),
    SettingSpec(name="reranking_lambda", title="weight of the original distance in re-ranking", default=0.3),
)


def make_meta(benchmark: Benchmark) -> TaskMeta:
    """The declaration of one data set's task."""
    return TaskMeta(
        id=benchmark.id,
        version="1",
        title=benchmark.title,
        family="reid",
        summary=benchmark.summary,
        metrics=_METRICS,
        main_metric="mAP",
        protocols=_PROTOCOLS,
        splits=benchmark.splits,
        interface=INTERFACE,
        unit="query",
        sample="image",
        fixed="the gallery",
        layout=benchmark.layout,
        results=(
            ".npz or .mat with query_features, gallery_features and query_names, gallery_names; or a matrix of distances as "
            ".npy, .txt, .npz or .mat; or a folder or zip of such .npy and .txt"
        ),
        licence=benchmark.licence,
        citation=benchmark.citation,
        homepage=benchmark.homepage,
        settings=_SETTINGS,
        notice=benchmark.notice,
        hidden=benchmark.hidden,
    )
