"""What a submission was given, as a digest: arrays by their bytes, plain values as canonical JSON."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from harness.columns import Array, digest_row
from harness.errors import HarnessError

_PLAIN: Final = (type(None), str, bool, int, float, list, tuple, dict)
JSON: Final = "#json"
"""Ends the name of a plain value in the digest, so that a text and an array of the same text differ."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What loads a sample's inputs and keeps their digest: `digests` are those of samples that have no answer yet."""

    load: Callable[[str], Mapping[str, Any]]
    digest: Callable[[Mapping[str, Any]], bytes]
    digests: dict[str, bytes]

    def __call__(self, id: str) -> Mapping[str, Any]:
        """The inputs of one sample."""
        inputs = self.load(id)
        self.digests[id] = self.digest(inputs)
        return inputs


def digest_inputs(inputs: Mapping[str, Any], task: str) -> bytes:
    """SHA-256 over the inputs of one sample of `task`, 32 bytes; raises HarnessError where one is no array or value."""
    row: dict[str, Array] = {}
    for name, value in inputs.items():
        if callable(value):
            continue
        try:
            label, array = _array(name, value)
        except (TypeError, ValueError, RecursionError) as error:
            reason = str(error) or type(error).__name__
            raise HarnessError(
                f"the input '{name}' of {task} cannot be identified ({reason.splitlines()[0]}); give an array, a "
                "number, text, or lists and dictionaries of them, or override Task.input_digest"
            ) from None
        row[label] = array
    return digest_row(row)


def _array(name: str, value: Any) -> tuple[str, Array]:
    # NumPy's numbers are floats and texts to isinstance, and are arrays here.
    if isinstance(value, _PLAIN) and not isinstance(value, np.generic):
        _check_keys(value)
        return name + JSON, np.asarray(json.dumps(value, sort_keys=True, separators=(",", ":"), default=_number))
    array = np.asarray(value)
    if array.dtype.kind not in "biufcUS":
        raise TypeError(f"it is a {type(value).__name__}")
    return name, array


def _number(value: Any) -> Any:
    """A NumPy number in a list."""
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        return value.item()
    raise TypeError(f"it holds a {type(value).__name__}")


def _check_keys(value: Any) -> None:
    """Raise TypeError for keys that JSON would turn into text: 1 and "1" would be the same."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"it has the key {key!r:.40}, which is no text")
            _check_keys(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_keys(inner)
