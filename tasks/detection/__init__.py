"""Object detection as COCO scores it (README.md has the protocol)."""

from tasks.detection.task import Coco


def coco() -> Coco:
    """The task `coco`."""
    return Coco()


__all__ = ["Coco", "coco"]
