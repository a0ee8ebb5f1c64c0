"""`verify` finds again what a record says, or says what differs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from command_line import Done

from harness.columns import Table
from harness.predictions import load_table, save_table
from harness.record import decode, encode, with_id
from harness.store import Home

Cli = Callable[..., Done]


@pytest.fixture
def record(tmp_path: Path, cli: Cli, tiny: Path, probe: Path) -> Path:
    """The record of an undisturbed run on the sample."""
    done = cli("eval", "--task", tiny, "--submission", probe, "--no-measure", "--json")
    return tmp_path / "home" / "records" / f"{done.json()['id']}.json"


def content(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def artifact(path: Path, kind: str) -> Path:
    found = next(one for one in content(path)["artifacts"] if one["kind"] == kind)
    stored = path.parent.parent / found["path"]
    return next(stored.glob("part-*")) if stored.is_dir() else stored


@pytest.mark.parametrize("how", ["id", "beginning of the id", "path"])
def test_what_is_found_again_is_verified(record: Path, cli: Cli, how: str) -> None:
    reference = {"id": record.stem, "beginning of the id": record.stem[:6], "path": record}[how]
    done = cli("verify", reference, "--submitter", "somebody else")
    assert done.status == 0
    assert f"record {record.stem} is verified: 1 metrics and every digest were found again" in done.out
    found = content(record)
    assert found["provenance"] == "verified" and found["id"] == record.stem
    [one] = found["verifications"]
    assert one["equal"] and one["differences"] == [] and one["by"] == "somebody else"


def test_a_second_verification_stands_beside_the_first(record: Path, cli: Cli, tiny: Path, probe: Path) -> None:
    assert cli("verify", record.stem).status == 0
    assert len(cli("verify", record.stem, "--json").json()["verifications"]) == 2
    again = cli("eval", "--task", tiny, "--submission", probe, "--no-measure", "--json", "--again").json()
    assert again["provenance"] == "verified" and len(again["verifications"]) == 2


def disputed(cli: Cli, path: Path, *arguments: object) -> list[str]:
    done = cli("verify", path, "--json", *arguments)
    assert done.status == 1 and "Traceback" not in done.err
    found = json.loads(done.out)
    assert found["provenance"] == "disputed" == content(path)["provenance"]
    assert not found["verifications"][-1]["equal"]
    lines: list[str] = found["verifications"][-1]["differences"]
    return lines


def change(path: Path, **changed: Any) -> None:
    path.write_text(json.dumps({**content(path), **changed}))


def metric(path: Path, **changed: Any) -> None:
    change(path, metrics=[{**content(path)["metrics"][0], **changed}])


def test_a_score_that_was_raised_is_disputed(record: Path, cli: Cli) -> None:
    metric(record, value=0.9999999999999999)
    lines = disputed(cli, record)
    assert "top1 (tiny): the record says 0.9999999999999999, found 1.0" in lines
    assert any(line.startswith(f"id: the record says '{record.stem}', found ") for line in lines)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"interval": None, "reason": "lost"}, "top1 (tiny) interval: the record says None, found Interval"),
        ({"higher_is_better": False}, "top1 (tiny) higher_is_better: the record says False, found True"),
        ({"unit": "%"}, "top1 (tiny) unit: the record says '%', found ''"),
        ({"n": 25}, "top1 (tiny) n: the record says 25, found 24"),
        ({"name": "top5"}, "top5 (tiny) was not found again"),
    ],
)
def test_whatever_of_a_metric_was_changed_is_named(record: Path, cli: Cli, changed: dict[str, Any], words: str) -> None:
    metric(record, **changed)
    lines = disputed(cli, record)
    assert any(line.startswith(words) for line in lines), lines


def test_an_interval_that_was_narrowed_is_named(record: Path, cli: Cli) -> None:
    metric(record, interval={**content(record)["metrics"][0]["interval"], "low": 0.5})
    assert "top1 (tiny) low: the record says 0.5, found 1.0" in disputed(cli, record)


@pytest.mark.parametrize("part", ["submission", "settings", "tables", "measurements"])
def test_whatever_else_was_changed_changes_the_id(record: Path, cli: Cli, part: str) -> None:
    changed: dict[str, Any] = {
        "submission": {**content(record)["submission"], "name": "another"},
        "settings": {"training": "transfer"},
        "tables": [{"name": "t", "title": "t", "columns": ["a"], "rows": [[1]]}],
        "measurements": {"cost": {"parameters": 1, "macs": 1}},
    }
    change(record, **{part: changed[part]})
    assert any(line.startswith("id: ") for line in disputed(cli, record))


def test_a_record_made_anew_with_a_better_score_is_disputed(record: Path, cli: Cli, tiny: Path) -> None:
    """Its id fits its content; the stored predictions do not."""
    old = decode(record.read_bytes())
    better = with_id(msgspec.structs.replace(old, metrics=[msgspec.structs.replace(old.metrics[0], value=0.5)]))
    path = record.with_name(f"{better.id}.json")
    path.write_bytes(encode(better))
    assert disputed(cli, path, "--task", tiny) == ["top1 (tiny): the record says 0.5, found 1.0"]


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("task", "origin", "official"),
        ("task", "main_metric", "top5"),
        ("task", "samples", 50000),
        ("task", "version", "2"),
        ("record", "settings", {"training": "transfer"}),
        ("task", "limit", 3),
    ],
)
def test_a_record_that_stands_on_another_board_is_disputed(
    record: Path, cli: Cli, tiny: Path, part: str, field: str, value: object
) -> None:
    """The numbers are right, and the id fits the content; where it would be ranked is wrong."""
    old = decode(record.read_bytes())
    if part == "task":
        forged = msgspec.structs.replace(old, task=msgspec.structs.replace(old.task, **{field: value}))
    else:
        run = msgspec.structs.replace(old.run, device="")
        forged = msgspec.structs.replace(old, run=run, **{field: value})
    forged = with_id(forged)
    path = record.with_name(f"{forged.id}.json")
    path.write_bytes(encode(forged))
    lines = disputed(cli, path, "--task", tiny, "--data", "sample")
    assert any(field in line for line in lines)


def test_a_lost_flag_is_disputed(cli: Cli, tiny: Path, probe: Path, tmp_path: Path) -> None:
    done = cli("eval", "--task", tiny, "--submission", probe, "--no-measure", "--limit", "21", "--json").json()
    path = tmp_path / "home" / "records" / f"{done['id']}.json"
    forged = with_id(msgspec.structs.replace(decode(path.read_bytes()), flags=[]))
    path = path.with_name(f"{forged.id}.json")
    path.write_bytes(encode(forged))
    assert disputed(cli, path, "--task", tiny) == ["the record lacks the flag 'limit'"]


@pytest.mark.parametrize("where", ["options", "task"])
def test_code_that_a_strangers_record_names_is_not_run(
    record: Path, cli: Cli, tmp_path: Path, tiny: Path, where: str
) -> None:
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / "task.py").write_text(f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\n")
    old = decode(record.read_bytes())
    if where == "options":
        run = msgspec.structs.replace(old.run, options={**old.run.options, "task": "./evil"}, seed=7)
        forged = with_id(msgspec.structs.replace(old, run=run))
    else:
        forged = with_id(msgspec.structs.replace(old, task=msgspec.structs.replace(old.task, id="./evil")))
    path = record.with_name(f"{forged.id}.json")
    path.write_bytes(encode(forged))
    assert "name it with --task" in cli("verify", path).sentence()
    assert not (tmp_path / "ran").exists()


def test_predictions_that_were_changed_are_disputed(record: Path, cli: Cli) -> None:
    path = artifact(record, "predictions")
    table = load_table(path)
    labels = table.dense("label").copy()
    labels[3] ^= 1
    save_table(path, Table(table.ids, {**table.columns, "label": labels}))
    lines = disputed(cli, record)
    assert any(line.startswith("predictions digest: ") for line in lines)
    assert "top1 (tiny): the record says 1.0, found 0.9583333333333334" in lines


def test_predictions_that_cannot_be_scored_any_more_are_disputed(record: Path, cli: Cli) -> None:
    path = artifact(record, "predictions")
    save_table(path, load_table(path).without(["label"]))
    lines = disputed(cli, record)
    assert any(line.startswith("the stored predictions cannot be scored: KeyError") for line in lines)


@pytest.mark.parametrize("kind", ["statistics", "replicates"])
def test_what_is_stored_beside_the_predictions_is_compared_too(record: Path, cli: Cli, kind: str) -> None:
    path = artifact(record, kind)
    table = load_table(path)
    name = next(iter(table.columns))
    save_table(path, Table(table.ids, {**table.columns, name: table.dense(name) + 1}))
    assert any(line.startswith(f"digest of the stored {kind}: ") for line in disputed(cli, record))
    path.unlink()
    assert any(f"{kind}: " in line and "is missing" in line for line in disputed(cli, record))


# -- what cannot be verified at all --------------------------------------------------------------------------------------
def test_predictions_that_are_gone_are_an_error_and_no_verdict(record: Path, cli: Cli) -> None:
    path = artifact(record, "predictions")
    table = load_table(path)
    save_table(path, table.take(range(20)))
    assert "lacks 4 of 24 samples" in cli("verify", record.stem).sentence()
    path.write_bytes(path.read_bytes()[:100])
    assert "is damaged" in cli("verify", record.stem).sentence()
    path.unlink()
    assert "holds no predictions" in cli("verify", record.stem).sentence()
    assert content(record)["provenance"] == "measured"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"limit": "three"}, "run.options: Expected `int`, got `str` - at `$.limit`"),
        ({"settings": "x"}, "run.options: Expected `object`"),
        ({"limit": -1}, "--limit -1 cannot be"),
        ({"protocol": "other"}, "tiny has no protocol 'other'"),
        ({"task": "nowhere"}, "there is no task 'nowhere'"),
        ({"limit": 3}, "was scored on other data"),
    ],
)
def test_options_that_no_run_has_are_a_sentence(record: Path, cli: Cli, options: dict[str, Any], words: str) -> None:
    run = content(record)["run"]
    change(record, run={**run, "options": {**run["options"], **options}})
    done = cli("verify", record.stem)
    assert done.status in (1, 2) and words in done.sentence(done.status)


@pytest.mark.parametrize("place", ["../outside", "/etc"])
def test_artifacts_outside_the_home_are_not_read(record: Path, cli: Cli, place: str) -> None:
    found = content(record)["artifacts"]
    change(record, artifacts=[{**found[0], "path": place}, *found[1:]])
    assert "points outside its home" in cli("verify", record.stem).sentence()


def test_a_record_with_the_id_of_a_path_writes_nowhere_else(tmp_path: Path, record: Path, cli: Cli, tiny: Path) -> None:
    change(record, id="../../escaped")
    assert any(line.startswith("id: ") for line in disputed(cli, record, "--task", tiny))
    assert not list(tmp_path.glob("escaped*")) and not list(tmp_path.parent.glob("escaped*"))


def test_a_reported_number_stores_nothing_to_verify(record: Path, cli: Cli) -> None:
    change(record, provenance="reported")
    assert (
        "stores no predictions; only what was measured or scored can be verified"
        in cli("verify", record.stem).sentence()
    )


# -- a result file -----------------------------------------------------------------------------------------------------
def test_a_scored_file_is_verified_on_its_data(tmp_path: Path, cli: Cli, tiny: Path) -> None:
    cli("data", "sample", tiny, "--out", tmp_path / "data")
    results = tmp_path / "mine.csv"
    results.write_bytes((tmp_path / "data" / "labels.csv").read_bytes())
    scored = cli("score", "--task", tiny, "--data", "data", results, "--json").json()
    results.unlink()
    assert cli("verify", scored["id"]).status == 0
    (tmp_path / "data").rename(tmp_path / "moved")
    assert "there is no folder data" in cli("verify", scored["id"]).sentence()
    assert cli("verify", scored["id"], "--data", "moved").status == 0
    (tmp_path / "moved" / "labels.csv").write_text("id,label\n000,dark\n")
    assert "was scored on other data" in cli("verify", scored["id"], "--data", "moved").sentence()


# -- the store ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"schema": "harness-record/9"}'])
def test_a_damaged_record_is_named(record: Path, cli: Cli, text: str) -> None:
    record.write_text(text)
    assert f"{record.stem}.json is no record of this schema" in cli("verify", record.stem).sentence()
    [(_, found)] = Home(record.parent.parent).records()
    assert isinstance(found, Exception)


@pytest.mark.parametrize("reference", ["zzz", "*", "**x", "[", "", ".."])
def test_an_unknown_record_says_how_to_list_them(record: Path, cli: Cli, reference: str) -> None:
    assert f"there is no record '{reference}' in" in cli("verify", reference).sentence()


def test_the_beginning_of_two_ids_is_not_enough(record: Path, cli: Cli) -> None:
    other = record.with_name(f"{record.stem[:4]}ffff.json")
    other.write_bytes(record.read_bytes())
    assert f"'{record.stem[:4]}' may be any of" in cli("verify", record.stem[:4]).sentence()


def test_replicates_are_kept_and_read(record: Path) -> None:
    home = Home(record.parent.parent)
    [artifact] = [item for item in decode(record.read_bytes()).artifacts if item.kind == "replicates"]
    found = load_table(home.artifact(artifact))
    assert len(found) == 1000
    assert np.array_equal(found.dense("tiny/top1"), np.ones(1000))
