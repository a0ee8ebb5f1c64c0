"""What a task says beside its numbers: its worst units stand in the record, its curves beside it; both are verified."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Done

from harness.columns import Ragged, Table
from harness.dataset import Predictions, Statistics
from harness.details import curves, tables
from harness.errors import HarnessError
from harness.predictions import load_table, save_table
from harness.record import DetailTable, decode, encode, with_id
from harness.registry import find_task
from harness.task import Curve, DataRequest, FloatArray, Scoring, Task, Units
from harness.task import DetailTable as TaskTable

Cli = Callable[..., Done]


@pytest.fixture
def record(curved: Path, cli: Cli, tmp_path: Path) -> Path:
    data, results = curved.parent / "data", curved.parent / "mine.csv"
    done = cli("score", "--task", curved, "--data", data, results, "--json").json()
    return tmp_path / "home" / "records" / f"{done['id']}.json"


def stored(path: Path) -> Path:
    [found] = [one for one in json.loads(path.read_text())["artifacts"] if one["kind"] == "curves"]
    return path.parent.parent / str(found["path"])


def test_the_curves_lie_beside_the_record_and_the_worst_images_in_it(record: Path, curved: Path) -> None:
    found = load_table(stored(record))
    assert found.ids == ("curved/rising",)
    assert np.array_equal(found.ragged("x").row(0), np.arange(1.0, 25.0))
    assert found.ragged("y").row(0)[-1] == 21 / 24
    [worst] = decode(record.read_bytes()).tables
    ids = [line.split(",")[0] for line in (curved.parent / "mine.csv").read_text().splitlines()]
    assert worst == DetailTable(
        name="worst", title="Worst images: wrong classes", columns=["image", "wrong classes"],
        rows=[[ids[index], 1] for index in (3, 7, 20)],
    )  # fmt: skip


def test_curves_and_worst_images_are_found_again(record: Path, cli: Cli) -> None:
    assert cli("verify", record.stem).status == 0


def differences(cli: Cli, path: Path, task: Path) -> list[str]:
    done = cli("verify", path, "--task", task, "--json")
    assert done.status == 1 and "Traceback" not in done.err
    lines: list[str] = json.loads(done.out)["verifications"][-1]["differences"]
    return lines


def test_a_curve_that_was_changed_is_disputed(record: Path, cli: Cli, curved: Path) -> None:
    path, table = stored(record), load_table(stored(record))
    moved = Ragged(np.nextafter(table.ragged("y").values, 2), table.ragged("y").offsets)
    save_table(path, Table(table.ids, {**table.columns, "y": moved}))
    assert [line.split(":")[0] for line in differences(cli, record, curved)] == ["digest of the stored curves"]
    path.unlink()
    assert any("curves: " in line and "is missing" in line for line in differences(cli, record, curved))


def test_a_record_made_anew_with_a_better_curve_or_list_is_disputed(record: Path, cli: Cli, curved: Path) -> None:
    old = decode(record.read_bytes())
    table = load_table(stored(record))
    save_table(stored(record), Table(table.ids, {**table.columns, "title": np.array(["better"])}))
    digest = load_table(stored(record)).digest()
    artifacts = [replaced(item, digest=digest) if item.kind == "curves" else item for item in old.artifacts]
    shorter = [replaced(old.tables[0], rows=old.tables[0].rows[1:])]
    forged = with_id(replaced(old, artifacts=artifacts, tables=shorter))
    path = record.with_name(f"{forged.id}.json")
    path.write_bytes(encode(forged))
    assert [line.split(":")[0] for line in differences(cli, path, curved)] == ["table 'worst'", "curves digest"]


def replaced(part: Any, **changed: Any) -> Any:
    import msgspec

    return msgspec.structs.replace(part, **changed)


def test_an_older_record_without_them_is_verified_all_the_same(record: Path, cli: Cli, curved: Path) -> None:
    old = decode(record.read_bytes())
    artifacts = [item for item in old.artifacts if item.kind != "curves"]
    bare = with_id(replaced(old, artifacts=artifacts, tables=[]))
    path = record.with_name(f"{bare.id}.json")
    path.write_bytes(encode(bare))
    assert cli("verify", path, "--task", curved).status == 0


# -- what a task may give ----------------------------------------------------------------------------------------------
def odd(task: Task, **given: Any) -> Task:
    """The task with another answer to `curves`, `worst` or `tables`, or with a private truth."""

    class Odd(type(task)):  # type: ignore[misc]
        meta = replace(task.meta, private_labels=given.get("private", False))

        def curves(self, statistics: Statistics, protocol: str) -> Sequence[Curve]:
            return given["curves"] if "curves" in given else super().curves(statistics, protocol)  # type: ignore[no-any-return]

        def worst(self, statistics: Statistics, protocol: str) -> FloatArray | None:
            return given["worst"] if "worst" in given else super().worst(statistics, protocol)  # type: ignore[no-any-return]

        def tables(self, statistics: Statistics, protocol: str) -> Sequence[TaskTable]:
            return given.get("tables", ())  # type: ignore[no-any-return]

    return Odd()


@pytest.fixture
def task(curved: Path) -> Task:
    return find_task(str(curved))


@pytest.fixture
def scored(task: Task, curved: Path) -> tuple[Statistics, Units]:
    dataset = task.open(DataRequest(data=curved.parent / "data"))
    answers = Predictions(table=Table(dataset.ids, {"label": np.zeros(len(dataset.ids), np.int64)}))
    return task.score(dataset, answers, Scoring(protocol="curved")), task.units(dataset)


def worst(task: Task, scored: tuple[Statistics, Units]) -> list[list[Any]]:
    found = [table for table in tables(task, *scored, "curved") if table.name == "worst"]
    return found[0].rows if found else []


def test_the_list_has_the_highest_values_above_zero_first(task: Task, scored: tuple[Statistics, Units]) -> None:
    ids = scored[1].ids
    values = np.array([0.0, 2.5, -1.0, 2.5, 4.0, np.nan] + [0.0] * 18)
    assert worst(odd(task, worst=values), scored) == [[ids[4], 4], [ids[1], 2.5], [ids[3], 2.5]]
    assert len(worst(odd(task, worst=np.arange(24.0)), scored)) == 20
    assert worst(odd(task, worst=np.zeros(24)), scored) == worst(odd(task, worst=None), scored) == []


@pytest.mark.parametrize("values", [np.zeros(23), np.zeros(24, np.int64), np.full(24, np.inf)])
def test_a_list_that_is_none_is_a_defect_of_the_task(task: Task, scored: tuple[Statistics, Units], values: Any) -> None:
    with pytest.raises(HarnessError, match="curved: worst gives no finite float64 for each image"):
        worst(odd(task, worst=values), scored)


def test_tables_of_one_name_are_a_defect_of_the_task(task: Task, scored: tuple[Statistics, Units]) -> None:
    for names in (("a", "a"), ("worst",)):
        made = [TaskTable(name=name, title="t", columns=("c",), rows=()) for name in names]
        with pytest.raises(HarnessError, match="their names must differ"):
            tables(odd(task, tables=made), *scored, "curved")


def test_private_labels_are_not_told_by_lists_or_curves(task: Task, scored: tuple[Statistics, Units]) -> None:
    assert worst(task, scored) and curves(task, scored[0], "curved")
    private = odd(task, private=True)
    assert worst(private, scored) == [] and list(curves(private, scored[0], "curved")) == []


def test_a_curve_that_is_none_is_a_defect_of_the_task(task: Task, scored: tuple[Statistics, Units]) -> None:
    [good] = curves(task, scored[0], "curved")
    words = "curved under curved: two curves have the name rising; this is a defect of the task"
    with pytest.raises(HarnessError, match=words):
        curves(odd(task, curves=[good, good]), scored[0], "curved")
