"""The generated sample of RefCOCO, and what tests change in it."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.task import DataRequest, Dataset
from tasks.referring.task import Referring, refcoco


@pytest.fixture
def task() -> Referring:
    return refcoco()


@pytest.fixture
def folder(tmp_path: Path, task: Referring) -> Path:
    """The sample; ``data/refcoco`` below it holds refs(unc).p and instances.json."""
    task.write_sample(tmp_path / "sample")
    return tmp_path / "sample"


@pytest.fixture
def dataset(folder: Path, task: Referring) -> Dataset:
    return task.open(DataRequest(data=folder))


@pytest.fixture
def results(dataset: Dataset, tmp_path: Path) -> Path:
    """True boxes and masks as a results file."""
    truth = dataset.truth
    lines = []
    for index, id in enumerate(dataset.ids):
        counts = truth.ragged("mask_once").row(index).tobytes().decode()
        mask = {"size": truth.dense("size")[index].tolist(), "counts": counts}
        box = truth.dense("box_xyxy")[index].tolist()
        lines.append(json.dumps({"sent_id": int(id), "box_xyxy": box, "segmentation": mask}))
    path = tmp_path / "results.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def edit(folder: Path) -> Callable[..., None]:
    """Changes the sample's references (a list) or instances (a dictionary) in place, and writes them again."""

    def change(what: str, how: Callable[[Any], None]) -> None:
        if what == "refs":
            path = folder / "data/refcoco/refs(unc).p"
            refs = pickle.loads(path.read_bytes())
            how(refs)
            path.write_bytes(pickle.dumps(refs, 2))
            return
        path = folder / "data/refcoco/instances.json"
        instances = json.loads(path.read_text())
        how(instances)
        path.write_text(json.dumps(instances))

    return change
