"""``harness pack``: a record with what lies beside it as one file, the same bytes for the same record.

The file is a zip archive of ``record.json``, ``predictions.npz`` (the columns that the record's digest is over, in the order of
the data set), ``facts.json`` where the predictions have any, and ``statistics.npz``, ``replicates.npz``, ``curves.npz``. Where
labels are private only the predictions go along: statistics and replicate scores would tell them.
"""

import io
import json
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from harness.archives import RATIO, SMALL
from harness.columns import Table, concatenate
from harness.contrast import stored_table
from harness.errors import HarnessError, RecordError
from harness.files import write_bytes
from harness.options import RunOptions
from harness.plan import plan_run
from harness.predictions import load_facts, load_parts, save_table
from harness.record import Artifact, Record, encode
from harness.registry import find_task, task_names
from harness.store import Home
from harness.verification import options_of

RECORD, FACTS = "record.json", "facts.json"
PREDICTIONS = "predictions"
BESIDE = ("statistics", "replicates", "curves")
"""Tables that are the same wherever the predictions are scored."""
MEMBERS = (RECORD, FACTS, *(f"{kind}.npz" for kind in (PREDICTIONS, *BESIDE)))
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def pack(home: Home, record: Record, path: Path) -> None:
    """Write `record` and what it refers to as one file; raises RecordError where something is not what it was written with."""
    write_bytes(path, packed(home, record))


def packed(home: Home, record: Record) -> bytes:
    """The bytes of the file."""
    members = {RECORD: encode(record)}
    kinds = {artifact.kind: artifact for artifact in record.artifacts}
    if PREDICTIONS in kinds:
        members[f"{PREDICTIONS}.npz"] = table_bytes(own_predictions(home, record, kinds[PREDICTIONS]))
        facts = load_facts(home.artifact(kinds[PREDICTIONS]))
        members |= {FACTS: json.dumps(facts, sort_keys=True).encode()} if facts else {}
    for kind in BESIDE:
        if kind in kinds and not record.task.private_labels:
            members[f"{kind}.npz"] = table_bytes(stored_table(record, home, kind))
    return _zip(members)


def table_bytes(table: Table) -> bytes:
    """A table as the bytes of an ``.npz`` file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.npz"
        save_table(path, table)
        return path.read_bytes()


def own_predictions(home: Home, record: Record, artifact: Artifact) -> Table:
    """The predictions as the digest of the record is over them: without what is stored beside, in the data set's order.

    Shards are stored in another order, which the statistics or else the data set tell. Raises RecordError where no order
    gives the digest.
    """
    tables = load_parts(home.artifact(artifact))
    if not tables:
        raise RecordError(
            f"the predictions of record {record.id} are not in {home.path}; it cannot be packed without them"
        )
    whole = concatenate(tables).without(_beside(record))
    if whole.digest() == artifact.digest:
        return whole
    position = {id: index for index, id in enumerate(whole.ids)}
    for ids in _orders(home, record):
        if len(position) == len(whole.ids) and position.keys() == set(ids):
            ordered = whole.take([position[id] for id in ids])
            if ordered.digest() == artifact.digest:
                return ordered
    raise RecordError(
        f"the stored predictions of record {record.id} are not those that it was written with, or only its data set tells "
        f"their order; 'harness verify {record.id}' says which"
    )


def _beside(record: Record) -> list[str]:
    """Columns that are stored beside answers and are no part of them."""
    names = ["input_sha256"]
    if record.task.id in task_names():
        names += [spec.name for spec in find_task(record.task.id).meta.interface.extra]
    return names


def _orders(home: Home, record: Record) -> Iterator[tuple[str, ...]]:
    """The orders that the samples may have, each asked for only where those before it were wrong."""
    yield from _tried(lambda: stored_table(record, home, "statistics").ids)
    yield from _tried(lambda: _data_order(home, record))


def _tried(find: Callable[[], tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    try:
        yield find()
    except HarnessError:
        return


def _data_order(home: Home, record: Record) -> tuple[str, ...]:
    options = options_of(record, RunOptions(task="", home=home.path), home)
    return plan_run(options, sample=record.task.origin == "sample", with_inputs=False).dataset.ids


def _zip(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, _EARLIEST)
            info.create_system, info.external_attr = 3, 0o644 << 16
            info.compress_type = _method(data)
            archive.writestr(info, data)
    return buffer.getvalue()


def _method(data: bytes) -> int:
    """How to pack: what shrinks so much that no archive of a stranger's would be read is stored as it is."""
    if len(data) <= SMALL or len(data) < RATIO // 2 * len(zlib.compress(data, 1)):
        return zipfile.ZIP_DEFLATED
    return zipfile.ZIP_STORED
