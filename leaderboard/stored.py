"""Tables that lie beside records: they come from strangers, and one that cannot be used costs its own record only."""

from harness.columns import Table
from harness.errors import RecordError
from harness.predictions import load_table
from leaderboard.entries import Entry

LARGEST_FILE = 64 * 1024 * 1024


def stored_table(entry: Entry, kind: str, what: str) -> Table | None:
    """The table of `kind` that a record refers to, or None where it refers to none.

    Raises RecordError with a reason for its page, half a sentence about `what` ("its curves").
    """
    artifact = next((item for item in entry.record.artifacts if item.kind == kind), None)
    if artifact is None:
        return None
    lost = RecordError(f"{what} are not in the home")
    try:
        path = entry.home.artifact(artifact)
    except RecordError:
        raise lost from None
    if not path.is_file() or path.stat().st_size > LARGEST_FILE:
        raise lost
    try:
        table = load_table(path)
        same = table.digest() == artifact.digest
    except Exception:  # what NumPy raises on a hostile file has no bound, and its message names a path of this machine
        raise RecordError(f"{what} cannot be read: the file is damaged") from None
    if not same:
        raise RecordError(f"{what} are not those that it was written with")
    return table
