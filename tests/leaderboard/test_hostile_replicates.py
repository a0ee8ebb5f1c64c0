"""Replicates come from strangers: whatever stands in their file costs their own record its rank, and no other."""

import io
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from leaderboard_homes import record
from leaderboard_reading import read

from harness.columns import Ragged, Table
from harness.predictions import save_table
from harness.record import Artifact, Record, with_id
from harness.store import Home
from leaderboard.build import build_site

COLUMN = "top1/top1"
IDS = tuple(map(str, range(1000)))
SCORES = np.linspace(0.4, 0.6, 1000)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    record(home, "alder", 1.2)
    record(home, "birch", 0.3)
    return home


def pointed(home: Home, digest: str, path: str) -> Record:
    """The record of a third system whose replicates are the file at `path`."""
    made = record(home, "stranger", 2.0)
    home.record_path(made.id).unlink()
    others = [item for item in made.artifacts if item.kind != "replicates"]
    made = with_id(
        msgspec.structs.replace(made, artifacts=[*others, Artifact(kind="replicates", path=path, digest=digest)])
    )
    home.write_record(made)
    return made


def reason(home: Home, made: Record) -> str:
    """What the stranger's page says of its rank; the two others are ranked all the same."""
    site = home.path.parent / "site"
    build_site([home.path], site)
    pages = {path.parent.name: read(path).text for path in site.glob("r/*/index.html")}
    assert all("not ranked" not in text for id, text in pages.items() if id != made.id) and len(pages) == 3
    return pages[made.id]


@pytest.mark.parametrize(
    "column",
    [
        SCORES.astype(np.float32),
        SCORES.astype(np.complex128),
        np.arange(1000),
        SCORES > 0.5,
        SCORES.astype(np.str_),
        np.full(1000, np.datetime64("2026-01-01")),
        SCORES[:, None],
        Ragged(SCORES, np.arange(1001)),
    ],
    ids=["float32", "complex", "int", "bool", "text", "date", "two dimensions", "ragged"],
)
def test_columns_of_another_kind_have_no_rank(home: Home, column: Any) -> None:
    table = Table(IDS, {COLUMN: column})
    save_table(home.path / "replicates" / "odd.npz", table)
    text = reason(home, pointed(home, table.digest(), "replicates/odd.npz"))
    assert "its replicate scores are not one float64 a resample" in text or "cannot be read" in text


@pytest.mark.parametrize("value", [np.inf, np.nan, 1e300, -1e300])
def test_scores_without_bounds_take_nobodys_rank(home: Home, value: float) -> None:
    table = Table(IDS, {COLUMN: np.full(1000, value)})
    save_table(home.path / "replicates" / "odd.npz", table)
    text = reason(home, pointed(home, table.digest(), "replicates/odd.npz"))
    assert "the metric is undefined on 100% of the resamples" in text


def test_a_header_that_asks_for_all_memory_costs_one_rank(home: Home) -> None:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (1 << 50,)})
    with zipfile.ZipFile(home.path / "replicates" / "odd.npz", "w") as archive:
        archive.writestr("#ids.npy", stream.getvalue())
        archive.writestr(f"{COLUMN}.npy", stream.getvalue())
    text = reason(home, pointed(home, "0" * 64, "replicates/odd.npz"))
    assert "cannot be read: the file is damaged" in text


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000, "../home/../../x", "records", "/dev/null"])
def test_paths_that_are_none_cost_one_rank(home: Home, path: str) -> None:
    assert "its replicate scores are not in the home" in reason(home, pointed(home, "0" * 64, path))
