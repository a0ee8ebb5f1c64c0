"""CIFAR has several official forms: all of them give the same data, and copies are told apart."""

import hashlib
import io
import pickle
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.errors import DataError
from harness.scoring import data_digest
from harness.task import DataRequest
from tasks.classification.benchmarks import CIFAR10, CIFAR100
from tasks.classification.cifar import open_cifar
from tasks.classification.pickles import NotPlain, read_batch
from tasks.classification.sample import COUNTS, SEED, class_names, pictures
from tasks.classification.tasks import cifar10, cifar10_1, cifar100


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cifar")
    cifar10().write_sample(folder)
    cifar100().write_sample(folder)
    return folder


def write_python(folder: Path, benchmark, protocol: int) -> None:
    """The batches as the authors pickle them."""
    images, labels = pictures(SEED, COUNTS[benchmark.classes], benchmark.classes)
    data = np.stack(images).transpose(0, 3, 1, 2).reshape(len(images), -1)
    root = folder / benchmark.python
    root.mkdir(parents=True)
    batch = {"data": data, benchmark.labels_key: labels, "batch_label": "testing batch 1 of 1", "filenames": ["a"]}
    (root / benchmark.batches["test"][0]).write_bytes(pickle.dumps(batch, protocol))
    names = {benchmark.names_key: class_names(benchmark)}
    (root / benchmark.names_file[0]).write_bytes(pickle.dumps(names, protocol))


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("benchmark", [CIFAR10, CIFAR100], ids=lambda one: one.id)
def test_pickled_and_binary_batches_are_the_same_data(sample, tmp_path, benchmark, protocol):
    write_python(tmp_path, benchmark, protocol)
    task = cifar10() if benchmark is CIFAR10 else cifar100()
    binary, pickled = (task.open(DataRequest(data=folder)) for folder in (sample, tmp_path))
    assert data_digest(binary) == data_digest(pickled)
    assert binary.facts["categories"] == pickled.facts["categories"]
    assert binary.facts["pixels_sha256"] == pickled.facts["pixels_sha256"]
    for index in (0, 7, len(binary.ids) - 1):
        assert np.array_equal(binary.sample(index).inputs["image"], pickled.sample(index).inputs["image"])


def test_a_copy_that_python_3_has_written_again_holds_bytes_for_text(sample, tmp_path):
    write_python(tmp_path, CIFAR10, 2)
    for path in (tmp_path / CIFAR10.python).iterdir():
        content = pickle.loads(path.read_bytes())
        content = {
            name.encode(): [one.encode() for one in value] if name == "label_names" else value
            for name, value in content.items()
        }
        path.write_bytes(pickle.dumps(content, 2))
    copy, binary = (cifar10().open(DataRequest(data=folder)) for folder in (tmp_path, sample))
    assert copy.facts["categories"] == binary.facts["categories"]
    assert copy.facts["pixels_sha256"] == binary.facts["pixels_sha256"] and copy.facts["pixels_published"] == "no"


def test_python_2s_strings_are_read(tmp_path):
    # Python 2 wrote bytes as text; protocol 2 of Python 3 goes by way of _codecs.encode.
    array = np.arange(3072, dtype=np.uint8).reshape(1, 3072)
    old = (
        b"(dp0\nS'data'\np1\ncnumpy.core.multiarray\n_reconstruct\np2\n(cnumpy\nndarray\np3\n(I0\ntp4\nS'b'\np5\ntp6\nRp7\n"
        b"(I1\n(I1\nI3072\ntp8\ncnumpy\ndtype\np9\n(S'u1'\np10\nI0\nI1\ntp11\nRp12\n(I3\nS'|'\np13\nNNNI-1\nI-1\nI0\ntp14\n"
        b"bI00\n" + b"S" + repr(array.tobytes()).removeprefix("b").encode() + b"\np15\ntp16\nbs."
    )
    assert np.array_equal(read_batch(old)["data"], array)


class Malicious:
    def __reduce__(self):
        import os

        return os.system, ("touch owned",)


def test_a_batch_that_would_run_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "data" / CIFAR10.python
    root.mkdir(parents=True)
    (root / "test_batch").write_bytes(pickle.dumps({"data": Malicious()}))
    with pytest.raises(DataError, match="which would run code"):
        cifar10().open(DataRequest(data=tmp_path / "data"))
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("data", [b"", b"\x80\x02}", b"garbage", pickle.dumps([1]), pickle.dumps({"a": np.zeros(3)})])
def test_damaged_batches_are_no_tracebacks(data):
    with pytest.raises(NotPlain):
        read_batch(data)


def packed(folder: Path, into: Path) -> bytes:
    with tarfile.open(into, "w:gz") as archive:
        archive.add(folder, folder.name)
    return into.read_bytes()


def test_the_archive_as_published_needs_no_unpacking(sample, tmp_path):
    data = packed(sample / CIFAR10.binary, tmp_path / "cifar-10-binary.tar.gz")
    dataset = cifar10().open(DataRequest(data=tmp_path))
    assert data_digest(dataset) == data_digest(cifar10().open(DataRequest(data=sample)))
    assert dataset.facts["pixels_published"] == "no" and dataset.custom
    known = {**CIFAR10.md5, "cifar-10-binary.tar.gz": hashlib.md5(data).hexdigest()}
    benchmark = replace(CIFAR10, md5=known, counts={"test": 200})
    dataset = open_cifar(cifar10(), benchmark, DataRequest(data=tmp_path))
    assert dataset.facts["pixels_published"] == "yes" and not dataset.custom and not dataset.warnings


def test_a_copy_with_other_pixels_is_told_apart(tmp_path):
    write_python(tmp_path, CIFAR10, 4)
    batch = tmp_path / CIFAR10.python / "test_batch"
    known = {**CIFAR10.md5, "test_batch": hashlib.md5(batch.read_bytes()).hexdigest()}
    benchmark = replace(CIFAR10, md5=known, counts={"test": 200})
    official = open_cifar(cifar10(), benchmark, DataRequest(data=tmp_path))
    assert not official.custom and official.facts["pixels_published"] == "yes"
    content = bytearray(batch.read_bytes())
    content[content.index(official.sample(3).inputs["image"][:, :, 0].tobytes())] ^= 1
    batch.write_bytes(content)
    copy = open_cifar(cifar10(), benchmark, DataRequest(data=tmp_path))
    assert copy.custom and "not the published file" in copy.warnings[0]
    assert copy.facts["pixels_sha256"] != official.facts["pixels_sha256"]
    assert data_digest(copy) == data_digest(official)


def arrays(tmp_path, images, labels):
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "labels.npy", labels)
    return DataRequest(images=tmp_path / "images.npy", annotations=tmp_path / "labels.npy")


def test_arrays_are_the_same_data_however_they_hold_the_pixels(sample, tmp_path):
    images, labels = pictures(SEED, 200, 10)
    whole = np.stack(images)
    official = cifar10().open(DataRequest(data=sample))
    for pixels in (whole, whole / 255, (whole / 255).astype(np.float32), whole.transpose(0, 3, 1, 2)):
        dataset = cifar10().open(arrays(tmp_path, pixels, labels))
        assert dataset.facts["pixels_sha256"] == official.facts["pixels_sha256"]
        assert data_digest(dataset) == data_digest(official)
        assert dataset.custom and dataset.sample(0).inputs["image"].dtype == np.uint8
    dataset = cifar10().open(arrays(tmp_path, np.full((2, 32, 32, 3), 0.3001, np.float32), [0, 1]))
    assert dataset.sample(0).inputs["image"].dtype == np.float32


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((2, 32, 32, 3), np.uint8), [0, 10], r"label 10 of sample 1 is no class; there are 0 to 9"),
        (np.zeros((2, 32, 32, 3), np.uint8), [0, -1], r"label -1 of sample 1"),
        (np.zeros((3, 32, 32, 3), np.uint8), [0, 1], r"there are 3 pictures and 2 labels"),
        (np.zeros((2, 32, 32), np.uint8), [0, 1], r"pictures are \(n, height, width, 3\)"),
        (np.full((2, 32, 32, 3), np.nan, np.float32), [0, 1], r"picture 0 holds nan"),
        (np.full((2, 32, 32, 3), -1.7, np.float32), [0, 1], r"without mean and deviation taken off"),
        (np.zeros((2, 32, 32, 3), np.int32), [0, 1], r"pictures are uint8 in 0..255 or floats"),
        (np.zeros((2, 32, 32, 3), np.uint8), [0.5, 1.0], r"labels are whole numbers"),
    ],
)
def test_bad_arrays_are_named(tmp_path, images, labels, message):
    with pytest.raises(DataError, match=message):
        cifar10().open(arrays(tmp_path, images, np.array(labels)))


def test_a_cut_batch_is_named(sample, tmp_path):
    root = tmp_path / CIFAR10.binary
    root.mkdir()
    for path in (sample / CIFAR10.binary).iterdir():
        (root / path.name).write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"test_batch.bin has 614,599 bytes, no multiple of 3073"):
        cifar10().open(DataRequest(data=tmp_path))


def test_a_missing_data_set_shows_the_tree(tmp_path):
    with pytest.raises(DataError, match="cifar-10-batches-py/test_batch"):
        cifar10().open(DataRequest(data=tmp_path))


def test_cifar10_1_has_two_versions(tmp_path):
    cifar10_1().write_sample(tmp_path)
    v6, v4 = (cifar10_1().open(DataRequest(data=tmp_path, split=split)) for split in ("v6", "v4"))
    assert (len(v6.ids), len(v4.ids)) == (100, 110) and v6.custom
    assert v6.facts["pixels_sha256"] != v4.facts["pixels_sha256"]


def test_the_sample_is_the_same_everywhere(sample):
    digest = hashlib.sha256((sample / CIFAR10.binary / "test_batch.bin").read_bytes()).hexdigest()
    assert digest == "21cbc71ed2e367774b2847f2ffda9d610690818031239f7dc657b2ef80fd403b"


def test_limits_keep_the_first(sample):
    dataset = cifar10().limit(cifar10().open(DataRequest(data=sample)), 8)
    assert dataset.ids == tuple(f"{index:05d}" for index in range(8))


def test_tar_members_cannot_lie_outside(sample, tmp_path):
    # Nothing is unpacked: members are read by their names into memory.
    with tarfile.open(tmp_path / "cifar-10-binary.tar.gz", "w:gz") as archive:
        for name in ("test_batch.bin", "batches.meta.txt"):
            data = (sample / CIFAR10.binary / name).read_bytes()
            info = tarfile.TarInfo(f"../../{name}")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    assert len(cifar10().open(DataRequest(data=tmp_path)).ids) == 200
    assert not (tmp_path.parent / "test_batch.bin").exists()
