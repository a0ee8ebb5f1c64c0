"""Every shipped tracker under every protocol: the official evaluators' numbers, to the last digit."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.task import DataRequest, Scoring, Statistics, Task
from tasks.tracking.ope.sequences import UAV123_PARTS
from tasks.tracking.ope.task import otb50, otb100, otb2013, uav123
from tasks.tracking.vot.task import vot2018, vot2019

VOT = {
    ("2018", "DaSiamRPN"): "DaSiamRPN",
    ("2018", "SiamCAR"): "siamcar_honglinchu",
    ("2019", "NanoTrack"): "NanoTrack",
}
VOT_SETS = {
    "pysot": "vot{}_pysot",
    "pysot-legacy-raster": "vot{}_pysot_legacy_rasterization",
    "vot-python": "vot{}_vot_toolkit_python_0.9.0",
}
VOT_NAMES = {
    "accuracy": "accuracy",
    "robustness": "robustness",
    "robustness_weighted_failures": "robustness",
    "R_exp": "robustness_exp",
    "lost": "lost_number",
    "total_failures": "lost_number",
    "eao": "EAO",
}


@pytest.fixture(scope="module")
def gold(shared: Path) -> Any:
    return json.loads((shared / "gold" / "tracking.json").read_text())


def scored(task: Task, annotations: Path, results: Path, protocol: str) -> Statistics:
    dataset = task.open(DataRequest(annotations=annotations, with_inputs=False, protocol=protocol))
    assert not dataset.custom
    return task.score(dataset, task.read(results, dataset), Scoring(protocol=protocol))


@pytest.mark.parametrize(("year", "tracker"), VOT)
@pytest.mark.parametrize("protocol", VOT_SETS)
def test_vot_equals_the_official_numbers(shared: Path, gold: Any, year: str, tracker: str, protocol: str) -> None:
    stated = gold.get(VOT_SETS[protocol].format(year), {}).get(VOT[year, tracker])
    if stated is None:
        pytest.skip(f"no official number of {tracker} under {protocol}")
    task = {"2018": vot2018, "2019": vot2019}[year]()
    folder = shared / "data" / "tracking" / f"vot{year}"
    statistics = scored(task, folder / f"VOT{year}.json", folder / f"results_{tracker}.zip", protocol)
    found = task.aggregate(statistics, protocol)
    compared = {name: (found[ours], stated[name]) for name, ours in VOT_NAMES.items() if name in stated}
    assert len(compared) >= 4
    if protocol == "vot-python":
        # This number is stated under another name than the one of pysot's rules.
        compared.pop("robustness", None)
    assert {name: ours for name, (ours, _) in compared.items()} == {
        name: theirs for name, (_, theirs) in compared.items()
    }
    rows = next(table for table in task.tables(statistics, protocol) if table.name == "sequences").rows
    for name, _frames, _, accuracy, failures in rows:
        if protocol != "vot-python":
            assert failures == stated["per_video_failures"][name][0]
            theirs = stated["per_video_acc"][name]
            assert accuracy == theirs or (accuracy is None and theirs != theirs)
    if "frames" in stated:
        assert sum(row[1] for row in rows) == stated["frames"]


@pytest.mark.parametrize("tracker", ["KCF_LinearHog", "SRDCF", "SiamFC-3s"])
@pytest.mark.parametrize(("protocol", "theirs"), {"otb-matlab": "matlab", "pysot": "pysot", "got10k": "got10k"}.items())
def test_otb100_equals_the_official_numbers(shared: Path, gold: Any, tracker: str, protocol: str, theirs: str) -> None:
    task, folder = otb100(), shared / "data" / "tracking" / "otb100"
    statistics = scored(task, folder / "anno.zip", folder / f"results_{tracker}.zip", protocol)
    found, stated = task.aggregate(statistics, protocol), gold["otb100_peers"][tracker][theirs]
    assert (found["AUC"], found["precision20"]) == (stated["auc"], stated["prec20"])
    if "sr" in stated:
        assert found["success50"] == stated["sr"]
    if protocol == "otb-matlab" and tracker in gold["otb100_matlab_port"]:
        assert found["success50"] == gold["otb100_matlab_port"][tracker]["sr05"]
    if protocol == "pysot":
        rows = next(table for table in task.tables(statistics, protocol) if table.name == "sequences").rows
        ours = {name.lower(): auc for name, _, auc, *_ in rows}
        assert ours == {name.lower(): auc for name, auc in stated["per_seq_auc"].items()}


def test_the_attributes_of_otb_come_from_the_annotations(shared: Path) -> None:
    folder = shared / "data" / "tracking" / "otb100"
    task = otb100()
    table = task.tables(scored(task, folder / "anno.zip", folder / "results_SRDCF.zip", "otb-matlab"), "otb-matlab")[0]
    assert [row[0] for row in table.rows] == "IV OPR SV OCC DEF MB FM IPR OV BC LR".split()  # noqa: SIM905
    assert all(row[2] > 0 and 0 < row[3] < 1 for row in table.rows)


def test_the_subsets_are_known_by_their_frames(shared: Path) -> None:
    annotations = shared / "data" / "tracking" / "otb100" / "anno.zip"
    for task, sequences, frames in ((otb50(), 50, 26_972), (otb2013(), 51, 29_486)):
        dataset = task.open(DataRequest(annotations=annotations, with_inputs=False))
        assert (len(dataset.ids), len(dataset.truth.ragged("absent").values)) == (sequences, frames)
        assert not dataset.custom


def test_uav123_is_told_from_the_long_videos_beside_it(shared: Path) -> None:
    annotations = shared / "data" / "tracking" / "uav123" / "anno.zip"
    dataset = uav123().open(DataRequest(annotations=annotations, with_inputs=False))
    boxes = dataset.truth.ragged("boxes_xywh").values
    lengths = dict(zip(dataset.ids, np.diff(dataset.truth.ragged("absent").offsets), strict=True))
    assert all(lengths[part] == last - first + 1 for part, (first, last) in UAV123_PARTS.items())
    assert (len(dataset.ids), len(boxes), int((boxes != boxes).any(axis=1).sum())) == (123, 112_578, 2_683)
    # As often as the paper says (its table of attributes), which tells the order of the columns.
    stated = {
        "SV": 109,
        "ARC": 68,
        "LR": 48,
        "FM": 28,
        "FOC": 33,
        "POC": 73,
        "OV": 30,
        "BC": 21,
        "IV": 31,
        "VC": 60,
        "CM": 70,
        "SOB": 39,
    }
    counts = {name: sum(name in listed for listed in dataset.facts["attributes"].values()) for name in stated}
    assert counts == stated and not dataset.custom
