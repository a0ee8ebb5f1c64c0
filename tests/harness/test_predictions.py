"""Stored answers: the same whatever the cut into parts, and never half of them."""

import copy
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.columns import ColumnSpec, Table, build_table
from harness.errors import PredictionError, RecordError
from harness.predictions import PartSink, load_facts, load_parts, load_table, merge, save_table

SPECS = (
    ColumnSpec("boxes", "float64", (4,), ragged=True),
    ColumnSpec("label", "int64"),
    ColumnSpec("name", "str"),
)
IDS = tuple(f"sample-{i}" for i in range(9))


def answers(index: int) -> dict[str, Any]:
    rng = np.random.default_rng(index)
    return {"boxes": rng.random((index % 3, 4)), "label": np.int64(index), "name": np.asarray("é" * index)}


def whole() -> Table:
    return build_table(IDS, [answers(i) for i in range(len(IDS))], SPECS)


def sink(folder: Path) -> PartSink:
    return PartSink(folder, IDS, SPECS)


def test_a_table_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    save_table(tmp_path / "x.npz", whole())
    found = load_table(tmp_path / "x.npz")
    assert found.ids == IDS
    assert found.digest() == whole().digest()
    assert [path.name for path in tmp_path.iterdir()] == ["x.npz"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(len(IDS))), cuts=st.sets(st.integers(1, len(IDS) - 1)))
def test_any_cut_and_any_order_merge_to_the_same(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cuts: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(IDS)], strict=True):
        part = sink(folder)
        assert part.pending() == sorted(order[begin:])
        for index in order[begin:end]:
            part.put(IDS[index], answers(index))
        part.flush()
    assert sink(folder).table().digest() == whole().digest()
    assert len(load_parts(folder)) == len(cuts) + 1


def test_a_sample_answered_twice_keeps_its_first_answer(tmp_path: Path) -> None:
    """A batch of which Ctrl-C had stored a part is answered whole when the run goes on."""
    first = sink(tmp_path)
    first.put(IDS[0], answers(0))
    first.flush()
    second = sink(tmp_path)
    assert second.resumed == 1
    for index in range(len(IDS)):
        second.put(IDS[index], answers(index))
        second.put(IDS[index], answers(index + 1))
    assert second.table().digest() == whole().digest()


def test_samples_that_lack_or_are_there_twice_are_named(tmp_path: Path) -> None:
    table = whole()
    with pytest.raises(RecordError, match="lacks 2 of 9 samples, first sample-3; run the same command again"):
        merge([table.take([0, 1, 2]), table.take([5, 6, 7, 8])], IDS, "here")
    with pytest.raises(RecordError, match="here answers some samples twice"):
        merge([table, table.take([3])], IDS, "here")
    with pytest.raises(RecordError, match="here holds no predictions"):
        merge([], IDS, "here")


@pytest.mark.parametrize("kept", [0, 1, 30, 200, -1, -22, -200])
def test_a_truncated_part_is_named_with_what_to_do(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "part-000000.npz"
    save_table(path, whole())
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(RecordError, match=r"part-000000\.npz is damaged .*remove it .*run the command"):
        sink(tmp_path)


def test_a_part_with_a_changed_byte_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "part-000000.npz"
    save_table(path, whole())
    data = bytearray(path.read_bytes())
    data[data.index(np.float64(answers(2)["boxes"][0, 0]).tobytes())] ^= 1
    path.write_bytes(data)
    with pytest.raises(RecordError, match="is damaged"):
        load_table(path)


def damaged(arrays: dict[str, Any]) -> dict[str, Any]:
    return {"#ids": np.array(IDS), "label": np.arange(len(IDS)), **arrays}


@pytest.mark.parametrize(
    "arrays",
    [
        {"label": np.arange(3)},
        {"x": np.arange(9.0), "x#offsets": np.array([0, 3, 2, 9])},
        {"x": np.arange(9.0), "x#offsets": np.zeros(1)},
        {"#ids": np.arange(9).reshape(3, 3)},
        {"#ids": np.array(1)},
    ],
)
def test_arrays_that_are_no_table_are_damaged(tmp_path: Path, arrays: dict[str, Any]) -> None:
    np.savez(tmp_path / "x.npz", **damaged(arrays))
    with pytest.raises(RecordError, match="is damaged"):
        load_table(tmp_path / "x.npz")


def test_a_pickle_in_a_part_is_not_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **damaged({"label": np.array([None] * 9, object)}), allow_pickle=True)
    with pytest.raises(RecordError, match="is damaged"):
        load_table(tmp_path / "x.npz")


def npy(header: str, data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    text = header.encode()
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + data


def described(descr: str, shape: str) -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}"


@pytest.mark.parametrize(
    "member",
    [
        npy(described("'<f8'", "(1000000000000,)")),
        npy(described("'<f8'", "(1000000000000,)"), bytes(72)),
        npy(described("'<f8'", "(9,)"), bytes(80)),
        npy(described("'<f8'", "(-9,)"), bytes(72)),
        npy(described("'<f8'", "(-3, -3)"), bytes(72)),
        npy(described("'<U0'", "(10000000000,)")),
        npy(described("[('a', '<f8')]", "(9,)"), bytes(72)),
        npy(described("'<M8[s]'", "(9,)"), bytes(72)),
        npy(described("'<c8'", "(9,)"), bytes(72)),
        npy(described("'|V8'", "(9,)"), bytes(72)),
        npy(described("'<f8'", "('x',)"), bytes(72)),
        npy("[" * 9000, bytes(72)),
        npy("'" + "x" * 9000, bytes(72)),
        npy(described("'<f8'", "(9,)"), bytes(72), b"\2\0"),
        b"",
        b"no array",
    ],
)
def test_a_member_that_is_no_plain_array_of_its_size_is_refused(tmp_path: Path, member: bytes) -> None:
    """A header of a hundred bytes may ask for terabytes."""
    save_table(tmp_path / "x.npz", whole())
    with zipfile.ZipFile(tmp_path / "x.npz", "a") as archive:
        archive.writestr("hostile.npy", member)
    with pytest.raises(RecordError, match=r"x\.npz is damaged \(its member 'hostile\.npy'"):
        load_table(tmp_path / "x.npz")


def test_compressed_and_overlapping_members_are_refused(tmp_path: Path) -> None:
    """What is not stored as it is may be a thousand times larger than the file."""
    np.savez_compressed(tmp_path / "x.npz", **{"#ids": np.array(IDS), "x": np.zeros((9, 100_000))})
    with pytest.raises(RecordError, match=r"state 7,200,\d{3} bytes, the file has"):
        load_table(tmp_path / "x.npz")
    np.savez_compressed(tmp_path / "x.npz", **{"#ids": np.array(IDS), "x": np.random.default_rng(0).random(9)})
    with pytest.raises(RecordError, match=r"is damaged"):
        load_table(tmp_path / "x.npz")
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", npy(described("'|u1'", "(9000,)"), bytes(9000)))
        same = [copy.copy(archive.filelist[0]) for _ in range(9)]
        for index, member in enumerate(same):
            member.filename = f"x{index}.npy"
        archive.filelist += same
    with pytest.raises(RecordError, match=r"state 9\d,\d{3} bytes, the file has 9,\d{3} "):
        load_table(tmp_path / "x.npz")


def test_ids_that_are_no_text_and_offsets_that_are_no_integers_are_damaged(tmp_path: Path) -> None:
    for arrays in (
        {"#ids": np.arange(9)},
        {"x": np.arange(9.0), "x#offsets": np.arange(10.0)},
        {"x": np.arange(9.0), "x#offsets": np.arange(10, dtype=np.uint64)},
        {"x": np.arange(9.0), "x#offsets": np.array(["0"] * 10)},
    ):
        np.savez(tmp_path / "x.npz", **damaged(arrays))
        with pytest.raises(RecordError, match="is damaged"):
            load_table(tmp_path / "x.npz")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_a_table_or_one_sentence(tmp_path: Path, data: st.DataObject) -> None:
    save_table(tmp_path / "whole.npz", whole())
    content = bytearray((tmp_path / "whole.npz").read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "x.npz").write_bytes(content)
    try:
        assert load_table(tmp_path / "x.npz").digest()
    except RecordError as error:
        assert "x.npz is damaged" in str(error) and str(error).isprintable()


def test_a_missing_table_is_missing(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"x\.npz is missing"):
        load_table(tmp_path / "x.npz")


def test_parts_of_another_layout_are_refused(tmp_path: Path) -> None:
    save_table(tmp_path / "part-000000.npz", whole().without(["label"]))
    with pytest.raises(RecordError, match="holds answers in another layout; remove the folder"):
        sink(tmp_path)


def test_an_answer_that_does_not_fit_names_its_sample(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match="the answer to sample-2 cannot be stored: boxes has shape"):
        sink(tmp_path).put(IDS[2], {**answers(2), "boxes": np.zeros((1, 5))})


def test_what_a_kill_leaves_behind_is_neither_read_nor_kept(tmp_path: Path) -> None:
    (tmp_path / ".part-000000.npz.0123456789abcdef.partial").write_bytes(b"half")
    again = sink(tmp_path)
    assert len(again.pending()) == len(IDS)
    assert list(tmp_path.iterdir()) == []


def test_facts_are_kept_beside_the_parts(tmp_path: Path) -> None:
    part = sink(tmp_path)
    part.note("classes", ["a", "b"])
    part.note("epsilon", 0.1)
    assert sink(tmp_path).facts == load_facts(tmp_path) == {"classes": ["a", "b"], "epsilon": 0.1}
    for text in ("{", "[]", "[" * 100_000):
        (tmp_path / "facts.json").write_text(text)
        with pytest.raises(RecordError, match=r"facts\.json is damaged"):
            load_facts(tmp_path)
    assert json.loads("{}") == load_facts(tmp_path / "elsewhere")
