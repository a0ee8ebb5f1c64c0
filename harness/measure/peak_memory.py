"""The most memory that this process has held."""

import resource
import sys
from pathlib import Path


def peak_memory_bytes(proc: Path = Path("/proc")) -> int | None:
    """The largest resident set so far, in bytes.

    /proc's VmHWM first: getrusage's figure can be the parent's from before exec. None where neither is readable.
    """
    try:
        for line in (proc / "self" / "status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (peak if sys.platform == "darwin" else peak * 1024) or None


def forget_peak(device: str = "cpu", proc: Path = Path("/proc")) -> bool:
    """Begin the largest resident set, and the device's, anew; False where the kernel does not let this process."""
    torch = sys.modules.get("torch")
    if torch is not None and device.split(":")[0] == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    try:
        (proc / "self" / "clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True
