"""Parameters, and the bits that they take: as stored here, and as the method would be deployed.

A layer declares what its own parameters are in deployment (see CONTRIBUTING.md)::

    def parameter_bits(self):
        return {"weight": 1, "rotation": 0}      # one bit an element; 0: used in training only

    def extra_bits(self):
        return 32 * self.weight.shape[0]         # scales that deployment needs and that are no parameters
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import SubmissionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Elements and bits of a network. Shared tensors count once; buffers are counted apart."""

    parameters: int
    parameters_deployed: int
    """Without those that are used in training only."""
    stored_bits: int
    """All parameters in the types that they have here."""
    deployed_bits: int
    """The deployed parameters at the widths that layers declare (else as stored), and what layers add."""
    buffer_bits: int
    """Buffers (statistics of batch norm), which no paper counts."""


def measure_sizes(module: Any) -> Sizes:
    """The sizes of a torch module. Raises SubmissionError where a layer's declaration does not fit its parameters."""
    bits, extra = _declared(module)
    parameters = list(module.parameters())
    deployed = [p for p in parameters if bits.get(id(p), 1)]
    return Sizes(
        parameters=count_parameters(module),
        parameters_deployed=sum(int(p.numel()) for p in deployed),
        stored_bits=sum(_stored(p) for p in parameters),
        deployed_bits=extra + sum(p.numel() * bits[id(p)] if id(p) in bits else _stored(p) for p in parameters),
        buffer_bits=sum(_stored(b) for b in module.buffers()),
    )


def count_parameters(module: Any) -> int:
    """Elements of all parameters of a torch module, trainable or not, each tensor once; buffers do not count."""
    return sum(int(parameter.numel()) for parameter in module.parameters())


def deployed_bits(module: Any) -> int:
    """Bits of all parameters of one layer and its parts as deployed."""
    return measure_sizes(module).deployed_bits


def _stored(tensor: Any) -> int:
    return int(tensor.numel()) * int(tensor.element_size()) * 8


def _declared(module: Any) -> tuple[dict[int, int], int]:
    """Declared bits an element by the identity of the parameter (the widest where layers share it); extra bits."""
    bits: dict[int, int] = {}
    extra = 0
    for name, part in module.named_modules():
        declares = getattr(part, "parameter_bits", None)
        for key, width in (_read(name, part, declares()) if callable(declares) else {}).items():
            bits[key] = max(width, bits.get(key, 0))
        adds = getattr(part, "extra_bits", None)
        extra += int(adds()) if callable(adds) else 0
    return bits, extra


def _read(name: str, part: Any, declared: Mapping[str, int]) -> dict[int, int]:
    own = dict(part.named_parameters())
    where = f"{name or 'the network'} ({type(part).__name__}): parameter_bits"
    for key, width in declared.items():
        if key not in own:
            raise SubmissionError(f"{where} names '{key}', and its parameters are {', '.join(own) or 'none'}")
        if not isinstance(width, int) or not 0 <= width <= 64:
            raise SubmissionError(f"{where} gives '{key}' {width!r} bits; it must be a whole number from 0 to 64")
    return {id(own[key]): width for key, width in declared.items()}
