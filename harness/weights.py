"""Checkpoints: found, identified, loaded without running anything they contain, and fitted to a network."""

import hashlib
import pickletools
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harness.errors import UsageError, WeightsError
from harness.manifest import Manifest, Variant
from harness.submission import Checkpoint

WRAPPERS = (
    "state_dict",
    "model_state_dict",
    "model",
    "net",
    "network",
    "params",
    "params_ema",
    "ema",
    "state_dict_ema",
)
"""Keys under which training scripts put the network's state."""
PREFIXES = ("module.", "_orig_mod.", "model.")
"""What data parallelism, compilation and trainers put before every name."""


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def resolve(weights: str, key: str, manifest: Manifest, variant: Variant, folder: Path, task: str) -> Checkpoint:
    """The checkpoint that ``--weights`` (a path, `random`, `default`, or nothing) means for a variant.

    Raises WeightsError with where the authors publish them if none is at hand.
    """
    published = variant.weights
    key = key or published.key
    if weights == "random":
        return Checkpoint(kind="random")
    if weights and weights != "default":
        path = Path(weights)
        if not path.is_file():
            raise WeightsError(f"--weights {weights}: there is no such file")
        return Checkpoint(kind="file", path=path, key=key, sha256=file_digest(path), name=path.name)
    if published.file:
        path = folder / published.file
        if not path.is_file():
            raise WeightsError(f"{manifest.name} names {published.file} in its manifest, but {path} is missing")
        return Checkpoint(kind="file", path=path, key=key, sha256=file_digest(path), name=published.file)
    if weights == "default":
        raise UsageError(f"no library publishes weights of {manifest.name}; give a file with --weights PATH")
    if not published.published:
        return Checkpoint(kind="none")
    raise WeightsError(
        f"{manifest.name} ({variant.name}) needs trained weights for {task}: its authors publish them at "
        f"{published.published}; download them and pass --weights PATH (--weights random times it without a score)"
    )


def load_state(checkpoint: Checkpoint) -> dict[str, Any]:
    """The network's state: name -> torch.Tensor, wrappers and prefixes removed.

    Files ending in ``.safetensors`` are read as such, everything else by torch's safe loader, which runs no code.
    Raises WeightsError: the file refused (with the class that it wanted and the command that converts it), no state
    inside, or several to choose from.
    """
    if checkpoint.path is None:
        raise WeightsError("there are no weights to load; give a file with --weights PATH")
    content = read_checkpoint(checkpoint.path)
    return pick_state(content, checkpoint)


def pick_state(content: Any, checkpoint: Checkpoint) -> dict[str, Any]:
    """The network's state inside what a checkpoint holds: wrappers opened, prefixes removed."""
    state = _pick(content, checkpoint)
    while prefix := _common_prefix(state):
        state = {name[len(prefix) :]: value for name, value in state.items()}
    return state


def _common_prefix(names: Iterable[str]) -> str:
    """The prefix that every name has (and does not consist of), or the empty text."""
    found = list(names)
    fitting = (p for p in PREFIXES if found and all(name.startswith(p) and name != p for name in found))
    return next(fitting, "")


def read_checkpoint(path: Path) -> Any:
    """Whatever the checkpoint file holds, read without running code in it."""
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    import torch

    try:
        with warnings.catch_warnings():
            # What torch warns of here is said by the error below, or does not matter for reading weights.
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise _refused(path, error) from None


def _read_safetensors(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is no readable safetensors file ({error}); check the download") from None


def _refused(path: Path, error: Exception) -> WeightsError:
    wanted = _foreign_class(path)
    if wanted:
        return WeightsError(
            f"{path} wants to load the class {wanted}, which the safe loader refuses because it could run code; "
            f"if you trust the file, 'harness weights convert {path} OUT.safetensors' reads it once in a process of its own"
        )
    text = str(error).partition("WeightsUnpickler error:")[2] or str(error) or type(error).__name__
    reason = text.strip().splitlines()[0]
    return WeightsError(
        f"{path} is no checkpoint that can be read ({reason[:160]}); check that it was downloaded whole"
    )


def _foreign_class(path: Path) -> str:
    """The first class or function that a whole pickle names beyond what tensors need, read without running anything."""
    names: list[str] = []
    texts: list[str] = []
    try:
        for opcode, argument, _ in pickletools.genops(_pickle_of(path)):
            if opcode.name == "GLOBAL":
                names.append(str(argument).replace(" ", "."))
            elif opcode.name == "STACK_GLOBAL" and len(texts) >= 2:
                names.append(f"{texts[-2]}.{texts[-1]}")
            elif isinstance(argument, str):
                texts.append(argument)
    except Exception:
        # A file cut short or no pickle at all wants nothing.
        return ""
    foreign = [name for name in names if not name.startswith(("torch.", "collections.", "numpy.dtype"))]
    return foreign[0] if foreign else ""


def _pickle_of(path: Path) -> bytes:
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl")))


def _pick(content: Any, checkpoint: Checkpoint) -> dict[str, Any]:
    if not isinstance(content, Mapping):
        raise WeightsError(f"{checkpoint.path} holds a {type(content).__name__}, not a mapping of names to tensors")
    if checkpoint.key:
        if checkpoint.key not in content:
            raise WeightsError(
                f"{checkpoint.path} has no entry '{checkpoint.key}'; it has: {', '.join(map(str, content))}"
            )
        return _tensors(content[checkpoint.key], checkpoint.path)
    # Wrappers first: a trainer may keep a tensor beside them (a step count), a network's state never holds a mapping.
    found = [name for name in WRAPPERS if isinstance(content.get(name), Mapping)]
    if not found and any(hasattr(value, "shape") for value in content.values()):
        return _tensors(content, checkpoint.path)
    if not found:
        raise WeightsError(
            f"{checkpoint.path} holds no network state; its entries are: {', '.join(map(str, content))[:200]}"
        )
    if len(found) > 1:
        raise WeightsError(
            f"{checkpoint.path} holds several states ({', '.join(found)}); choose one with --weights-key"
        )
    return _tensors(content[found[0]], checkpoint.path)


def _tensors(content: Any, path: Path | None) -> dict[str, Any]:
    if not isinstance(content, Mapping):
        raise WeightsError(f"{path}: the chosen entry is a {type(content).__name__}, not a mapping of names to tensors")
    return {str(name): value for name, value in content.items() if hasattr(value, "shape")}


def load_into(module: Any, state: Mapping[str, Any], what: str, source: str = "the checkpoint") -> None:
    """Load `state` into a torch module, every name and shape fitting; raises WeightsError with at most ten differences."""
    own = module.state_dict()
    # A network whose own names all begin as a trainer's prefix does: what was taken off is put back.
    prefix = _common_prefix(own)
    if prefix and not set(own) & set(state):
        state = {prefix + name: value for name, value in state.items()}
    counters = {name for name in own if name.endswith("num_batches_tracked")}
    missing = sorted(set(own) - set(state) - counters)
    unknown = sorted(set(state) - set(own) - {n for n in state if n.endswith("num_batches_tracked")})
    shapes = [name for name in own if name in state and tuple(own[name].shape) != tuple(state[name].shape)]
    if missing or unknown or shapes:
        lines = [f"missing {name}" for name in missing] + [f"unknown {name}" for name in unknown]
        lines = [f"{n} is {tuple(state[n].shape)}, expected {tuple(own[n].shape)}" for n in shapes] + lines
        shown = "; ".join(lines[:10]) + ("" if len(lines) <= 10 else f"; and {len(lines) - 10} more")
        raise WeightsError(f"{source} belongs to another network than {what}: {shown}")
    module.load_state_dict({name: value for name, value in state.items() if name in own}, strict=False)
