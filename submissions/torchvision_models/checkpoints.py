"""Which weights a run of a torchvision network uses, and how they are read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torchvision.models import get_model_weights

from harness.errors import SubmissionError, WeightsError
from harness.files import code_digest
from harness.options import RunOptions
from harness.submission import Checkpoint
from harness.weights import file_digest, load_state


def published_as(name: str, sha256: str) -> Any:
    """The weights that torchvision publishes for the network `name` in a file of this digest; None if they are none."""
    for weights in get_model_weights(name):
        short = weights.url.rpartition("-")[2].removesuffix(".pth")
        if len(short) >= 8 and sha256.startswith(short):
            return weights
    return None


def find_checkpoint(name: str, options: RunOptions) -> tuple[Checkpoint, Any]:
    """The weights that ``--weights`` means, and the published ones that they are; None for others.

    It is `default`, the name of published weights (``IMAGENET1K_V1``), `random`, or a file. Raises WeightsError.
    """
    weights, known = options.weights, get_model_weights(name)
    if not weights:
        raise WeightsError(
            f"torchvision:{name} needs weights: --weights default downloads what torchvision publishes "
            f"({known.DEFAULT.url}), --weights PATH takes a file, --weights random times it without a score"
        )
    if weights == "random":
        return Checkpoint(kind="random"), None
    if weights == "default" or weights in known.__members__:
        published = known.DEFAULT if weights == "default" else known[weights]
        return Checkpoint(kind="published", name=str(published)), published
    path = Path(weights)
    if not path.is_file():
        raise WeightsError(
            f"--weights {weights}: there is no such file, and torchvision:{name} has {', '.join(known.__members__)}"
        )
    sha256 = file_digest(path)
    return (
        Checkpoint(kind="file", path=path, key=options.weights_key, sha256=sha256, name=path.name),
        published_as(name, sha256),
    )


def read_state(checkpoint: Checkpoint, published: Any) -> Mapping[str, Any]:
    """The state in a file, or of published weights; raises WeightsError or SubmissionError."""
    if checkpoint.kind == "file":
        return load_state(checkpoint)
    try:
        state: Mapping[str, Any] = published.get_state_dict(progress=False, check_hash=True)
        return state
    except (OSError, RuntimeError) as error:
        raise SubmissionError(
            f"{published} could not be downloaded from {published.url} ({error}); get the file where there is a network "
            "and pass --weights PATH"
        ) from None


def library_code(module: str) -> str:
    """What identifies the code of a torchvision submission: the library's version and our own digest."""
    import torchvision

    return f"torchvision {torchvision.__version__} {code_digest(module)}"
