"""Finding a data set: the roots that the user configured, the expected tree, the generated sample."""

import os
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import DataError, UsageError
from harness.files import disk_error, lock, write_bytes
from harness.options import RunOptions
from harness.registry import task_names
from harness.task import DataRequest, Dataset, Task

SAMPLE = Path("sample")
MARKER = ".vision-harness-sample"
"""The file in a folder that holds a generated sample, whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A request for data and where it came from."""

    request: DataRequest
    sample: bool = False


def find_root(data: Path, wanted: Callable[[Path], bool], task: Task) -> Path:
    """The folder under `data` (itself, its children, their children) that holds the layout.

    Raises DataError, which shows the expected tree.
    """
    if not data.is_dir():
        raise DataError(
            f"there is no folder {data}; --data, HARNESS_DATA or harness.toml name the one that holds {task.meta.id}"
        )
    for folder in _nearby(data):
        if wanted(folder):
            return folder
    tree = "\n".join(f"  {line}" for line in task.meta.layout.strip().splitlines())
    raise DataError(f"{data} does not hold the data set {task.meta.id}; expected there:\n{tree}")


def _nearby(data: Path) -> Iterator[Path]:
    yield data
    children = _folders(data)
    yield from children
    for child in children:
        yield from _folders(child)


def _folders(parent: Path) -> list[Path]:
    """The folders in `parent`; none where it may not be read."""
    try:
        return [child for child in sorted(parent.iterdir()) if child.is_dir()]
    except PermissionError:
        return []


def locate(task: Task, options: RunOptions, home: Path, *, sample: bool, with_inputs: bool) -> Source:
    """Where the data of a run are: options, HARNESS_DATA, harness.toml, and only where none is set the sample.

    `sample` says whether the sample may stand in; else UsageError says how to name the data.
    """
    split = options.split or None
    if options.data == SAMPLE and not SAMPLE.is_dir():
        return _sample(task, home, split, with_inputs)
    data = options.data
    if data is None and options.annotations is None and options.images is None:
        data = configured_root(task.meta.id)
        if data is None and sample:
            return _sample(task, home, split, with_inputs)
        if data is None:
            raise UsageError(
                f"no data set is given for {task.meta.id}: name it with --data DIR or --annotations PATH "
                "(--data sample takes the generated sample; HARNESS_DATA or harness.toml set a root once)"
            )
    _exists("--annotations", options.annotations)
    _exists("--images", options.images)
    request = DataRequest(
        data=data, annotations=options.annotations, images=options.images, split=split, with_inputs=with_inputs
    )
    return Source(request=request, sample=data is not None and _is_sample(data, task))


def _is_sample(data: Path, task: Task) -> bool:
    """Whether the generated sample of the task lies at `data`, above it, or in it."""
    if not data.is_dir():
        return False
    places = [*_nearby(data), *data.resolve().parents[:2]]
    return any(_marked(place, task) for place in places)


def _marked(place: Path, task: Task) -> bool:
    try:
        return (place / MARKER).read_text(encoding="utf-8").strip() == task.meta.id
    except (OSError, UnicodeDecodeError):
        return False


def configured_root(task: str) -> Path | None:
    """The root that HARNESS_DATA or ``harness.toml`` (``[data]``, keys `root` or a task id) sets."""
    if os.environ.get("HARNESS_DATA"):
        return Path(os.environ["HARNESS_DATA"])
    path = Path("harness.toml")
    if not path.is_file():
        return None
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8")).get("data", {})
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"harness.toml cannot be read: {error}") from None
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise UsageError("harness.toml: [data] is a table of folder names, such as root = 'datasets' or coco = 'coco'")
    unknown = sorted(set(data) - {"root", task, *task_names()})
    if unknown:
        raise UsageError(f"harness.toml: [data] has the unknown key '{unknown[0]}'; write root, or the id of a task")
    root = data.get(task, data.get("root"))
    return Path(root) if root else None


def sample_folder(task: Task, home: Path) -> Path:
    """The generated sample in the home, written if it is not there yet; changed code of the task writes another one."""
    folder = home / "samples" / f"{task.meta.id}-{task.meta.version}-{task.code_digest()[:8]}"
    done = folder / MARKER
    if not done.exists():
        with lock(home / "locks" / f"sample-{task.meta.id}.lock"):
            if not done.exists():
                try:
                    folder.mkdir(parents=True, exist_ok=True)
                    task.write_sample(folder)
                except OSError as error:
                    raise disk_error(folder, error) from None
                write_bytes(done, task.meta.id.encode())
    return folder


def open_data(task: Task, source: Source, limit: int | None) -> Dataset:
    """Open the data set and take the first `limit` samples."""
    split = source.request.split
    if split is not None and split not in task.meta.splits and not source.request.annotations:
        raise UsageError(f"{task.meta.id} has no split '{split}'; it has: {', '.join(task.meta.splits)}")
    dataset = task.open(source.request)
    if not dataset.ids:
        raise DataError(f"the data set {task.meta.id}/{dataset.split} has no samples")
    return dataset if limit is None else task.limit(dataset, limit)


def _sample(task: Task, home: Path, split: str | None, with_inputs: bool) -> Source:
    folder = sample_folder(task, home)
    return Source(request=DataRequest(data=folder, split=split, with_inputs=with_inputs), sample=True)


def _exists(flag: str, path: Path | None) -> None:
    if path is not None and not path.exists():
        raise DataError(f"{flag} {path}: there is no such file or folder")


def missing(paths: Sequence[Path], what: str) -> DataError:
    """The error for files that a data set lacks, naming the first few."""
    shown = ", ".join(str(path) for path in paths[:3])
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return DataError(f"{what} missing: {shown}{more}")
