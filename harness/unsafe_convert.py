"""The child process of ``harness weights convert``: unpickles a trusted file and keeps only its tensors."""

import sys
from pathlib import Path


def main(checkpoint: str, out: str, key: str) -> int:
    """Read `checkpoint` with full pickle, pick the network's state as the safe loader would, write safetensors."""
    import torch
    from safetensors.torch import save_file

    from harness.errors import WeightsError, describe
    from harness.submission import Checkpoint
    from harness.weights import pick_state

    try:
        content = torch.load(checkpoint, map_location="cpu", weights_only=False)
        content = content.state_dict() if isinstance(content, torch.nn.Module) else content
        state = pick_state(content, Checkpoint(kind="file", path=Path(checkpoint), key=key))
        save_file({name: value.detach().clone().contiguous() for name, value in state.items()}, out)
    except WeightsError as error:
        print(error, file=sys.stderr)
        return 1
    except Exception as error:
        print(describe(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
