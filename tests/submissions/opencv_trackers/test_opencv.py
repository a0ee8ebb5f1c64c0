"""What a user would lose: OpenCV's trackers scored as they are published, and a sentence where something is missing."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Done

from harness import evaluate
from harness.errors import HarnessError
from harness.record import Record

REAL = "data/tracking/sequences/couple_crossing.zip"
NANO = "data/tracking/nanotrack"
QUIET: dict[str, Any] = {"measure": False, "log": False, "page": False}


def areas(record: Record) -> dict[str, float]:
    found = next(table for table in record.tables if table.name == "sequences")
    return {str(row[0]): float(row[2] or 0) for row in found.rows}


def test_nanotrack_finds_the_gold_areas_on_the_real_sequences(shared: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    found = evaluate("otb100", "opencv:Nano", weights=str(shared / NANO), data=shared / REAL, home=tmp_path, **QUIET)
    assert areas(found) == {"couple": 0.6891156462585034, "crossing": 0.7599206349206349}
    assert found.submission.weights.kind == "file"
    assert len(found.submission.weights.sha256) == 64


@pytest.mark.parametrize(
    ("name", "couple", "crossing"),
    [
        ("KCF", 0.04625850340136054, 0.1003968253968254),
        ("MOSSE", 0.04251700680272109, 0.04047619047619048),
    ],
)
def test_the_gold_areas_of_trackers_without_weights(
    name: str, couple: float, crossing: float, shared: Path, tmp_path: Path
) -> None:
    pytest.importorskip("cv2")
    found = evaluate("otb100", f"opencv:{name}", data=shared / REAL, home=tmp_path, **QUIET)
    # The gold's mean adds up in another order.
    assert areas(found) == {"couple": pytest.approx(couple, rel=1e-15), "crossing": pytest.approx(crossing, rel=1e-15)}


@pytest.mark.slow
def test_csrt_finds_the_gold_areas_up_to_what_releases_and_processors_change(shared: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    found = evaluate("otb100", "opencv:CSRT", data=shared / REAL, home=tmp_path, **QUIET)
    assert areas(found) == {"couple": pytest.approx(0.3752, abs=0.003), "crossing": pytest.approx(0.7690, abs=0.003)}


def test_a_seed_reaches_opencv() -> None:
    cv2 = pytest.importorskip("cv2")
    from submissions.opencv_trackers.trackers import OpenCvTracker

    def drawn(seed: int) -> Any:
        OpenCvTracker(list, whole_pixels=True).seed(seed)
        return cv2.randu(np.zeros((3, 3)), 0, 1).tolist()

    assert drawn(5) == drawn(5) != drawn(6)


def test_a_lost_target_stays_at_its_last_place() -> None:
    pytest.importorskip("cv2")
    from submissions.opencv_trackers.trackers import OpenCvTracker

    class Loses:
        def init(self, frame: Any, box: Any) -> None:
            self.answers = [(True, (3, 4, 5, 6)), (False, (0, 0, 0, 0))]

        def update(self, frame: Any) -> Any:
            return self.answers.pop(0)

    tracker = OpenCvTracker(Loses, whole_pixels=True)
    frame = np.zeros((20, 20, 3), np.uint8)
    tracker.init(frame, np.array([1.0, 1, 5, 5]))
    assert tracker.update(frame).tolist() == tracker.update(frame).tolist() == [3, 4, 5, 6]


@pytest.mark.parametrize("box", [[-6.0, -3, 20, 20], [70.0, 50, 40, 40], [3.4, 2.6, 0.2, 0.2], [500.0, 90, 5, 5]])
def test_boxes_out_of_the_frame_start_with_their_part_of_it(box: list[float]) -> None:
    pytest.importorskip("cv2")
    from submissions.opencv_trackers.trackers import OpenCvTracker

    given: list[Any] = []

    class Told:
        def init(self, frame: Any, box: Any) -> None:
            given.append(box)

    OpenCvTracker(Told, whole_pixels=True).init(np.zeros((60, 80, 3), np.uint8), np.array(box))
    x, y, width, height = given[0]
    assert 0 <= x < x + width <= 80
    assert 0 <= y < y + height <= 60


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"submission": "opencv:Kcf"}, "opencv has no tracker 'Kcf' here; there are: CSRT, KCF, MIL"),
        ({"submission": "opencv:Nano"}, "opencv:Nano needs the backbone and the head as ONNX files"),
        ({"submission": "opencv:Nano", "weights": "random"}, "opencv:Nano runs ONNX files"),
        ({"submission": "opencv:Nano", "weights": "here"}, "opencv:Nano needs two ONNX files"),
        ({"submission": "opencv:Nano", "weights": "a.onnx,b.onnx"}, "there is no file a.onnx"),
        ({"submission": "opencv:KCF", "weights": "a.onnx"}, "opencv:KCF has no weights"),
    ],
)
def test_what_is_missing_is_one_sentence(options: dict[str, str], said: str, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    with pytest.raises(HarnessError) as raised:
        evaluate("otb100", data="sample", home=tmp_path, **options, **QUIET)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_networks_that_are_none_are_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    for part in ("backbone", "head"):
        (tmp_path / f"{part}.onnx").write_bytes(b"no network")
    with pytest.raises(HarnessError, match="OpenCV cannot load") as raised:
        evaluate("otb100", "opencv:Nano", weights=str(tmp_path), data="sample", home=tmp_path / "home", **QUIET)
    assert "\n" not in str(raised.value)


def test_opencv_tracks_and_does_nothing_else(cli: Callable[..., Done]) -> None:
    said = cli("eval", "--task", "coco", "--data", "sample", "--submission", "opencv:KCF").sentence(2)
    assert said == "opencv:KCF answers tracker; coco asks for detection"


def test_without_opencv_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.delitem(sys.modules, "submissions.opencv_trackers.trackers", raising=False)
    with pytest.raises(HarnessError, match=r"pip install 'vision-harness\[trackers\]'"):
        evaluate("otb100", "opencv:KCF", data="sample", home=tmp_path, **QUIET)
