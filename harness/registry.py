"""Names to tasks and submissions: installed entry points, and folders given by path."""

import difflib
import hashlib
import sys
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from harness.errors import HarnessError, SubmissionError, UsageError, describe

if TYPE_CHECKING:
    from harness.manifest import Manifest
    from harness.task import Task

TASKS = "harness.tasks"
"""Entry points: task id -> ``module:factory``, the factory returns a Task."""
SUBMISSIONS = "harness.submissions"
"""Entry points: submission name -> the package that holds ``submission.toml``."""
COLLECTIONS = "harness.collections"
"""Entry points: any name -> a package each of whose folders with a ``submission.toml`` is a submission: the folder
``p_darts`` is ``p-darts``."""
VERBS = "harness.verbs"
"""Entry points: verb -> ``module:register`` for verbs of other packages."""
SCHEMES = "harness.schemes"
"""Entry points: scheme (``torchvision``) -> ``module:load`` for submissions named ``scheme:NAME``. The names in the
module's ``OPTIONS``, if it has any, may be given with ``--set``."""
FOLDER = "harness_folder_"
"""What the names of packages begin with that folders are imported as."""
HOOKS = "harness.after_record"
"""Entry points: called as ``hook(home)`` after a run has written its record; returns what it made."""
_MUCH_NEARER: Final = 0.15


@cache
def installed(group: str) -> dict[str, EntryPoint]:
    """Entry points of a group by name, in alphabetical order."""
    points: dict[str, EntryPoint] = {}
    # Our own last: another package cannot take a name of ours in silence.
    for point in sorted(entry_points(group=group), key=lambda point: (point.name, _is_own(point))):
        points[point.name] = point
    return points


def readable(names: Iterable[str], find: Callable[[str], Any]) -> tuple[list[Any], list[str]]:
    """What can be found under `names`, and a sentence for each that is broken: one bad package must not hide the rest."""
    found, broken = [], []
    for name in names:
        try:
            found.append(find(name))
        except UsageError:
            raise
        except HarnessError as error:
            broken.append(str(error))
    return found, broken


def task_names() -> list[str]:
    """Ids of every installed task."""
    return list(installed(TASKS))


def submission_names() -> list[str]:
    """Names of every installed submission, in alphabetical order."""
    return sorted(submission_packages())


@cache
def submission_packages() -> dict[str, str]:
    """Name -> package of every installed submission: the folders of collections, and entry points of their own."""
    collections = list(installed(COLLECTIONS).values())
    found = _collected(point for point in collections if not _is_own(point))
    found |= {name: point.value for name, point in installed(SUBMISSIONS).items()}
    # Our own last: another package cannot take a name of ours in silence.
    return found | _collected(point for point in collections if _is_own(point))


def _collected(points: Iterable[EntryPoint]) -> dict[str, str]:
    found = {}
    for point in points:
        try:
            _check_own(point)
            manifests = sorted(package_folder(point.value).glob("*/submission.toml"))
        except SubmissionError:
            # Whoever asks for it is told that it cannot be found; the rest must not be hidden.
            found[point.name] = point.value
            continue
        for folder in (manifest.parent.name for manifest in manifests):
            found[folder.replace("_", "-")] = f"{point.value}.{folder}"
    return found


def find_task(name: str) -> "Task":
    """The task called `name`, or the one in the folder `name`; raises UsageError with the nearest names."""
    from harness.task import Task

    if name in installed(TASKS):
        factory = load_point(installed(TASKS)[name])
    elif _is_folder(name):
        where = Path(name) / "task.py"
        if not where.is_file():
            raise UsageError(f"{where} is missing; a task is a folder with that file ('harness new task' writes one)")
        factory = _attribute(_import(lambda: import_folder(Path(name), "task"), f"the task {name}"), "task", where)
    else:
        raise UsageError(_unknown("task", name, task_names(), "harness tasks"))
    task = _import(factory, f"the task {name}")
    if not isinstance(task, Task):
        raise UsageError(f"{name} gives a {type(task).__name__}, not a harness.task.Task")
    return task


def find_submission(name: str) -> tuple[Path, "Manifest", str]:
    """Folder, manifest and package name ('' for a bare folder) of a submission, by name or path."""
    from harness.manifest import read_manifest

    package = submission_packages().get(name)
    if package is not None:
        if name in installed(SUBMISSIONS):
            _check_own(installed(SUBMISSIONS)[name])
        folder = package_folder(package)
        return folder, read_manifest(folder), package
    if _is_folder(name):
        folder = Path(name).resolve()
        return folder, read_manifest(folder), ""
    raise UsageError(_unknown("submission", name, submission_names(), "harness submissions"))


def package_folder(package: str) -> Path:
    """Where an installed package lies, without running its code."""
    spec = _spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SubmissionError(f"the installed package {package} cannot be found; install it again")
    return Path(next(iter(spec.submodule_search_locations)))


def entry_function(manifest: "Manifest", folder: Path, package: str) -> Any:
    """The function that a manifest's ``entry`` names; raises SubmissionError when it cannot be had."""
    file, _, function = manifest.entry.partition(":")
    stem = file.removesuffix(".py")
    where = folder / f"{stem}.py"
    if not function or not where.is_file():
        raise SubmissionError(
            f"{folder / 'submission.toml'}: entry '{manifest.entry}' is no 'file.py:function' of that folder"
        )
    found = _import(
        lambda: import_module(f"{package}.{stem}") if package else import_folder(folder, stem), manifest.name
    )
    return _attribute(found, function, where)


def import_folder(folder: Path, module: str) -> ModuleType:
    """Import ``folder/module.py`` as part of a package of its own, so that ``from .other import x`` works."""
    root = folder.resolve()
    name = f"{FOLDER}{hashlib.sha256(str(root).encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        init = root / "__init__.py"
        spec = spec_from_file_location(name, init) if init.is_file() else ModuleSpec(name, None, is_package=True)
        assert spec is not None
        spec.submodule_search_locations = [str(root)]
        package = module_from_spec(spec)
        sys.modules[name] = package
        try:
            if spec.loader is not None:
                spec.loader.exec_module(package)
        except BaseException:
            del sys.modules[name]
            raise
    return import_module(f"{name}.{module.replace('/', '.')}")


def load_point(point: EntryPoint) -> Any:
    """What an entry point names; refuses a module that another ``tasks`` or ``submissions`` folder shadows."""
    _check_own(point)
    dist = point.dist
    return _import(point.load, f"'{point.name}' of {dist.name if dist else point.value}")


def _check_own(point: EntryPoint) -> None:
    if not _is_own(point):
        return
    top = point.value.partition(":")[0].partition(".")[0]
    spec, own = _spec(top), Path(__file__).resolve().parents[1]
    origin = next(iter(spec.submodule_search_locations or [""])) if spec else ""
    if Path(origin).resolve().parent != own:
        raise UsageError(
            f"'{top}' at {origin or 'nowhere'} hides this project's own package; rename it or start elsewhere"
        )


def nearest(name: str, names: Iterable[str]) -> list[str]:
    """Up to three names that `name` may have meant; one that is much nearer than the others stands alone."""
    wanted = name.lower()
    found = difflib.get_close_matches(wanted, list(names), n=3, cutoff=0.5)
    likeness = [difflib.SequenceMatcher(None, candidate, wanted).ratio() for candidate in found]
    return [candidate for candidate, ratio in zip(found, likeness, strict=True) if ratio > likeness[0] - _MUCH_NEARER]


def _unknown(what: str, name: str, names: list[str], command: str) -> str:
    near = [f"./{name}"] if _is_dir(name) else nearest(name, names)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(names) or 'none'}"
    return f"there is no {what} '{name}'; {hint} ('{command}' lists them; a folder is given by its path)"


def _is_folder(name: str) -> bool:
    return ("/" in name or name.startswith(".")) and _is_dir(name)


def _is_dir(name: str) -> bool:
    try:
        return Path(name).is_dir()
    except (OSError, ValueError):
        return False


def _spec(package: str) -> ModuleSpec | None:
    try:
        return find_spec(package)
    except (ImportError, ValueError):
        return None


def needs(what: str, error: ModuleNotFoundError) -> SubmissionError:
    """The sentence for a package that `what` imports and that is not installed."""
    top = (error.name or "").partition(".")[0]
    known = {"torch", "torchvision", "mlflow", "safetensors", "pandas", "pynvml"}
    how = "pip install 'vision-harness[live]' brings it" if top in known else f"install it (pip install {top})"
    return SubmissionError(f"{what} needs the package {error.name}, which is not installed; {how}")


def _import(load: Callable[[], Any], what: str) -> Any:
    """What `load` gives; whatever somebody else's code raises meanwhile becomes one sentence."""
    try:
        return load()
    except HarnessError:
        raise
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0].startswith((FOLDER, "harness")):
            raise SubmissionError(f"{what} cannot be loaded: {describe(error)}") from error
        raise needs(what, error) from None
    except (Exception, SystemExit) as error:
        raise SubmissionError(f"{what} cannot be loaded: {describe(error)}") from error


def _is_own(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == "vision-harness"


def _attribute(module: ModuleType, name: str, where: Path) -> Any:
    try:
        return getattr(module, name)
    except AttributeError:
        raise HarnessError(f"{where} defines no '{name}'") from None
