"""Features and distances are read by whose they are, whatever their order; what belongs to other data is refused."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import PredictionError
from harness.mat import Cell
from harness.mat_writer import write_mat
from harness.task import DataRequest, Scoring
from tasks.reid.data import ReidDataset, role_ids
from tasks.reid.formats import read_results, write_results
from tasks.reid.metrics import TRAPEZOID
from tasks.reid.task import Reid

Write = Callable[..., Path]


def values(task: Reid, sample: ReidDataset, path: Path, **settings: Any) -> dict[str, float | None]:
    statistics = task.score(sample, read_results(path, sample), Scoring(protocol=TRAPEZOID, settings=settings))
    return dict(task.aggregate(statistics, TRAPEZOID))


def test_rows_in_another_order_and_without_junk_are_the_same_features(
    task: Reid, sample: ReidDataset, features_file: Write
) -> None:
    first = read_results(features_file(), sample)
    arrays = dict(np.load(features_file()))
    order = np.random.default_rng(1).permutation(len(arrays["gallery_names"]))
    order = order[[not arrays["gallery_names"][index].startswith("-1") for index in order]]
    changes = {name: arrays[name][order] for name in ("gallery_names", "gallery_features")}
    changes["gallery_names"] = np.array([f"bounding_box_test/{name}" for name in changes["gallery_names"]])
    assert first.table.digest() == read_results(features_file("other.npz", **changes), sample).table.digest()


@pytest.mark.parametrize("form", ["mat", "folder", "zip"])
def test_every_form_gives_the_same_features(
    sample: ReidDataset, features_file: Write, tmp_path: Path, form: str
) -> None:
    expected = read_results(features_file(), sample).table.digest()
    arrays = dict(np.load(features_file()))
    if form == "mat":
        listing = sample.listing
        content = {
            "query_f": arrays["query_features"], "gallery_f": arrays["gallery_features"],
            "query_label": listing.query.identity[None], "query_cam": listing.query.camera[None],
            "gallery_label": listing.gallery.identity[None], "gallery_cam": listing.gallery.camera[None],
        }  # fmt: skip
        path = tmp_path / "pytorch_result.mat"
        write_mat(path, content)
    else:
        path = tmp_path / "results"
        path.mkdir()
        for name, array in arrays.items():
            if name.endswith("names"):
                (path / f"{name}.txt").write_text("\n".join(array.tolist()) + "\n")
            else:
                np.save(path / f"{name}.npy", array)
        if form == "zip":
            with zipfile.ZipFile(tmp_path / "results.zip", "w") as archive:
                for file in path.iterdir():
                    archive.write(file, file.name)
            path = tmp_path / "results.zip"
    assert read_results(path, sample).table.digest() == expected


@pytest.mark.parametrize("form", ["bytes", "cells"])
def test_names_in_every_form(sample: ReidDataset, features_file: Write, tmp_path: Path, form: str) -> None:
    path, arrays = features_file(), dict(np.load(features_file()))
    expected = read_results(path, sample).table.digest()
    names = {f"{role}_names": arrays[f"{role}_names"] for role in ("query", "gallery")}
    if form == "bytes":
        path = features_file("bytes.npz", **{name: np.char.encode(array) for name, array in names.items()})
    else:
        path = tmp_path / "features.mat"
        cells = {name: Cell((len(array), 1), array.tolist()) for name, array in names.items()}
        features = {name: array for name, array in arrays.items() if name.endswith("features")}
        write_mat(path, {**features, **cells})
    assert read_results(path, sample).table.digest() == expected


@pytest.mark.parametrize("junk", [True, False])
@pytest.mark.parametrize("form", ["npy", "npz", "mat", "txt"])
def test_distances_rank_as_the_features_that_they_are_made_from(
    task: Reid, sample: ReidDataset, features_file: Write, tmp_path: Path, form: str, junk: bool
) -> None:
    arrays = dict(np.load(features_file()))
    gallery = arrays["gallery_features"] if junk else arrays["gallery_features"][sample.listing.gallery.identity != -1]
    distances = np.linalg.norm(arrays["query_features"][:, None].astype(float) - gallery, axis=2)
    path = tmp_path / f"distances.{form}"
    if form == "npy":
        np.save(path, distances)
    elif form == "npz":
        np.savez(path, distances=distances)
    elif form == "mat":
        write_mat(path, {"dist": distances})
    else:
        path.write_text("\n".join(" ".join(map(repr, row)) for row in distances.tolist()) + "\n")
    table = read_results(path, sample).table
    assert table.dense("distances").shape == (72, 168) and table.ids == role_ids(sample, "query")
    assert values(task, sample, path) == values(task, sample, features_file())


def test_a_matrix_that_is_whole_stays_on_disk(sample: ReidDataset, tmp_path: Path) -> None:
    np.save(tmp_path / "distances.npy", np.zeros((72, 168), np.float32))
    assert isinstance(read_results(tmp_path / "distances.npy", sample).table.dense("distances"), np.memmap)


@pytest.mark.parametrize("what", ["features", "distances"])
def test_what_is_written_reads_back_the_same(
    task: Reid, sample: ReidDataset, features_file: Write, tmp_path: Path, what: str
) -> None:
    path = features_file()
    if what == "distances":
        path = tmp_path / "distances.npy"
        np.save(path, np.random.default_rng(0).random((72, 168)))
    first = read_results(path, sample)
    write_results(first, sample, tmp_path / "written.npz")
    assert read_results(tmp_path / "written.npz", sample).table.digest() == first.table.digest()
    some = task.limit(sample, 7)
    assert isinstance(some, ReidDataset)
    part = read_results(path, some)
    write_results(part, some, tmp_path / "part.npz")
    assert read_results(tmp_path / "part.npz", some).table.digest() == part.table.digest()


def refused(path: Path, sample: ReidDataset) -> str:
    with pytest.raises(PredictionError) as caught:
        read_results(path, sample)
    message = str(caught.value)
    assert "\n" not in message and str(path) in message
    return message


def changed(array: np.ndarray, place: Any, value: Any) -> np.ndarray:
    copy = array.copy()
    copy[place] = value
    return copy


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda a: {"gallery_names": changed(a["gallery_names"], 3, "9999_c1s1_1_1.jpg")},
            "9999_c1s1_1_1.jpg is not among",
        ),
        (lambda a: {"gallery_names": changed(a["gallery_names"], 20, a["gallery_names"][21])}, "is there twice"),
        (lambda a: {"gallery_names": a["gallery_names"][:-1]}, "179 gallery_names for 180 rows"),
        (
            lambda a: {name: a[name][:-1] for name in ("gallery_names", "gallery_features")},
            "lacks 1 of 168 gallery images, first 0024_c3s1_000201_02.bmp",
        ),
        (
            lambda a: {"query_features": changed(a["query_features"], (5, 2), np.nan)},
            "query_features: row 5 holds a number",
        ),
        (lambda a: {"query_features": a["query_features"][:, :7]}, "lengths [7, 8]"),
        (lambda a: {"query_features": a["query_features"].ravel()}, "expected numbers (images, n)"),
        (lambda a: {"query_names": None}, "does not say whose features it holds"),
        (lambda a: {"query_features": None}, "must hold query_features and gallery_features, or distances"),
        (lambda a: {"query_f": a["query_features"]}, "mean the same"),
        (lambda a: {"query_names": a["query_names"].astype(object)}, "cannot be read"),
        (lambda a: {"query_names": np.arange(72)}, "query_names: they are int64, expected text"),
    ],
)
def test_features_that_do_not_fit(sample: ReidDataset, features_file: Write, change: Any, words: str) -> None:
    arrays = dict(np.load(features_file()))
    assert words in refused(features_file("bad.npz", **change(arrays)), sample)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((72, 150)), "has 150 gallery images, the data set has 180 (or 168 without junk)"),
        (np.zeros((71, 180)), "has 71 query images, the data set has 72"),
        (np.zeros(72), "expected numbers (images, n)"),
        (np.zeros((72, 180), complex), "neither numbers nor text"),
    ],
)
def test_distances_that_do_not_fit(sample: ReidDataset, tmp_path: Path, array: np.ndarray, words: str) -> None:
    np.save(tmp_path / "distances.npy", array)
    assert words in refused(tmp_path / "distances.npy", sample)


def test_names_cannot_order_rows_where_the_data_set_has_none(
    task: Reid, sample: ReidDataset, features_file: Write, tmp_path: Path
) -> None:
    for role in ("query", "gallery"):
        np.savetxt(tmp_path / f"{role}_id.txt", getattr(sample.listing, role).identity, fmt="%d")
        np.savetxt(tmp_path / f"{role}_cam.txt", getattr(sample.listing, role).camera, fmt="%d")
    nameless = task.open(DataRequest(annotations=tmp_path, with_inputs=False))
    with pytest.raises(PredictionError, match="given without names"):
        read_results(features_file(), nameless)
    whose = {f"{role}_identities": getattr(sample.listing, role).identity for role in ("query", "gallery")}
    first = read_results(features_file("whose.npz", **whose), nameless)
    assert first.table.digest() == read_results(features_file(), sample).table.digest()


def test_labels_of_other_data_are_found_out(sample: ReidDataset, features_file: Write) -> None:
    listing = sample.listing
    whose = {
        "query_names": None, "gallery_names": None,
        "query_label": listing.query.identity, "gallery_label": changed(listing.gallery.identity, 50, 77),
    }  # fmt: skip
    assert "row 50 has 77, the data set" in refused(features_file("bad.npz", **whose), sample)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_distance_that_is_not_finite(task: Reid, sample: ReidDataset, tmp_path: Path, value: float) -> None:
    np.save(tmp_path / "distances.npy", changed(np.zeros((72, 168)), (9, 3), value))
    with pytest.raises(PredictionError, match="distances of query 10 hold a number that is not finite"):
        values(task, sample, tmp_path / "distances.npy")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("distances.npy", b"\x93NUMPY", "cannot be read"),
        ("distances.npz", b"PK\x03\x04", "cannot be read"),
        ("distances.npz", b"", "cannot be read"),
        ("distances.mat", b"MATLAB", "ends at byte 6"),
        ("distances.txt", b"1 2 3\n1 x 3\n", "line 2 holds 'x'"),
        ("distances.txt", b"1 2 3\n1 2\n", "line 2 has 2 fields, expected 3"),
        ("distances.txt", b"", "has 0 query images"),
        ("distances.csv", b"1,2", "are read from .npz"),
        ("distances.zip", b"PK", "no zip archive"),
    ],
)
def test_files_that_are_damaged(sample: ReidDataset, tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert words in refused(tmp_path / name, sample)


def test_a_pickle_is_not_run(sample: ReidDataset, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    np.save(tmp_path / "distances.npy", np.array([[Bomb()]], object), allow_pickle=True)
    assert "cannot be read" in refused(tmp_path / "distances.npy", sample)
    assert not (tmp_path / "ran").exists()


def test_distances_cannot_be_ranked_again(task: Reid, sample: ReidDataset, tmp_path: Path) -> None:
    np.save(tmp_path / "distances.npy", np.zeros((72, 168)))
    with pytest.raises(PredictionError, match="hand in features"):
        values(task, sample, tmp_path / "distances.npy", reranking="k-reciprocal")
