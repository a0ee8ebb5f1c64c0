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
    return next(paper for paper in papers if paper["name"] == "mcn")


def claims() -> list[Claim]:
    return list(find_submission("mcn")[1].claims)


def test_every_number_of_the_tables_is_claimed_once(shared: Path) -> None:
    rows = {
        (TASKS[row["dataset"]], row["backbone"], split, metric, row[split][kind])
        for row in stated(shared)["table_rows"]
        for split in ("val", "testA", "testB", "test")
        if split in row
        for kind, metric in (("REC", "acc50"), ("RES", "mIoU"))
    }
    found = [(c.task, c.variant, c.split, c.metric, float(c.value)) for c in claims() if c.protocol == "mcn"]
    assert set(found) == rows and len(found) == len(rows) == 40
    gains = {float(claim.value) for claim in claims() if claim.protocol != "mcn"}
    assert gains == {claim["value"] for claim in stated(shared)["claims"]}


def test_it_has_no_code_and_says_what_it_was_trained_on() -> None:
    _, manifest, _ = find_submission("mcn")
    assert manifest.entry == "" and manifest.interfaces == ["referring"]
    assert {variant.settings["saw_evaluated_images"] for variant in manifest.variants} == {"no"}
