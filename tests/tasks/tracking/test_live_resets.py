"""What a user would lose: VOT's own rules of failing, skipping, starting again, repeating, and being in time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Done
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import evaluate, verify
from harness.submission import Submission
from tasks.tracking.live import Driver
from tasks.tracking.live_resets import Truth, realtime, repeated, supervised
from tasks.tracking.vot.results import Run

QUIET: dict[str, Any] = {"measure": False, "log": False, "page": False}
SIDE = 40
HIT, MISS = (10.0, 10.0, 8.0, 8.0), (30.0, 30.0, 6.0, 6.0)
CORNERS = np.array([10.0, 10, 18, 10, 18, 18, 10, 18])


class Scripted:
    """Hits where its script says so, and takes as long as it says, on its own clock."""

    def __init__(self, hits: list[bool], seconds: list[float] | None = None) -> None:
        self.hits, self.seconds = hits, seconds or [0.001] * len(hits)
        self.now, self.asked = 0.0, 0
        self.shown: list[int] = []
        self.starts: list[Any] = []

    def init(self, frame: Any, box: Any) -> None:
        self.starts.append((int(frame), box))
        self.now += 10

    def update(self, frame: Any) -> Any:
        answer = HIT if self.hits[self.asked % len(self.hits)] else MISS
        self.now += self.seconds[self.asked % len(self.seconds)]
        self.asked += 1
        self.shown.append(int(frame))
        return answer


def truth_of(frames: int) -> Truth:
    return Truth(np.tile(CORNERS, (frames, 1)), np.full(frames, 8, np.uint8), (float(SIDE), float(SIDE)))


def run(how: Callable[..., Run], tracker: Scripted, frames: int) -> Run:
    driver = Driver(Submission(name="scripted", method=tracker), "one", clock=lambda: tracker.now)
    return how(driver, range(frames), truth_of(frames))


# -- baseline --------------------------------------------------------------------------------------------------------
def literal_supervised(hits: list[bool], frames: int) -> list[int]:
    """The experiment as the toolkits write it: 1 started, 2 failed, 0 skipped, 4 a box."""
    codes, counter, asked = [], 0, 0
    for frame in range(frames):
        if frame == counter:
            codes.append(1)
        elif frame > counter:
            if hits[asked % len(hits)]:
                codes.append(4)
            else:
                codes.append(2)
                counter = frame + 5
            asked += 1
        else:
            codes.append(0)
    return codes


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 60))
def test_codes_are_those_of_the_toolkits(hits: list[bool], frames: int) -> None:
    tracker = Scripted(hits)
    found = run(supervised, tracker, frames)
    assert found.codes.tolist() == literal_supervised(hits, frames)
    assert [number for number, _ in tracker.starts] == np.flatnonzero(found.codes == 1).tolist()
    assert tracker.shown == [frame for frame, code in enumerate(found.codes) if code in (2, 4)]
    boxes = found.regions[found.codes == 4]
    assert np.array_equal(boxes, np.tile([*HIT, 0, 0, 0, 0], (len(boxes), 1)))


def test_a_tracker_starts_again_with_the_upright_box_unless_it_takes_corners() -> None:
    plain = Scripted([False])
    run(supervised, plain, 7)
    assert [box.tolist() for _, box in plain.starts] == [[10.0, 10.0, 9.0, 9.0]] * 2
    corners: Any = Scripted([False])
    corners.takes_corners = True
    run(supervised, corners, 7)
    assert [box.tolist() for _, box in corners.starts] == [CORNERS.tolist()] * 2


def test_touching_the_frame_outside_is_no_overlap() -> None:
    regions = np.array([[35.0, 10, 48, 10, 48, 18, 35, 18]])
    truth = Truth(regions, np.array([8], np.uint8), (40.0, 40.0))
    assert not truth.lost(np.array([38.0, 10, 8, 8]), 0)
    assert truth.lost(np.array([44.0, 10, 4, 8]), 0)


# -- repetitions -----------------------------------------------------------------------------------------------------
def a_run(code: int) -> Run:
    return Run(np.array([1, code], np.uint8), np.zeros((2, 8)))


@pytest.mark.parametrize(
    ("codes", "most", "kept"),
    [([4] * 15, 15, 1), ([4, 4, 2, *[4] * 12], 15, 15), ([4, 2, 4], 3, 3), ([4, 4], 2, 2), ([4, 4, 4], 3, 1)],
)
def test_three_equal_repetitions_are_one_and_others_are_all_kept(codes: list[int], most: int, kept: int) -> None:
    asked: list[int] = []

    def once(repetition: int) -> Run:
        asked.append(repetition)
        return a_run(codes[repetition - 1])

    assert len(repeated(once, most)) == kept
    assert asked == list(range(1, len(asked) + 1))
    assert len(asked) == (min(3, most) if kept == 1 else kept)


class Drawn:
    """Answers at random, from the generators that trackers of the field use."""

    name = "drawn"

    def init(self, frame: Any, box: Any) -> None:
        self.box = np.array(box)

    def update(self, frame: Any) -> Any:
        return [*(self.box[:2] + np.random.randint(0, 3, 2)), *self.box[2:]]  # noqa: NPY002


def test_a_random_tracker_runs_fifteen_times_the_same_on_every_machine(tmp_path: Path) -> None:
    options = {"data": "sample", "limit": 1, "interval": False, **QUIET}
    first = evaluate("vot2018", Drawn(), home=tmp_path / "a", **options)
    second = evaluate("vot2018", Drawn(), home=tmp_path / "b", **options)
    other = evaluate("vot2018", Drawn(), home=tmp_path / "c", seed=1, **options)
    digests = [record.artifacts[0].digest for record in (first, second, other)]
    assert digests[0] == digests[1] != digests[2]
    facts = first.measurements.observed[0].facts
    assert facts["inits"] >= 15
    few = evaluate("vot2018", Drawn(), home=tmp_path / "d", settings={"repetitions": 2}, **options)
    assert few.measurements.observed[0].facts["inits"] < facts["inits"]
    assert few.settings == {}


def test_ncc_runs_three_times_and_is_stored_once(tmp_path: Path) -> None:
    found = evaluate("vot2018", "ncc", data="sample", home=tmp_path, **QUIET)
    main = found.main
    assert main is not None
    assert main.value is not None
    assert main.interval is not None
    facts = found.measurements.observed[0].facts
    assert facts["inits"] % 3 == 0
    assert verify(found.id, home=tmp_path).provenance == "verified"


# -- realtime --------------------------------------------------------------------------------------------------------
def literal_realtime(hits: list[bool], seconds: list[float], frames: int) -> list[int]:
    """experiment_realtime.m with realtime_type 'real', counting frames from 1 as there; the first failing frame counts."""
    result, index, asked = [0] * (frames + 1), 1, 0
    time, offset, grace, started, held = 0.0, 0, 3, False, True
    while index <= frames:
        if started:
            fresh, spent = hits[asked % len(hits)], seconds[asked % len(seconds)] * 1000
            asked += 1
        else:
            fresh, spent = True, 10_000.0
        time += 50 if grace > 0 else max(50, spent)
        grace = max(0, grace - 1)
        previous, current = index, int(np.floor(np.floor(time * 20 + 1e-3) / 1000 + 0.5)) + offset
        failed = 0
        if not started:
            result[previous], started = 1, True
        else:
            for i in range(previous, min(frames, current - 1) + 1):
                if not held:
                    failed = i
                    break
                result[i] = 4
            if not failed and current <= frames:
                if fresh:
                    result[current] = 4
                else:
                    failed = current
        if failed:
            result[failed] = 2
            index = current + 5
            time, offset, started, grace, held = 0.0, index - 1, False, 3, True
        else:
            held, index = fresh, current + 1
    return result[1:]


@settings(max_examples=200)
@given(
    st.lists(st.booleans(), min_size=1, max_size=30),
    st.lists(st.sampled_from([0.001, 0.05, 0.06, 0.074, 0.075, 0.08, 0.1, 0.26]), min_size=1, max_size=30),
    st.integers(1, 60),
)
def test_realtime_follows_the_toolkit(hits: list[bool], seconds: list[float], frames: int) -> None:
    found = run(realtime, Scripted(hits, seconds), frames)
    assert found.codes.tolist() == literal_realtime(hits, seconds, frames)


def test_a_quick_tracker_does_the_same_in_real_time() -> None:
    hits = [True] * 9 + [False] + [True] * 30
    assert run(realtime, Scripted(hits), 50).codes.tolist() == literal_supervised(hits, 50)


def test_a_slow_tracker_sees_only_some_frames_after_the_grace() -> None:
    tracker = Scripted([True], [0.1])
    found = run(realtime, tracker, 12)
    assert tracker.shown == [1, 2, 3, 5, 7, 9, 11]
    assert found.codes.tolist() == [1] + [4] * 11


def test_a_record_says_that_real_time_depends_on_the_machine(cli: Callable[..., Done]) -> None:
    command = ("eval", "--task", "vot2018", "--data", "sample", "--submission", "ncc", "--no-measure", "--json")
    record = cli(*command, "--experiment", "realtime").json()
    assert record["settings"] == {"experiment": "realtime"}
    assert any("depends on how fast the machine was" in text for text in record["warnings"])
    assert "verified" in cli("verify", record["id"]).out
    plain = cli(*command).json()
    assert plain["settings"] == {}
    assert not plain["warnings"]


def test_realtime_results_are_scored_where_they_are_asked_for(
    cli: Callable[..., Done], vot_truth: Path, vot_results: Path
) -> None:
    (vot_results / "baseline").rename(vot_results / "realtime")
    late = vot_results / "realtime" / "bag" / "bag_001.txt"
    lines = late.read_text().splitlines()
    # As MATLAB's toolkit writes it: a region that came late, behind the failure.
    assert lines[4:7] == ["2", "0", "0"]
    lines[5] = "5,5,9,9"
    late.write_text("\n".join(lines) + "\n")
    command = ("score", "--task", "vot2018", "--annotations", vot_truth, vot_results)
    assert "results of the realtime experiment only" in cli(*command).sentence()
    record = cli(*command, "--experiment", "realtime", "--json").json()
    assert next(m["value"] for m in record["metrics"] if m["name"] == "lost_number") == 1
