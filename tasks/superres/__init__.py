"""Single-image super-resolution: PSNR and SSIM as MATLAB scripts compute them (README.md has the protocol)."""

from tasks.superres.benchmarks import B100, SET5, SET14, URBAN100
from tasks.superres.task import SuperResolution


def set5() -> SuperResolution:
    """The task `set5`."""
    return SuperResolution(SET5)


def set14() -> SuperResolution:
    """The task `set14`."""
    return SuperResolution(SET14)


def b100() -> SuperResolution:
    """The task `b100`."""
    return SuperResolution(B100)


def urban100() -> SuperResolution:
    """The task `urban100`."""
    return SuperResolution(URBAN100)


__all__ = ["SuperResolution", "b100", "set5", "set14", "urban100"]
