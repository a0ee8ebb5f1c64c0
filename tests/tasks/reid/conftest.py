"""The generated sample, written once a session, and the matrices at Market-1501's size."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.task import DataRequest
from tasks.reid.data import ReidDataset
from tasks.reid.ranking import People
from tasks.reid.task import Reid, cuhk03_np, dukemtmc, market1501, msmt17

TASKS = {"market1501": market1501, "dukemtmc": dukemtmc, "msmt17": msmt17, "cuhk03-np": cuhk03_np}


@pytest.fixture(scope="session")
def task() -> Reid:
    return market1501()


@pytest.fixture(scope="session")
def sample_roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Task id -> where its sample lies."""
    roots = {}
    for name, make in TASKS.items():
        roots[name] = tmp_path_factory.mktemp(f"reid-{name}")
        make().write_sample(roots[name])
    return roots


@pytest.fixture(scope="session")
def sample_root(sample_roots: dict[str, Path]) -> Path:
    return sample_roots["market1501"]


@pytest.fixture(scope="session")
def sample(task: Reid, sample_root: Path) -> ReidDataset:
    return task.open(DataRequest(data=sample_root, with_inputs=False))


@pytest.fixture(scope="session")
def market_size(shared: Path) -> Callable[[str], tuple[np.ndarray, People, People]]:
    """The generated matrices at Market-1501's size, `tied` or `tiefree`, with the gallery's junk left out."""
    data = np.load(shared / "data" / "reid" / "market_synth_int8.npz")
    queries = People(identity=data["qp"].astype(np.int64), camera=data["qc"].astype(np.int64))
    kept = data["gp"] != -1
    gallery = People(identity=data["gp"][kept].astype(np.int64), camera=data["gc"][kept].astype(np.int64))

    def make(mode: str) -> tuple[np.ndarray, People, People]:
        q, g = data["qf"].astype(np.float32), data["gf"].astype(np.float32)
        distances = (q * q).sum(1)[:, None] + (g * g).sum(1) - 2 * (q @ g.T)
        if mode == "tiefree":
            for row in distances:
                row[np.argsort(row, kind="stable")] = np.arange(len(row), dtype=np.float32)
        return np.ascontiguousarray(distances[:, kept]), queries, gallery

    return make


@pytest.fixture
def features_file(sample: ReidDataset, tmp_path: Path) -> Callable[..., Path]:
    """An ``.npz`` of random features of the sample's images, with names; entries may be changed or taken away (None)."""

    def write(name: str = "features.npz", **changes: object) -> Path:
        random = np.random.default_rng(0)
        listing = sample.listing
        arrays: dict[str, object] = {
            "query_features": random.normal(size=(len(listing.query), 8)).astype(np.float32),
            "gallery_features": random.normal(size=(len(listing.gallery), 8)).astype(np.float32),
            "query_names": np.array(listing.query.names),
            "gallery_names": np.array(listing.gallery.names),
        }
        arrays = {key: value for key, value in {**arrays, **changes}.items() if value is not None}
        np.savez(tmp_path / name, **arrays)  # type: ignore[arg-type]
        return tmp_path / name

    return write
