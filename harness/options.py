"""Every option of a run, declared once: flags, keyword arguments and the record's `options` are derived from here."""

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import UsageError

RUN = ("eval", "bench", "cost", "score", "verify", "data")
LIVE = ("eval", "bench")
COUNTED = (*LIVE, "cost")
SCORED = ("eval", "score")


DTYPES = ("float32", "float16", "bfloat16")
SCENARIOS = ("SingleStream", "MultiStream", "Offline")
BACKENDS = ("harness", "loadgen")


def option(
    default: Any, help: str, *, verbs: tuple[str, ...], metavar: str = "", kind: type = str, many: bool = False
) -> Any:
    """A field of `RunOptions` with what the command line needs to know of it."""
    metadata = {"help": help, "verbs": verbs, "metavar": metavar, "kind": kind, "many": many}
    if many:
        return field(default_factory=lambda: default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """What a run is asked to do. Defaults are those of the command line."""

    task: Any
    """A task id, a folder, or a Task."""
    submission: Any = option(
        "", "name, folder, or scheme:NAME of the method", verbs=("eval", "bench", "score"), metavar="NAME"
    )
    predictions: Path | None = None
    """A result file in the benchmark's official format (``score``)."""

    data: Path | None = option(
        None, "the official layout, a folder that holds it, or 'sample'", verbs=RUN, metavar="DIR", kind=Path
    )
    annotations: Path | None = option(
        None, "ground truth given directly: file, folder or zip", verbs=RUN, metavar="PATH", kind=Path
    )
    images: Path | None = option(None, "inputs given directly: folder or zip", verbs=RUN, metavar="PATH", kind=Path)
    split: str = option("", "part of the data set", verbs=RUN, metavar="NAME")
    limit: int | None = option(
        None, "only the first N samples", verbs=("eval", "bench", "score"), metavar="N", kind=int
    )

    protocol: str = option("", "how to score", verbs=SCORED, metavar="ID")
    evaluator: str = option("", "what computes the score", verbs=SCORED, metavar="NAME")
    interval: bool = option(True, "leave out the 95 %% intervals and the replicates", verbs=SCORED, kind=bool)
    settings: dict[str, str] = option(
        {},
        "a setting of the task or an option of the submission; a setting is a flag of its own, too: "
        "'--task TASK --help' lists them",
        verbs=("eval", "bench", "cost", "score"),
        metavar="NAME=VALUE",
        many=True,
    )

    variant: str = option("", "variant of the submission", verbs=("eval", "bench", "cost", "score"), metavar="NAME")
    weights: str = option(
        "", "checkpoint file, 'default', or 'random' (timed, not scored)", verbs=COUNTED, metavar="PATH"
    )
    weights_key: str = option("", "entry of the checkpoint that holds the network", verbs=COUNTED, metavar="KEY")
    device: str = option("cpu", "where the network runs", verbs=COUNTED, metavar="DEVICE")
    batch_size: int | None = option(None, "samples a forward pass", verbs=LIVE, metavar="N", kind=int)
    seed: int = option(0, "seed of everything random", verbs=COUNTED, metavar="N", kind=int)
    measure: bool = option(True, "leave out latency, energy and cost", verbs=("eval",), kind=bool)
    measure_s: float | None = option(
        None,
        "seconds to spend on latency; from 45 on by fresh processes, and up to three times as long where something "
        "disturbs (default: 10 with eval, 60 with bench)",
        verbs=LIVE, metavar="S", kind=float,
    )  # fmt: skip
    dtype: str = option("", f"number format of the network: {', '.join(DTYPES)}", verbs=LIVE, metavar="DTYPE")
    channels_last: bool = option(False, "lay images out channels last", verbs=LIVE, kind=bool)
    compile: bool = option(False, "compile the network with torch.compile", verbs=LIVE, kind=bool)
    threads: int | None = option(
        None, "threads that the network computes with, on as many CPUs", verbs=LIVE, metavar="N", kind=int
    )
    workers: int | None = option(
        None,
        "what prepares inputs while the network works: with eval processes (default: by the machine; 0: threads of its own), "
        "with bench threads (Offline; default 0)",
        verbs=LIVE, metavar="N", kind=int,
    )  # fmt: skip
    scenario: str = option("SingleStream", f"MLPerf's: {', '.join(SCENARIOS)}", verbs=("bench",), metavar="NAME")
    backend: str = option(
        "harness",
        "what times: harness, or loadgen (MLPerf's own generator beside ours)",
        verbs=("bench",),
        metavar="NAME",
    )
    against: str = option(
        "", "a second submission: both are timed in turns and their ratio is told", verbs=("bench",), metavar="NAME"
    )
    batch_sweep: bool = option(True, "leave out the throughput at rising batch sizes", verbs=("bench",), kind=bool)

    claims: Path | None = option(
        None, "a table of claims (TOML) to compare with", verbs=SCORED, metavar="FILE", kind=Path
    )
    submitter: str = option("", "who hands the result in", verbs=(*SCORED, "verify"), metavar="NAME")
    team: str = option("", "team of the submitter", verbs=SCORED, metavar="NAME")
    seed_group: str = option(
        "", "shared by runs of one method under several training seeds", verbs=SCORED, metavar="NAME"
    )
    supersedes: str = option("", "id of the record that this one replaces", verbs=SCORED, metavar="ID")
    again: bool = option(
        False, "run a finished run once more; its new record supersedes the old one", verbs=SCORED, kind=bool
    )

    home: Path | None = option(
        None, "folder of the results (default: HARNESS_HOME or harness-results)", verbs=RUN, metavar="DIR", kind=Path
    )
    log: bool = option(True, "do not mirror the record to MLflow", verbs=SCORED, kind=bool)
    tracking_uri: str = option(
        "", "MLflow server (default: MLFLOW_TRACKING_URI, else SQLite in the home)", verbs=SCORED, metavar="URI"
    )
    page: bool = option(True, "do not build the leaderboard page", verbs=("eval",), kind=bool)

    def __post_init__(self) -> None:
        for name in ("data", "annotations", "images", "claims", "home", "predictions"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, Path):
                object.__setattr__(self, name, Path(value))
            _reachable(name, getattr(self, name))
        for name, least in (("limit", 1), ("batch_size", 1), ("measure_s", 0), ("threads", 1), ("workers", 0)):
            value = getattr(self, name)
            if value is not None and not least <= value < math.inf:
                raise UsageError(f"--{name.replace('_', '-')} {value} cannot be; it must be at least {least}")
        for name, known in (("dtype", ("", *DTYPES)), ("scenario", SCENARIOS), ("backend", BACKENDS)):
            if getattr(self, name) not in known:
                choices = ", ".join(filter(None, known))
                raise UsageError(f"--{name} {getattr(self, name)}: there is no such {name}; choose one of {choices}")


def _reachable(name: str, path: Path | None) -> None:
    """Raise UsageError for what is no path at all, or lies where this user may not look."""
    try:
        if path is not None:
            path.exists()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"--{name.replace('_', '-')} {str(path)[:100]!r}: {reason}") from None


def stated(options: RunOptions) -> dict[str, Any]:
    """The options that were not left at their defaults, as JSON values, for the record."""
    found: dict[str, Any] = {}
    for item in dataclasses.fields(options):
        value = getattr(options, item.name)
        default = item.default_factory() if item.default_factory is not dataclasses.MISSING else item.default
        if item.name == "task" and isinstance(value, str) and "/" in value:
            found["task"] = value
        if item.name in ("task", "submission", "home", "again", "log", "page", "tracking_uri") or value == default:
            continue
        found[item.name] = str(value) if isinstance(value, Path) else value
    return found


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(value)
    return value


def parse_value(text: Any, like: Any, name: str) -> Any:
    """`text` as a value of the type of `like`; raises UsageError naming the setting."""
    if not isinstance(text, str):
        return text
    try:
        if isinstance(like, bool):
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
        if isinstance(like, list):
            kind = type(like[0]) if like else float
            return [_finite(kind(part.strip())) for part in text.split(",") if part.strip()]
        return _finite(type(like)(text))
    except (KeyError, ValueError, OverflowError):
        raise UsageError(f"--set {name}={text}: expected a {type(like).__name__} such as {like!r}") from None
