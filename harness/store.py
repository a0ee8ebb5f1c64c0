"""A home: the folder that holds records, predictions, statistics, replicates and curves."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from harness.columns import Table
from harness.curves import Curve, curve_table
from harness.errors import RecordError
from harness.files import write_bytes
from harness.predictions import save_table
from harness.record import Artifact, Record, decode, encode

DEFAULT_HOME = "harness-results"


def default_home() -> Path:
    """``HARNESS_HOME``, or ``harness-results`` where the command was started."""
    return Path(os.environ.get("HARNESS_HOME") or DEFAULT_HOME)


class Home:
    """Where results go. Files are content-addressed or named by record id, so that two processes never collide."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def predictions(self, key: str) -> Path:
        """The folder of the parts that belong to `key`."""
        return self.path / "predictions" / key[:32]

    def lock(self, name: str) -> Path:
        """The file that a process holds while it works on `name`."""
        return self.path / "locks" / f"{name[:32]}.lock"

    # -- records -----------------------------------------------------------------------------------------------------
    def record_path(self, id: str) -> Path:
        """Where the record `id` is kept."""
        return self.path / "records" / f"{id}.json"

    def write_record(self, record: Record) -> Path:
        """Write a record; the file appears whole."""
        path = self.record_path(record.id)
        write_bytes(path, encode(record))
        return path

    def records(self) -> Iterator[tuple[Path, Record | RecordError]]:
        """Every record file in order of id, read or with the reason why it could not be."""
        for path in sorted((self.path / "records").glob("*.json")):
            try:
                yield path, read_record(path)
            except RecordError as error:
                yield path, error

    def find(self, reference: str) -> tuple[Path, Record]:
        """The record that a path, an id or the beginning of an id names."""
        if reference.endswith(".json") or "/" in reference:
            return Path(reference), read_record(Path(reference))
        found = sorted((self.path / "records").glob("*.json"))
        matches = [path for path in found if reference and path.name.startswith(reference)]
        if not matches:
            raise RecordError(
                f"there is no record '{reference}' in {self.path}; 'harness export --format csv' lists them"
            )
        if len(matches) > 1:
            raise RecordError(
                f"'{reference}' may be any of {', '.join(path.stem for path in matches)}; give more of the id"
            )
        return matches[0], read_record(matches[0])

    # -- finished runs -----------------------------------------------------------------------------------------------
    def finished(self, key: str) -> Record | None:
        """The record that a run under `key` has written, if it got that far."""
        marker = self.path / "runs" / key[:32]
        try:
            return read_record(self.record_path(marker.read_text().strip()))
        except (OSError, RecordError):
            return None

    def finish(self, key: str, record: Record) -> Path:
        """Write the record of the run `key`, once: the marker first, so that a kill in between leaves one record."""
        write_bytes(self.path / "runs" / key[:32], record.id.encode())
        return self.write_record(record)

    # -- artifacts ---------------------------------------------------------------------------------------------------
    def write_statistics(self, table: Table) -> Artifact:
        """Store per-unit statistics under their digest."""
        return self.write_table("statistics", table)

    def write_replicates(self, replicates: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]) -> Artifact:
        """Store the replicate scores of every metric, float64 (B,) each, under their digest."""
        return self.write_table("replicates", replicate_table(replicates))

    def write_curves(self, curves: Mapping[str, Sequence[Curve]]) -> Artifact:
        """Store the curves of every protocol under their digest."""
        return self.write_table("curves", curve_table(curves))

    def write_table(self, kind: str, table: Table) -> Artifact:
        """Store a table of `kind` under its digest."""
        digest = table.digest()
        path = Path(kind) / f"{digest[:32]}.npz"
        if not (self.path / path).exists():
            save_table(self.path / path, table)
        return Artifact(kind=kind, path=str(path), digest=digest)

    def artifact(self, artifact: Artifact) -> Path:
        """Where an artifact is kept, whether it is there or not.

        Raises RecordError where its path leads out of the home, also through a link, or is none: records come from
        strangers, and what they name must not be read, scored again or uploaded unless it is theirs.
        """
        path = self.path / artifact.path
        try:
            path.lstat()
            inside = path.resolve().is_relative_to(self.path.resolve())
        except FileNotFoundError:
            inside = not Path(artifact.path).is_absolute() and ".." not in Path(artifact.path).parts
        except (OSError, ValueError, RuntimeError) as error:
            raise RecordError(f"the {artifact.kind} of the record have no path that can be read ({error})") from None
        if not inside:
            raise RecordError(f"the record points outside its home: {path}")
        return path


def replicate_table(replicates: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]) -> Table:
    """Replicate scores as columns, resample after resample."""
    count = len(next(iter(replicates.values()), ()))
    return Table(tuple(map(str, range(count))), dict(replicates))


def read_record(path: Path) -> Record:
    """Read one record file; raises RecordError with file and field."""
    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise RecordError(f"{path} cannot be read ({error.strerror})") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"{path} is no record of this schema: {error}") from None
