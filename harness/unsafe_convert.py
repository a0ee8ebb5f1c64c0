"""The child process of ``harness weights convert``: unpickles a trusted file and keeps only its tensors."""

import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any


def main(checkpoint: str, out: str, key: str) -> int:
    """Read `checkpoint` with full pickle, pick the network's state as the safe loader would, write safetensors."""
    import torch
    from safetensors.torch import save_file

    from harness.errors import WeightsError, describe
    from harness.submission import Checkpoint
    from harness.weights import pick_state

    try:
        content = torch.load(checkpoint, map_location="cpu", weights_only=False, pickle_module=forgiving_pickle())
        if isinstance(content, Mapping):
            content = {name: _state(value) for name, value in content.items()}
        content = _state(content)
        state = pick_state(content, Checkpoint(kind="file", path=Path(checkpoint), key=key))
        save_file({name: value.detach().clone().contiguous() for name, value in state.items()}, out)
    except WeightsError as error:
        print(error, file=sys.stderr)
        return 1
    except Exception as error:
        print(describe(error), file=sys.stderr)
        return 1
    return 0


def _state(content: Any) -> Any:
    """A network's state for a network that was stored whole, anything else as it is."""
    import torch

    return content.state_dict() if isinstance(content, torch.nn.Module) else content


def forgiving_pickle() -> Any:
    """The module `pickle`, but for classes whose code is not here: they are taken for networks, of which tensors are kept.

    Networks that were stored whole name the authors' classes, and few people have those on their path.
    """
    import torch

    class Unpickler(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            try:
                return super().find_class(module, name)
            except (ImportError, AttributeError):
                return type(name, (torch.nn.Module,), {"__module__": module})

    made = ModuleType("pickle")
    made.__dict__.update(pickle.__dict__, Unpickler=Unpickler)
    return made


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
