"""From a name, a folder, a scheme or an object to a loaded submission."""

import hashlib
import inspect
import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.errors import HarnessError, SubmissionError, UsageError, describe
from harness.files import folder_digest
from harness.manifest import Manifest, Value, Variant
from harness.options import RunOptions, parse_value
from harness.registry import SCHEMES, entry_function, find_submission, installed, load_point, nearest, needs
from harness.submission import BuildContext, Submission
from harness.task import Dataset, Task
from harness.weights import resolve


def load_submission(task: Task, dataset: Dataset, options: RunOptions, *, sample: bool) -> Submission:
    """The submission that `options` name, loaded for this data set; raises a HarnessError of one sentence."""
    spec = options.submission
    if not isinstance(spec, str):
        return _from_object(task, spec, options)
    check_device(options.device)
    scheme, _, name = spec.partition(":")
    if name and scheme in installed(SCHEMES):
        submission = _from_scheme(scheme, name, task, dataset, options)
    else:
        submission = _from_folder(task, dataset, options, sample)
    _check_methods(task, submission)
    return _adapting(submission)


def _adapting(submission: Submission) -> Submission:
    """Using statistics of the test samples is a setting: such a method is not compared with those that do not."""
    if not callable(getattr(submission.method, "adapt", None)):
        return submission
    return replace(submission, settings={**submission.settings, "adapted": True})


def _from_scheme(scheme: str, name: str, task: Task, dataset: Dataset, options: RunOptions) -> Submission:
    if options.variant:
        raise UsageError(f"--variant {options.variant}: {scheme}:{name} is one network and has no variants")
    load = load_point(installed(SCHEMES)[scheme])
    _check_stated(task, dict.fromkeys(_scheme_options(load), ""), f"{scheme}:{name}", options)
    try:
        submission = load(name, task, dataset, options)
    except HarnessError:
        raise
    except ModuleNotFoundError as error:
        raise needs(f"{scheme}:{name}", error) from None
    except Exception as error:
        raise SubmissionError(f"{scheme}:{name} could not be built: {describe(error)}") from error
    if not isinstance(submission, Submission):
        raise SubmissionError(
            f"{scheme}:{name} gives a {type(submission).__name__}, not a harness.submission.Submission"
        )
    return submission


def _code_digest(folder: Path, manifest: Manifest) -> str:
    """SHA-256 over the folder's code and, where it runs other submissions' code, over theirs; raises SubmissionError."""
    own = folder_digest(folder)
    if not manifest.uses:
        return own
    digest = hashlib.sha256(own.encode())
    for package in manifest.uses:
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise SubmissionError(f"{folder / 'submission.toml'}, uses: there is no package '{package}'")
        digest.update(f"{package}\0{folder_digest(Path(spec.submodule_search_locations[0]))}\0".encode())
    return digest.hexdigest()


def _scheme_options(load: Any) -> tuple[str, ...]:
    return tuple(getattr(sys.modules.get(getattr(load, "__module__", "")), "OPTIONS", ()))


def check_device(device: str) -> None:
    """Raise UsageError for an accelerator that is not there; `cpu` imports nothing."""
    if device == "cpu":
        return
    try:
        import torch

        torch.empty(1, device=device)
    except ImportError:
        raise UsageError(f"--device {device} needs torch; pip install 'vision-harness[live]'") from None
    except (RuntimeError, AssertionError) as error:
        raise UsageError(
            f"--device {device} cannot be used here ({str(error).splitlines()[0]}); 'harness doctor' lists what can"
        ) from None


def _from_folder(task: Task, dataset: Dataset, options: RunOptions, sample: bool) -> Submission:
    folder, manifest, package = find_submission(str(options.submission))
    if not manifest.entry:
        raise SubmissionError(
            f"{manifest.name} states claims only; it has no code that runs (score a result file instead)"
        )
    if task.meta.interface.id not in manifest.interfaces:
        raise UsageError(
            f"{manifest.name} provides {', '.join(manifest.interfaces)}, but {task.meta.id} asks for {task.meta.interface.id}"
        )
    variant = _variant(manifest, task, dataset, options, sample)
    chosen = _options(manifest, variant, task, options)
    checkpoint = resolve(
        options.weights, options.weights_key, manifest, variant, folder, f"{task.meta.id}/{dataset.split}"
    )
    build = entry_function(manifest, folder, package)
    context = BuildContext(
        manifest=manifest, variant=variant, options=chosen, checkpoint=checkpoint, folder=folder, device=options.device,
        dtype="float32", seed=options.seed, task=task.meta.id, facts=dataset.facts,
    )  # fmt: skip
    method = _build(build, context)
    return Submission(
        name=manifest.name, method=method, variant=variant.name, manifest=manifest, checkpoint=checkpoint, options=chosen,
        settings=_settings(manifest, variant, chosen, method), code_digest=_code_digest(folder, manifest),
        manifest_digest=hashlib.sha256((folder / "submission.toml").read_bytes()).hexdigest(),
        trained_on=variant.trained_on, emulated=variant.emulated, identified=True,
        batch_size=options.batch_size or variant.batch_size, device=options.device,
    )  # fmt: skip


def _variant(manifest: Manifest, task: Task, dataset: Dataset, options: RunOptions, sample: bool) -> Variant:
    if options.variant:
        return manifest.variant(options.variant)
    if not manifest.variants:
        return Variant(name="")
    return manifest.choose(task.meta.id, dict(dataset.facts), sample and not options.weights)


def _options(manifest: Manifest, variant: Variant, task: Task, options: RunOptions) -> dict[str, Value]:
    """Option values: the manifest's, the variant's, then ``--set``."""
    chosen: dict[str, Value] = {name: option.default for name, option in manifest.options.items()}
    chosen.update(variant.options)
    _check_stated(task, {name: option.setting for name, option in manifest.options.items()}, manifest.name, options)
    for name, text in options.settings.items():
        if name in manifest.options:
            chosen[name] = parse_value(text, manifest.options[name].default, name)
    return chosen


def _check_stated(task: Task, decides: Mapping[str, str], name: str, options: RunOptions) -> None:
    """Raise UsageError for a ``--set`` that nothing would read, that is not the run's to choose, or that means two things.

    `decides` maps each option of the submission to the setting that it decides, or the empty text.
    """
    settings = {spec.name: spec for spec in task.meta.settings}
    check_settings(options, set(settings) | set(decides), f"neither {task.meta.id} nor {name}")
    for stated in settings.keys() & options.settings.keys():
        spec, option = settings[stated], decides.get(stated)
        if spec.by == "submission" and option is None:
            by = [other for other, setting in decides.items() if setting == stated]
            how = f"decides it by its option {by[0]}" if by else "has no option for it"
            raise UsageError(f"--set {stated}: {spec.title} is the submission's to choose, and {name} {how}")
        if option is not None and (spec.by, option) != ("submission", stated):
            raise UsageError(
                f"--set {stated}: {task.meta.id} has a setting and {name} an option of that name, so it would mean two "
                "things; the option must be called otherwise"
            )


def check_settings(options: RunOptions, known: set[str], what: str) -> None:
    """Raise UsageError for a ``--set`` that nothing would read; `what` are those who do not know it."""
    for name in options.settings:
        if name not in known:
            near = nearest(name, known) or sorted(known)
            verb = "has it" if what.startswith("neither") else "does not have it"
            raise UsageError(f"--set {name}: {what} {verb}; there are: {', '.join(near) or 'none'}")


def _build(build: Any, context: BuildContext) -> Any:
    try:
        return build(context)
    except HarnessError:
        raise
    except ModuleNotFoundError as error:
        raise needs(context.manifest.name, error) from None
    except (Exception, SystemExit) as error:
        raise SubmissionError(f"{context.manifest.name} could not be built: {describe(error)}") from error


def _settings(manifest: Manifest, variant: Variant, chosen: Mapping[str, Value], method: Any) -> dict[str, Any]:
    settings: dict[str, Any] = dict(variant.settings)
    for name, option in manifest.options.items():
        value = chosen[name]
        if option.setting:
            settings[option.setting] = ",".join(map(str, value)) if isinstance(value, list) else value
    settings.update(getattr(method, "settings", None) or {})
    return settings


def _check_methods(task: Task, submission: Submission) -> None:
    lacking = [name for name in task.meta.interface.methods if not callable(getattr(submission.method, name, None))]
    if lacking:
        raise SubmissionError(
            f"{submission.name} lacks {', '.join(lacking)}; {task.meta.id} asks for {', '.join(task.meta.interface.methods)}"
        )


def _from_object(task: Task, method: Any, options: RunOptions) -> Submission:
    """A live Python object; its answers are never resumed, because nothing identifies its code and weights."""
    name = getattr(method, "name", None)
    name = name if isinstance(name, str) and name else type(method).__name__
    _check_stated(task, {}, name, options)
    if isinstance(method, Submission):
        submission = method
    else:
        submission = Submission(
            name=name, method=method, settings=dict(getattr(method, "settings", None) or {}),
            code_digest=_source_digest(method), device=options.device, batch_size=options.batch_size or 1,
        )  # fmt: skip
    _check_methods(task, submission)
    return _adapting(replace(submission, batch_size=options.batch_size or submission.batch_size))


def _source_digest(method: Any) -> str:
    try:
        return hashlib.sha256(inspect.getsource(type(method)).encode()).hexdigest()
    except (OSError, TypeError):
        return ""
