"""Records from an MLflow server: what it keeps as artifacts of the mirrored runs, taken into a home of their own."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harness.errors import HarnessError
from harness.files import write_bytes
from harness.mlflow_log import TAG, client_of
from harness.record import Record, decode
from harness.store import Home
from leaderboard.stored import LARGEST_FILE

if TYPE_CHECKING:
    from mlflow import MlflowClient

LARGEST_RECORD = 16 * 1024 * 1024
TABLES = ("replicates", "curves")
_ID = re.compile(r"[0-9a-f]{16}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def pull(uri: str, home: Home) -> int:
    """Take every record of the server that `home` lacks, with its replicates and curves; returns how many.

    What a server sends comes from strangers: only names that are ids are asked for, only files of a bounded size are
    taken, and they lie where their digests say. Raises HarnessError where the server cannot be used.
    """
    (home.path / "records").mkdir(parents=True, exist_ok=True)
    taken = 0
    with client_of(home, uri) as client:
        for id, run_id in _runs(client):
            if not home.record_path(id).exists():
                taken += _take(client, home, id, run_id)
    return taken


def _runs(client: "MlflowClient") -> Iterator[tuple[str, str]]:
    for experiment in client.search_experiments():
        token: str | None = None
        while True:
            page = client.search_runs([experiment.experiment_id], max_results=1000, page_token=token)
            for run in page:
                id = run.data.tags.get(TAG, "")
                if _ID.fullmatch(id):
                    yield id, run.info.run_id
            token = page.token
            if not token:
                break


def _take(client: "MlflowClient", home: Home, id: str, run_id: str) -> bool:
    sizes = {item.path: item.file_size or 0 for item in client.list_artifacts(run_id) if not item.is_dir}
    with tempfile.TemporaryDirectory() as folder:
        path = _fetched(client, run_id, f"{id}.json", sizes, LARGEST_RECORD, folder)
        if path is None:
            return False
        data = path.read_bytes()
        try:
            record = decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            record = None  # taken all the same, so that the site lists it as rejected, with the reason
        if record is not None:
            _take_tables(client, home, record, run_id, sizes, folder)
        write_bytes(home.record_path(id), data)
    return True


def _take_tables(
    client: "MlflowClient", home: Home, record: Record, run_id: str, sizes: dict[str, int], folder: str
) -> None:
    for artifact in record.artifacts:
        if artifact.kind not in TABLES or not _DIGEST.fullmatch(artifact.digest):
            continue
        target = Path(artifact.kind) / f"{artifact.digest[:32]}.npz"
        path = _fetched(client, run_id, f"{artifact.kind}.npz", sizes, LARGEST_FILE, folder)
        if path is not None and artifact.path == target.as_posix() and not (home.path / target).exists():
            (home.path / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, home.path / target)


def _fetched(
    client: "MlflowClient", run_id: str, name: str, sizes: dict[str, int], limit: int, folder: str
) -> Path | None:
    if name not in sizes or sizes[name] > limit:
        return None
    from mlflow.exceptions import MlflowException

    try:
        path = Path(client.download_artifacts(run_id, name, folder))
    except (MlflowException, OSError) as error:
        reason = str(error).splitlines() or [type(error).__name__]
        raise HarnessError(f"the artifact {name} of run {run_id} cannot be read ({reason[0][:200]})") from None
    return path if path.is_file() and path.stat().st_size <= limit else None
