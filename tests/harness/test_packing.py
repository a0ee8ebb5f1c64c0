"""A record travels with its predictions: packed to the same bytes, taken in only after checking, verified by the receiver."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from command_line import Done
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError, RecordError
from harness.importing import take_in
from harness.mlflow_log import sample_table
from harness.options import RunOptions
from harness.packing import MEMBERS, packed
from harness.progress import Reporter
from harness.record import Record, decode, encode, with_id
from harness.store import Home, read_record

Cli = Callable[..., Done]


@pytest.fixture
def made(tmp_path: Path, cli: Cli, tiny: Path, probe: Path) -> Record:
    """The record of a run on the sample, in the home `cli` works in."""
    done = cli("eval", "--task", tiny, "--submission", probe, "--no-measure", "--json")
    return decode(done.out.encode())


@pytest.fixture
def parcel(made: Record, cli: Cli, tmp_path: Path) -> Path:
    assert cli("pack", made.id, "--out", "parcel.zip").status == 0
    return tmp_path / "parcel.zip"


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def forged(path: Path, changes: dict[str, bytes | None]) -> Path:
    """The parcel with members replaced, added, or (None) left out."""
    content = {**members(path), **changes}
    out = path.with_name("forged.zip")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            if data is not None:
                archive.writestr(name, data)
    return out


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def receive(path: Path, home: Path, task: Path | str = "") -> Any:
    return take_in(path, RunOptions(task=str(task), home=home), Reporter())


# -- packing -----------------------------------------------------------------------------------------------------------
def test_the_same_record_gives_the_same_bytes(parcel: Path, made: Record, tmp_path: Path) -> None:
    assert packed(Home(tmp_path / "home"), made) == parcel.read_bytes()
    assert set(members(parcel)) == {"record.json", "predictions.npz", "statistics.npz", "replicates.npz"}


def test_answers_of_shards_are_packed_in_the_order_of_the_data(made: Record, tmp_path: Path, parcel: Path) -> None:
    from harness.predictions import load_table, save_table

    home = Home(tmp_path / "home")
    [folder] = [home.artifact(item) for item in made.artifacts if item.kind == "predictions"]
    [part] = folder.glob("part-*.npz")
    whole = load_table(part)
    part.unlink()
    for index in (1, 0):
        save_table(folder / f"part-00000{1 - index}.npz", whole.take(range(index, len(whole), 2)))
    assert packed(home, made) == parcel.read_bytes()


def test_what_was_changed_is_not_packed(made: Record, tmp_path: Path, cli: Cli) -> None:
    home = Home(tmp_path / "home")
    by_kind = {item.kind: home.artifact(item) for item in made.artifacts}
    by_kind["replicates"].write_bytes(by_kind["statistics"].read_bytes())
    assert "not those that it was written with" in cli("pack", made.id).sentence()
    for part in by_kind["predictions"].glob("part-*"):
        part.unlink()
    assert "cannot be packed without them" in cli("pack", made.id).sentence()


@pytest.fixture
def private(tiny: Path, tmp_path: Path) -> Path:
    """The scaffold's task with labels that are not public."""
    folder = tmp_path / "private"
    shutil.copytree(tiny, folder)
    source = (folder / "task.py").read_text()
    assert source.count("TaskMeta(") == 1
    (folder / "task.py").write_text(source.replace("TaskMeta(", "TaskMeta(private_labels=True, "))
    return folder


def test_private_labels_stay_private_and_their_owner_has_the_replicates_again(
    private: Path, probe: Path, tmp_path: Path, cli: Cli
) -> None:
    done = cli("eval", "--task", private, "--submission", probe, "--no-measure", "--json")
    record = decode(done.out.encode())
    assert record.task.private_labels
    assert cli("pack", record.id, "--out", "private.zip").status == 0
    assert set(members(tmp_path / "private.zip")) == {"record.json", "predictions.npz"}
    assert cli("import", "private.zip", "--home", tmp_path / "anybody").status == 0
    assert not list((tmp_path / "anybody").rglob("replicates/*"))
    done = cli("import", "private.zip", "--home", tmp_path / "owner", "--task", private)
    assert done.status == 0 and "is verified" in done.out
    for item in record.artifacts:
        assert item.kind == "predictions" or (tmp_path / "owner" / item.path).is_file()
    assert sample_table(Home(tmp_path / "owner"), record, tmp_path) is None


# -- taking in ---------------------------------------------------------------------------------------------------------
def test_a_second_party_verifies_it(parcel: Path, made: Record, tmp_path: Path, tiny: Path, cli: Cli) -> None:
    done = cli("import", parcel, "--task", tiny, "--home", tmp_path / "other", "--submitter", "second party")
    assert done.status == 0 and f"record {made.id} was taken in and is verified: 1 metrics" in done.out
    kept = read_record(tmp_path / "other" / "records" / f"{made.id}.json")
    assert kept.provenance == "verified" and kept.verifications[-1].by == "second party"
    assert cli("verify", made.id, "--task", tiny, "--home", tmp_path / "other").status == 0
    before = contents(tmp_path / "other")
    again = cli("import", parcel, "--task", tiny, "--home", tmp_path / "other")
    assert again.status == 0 and "already, as verified; nothing was changed" in again.out
    assert {k: v for k, v in contents(tmp_path / "other").items() if "sample" not in k and "locks" not in k} == {
        k: v for k, v in before.items() if "sample" not in k and "locks" not in k
    }
    assert not list((tmp_path / "other").glob(".incoming*"))


def test_packing_what_was_taken_in_gives_the_same_answers(
    parcel: Path, made: Record, tmp_path: Path, tiny: Path
) -> None:
    found = receive(parcel, tmp_path / "other", tiny)
    (tmp_path / "again.zip").write_bytes(packed(Home(tmp_path / "other"), found.record))
    first, second = members(parcel), members(tmp_path / "again.zip")
    assert {k: v for k, v in first.items() if k != "record.json"} == {
        k: v for k, v in second.items() if k != "record.json"
    }


def test_without_the_task_it_is_taken_in_and_says_that_nobody_checked(parcel: Path, tmp_path: Path, cli: Cli) -> None:
    document = json.loads(members(parcel)["record.json"])
    claimed = {"when": "2026-01-01", "by": "me", "equal": True, "differences": [], "versions": {}}
    document |= {"provenance": "verified", "verifications": [claimed]}
    path = forged(parcel, {"record.json": json.dumps(document).encode()})
    done = cli("import", path, "--home", tmp_path / "other")
    assert done.status == 0 and "was taken in as measured; not scored again:" in done.out
    kept = read_record(tmp_path / "other" / "records" / f"{document['id']}.json")
    assert kept.provenance == "measured" and kept.verifications == []


def test_a_raised_score_with_a_fitting_id_is_disputed(parcel: Path, tmp_path: Path, tiny: Path, cli: Cli) -> None:
    record = decode(members(parcel)["record.json"])
    better = with_id(msgspec.structs.replace(record, metrics=[msgspec.structs.replace(record.metrics[0], value=0.999)]))
    path = forged(parcel, {"record.json": encode(better)})
    done = cli("import", path, "--task", tiny, "--home", tmp_path / "other")
    assert done.status == 1 and "disputed" in done.out and "0.999" in done.out and "Traceback" not in done.err
    assert read_record(tmp_path / "other" / "records" / f"{better.id}.json").provenance == "disputed"


def refused(cli: Cli, path: Path, tmp_path: Path) -> str:
    said = cli("import", path, "--home", tmp_path / "refused").sentence()
    assert not contents(tmp_path / "refused")
    return said


def test_what_does_not_fit_together_is_refused_and_leaves_nothing(parcel: Path, tmp_path: Path, cli: Cli) -> None:
    document = json.loads(members(parcel)["record.json"])
    changed = json.dumps({**document, "seed_group": "other"}).encode()
    assert "it was changed after it was written" in refused(cli, forged(parcel, {"record.json": changed}), tmp_path)
    renamed = json.dumps({**document, "id": "../../../../tmp/x"}).encode()
    assert "its id is" in refused(cli, forged(parcel, {"record.json": renamed}), tmp_path)
    other = members(parcel)["statistics.npz"]
    assert "not those that the record" in refused(cli, forged(parcel, {"predictions.npz": other}), tmp_path)
    assert "not those that the record" in refused(cli, forged(parcel, {"replicates.npz": other}), tmp_path)
    assert "is damaged" in refused(cli, forged(parcel, {"replicates.npz": b"no array"}), tmp_path)
    assert "holds no predictions" in refused(cli, forged(parcel, {"predictions.npz": None}), tmp_path)
    assert "has no record.json" in refused(cli, forged(parcel, {"record.json": None}), tmp_path)
    assert "is no record of this schema" in refused(cli, forged(parcel, {"record.json": b"[" * 10**5}), tmp_path)
    assert "which its record does not name" in refused(cli, forged(parcel, {"curves.npz": other}), tmp_path)
    assert "holds no JSON object" in refused(cli, forged(parcel, {"facts.json": b"[]"}), tmp_path)


@pytest.mark.parametrize("name", ["../outside.npz", "/etc/passwd", "records/x.json", "a\\b", "run.py"])
def test_members_of_other_names_are_refused(parcel: Path, tmp_path: Path, cli: Cli, name: str) -> None:
    refused(cli, forged(parcel, {name: b"x"}), tmp_path)


def test_a_bomb_and_no_archive_are_refused(parcel: Path, tmp_path: Path, cli: Cli) -> None:
    assert "unpacks to" in refused(cli, forged(parcel, {"replicates.npz": bytes(80 << 20)}), tmp_path)
    (tmp_path / "text.zip").write_text("hello")
    assert "no zip archive" in refused(cli, tmp_path / "text.zip", tmp_path)
    assert "cannot be read" in refused(cli, tmp_path / "absent.zip", tmp_path)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_a_sentence_or_a_record(parcel: Path, tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(parcel.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "damaged.zip").write_bytes(bytes(content[: data.draw(st.integers(1, len(content)))]))
    try:
        assert receive(tmp_path / "damaged.zip", tmp_path / "other").record
    except HarnessError as error:
        assert isinstance(error, RecordError) and str(error)


def test_every_member_that_is_read_may_be_there(parcel: Path) -> None:
    assert set(members(parcel)) <= set(MEMBERS)


# -- withdrawing -------------------------------------------------------------------------------------------------------
def test_a_withdrawn_result_is_kept_and_says_why(made: Record, tmp_path: Path, cli: Cli) -> None:
    from leaderboard.collect import collect

    before = (tmp_path / "home" / "records" / f"{made.id}.json").read_bytes()
    done = cli("withdraw", made.id[:8], "--reason", "the labels were shifted")
    assert done.status == 0
    assert (tmp_path / "home" / "records" / f"{made.id}.json").read_bytes() == before
    found = collect([tmp_path / "home"])
    by = found.withdrawn[made.id]
    assert found.entries[by].record.facts == {"reason": "the labels were shifted"}
    assert not found.current and [entry.record.id for entry in found.past] == [made.id]
    assert "was withdrawn already" in cli("withdraw", made.id, "--reason", "again").sentence(2)
    assert "is itself a withdrawal" in cli("withdraw", by, "--reason", "no").sentence(2)
    assert "--reason" in cli("withdraw", made.id, "--reason", " ").sentence(2)
    assert "there is no record" in cli("withdraw", "ffff", "--reason", "x").sentence()


def test_a_withdrawal_travels_too(made: Record, tmp_path: Path, cli: Cli) -> None:
    by = json.loads(cli("withdraw", made.id, "--reason", "wrong data", "--json").out)["id"]
    assert cli("pack", by, "--out", "by.zip").status == 0
    assert cli("import", "by.zip", "--home", tmp_path / "other").status == 0
    assert read_record(tmp_path / "other" / "records" / f"{by}.json").withdraws == [made.id]
