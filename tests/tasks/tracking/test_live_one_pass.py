"""What a user would lose: a live tracker's official score, its speed, and the hours of a run that broke off."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Done

from harness import evaluate, verify
from harness.columns import Table
from harness.errors import HarnessError
from harness.predictions import load_parts
from harness.record import Record
from harness.submission import Submission
from harness.task import DataRequest
from tasks.tracking.interface import TIMES
from tasks.tracking.live import Driver, one_pass
from tasks.tracking.live_regions import starting_box
from tasks.tracking.live_speed import observed_speed
from tasks.tracking.ope.task import uav123

REAL = "data/tracking/sequences/couple_crossing.zip"
QUIET: dict[str, Any] = {"measure": False, "log": False, "page": False}


class Still:
    """A tracker that answers the first box for ever."""

    def init(self, frame: Any, box: Any) -> None:
        self.box = box

    def update(self, frame: Any) -> Any:
        return self.box


def cells(record: Record, table: str, column: str) -> dict[str, Any]:
    found = next(item for item in record.tables if item.name == table)
    at = found.columns.index(column)
    return {str(row[0]): row[at] for row in found.rows}


# -- the score -------------------------------------------------------------------------------------------------------
def test_ncc_finds_the_gold_areas_on_the_real_sequences(shared: Path, tmp_path: Path) -> None:
    found = evaluate("otb100", "ncc", data=shared / REAL, home=tmp_path, **QUIET)
    assert found.task.origin == "custom"
    assert cells(found, "sequences", "AUC") == {"couple": 0.3697278911564626, "crossing": 0.5071428571428571}


def test_ncc_answers_the_sample_the_same_twice_and_can_be_verified(tmp_path: Path) -> None:
    first = evaluate("otb100", "ncc", data="sample", home=tmp_path / "a", **QUIET)
    second = evaluate("otb100", "ncc", data="sample", home=tmp_path / "b", **QUIET)
    digests = [[artifact.digest for artifact in record.artifacts] for record in (first, second)]
    assert digests[0] == digests[1]
    assert first.main is not None
    assert first.main.value > 0.6
    assert first.measurements.observed[0].value > 0
    assert verify(first.id, home=tmp_path / "a").provenance == "verified"


def test_a_whole_frame_can_be_tracked_with_a_box_as_large_as_the_frame() -> None:
    from submissions.ncc.model import TemplateMatcher

    frame = (np.arange(20 * 30 * 3) % 251).astype(np.uint8).reshape(20, 30, 3)
    tracker = TemplateMatcher()
    tracker.init(frame, np.array([0.0, 0, 30, 20]))
    assert tracker.update(frame)["box"].tolist() == [0, 0, 30, 20]


# -- what a tracker is given -----------------------------------------------------------------------------------------
def pysot_box(region: list[float]) -> list[float]:
    """pysot's rule, written out."""
    xs, ys = region[0::2], region[1::2]
    first = np.hypot(region[0] - region[2], region[1] - region[3])
    second = np.hypot(region[2] - region[4], region[3] - region[5])
    scale = (first * second / ((max(xs) - min(xs)) * (max(ys) - min(ys)))) ** 0.5
    width, height = scale * (max(xs) - min(xs)) + 1, scale * (max(ys) - min(ys)) + 1
    return [sum(xs) / 4 - (width - 1) / 2, sum(ys) / 4 - (height - 1) / 2, width, height]


def test_four_corners_become_the_box_that_pysot_starts_with() -> None:
    corners = [10.0, 4.0, 30.0, 9.0, 26.0, 25.0, 6.0, 20.0]
    assert starting_box(np.array(corners)) == pytest.approx(pysot_box(corners), rel=1e-12)
    assert starting_box(np.array([1.5, 2, 3, 4])).tolist() == [1.5, 2, 3, 4]


# -- time ------------------------------------------------------------------------------------------------------------
class Clocked(Still):
    """Takes 3 seconds to start and 1 to update, on its own clock; frames take 100 to be decoded."""

    now = 0.0

    def init(self, frame: Any, box: Any) -> None:
        super().init(frame, box)
        self.now += 3

    def update(self, frame: Any) -> Any:
        self.now += 1
        return super().update(frame)

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        self.now += 100
        return np.zeros((8, 8, 3), np.uint8)


def test_decoding_is_not_timed_and_init_stands_apart() -> None:
    tracker: Any = Clocked()
    driver = Driver(Submission(name="clocked", method=tracker), "one", clock=lambda: tracker.now)
    assert len(one_pass(driver, tracker, np.array([0.0, 0, 4, 4]))) == 4
    assert driver.calls.kinds == [1, 2, 2, 2]
    assert driver.calls.frames == [0, 1, 2, 3]
    assert driver.calls.seconds == [3, 1, 1, 1]


def test_speed_is_frames_over_time_and_not_a_mean_of_rates() -> None:
    from harness.columns import build_table

    def row(kinds: list[int], seconds: list[float]) -> dict[str, Any]:
        frames = np.arange(len(kinds))
        return {"call_kind": np.array(kinds, np.uint8), "call_frame": frames, "call_s": np.array(seconds)}

    beside = build_table(["a", "b"], [row([1, 2, 2], [9.0, 0.1, 0.3]), row([1, 2], [7.0, 1.6])], TIMES)
    (found,) = observed_speed(beside)
    assert found.value == 3 / 2.0
    assert found.facts["mean_of_reciprocals_per_s"] == pytest.approx((10 + 1 / 0.3 + 1 / 1.6) / 3)
    assert found.facts["fps_of_sequences"] == {"a": 2 / 0.4, "b": 1 / 1.6}
    assert found.facts["init_s"] == 16.0
    assert found.facts["slowest_frames"][0] == {"sequence": "b", "frame": 1, "ms": 1600.0}
    assert found.facts["update_p50_ms"] == 300.0


def test_nothing_is_said_of_the_speed_where_no_update_ran() -> None:
    from harness.columns import build_table

    empty = {"call_kind": np.array([1], np.uint8), "call_frame": np.array([0]), "call_s": np.array([1.0])}
    assert observed_speed(build_table(["a"], [empty], TIMES)) == []


FRAGILE = """
from pathlib import Path

class Fragile:
    starts = 0
    def init(self, frame, box):
        self.starts += 1
        if self.starts == 9 and Path({flag!r}).exists():
            raise RuntimeError("the power went out")
        self.box = box
    def update(self, frame):
        return self.box

def build(context):
    return Fragile()
"""


def test_a_run_goes_on_and_keeps_the_times_of_the_sequences_before(tmp_path: Path, cli: Callable[..., Done]) -> None:
    flag = tmp_path / "broken"
    flag.touch()
    folder = tmp_path / "fragile"
    folder.mkdir()
    (folder / "model.py").write_text(FRAGILE.format(flag=str(flag)))
    (folder / "submission.toml").write_text(
        'name = "fragile"\ntitle = "fragile"\ninterfaces = ["tracker"]\nentry = "model.py:build"\n'
    )
    command = ("eval", "--task", "otb100", "--data", "sample", "--submission", folder, "--no-measure", "--json")
    said = cli(*command).sentence()
    assert said.startswith("fragile failed in init on shape09, frame 0: RuntimeError: the power went out")
    (parts,) = (tmp_path / "home" / "predictions").iterdir()
    before: Table = load_parts(parts)[0]
    assert before.ids == tuple(f"shape{number:02d}" for number in range(1, 9))
    flag.unlink()
    record = cli(*command).json()
    assert record["run"]["resumed_samples"] == 8
    after = load_parts(parts)[0]
    assert np.array_equal(after.ragged("call_s").values, before.ragged("call_s").values)
    facts = record["measurements"]["observed"][0]["facts"]
    assert facts["updates"] == 24 * 23
    assert facts["inits"] == 24
    assert list(facts["fps_of_sequences"]) == [f"shape{number:02d}" for number in range(1, 25)]


# -- bad answers -----------------------------------------------------------------------------------------------------
class Bad(Still):
    """Answers something wrong on the third frame."""

    name = "bad"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def init(self, frame: Any, box: Any) -> None:
        super().init(frame, box)
        self.left = 2

    def update(self, frame: Any) -> Any:
        self.left -= 1
        if self.left:
            return {"box": self.box, "score": 0.5}
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([1.0, 2, float("nan"), 4], "update gave [1.0, 2.0, nan, 4.0], which is no region"),
        ([1.0, 2, 3], "update gave a list of shape (3,)"),
        ([1.0, 2, -3, 4], "update gave a box of -3 x 4 pixels"),
        (None, "update gave nothing"),
        ("here", "update gave a str"),
        ({"score": 1.0}, "update gave nothing"),
        ([0.0, 0, 4, 0, 4, 4, 0, 4], "update gave four corners"),
        (ValueError("no idea"), "bad failed in update on shape01, frame 2: ValueError: no idea"),
        (SystemExit(3), "bad failed in update on shape01, frame 2"),
    ],
)
def test_a_wrong_answer_is_one_sentence_that_names_the_frame(answer: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(HarnessError) as raised:
        evaluate("otb100", Bad(answer), data="sample", home=tmp_path, limit=1, **QUIET)
    text = str(raised.value)
    assert said in text
    assert "shape01, frame 2" in text
    assert "\n" not in text


def test_an_object_without_update_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="lacks init, update; otb100 asks for init, update"):
        evaluate("otb100", object(), data="sample", home=tmp_path, **QUIET)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """One sequence of three frames."""
    from PIL import Image

    folder = tmp_path / "data" / "one"
    (folder / "img").mkdir(parents=True)
    for number in range(1, 4):
        Image.new("RGB", (40, 30), (number * 60, 9, 9)).save(folder / "img" / f"{number:04d}.png")
    (folder / "groundtruth_rect.txt").write_text("5,6,7,8\n" * 3)
    return folder


def test_a_frame_that_is_no_image_is_named(pictures: Path, tmp_path: Path, cli: Callable[..., Done]) -> None:
    command = ("eval", "--task", "otb100", "--data", pictures.parent, "--submission", "ncc", "--no-measure")
    (pictures / "img" / "0002.png").write_bytes(b"")
    assert "0002.png is no image that can be read" in cli(*command).sentence()


def test_parts_of_a_video_of_uav123_have_their_own_frames_of_it(tmp_path: Path) -> None:
    """All three parts lie in one folder; the second begins with the frame that the first ends with."""
    videos, annotations = tmp_path / "data_seq" / "UAV123" / "car1", tmp_path / "anno" / "UAV123"
    videos.mkdir(parents=True)
    annotations.mkdir(parents=True)
    for number in range(1, 2630):
        (videos / f"{number:06d}.jpg").touch()
    for name, frames in (("car1_1", 751), ("car1_2", 877), ("car1_3", 1003)):
        (annotations / f"{name}.txt").write_text("5,6,7,8\n" * frames)
    dataset = uav123().open(DataRequest(data=tmp_path))
    ends = {}
    for index, id in enumerate(dataset.ids):
        names = dataset.sample(index).inputs["frames"].names
        ends[id] = tuple(int(Path(names[end]).stem) for end in (0, -1))
    assert ends == {"car1_1": (1, 751), "car1_2": (751, 1627), "car1_3": (1627, 2629)}


def test_a_sequence_without_frames_is_named(pictures: Path, cli: Callable[..., Done]) -> None:
    command = ("eval", "--task", "otb100", "--data", pictures.parent, "--submission", "ncc", "--no-measure")
    for path in (pictures / "img").iterdir():
        path.unlink()
    assert "holds no frames of one" in cli(*command).sentence()


def test_a_first_frame_without_a_target_is_named(pictures: Path, cli: Callable[..., Done]) -> None:
    command = ("eval", "--task", "otb100", "--data", pictures.parent, "--submission", "ncc", "--no-measure")
    (pictures / "groundtruth_rect.txt").write_text("5,6,0,8\n" + "5,6,7,8\n" * 2)
    assert "one, frame 0: the annotated region is [5.0, 6.0, 0.0, 8.0]" in cli(*command).sentence()


def test_a_tracker_is_measured_by_start_and_update(pictures: Path, tmp_path: Path) -> None:
    found = evaluate(
        "otb100", "ncc", data=pictures.parent, home=tmp_path / "home", measure_s=0.2, log=False, page=False
    ).measurements
    assert [span.name for span in found.latency[0].spans] == ["init", "update", "end_to_end"]
    update = found.latency[0].spans[1]
    assert update.mean is not None
    assert found.throughput[0].value == pytest.approx(1000 / update.mean)


# -- a tracker of one's own ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("task", ["otb100", "vot2018"])
def test_the_scaffold_of_a_tracker_gets_a_score(task: str, tmp_path: Path, cli: Callable[..., Done]) -> None:
    assert cli("new", "submission", "mine", "--task", task).status == 0
    record = cli("eval", "--task", task, "--data", "sample", "--submission", "./mine", "--no-measure", "--json").json()
    assert record["submission"]["name"] == "mine"
    assert all(metric["value"] is not None for metric in record["metrics"])
