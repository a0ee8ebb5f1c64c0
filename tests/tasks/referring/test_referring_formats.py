"""Result files: what is read, what is refused with its line, what is warned of."""

import gzip
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import PredictionError
from harness.rle import from_pixels
from harness.submission import Submission
from harness.task import DataRequest, Dataset, Sample, Scoring
from tasks.referring.task import Referring, referit

SCORING = Scoring(protocol="refer-ge")


def values(task: Referring, dataset: Dataset, path: Path, protocol: str = "refer-ge") -> dict[str, float | None]:
    predictions = task.read(path, dataset)
    return dict(task.aggregate(task.score(dataset, predictions, SCORING), protocol))


def test_the_truth_as_results_is_all_right(task: Referring, dataset: Dataset, results: Path) -> None:
    assert values(task, dataset, results) == {"acc50": 1.0, "box_mIoU": 1.0}
    lavt = values(task, dataset, results, "lavt")
    assert set(lavt.values()) == {1.0} and {"oIoU", "mIoU", "P50", "P90"} <= lavt.keys()
    # The same masks lack the pixels of two polygons, which MCN counts in.
    mcn = values(task, dataset, results, "mcn")["mIoU"]
    assert mcn is not None and mcn < 1


def test_packed_files_are_the_same(task: Referring, dataset: Dataset, results: Path, tmp_path: Path) -> None:
    plain = task.read(results, dataset).table.digest()
    (tmp_path / "r.jsonl.gz").write_bytes(gzip.compress(results.read_bytes()))
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as archive:
        archive.write(results, "submission/results.jsonl")
    assert task.read(tmp_path / "r.jsonl.gz", dataset).table.digest() == plain
    assert task.read(tmp_path / "r.zip", dataset).table.digest() == plain


def test_what_is_written_is_read_again(task: Referring, dataset: Dataset, results: Path, tmp_path: Path) -> None:
    lines = results.read_text().splitlines()[3:90]
    lines[5] = json.dumps({"sent_id": json.loads(lines[5])["sent_id"], "box_xyxy": [0.1, 0.2, 0.30000000000000004, 7]})
    results.write_text("\n".join(lines))
    found = task.read(results, dataset)
    task.write(found, dataset, tmp_path / "again.jsonl")
    assert task.read(tmp_path / "again.jsonl", dataset).table.digest() == found.table.digest()


def test_missing_answers_are_wrong_and_warned_of(task: Referring, dataset: Dataset, results: Path) -> None:
    lines = results.read_text().splitlines()
    results.write_text("\n".join(lines[7:]))
    total = len(dataset.ids)
    assert task.read(results, dataset).warnings == (
        f"results.jsonl: 7 of {total} sentences have no answer; they count as wrong",
    )
    assert values(task, dataset, results)["acc50"] == (total - 7) / total
    assert values(task, dataset, results, "google")["acc50"] == 1
    lavt = values(task, dataset, results, "lavt")
    assert lavt["P50"] == (total - 7) / total and lavt["oIoU"] is not None and lavt["oIoU"] < 1


def test_boxes_alone_leave_masks_undefined(task: Referring, dataset: Dataset, results: Path) -> None:
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    results.write_text("\n".join(json.dumps({key: line[key] for key in ("sent_id", "box_xyxy")}) for line in lines))
    statistics = task.score(dataset, task.read(results, dataset), SCORING)
    assert set(task.aggregate(statistics, "lavt").values()) == {None}
    assert task.undefined("oIoU", statistics) == "no mask was answered"
    results.write_text(
        "\n".join(json.dumps({"sent_id": line["sent_id"], "segmentation": line["segmentation"]}) for line in lines)
    )
    statistics = task.score(dataset, task.read(results, dataset), SCORING)
    assert task.aggregate(statistics, "refer-ge") == {"acc50": None, "box_mIoU": None}
    assert task.undefined("acc50", statistics) == "no box was answered"
    assert task.aggregate(statistics, "lavt")["mIoU"] == 1


def test_answers_to_sentences_beyond_the_limit_are_left_out(task: Referring, dataset: Dataset, results: Path) -> None:
    assert values(task, task.limit(dataset, 25), results) == {"acc50": 1.0, "box_mIoU": 1.0}


FULL = {"size": [120, 160], "counts": [0, 19200]}
BAD: dict[str, Any] = {
    "line 2: the data set val has no sentence with the sent_id 987654": {"sent_id": 987654, "box_xyxy": [1, 1, 2, 2]},
    "line 2: the sent_id 0 was answered in line 1 already": {"sent_id": "0", "box_xyxy": [1, 1, 2, 2]},
    "line 2: it has neither box_xyxy nor segmentation": {"sent_id": 1},
    "line 2: object missing required field `sent_id`": {"box_xyxy": [1, 1, 2, 2]},
    "line 2, box_xyxy: expected `array` of length 4": {"sent_id": 1, "box_xyxy": [1, 1, 2]},
    r"line 2, box_xyxy\[0\]: expected `float`": {"sent_id": 1, "box_xyxy": ["1", 1, 2, 3]},
    r"line 2, box_xyxy: \[5.0, 1.0, 2.0, 3.0\] is no box": {"sent_id": 1, "box_xyxy": [5, 1, 2, 3]},
    "line 2 is no JSON object": "{sent_id: 1}",
    "line 2 holds NaN or Infinity": '{"sent_id": 1, "box_xyxy": [NaN, 1, 2, 3]}',
    r"line 2: expected `object`, got `array`": "[1, 2]",
    r"line 2, segmentation: its size is \[160, 120\], the image has \[120, 160\]": {
        "sent_id": 1, "segmentation": {"size": [160, 120], "counts": [0, 19200]},
    },
    "line 2, segmentation: its runs do not fill the 120 x 160 pixels": {
        "sent_id": 1, "segmentation": {"size": [120, 160], "counts": [0, 19201]},
    },
    "line 2, segmentation: its counts hold a character": {
        "sent_id": 1, "segmentation": {"size": [120, 160], "counts": "\x01"},
    },
    "line 2, segmentation: its counts end in the middle|line 2, segmentation: its runs do not fill": {
        "sent_id": 1, "segmentation": {"size": [120, 160], "counts": "oo"},
    },
    "line 2, segmentation: its runs do not fill": {"sent_id": 1, "segmentation": {"size": [120, 160], "counts": ""}},
}  # fmt: skip


@pytest.mark.parametrize("message", BAD)
def test_a_wrong_line_is_named(task: Referring, dataset: Dataset, tmp_path: Path, message: str) -> None:
    path, bad = tmp_path / "r.jsonl", BAD[message]
    first = json.dumps({"sent_id": 0, "box_xyxy": [1, 1, 2, 2], "segmentation": FULL})
    path.write_text(first + "\n" + (bad if isinstance(bad, str) else json.dumps(bad)) + "\n")
    with pytest.raises(PredictionError, match=message):
        task.read(path, dataset)


@pytest.mark.parametrize("name", ["empty.jsonl", "folder", "absent.jsonl", "bad.zip", "bad.jsonl.gz"])
def test_files_that_hold_nothing_are_refused(task: Referring, dataset: Dataset, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif name != "absent.jsonl":
        path.write_text("\n")
    with pytest.raises(PredictionError, match=name):
        task.read(path, dataset)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(line=st.binary(max_size=80) | st.text(max_size=60).map(lambda text: b'{"sent_id": ' + text.encode() + b"}"))
def test_any_line_gives_an_answer_or_one_error(task: Referring, dataset: Dataset, tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(line)
    with pytest.raises(PredictionError):
        task.read(path, dataset)


# -- live answers --------------------------------------------------------------------------------------------------------
@pytest.fixture
def encode(task: Referring, dataset: Dataset) -> Callable[[Any], Any]:
    encoder = task.encoder(Submission(name="x", method=None), dataset)
    return lambda answer: encoder(answer, Sample("0", {}))


def test_live_masks_and_result_files_are_stored_alike(
    task: Referring, dataset: Dataset, tmp_path: Path, encode: Callable[[Any], Any]
) -> None:
    drawn = np.zeros((120, 160), np.bool_)
    drawn[5:60, 9:20] = True
    counts = from_pixels(drawn[None])[0]
    row = encode({"box_xyxy": np.array([1, 2, 3, 4], np.float32), "mask": drawn})
    assert row["mask_code"].tobytes() == counts and row["box_xyxy"].tolist() == [[1, 2, 3, 4]]
    assert encode({"mask": {"size": (120, 160), "counts": counts}})["mask_code"].tobytes() == counts
    assert encode({"box_xyxy": [1, 2, 3, 4]})["mask_code"].tolist() == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "must hold box_xyxy or mask; it is: NoneType"),
        ({"boxes": 1}, "must hold box_xyxy or mask; it is: boxes"),
        ({"box_xyxy": [[1, 2, 3, 4]]}, r"box_xyxy: it has shape \(1, 4\)"),
        ({"box_xyxy": [1, 2, np.nan, 4]}, "is no box"),
        ({"box_xyxy": ["a"] * 4}, "no array of numbers"),
        ({"mask": np.zeros((4, 4), np.bool_)}, r"mask: it has shape \(4, 4\), the photograph \(120, 160\)"),
        ({"mask": np.zeros((120, 160))}, "mask: it is float64"),
        ({"mask": [[True], [True, False]]}, "mask: its rows are not of one length"),
        ({"mask": {"size": [120, 160], "counts": "oo"}}, "mask: its"),
        ({"mask": {"counts": "oo"}}, "mask: a run-length code has size and counts"),
    ],
)
def test_wrong_live_answers_are_named(encode: Callable[[Any], Any], answer: Any, message: str) -> None:
    with pytest.raises(PredictionError, match=f"the answer to sentence 0.*{message}"):
        encode(answer)


def test_a_benchmark_without_masks_keeps_boxes_only(tmp_path: Path) -> None:
    task = referit()
    task.write_sample(tmp_path)
    dataset = task.open(DataRequest(data=tmp_path))
    encode = task.encoder(Submission(name="x", method=None), dataset)
    row = encode({"box_xyxy": [1, 2, 3, 4], "mask": np.ones((120, 160), np.bool_)}, Sample(dataset.ids[0], {}))
    assert row["mask_code"].tolist() == [] and "lavt" not in {spec.id for spec in task.meta.protocols}
    with pytest.raises(PredictionError, match="this benchmark has no masks; give box_xyxy"):
        encode({"mask": np.ones((120, 160), np.bool_)}, Sample(dataset.ids[0], {}))


def test_stored_answers_of_another_layout_never_reach_compiled_code(
    task: Referring, dataset: Dataset, results: Path
) -> None:
    found = task.read(results, dataset)
    codes = found.table.ragged("mask_code")
    broken = codes.values.copy()
    broken[:40] = 255
    table = replace(found.table, columns={**found.table.columns, "mask_code": replace(codes, values=broken)})
    with pytest.raises(PredictionError, match="the mask of sentence 0"):
        task.score(dataset, replace(found, table=table), SCORING)
    with pytest.raises(PredictionError, match="they answer other sentences"):
        task.score(task.limit(dataset, 3), found, SCORING)
