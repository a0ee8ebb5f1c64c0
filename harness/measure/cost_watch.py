"""One pass over what torch runs: every operator with its formula, and layers that declare their own. Needs torch."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch.nn.modules import module as hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from harness.errors import SubmissionError
from harness.measure.cost_elementwise import elements
from harness.measure.cost_products import ATTENTION
from harness.measure.operators import GATHERS, arguments_of, formula_of, qualified_name, without_macs
from harness.measure.sizes import deployed_bits
from harness.operations import Call, Count, Operations


def watch(call: Callable[[], object], network: Any = None, *, fused: bool = True) -> Count:
    """Run `call` once and count what torch does in it; `network` gives the names of the layers.

    With `fused` attention is counted as the one operator that it is; without, it is computed by plain products, whose
    multiply-accumulates must come to the same. The fused path of torch's attention modules, which hides its products, is
    off in both. Raises SubmissionError where a layer's declaration does not fit.
    """
    layers = _Layers(network)
    operators = _Operators(layers, fused=fused)
    with _plain_modules(), _attention(fused), _eager(), layers.watching(), operators:
        call()
    return operators.count()


class _Layers:
    """Which module runs, and whether it declares what it costs."""

    def __init__(self, network: Any) -> None:
        named = network.named_modules() if isinstance(network, torch.nn.Module) else ()
        self.names = {id(module): name for name, module in named}
        self.declared: list[Call] = []
        self._running: list[Any] = []
        self._declaring: Any = None

    @property
    def silent(self) -> bool:
        """Whether a layer runs whose declaration stands for everything inside it."""
        return self._declaring is not None

    def current(self) -> tuple[str, str]:
        """Name and class of the innermost module that runs."""
        if not self._running:
            return "", ""
        return self.names.get(id(self._running[-1]), ""), type(self._running[-1]).__name__

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Follow every module of this process until the end."""
        before = hooks.register_module_forward_pre_hook(self._enter)
        after = hooks.register_module_forward_hook(self._leave, with_kwargs=True)
        try:
            yield
        finally:
            before.remove()
            after.remove()

    def _enter(self, module: Any, inputs: Any) -> None:
        self._running.append(module)
        if self._declaring is None and callable(getattr(module, "cost_operations", None)):
            self._declaring = module

    def _leave(self, module: Any, inputs: Any, named: Mapping[str, Any], output: Any) -> None:
        if module is self._declaring:
            self._declaring = None
            self.declared.append(self._declaration(module, (*inputs, *named.values()), output))
        while self._running and self._running.pop() is not module:
            """A module whose forward failed, and whose failure was caught, never left."""

    def _declaration(self, module: Any, inputs: tuple[Any, ...], output: Any) -> Call:
        name, kind = self.current()
        found = module.cost_operations(inputs, output)
        if not isinstance(found, Operations):
            raise SubmissionError(
                f"{name or kind}: cost_operations gives a {type(found).__name__}; it must be harness.operations.Operations"
            )
        if not found["bytes_read"]:
            found += Operations(bytes_read=_read(inputs) + -(-deployed_bits(module) // 8))
        if not found["bytes_written"]:
            found += Operations(bytes_written=_written(output))
        facts = {"module": kind}
        return Call(
            operator=kind, group="declared", operations=found, outputs=elements(output), layer=name, facts=facts
        )


class _Operators(TorchDispatchMode):
    """Every operator that reaches torch's dispatcher, outside layers that declare."""

    def __init__(self, layers: _Layers, *, fused: bool) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._layers, self._fused = layers, fused
        self._calls = layers.declared
        self._uncounted: Counter[str] = Counter()
        self._untyped: Counter[str] = Counter()
        self._elements: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if self._layers.silent:
            return func(*args, **kwargs)
        name = qualified_name(func)
        formula = None if name == ATTENTION and not self._fused else formula_of(func)
        if formula is None:
            with self:  # operators made of others arrive whole in inference mode; their parts are watched instead
                parts = func.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
        given = arguments_of(func, args, kwargs)
        result = func(*args, **kwargs)
        if formula is None:
            (self._untyped if without_macs(func) else self._uncounted)[name] += 1
            self._elements[name] += elements(result)
        elif not func.is_view:
            self._add(name, formula(given, result), given, result)
        return result

    def _add(self, name: str, work: Any, given: Mapping[str, Any], result: Any) -> None:
        layer, kind = self._layers.current()
        written = _written(result)
        read = written if name in GATHERS else _read(list(given.values()))
        moved = Operations(bytes_read=read, bytes_written=written)
        self._calls.append(
            Call(
                operator=name, group=work.group, operations=work.operations + moved, outputs=elements(result),
                layer=layer, facts={**work.facts, "module": kind},
            )
        )  # fmt: skip

    def count(self) -> Count:
        """Everything seen."""
        return Count(
            calls=tuple(self._calls),
            uncounted={name: (calls, self._elements[name]) for name, calls in self._uncounted.items()},
            untyped={name: (calls, self._elements[name]) for name, calls in self._untyped.items()},
            layers=tuple(self._layers.names.values()),
        )


def _tensors(value: Any) -> list[Any]:
    found = (leaf for leaf in tree_leaves(value) if isinstance(leaf, torch.Tensor))
    return list({id(tensor): tensor for tensor in found}.values())


def _read(value: Any) -> int:
    """Bytes of all tensors in `value`, each once; what is expanded is read once."""
    return sum(
        tensor.element_size() * _distinct(tensor)
        if tensor.layout == torch.strided
        else tensor.element_size() * tensor.numel()
        for tensor in _tensors(value)
    )


def _distinct(tensor: Any) -> int:
    found = 1
    for size, stride in zip(tensor.shape, tensor.stride(), strict=True):
        found *= size if stride else min(size, 1)
    return int(found)


def _written(value: Any) -> int:
    return sum(tensor.element_size() * tensor.numel() for tensor in _tensors(value))


@contextmanager
def _plain_modules() -> Iterator[None]:
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _eager() -> AbstractContextManager[Any]:
    """Networks that were compiled run as they are written; torch before 2.6 has no such switch and does so under a watch."""
    stance = getattr(torch.compiler, "set_stance", None)
    return nullcontext() if stance is None else stance("force_eager")


@contextmanager
def _attention(fused: bool) -> Iterator[None]:
    if fused:
        yield
        return
    from torch.nn.attention import SDPBackend, sdpa_kernel

    with sdpa_kernel(SDPBackend.MATH):
        yield
