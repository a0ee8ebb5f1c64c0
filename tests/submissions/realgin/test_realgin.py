"""If these fail, the record of a scored file would be compared with numbers that the authors do not state."""

import json
from pathlib import Path
from typing import Any

from harness.manifest import Claim
from harness.registry import find_submission

TASKS = {
    "RefCOCO": "refcoco", "RefCOCO+": "refcoco+", "RefCOCOg": "refcocog", "ReferIt": "referit", "referit": "referit",
    "flickr30K": "flickr30k",
}  # fmt: skip


def stated(shared: Path) -> Any:
    papers = json.loads((shared / "claims/papers.json").read_text())
    return next(paper for paper in papers if paper["name"] == "realgin")


def claims() -> list[Claim]:
    return list(find_submission("realgin")[1].claims)


METHODS = {"10-epochs": "GIN(10 epochs)", "10-epochs-resized": "GIN(10 epochs+resized_10_epochs)"}


def test_every_number_of_the_tables_is_claimed_once(shared: Path) -> None:
    rows = {
        (TASKS[row["dataset"]], row["model"], split, row[split])
        for row in stated(shared)["table_rows"]
        for split in ("val", "test")
    }
    found = [
        (c.task, METHODS.get(c.variant, c.method), c.split, float(c.value)) for c in claims() if c.metric == "acc50"
    ]
    assert set(found) == rows and len(found) == len(rows) == 10
    assert [claim.value for claim in claims() if claim.metric != "acc50"] == ["10"]


def test_it_has_no_code() -> None:
    _, manifest, _ = find_submission("realgin")
    assert manifest.entry == "" and manifest.interfaces == ["referring"]
