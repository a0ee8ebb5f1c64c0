"""Whose predictions a file holds, and what their manifest declares of them."""

from dataclasses import replace

from harness.errors import UsageError
from harness.manifest import Manifest, Variant
from harness.options import RunOptions
from harness.registry import find_submission, find_task, submission_names
from harness.settings import known
from harness.task import Task


def owner(options: RunOptions) -> tuple[Manifest | None, Variant | None]:
    """The manifest and the variant that ``--submission`` and ``--variant`` name; None where it is only a name.

    Which variant made a file nobody knows unless it is named; of a method without code, whose files are all that is ever
    scored, what all its variants declare alike holds all the same: that variant has no name. Raises UsageError for a
    variant that there is not.
    """
    named = str(options.submission or "")
    if not named or not (named in submission_names() or "/" in named):
        if options.variant:
            raise UsageError(
                f"--variant {options.variant}: there is no manifest; --submission names one that has variants"
            )
        return None, None
    _, manifest, _ = find_submission(named)
    if options.variant:
        return manifest, manifest.variant(options.variant)
    return manifest, None if manifest.entry else _common(manifest.variants)


def unnamed_variant(options: RunOptions) -> list[str]:
    """The warning that nobody said which of a submission's variants gave the file; empty where that is no question."""
    manifest, variant = owner(options)
    if manifest is None or len(manifest.variants) < 2 or (variant is not None and variant.name):
        return []
    kept = "" if variant is None else "; what all of them declare (training data, settings) is kept"
    names = ", ".join(found.name for found in manifest.variants)
    return [
        f"which variant of {manifest.name} gave this file is not known, so no claim about one is compared with it: "
        f"--variant says it ({names}){kept}"
    ]


def _common(variants: list[Variant]) -> Variant | None:
    if not variants:
        return None
    first = variants[0]
    if len(variants) == 1:
        return first
    alike = all(one.settings == first.settings and one.trained_on == first.trained_on for one in variants)
    return Variant(name="", settings=first.settings, trained_on=first.trained_on) if alike else None


def with_declared(options: RunOptions) -> RunOptions:
    """The options with the settings that the variant declares and the task knows; those that the command states prevail."""
    _, variant = owner(options)
    if variant is None or not variant.settings:
        return options
    task = options.task if isinstance(options.task, Task) else find_task(str(options.task))
    specs = known(task.meta.settings)
    declared = {name: str(value) for name, value in variant.settings.items() if name in specs}
    return replace(options, settings={**declared, **options.settings})
