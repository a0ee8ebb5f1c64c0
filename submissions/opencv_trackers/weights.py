"""The two networks of a tracker that OpenCV runs from ONNX files."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import UsageError, WeightsError
from harness.submission import Checkpoint
from harness.weights import file_digest

PUBLISHED: Final = "github.com/HonglinChu/SiamTrackers, NanoTrack/models/nanotrackv2"
_HOW: Final = "name their folder, or both files with a comma between them, the backbone first: --weights FOLDER"


@dataclass(frozen=True, slots=True)
class Networks:
    """Backbone and head of NanoTrack."""

    backbone: Path
    head: Path

    def checkpoint(self) -> Checkpoint:
        """What identifies both: the digest of their digests."""
        digests = file_digest(self.backbone) + file_digest(self.head)
        return Checkpoint(
            kind="file",
            path=self.backbone,
            sha256=hashlib.sha256(digests.encode()).hexdigest(),
            name=f"{self.backbone.name}, {self.head.name}",
        )


def find_networks(weights: str) -> Networks:
    """The files that ``--weights`` names; raises WeightsError or UsageError for what is missing."""
    if weights in ("random", "default"):
        raise UsageError(f"--weights {weights}: opencv:Nano runs ONNX files; {_HOW}")
    if not weights:
        raise WeightsError(
            f"opencv:Nano needs the backbone and the head as ONNX files, published at {PUBLISHED}; {_HOW}"
        )
    if Path(weights).is_dir():
        files = sorted(Path(weights).glob("*.onnx"))
        return Networks(_only(files, "backbone", weights), _only(files, "head", weights))
    parts = [Path(part.strip()) for part in weights.split(",")]
    if len(parts) != 2:
        raise WeightsError(f"--weights {weights}: opencv:Nano needs two ONNX files; {_HOW}")
    for part in parts:
        if not part.is_file():
            raise WeightsError(f"--weights {weights}: there is no file {part}")
    return Networks(*parts)


def _only(files: list[Path], part: str, folder: str) -> Path:
    found = [path for path in files if part in path.name]
    if len(found) != 1:
        raise WeightsError(f"--weights {folder}: holds {len(found)} files named *{part}*.onnx, expected one; {_HOW}")
    return found[0]
