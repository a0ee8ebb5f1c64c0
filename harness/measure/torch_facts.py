"""What torch says of its build and of the threads that it uses, where it is loaded."""

import hashlib
import sys
from typing import Any


def torch_facts() -> dict[str, Any] | None:
    """Versions, libraries and thread counts of torch, where it is already loaded; None else."""
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    cudnn = torch.backends.cudnn
    return {
        "version": str(torch.__version__),
        "cuda": torch.version.cuda,
        "cudnn": cudnn.version() if torch.cuda.is_available() else None,
        "threads": torch.get_num_threads(),
        "interop_threads": torch.get_num_interop_threads(),
        "mkldnn": torch.backends.mkldnn.is_available(),
        "cudnn_benchmark": cudnn.benchmark,
        "tf32": torch.backends.cuda.matmul.allow_tf32,
        "flush_denormal": _flushes_denormals(torch),
    } | _build(torch.__config__.show())


def _build(text: str) -> dict[str, Any]:
    """The libraries that torch was built with (MKL, oneDNN, OpenMP), and a hash of all its build settings."""
    lines = [line.strip().removeprefix("- ") for line in text.splitlines() if line.strip().startswith("- ")]
    libraries = [line for line in lines if not line.startswith(("Build settings", "C++ Version"))]
    return {"libraries": libraries, "build": hashlib.sha256(text.encode()).hexdigest()[:16]}


def _flushes_denormals(torch: Any) -> bool:
    smallest = torch.tensor([1e-40], dtype=torch.float32)
    return bool((smallest * 1.0).item() == 0.0)
