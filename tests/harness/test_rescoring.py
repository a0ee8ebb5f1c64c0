"""Where a score does not give the printed number, the task's other protocols are tried on the stored predictions."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import Harness

from harness.progress import Reporter
from harness.record import Record
from harness.rescoring import otherwise
from harness.store import Home

CLAIM = """
[[claims]]
task = "voc2007"
split = "test"
metric = "mAP"
value = "{value}"
protocol = "voc2007/11-point"
method = "blobs"
source = "mine"
"""


@pytest.fixture
def scored(harness: Harness, shared: Path) -> dict[str, Any]:
    """A real detector's boxes on VOC2007 test under the 11-point protocol, in the home of this test."""
    folder = shared / "data" / "voc2007"
    arguments = ("--annotations", folder / "ground_truth_test.json.zip", folder / "comp4_det_test.zip")
    told: dict[str, Any] = harness(
        "score", "--task", "voc2007", *arguments, "--submission", "blobs", "--no-interval", "--no-log", "--json"
    ).json()
    return told


def test_the_protocol_that_gives_the_printed_number_is_said(
    harness: Harness, scored: dict[str, Any], shared: Path, tmp_path: Path
) -> None:
    gold = json.loads((shared / "gold" / "detection.json").read_text())["voc2007_test"]
    found = {metric["protocol"]: metric["value"] for metric in scored["metrics"] if metric["name"] == "mAP"}
    assert set(found) == {"voc2007/11-point", "voc2012/area"} and gold
    record = next(record for _, record in Home(harness.home).records() if isinstance(record, Record))
    others, failed = otherwise(record, Home(harness.home), Reporter())
    assert failed == [] and {m.protocol for other in others for m in other.metrics} == {"mmdet", "detectron2"}
    (mmdet,) = (m.value for other in others for m in other.metrics if (m.protocol, m.name) == ("mmdet", "mAP"))
    assert mmdet is not None and round(mmdet, 4) not in [round(value, 4) for value in found.values()]
    path = tmp_path / "mine.toml"
    path.write_text(CLAIM.format(value=f"{mmdet:.4f}"))
    (claim,) = harness("paper", "--claims", path, "--json").json()["claims"]
    assert (claim["verdict"], claim["reason"]) == (
        "measured differently",
        "the protocol mmdet gives the printed number",
    )
    assert claim["ours"] == mmdet and claim["under"] == "mmdet"
    assert len(list((harness.home / "rescored").glob("*.json"))) == 2


def test_what_cannot_be_tried_is_told(harness: Harness, scored: dict[str, Any], tmp_path: Path) -> None:
    for part in (harness.home / "predictions").glob("*/part-*.npz"):
        part.unlink()
    path = tmp_path / "mine.toml"
    path.write_text(CLAIM.format(value="0.9"))
    out = harness("paper", "--claims", path).out
    assert f"note: other protocols were not tried on record {scored['id']}" in out
