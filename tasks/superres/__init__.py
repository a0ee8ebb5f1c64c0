"""Single-image super-resolution: PSNR and SSIM as MATLAB scripts compute them (README.md has the protocol)."""

from tasks.superres.benchmarks import SET5
from tasks.superres.task import SuperResolution


def set5() -> SuperResolution:
    """The task `set5`."""
    return SuperResolution(SET5)


__all__ = ["SuperResolution", "set5"]
