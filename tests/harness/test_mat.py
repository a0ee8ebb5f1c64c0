"""If these fail, a .mat file is read as something else than MATLAB saved, or a damaged one ends in a traceback."""

import random
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harness.errors import DataError
from harness.mat import Cell, Struct, read_mat
from harness.mat_writer import encode_mat, write_mat

DTYPES = ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?"]
HERE = Path("x.mat")

numbers = st.sampled_from(DTYPES).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=2, max_dims=3, min_side=0, max_side=4))
)
texts = st.text(st.characters(min_codepoint=1, max_codepoint=0xFFFF, exclude_categories=("Cs",)), max_size=8)
values = st.recursive(
    st.one_of(numbers, texts),
    lambda inner: st.lists(inner, max_size=4).map(lambda found: Cell((len(found), 1), found)),
    max_leaves=12,
)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, Cell):
        return isinstance(b, Cell) and a.shape == b.shape and all(map(same, a.values, b.values))
    if isinstance(a, str) or isinstance(b, str):
        return bool(a == b)
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def packed(data: bytes) -> bytes:
    """The same file as MATLAB's ``-v7`` saves it: every variable compressed."""
    parts, at = [data[:128]], 128
    while at < len(data):
        end = at + 8 + struct.unpack_from("<I", data, at + 4)[0]
        variable = zlib.compress(data[at:end])
        parts.append(struct.pack("<II", 15, len(variable)) + variable)
        at = end
    return b"".join(parts)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True), values, max_size=3))
def test_what_is_written_is_read_packed_or_not(variables: dict[str, Any]) -> None:
    for data in (encode_mat(variables), packed(encode_mat(variables))):
        found = read_mat(HERE, DataError, data=data)
        assert list(found) == list(variables)
        assert all(same(variables[name], found[name]) for name in variables)


def test_a_file_is_written_the_same_and_read_from_its_place(tmp_path: Path) -> None:
    variables: dict[str, Any] = {"a": np.arange(6, dtype="i2").reshape(2, 3), "names": Cell((1, 2), ["x", "yz"])}
    write_mat(tmp_path / "a.mat", variables)
    assert (tmp_path / "a.mat").read_bytes() == encode_mat(variables)
    assert all(same(variables[name], value) for name, value in read_mat(tmp_path / "a.mat", DataError).items())


@pytest.mark.parametrize("value", [np.zeros(3), np.array([["a"]]), [1, 2], Cell((2, 2), ["a"]), np.zeros((1, 1), "c8")])
def test_what_matlab_has_no_form_for_is_not_written(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        encode_mat({"a": value})


def test_scipy_reads_what_is_written(tmp_path: Path) -> None:
    scipy_io = pytest.importorskip("scipy.io", reason="scipy is no dependency")
    write_mat(tmp_path / "a.mat", {"a": np.eye(3, dtype="f4"), "c": Cell((1, 2), ["x", np.zeros((0, 4), "i4")])})
    found = scipy_io.loadmat(tmp_path / "a.mat")
    assert np.array_equal(found["a"], np.eye(3, dtype="f4"))
    assert found["c"][0, 0][0] == "x" and found["c"][0, 1].shape == (0, 4)


def element(order: str, kind: int, content: bytes) -> bytes:
    return struct.pack(order + "II", kind, len(content)) + content + b"\0" * (-len(content) % 8)


def matrix(order: str, kind: int, shape: tuple[int, ...], name: bytes, *content: bytes) -> bytes:
    head = element(order, 6, struct.pack(order + "II", kind, 0)) + element(order, 5, struct.pack(order + "2i", *shape))
    return element(order, 14, head + element(order, 1, name) + b"".join(content))


def header(order: str) -> bytes:
    return b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack(order + "HH", 0x100, 0x4D49)


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders_and_numbers_stored_smaller_than_they_are(order: str) -> None:
    small = struct.pack(order + "HH", 3, 2) if order == ">" else struct.pack("<HH", 2, 3)  # three bytes, type uint8
    doubles = matrix(order, 6, (1, 3), b"doubles", small + b"\1\2\xff\0")
    shorts = matrix(order, 10, (2, 1), b"shorts", element(order, 3, struct.pack(order + "2h", -2, 300)))
    found = read_mat(HERE, DataError, data=header(order) + doubles + shorts)
    assert same(found["doubles"], np.array([[1.0, 2.0, 255.0]]))
    assert same(found["shorts"], np.array([[-2], [300]], "i2"))


@pytest.mark.parametrize("order", ["<", ">"])
def test_text_of_several_rows_structs_and_complex_numbers(order: str) -> None:
    text = matrix(order, 4, (2, 3), b"text", element(order, 4, "adbecf".encode(f"utf-16-{'lb'[order == '>']}e")))
    inner = (
        matrix(order, 9, (1, 1), b"", element(order, 2, b"\7")),
        matrix(order, 4, (1, 2), b"", element(order, 16, b"hi")),
    )
    names = element(order, 5, struct.pack(order + "i", 2)) + element(order, 1, b"n\0t\0")
    record = matrix(order, 2, (1, 1), b"record", names, *inner)
    real, imaginary = (element(order, 9, struct.pack(order + "d", value)) for value in (1.5, -2))
    number = matrix(order, 6 | 0x800, (1, 1), b"number", real, imaginary)
    found = read_mat(HERE, DataError, data=header(order) + text + record + number)
    assert np.asarray(found["text"]).tolist() == ["abc", "def"]
    assert isinstance(found["record"], Struct) and list(found["record"].fields) == ["n", "t"]
    assert same(found["record"].fields["n"][0], np.array([[7]], "u1")) and found["record"].fields["t"] == ["hi"]
    assert same(found["number"], np.array([[1.5 - 2j]]))


def test_only_the_variables_asked_for_are_read_and_others_may_be_of_any_kind() -> None:
    data = header("<") + matrix("<", 5, (1, 1), b"sparse") + encode_mat({"a": np.zeros((1, 1))})[128:]
    assert list(read_mat(HERE, DataError, ["a"], data)) == ["a"]
    with pytest.raises(DataError, match=r"x.mat holds a sparse array at byte 128, which is not read"):
        read_mat(HERE, DataError, data=data)
    with pytest.raises(DataError, match="has no variable 'b'; it has: sparse, a"):
        read_mat(HERE, DataError, ["b"], data)


GOOD = {"list": Cell((2, 1), [np.arange(4.0).reshape(2, 2), "text"]), "more": np.arange(50, dtype="i4").reshape(5, 10)}


@pytest.mark.parametrize("form", [encode_mat(GOOD), packed(encode_mat(GOOD))], ids=["plain", "packed"])
def test_a_file_cut_off_anywhere_is_one_sentence_that_names_the_byte(form: bytes) -> None:
    # Between two variables a cut leaves a whole file.
    whole = {128, 128 + 8 + struct.unpack_from("<I", form, 132)[0]}
    for length in sorted(set(range(len(form))) - whole):
        with pytest.raises(DataError, match=r"x\.mat .*byte \d+") as raised:
            read_mat(HERE, DataError, data=form[:length])
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("form", [encode_mat(GOOD), packed(encode_mat(GOOD))], ids=["plain", "packed"])
def test_damaged_bytes_end_in_one_sentence_or_in_values(form: bytes) -> None:
    stream = random.Random(0)
    for _ in range(3000):
        damaged = bytearray(form)
        for _ in range(stream.randint(1, 4)):
            damaged[stream.randrange(len(form))] = stream.choice([0, 1, 2, 4, 5, 6, 14, 15, 127, 128, 255])
        try:
            read_mat(HERE, DataError, data=bytes(damaged))
        except DataError as error:
            assert str(error).startswith("x.mat ") and "\n" not in str(error)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"MATLAB 7.3 MAT-file, Platform".ljust(600), "7.3 file"),
        (b"\0" * 512 + b"\x89HDF\r\n\x1a\n" + b"\0" * 100, "7.3 file"),
        (b"\0\0\0\0" + b"\0" * 200, "no MATLAB level 5 file"),
        (b"\x89PNG" * 50, "no MATLAB level 5 file"),
        (b"", "ends at byte 0"),
        (header("<") + struct.pack("<II", 14, 2**31), "cut off after 0"),
    ],
)
def test_what_is_no_such_file_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_mat(HERE, DataError, data=data)


def test_a_variable_that_unpacks_to_gigabytes_is_refused_before_it_does() -> None:
    bomb = zlib.compressobj(9)
    head = struct.pack("<II", 14, 2**32 - 8) + matrix("<", 6, (1, 1), b"bomb")[8:]
    content = bomb.compress(head) + b"".join(bomb.compress(bytes(1 << 20)) for _ in range(200)) + bomb.flush()
    with pytest.raises(DataError, match="unpacks to more than 67,108,864 bytes"):
        read_mat(HERE, DataError, data=header("<") + struct.pack("<II", 15, len(content)) + content)


def test_cells_in_cells_without_end_are_refused() -> None:
    value: Any = "inside"
    for _ in range(100):
        value = Cell((1, 1), [value])
    with pytest.raises(DataError, match="nested too deep"):
        read_mat(HERE, DataError, data=encode_mat({"a": value}))


def test_a_cell_that_claims_more_than_the_file_holds_allocates_nothing() -> None:
    data = header("<") + matrix("<", 1, (2**31 - 1, 2**31 - 1), b"huge")
    with pytest.raises(DataError, match="cannot stand in 0 bytes"):
        read_mat(HERE, DataError, data=data)


def test_the_official_files_of_wider_face(shared: Path) -> None:
    found = read_mat(shared / "data" / "widerface" / "wider_hard_val.mat", DataError)
    events, boxes, counted = (found[name] for name in ("event_list", "face_bbx_list", "gt_list"))
    assert isinstance(events, Cell) and isinstance(boxes, Cell) and isinstance(counted, Cell)
    assert len(events.values) == 61 and events.values[0] == "0--Parade"
    faces = [image for event in boxes.values if isinstance(event, Cell) for image in event.values]
    assert sum(len(image) for image in faces) == 39708
    assert {image.dtype.str for image in faces if isinstance(image, np.ndarray)} == {"<i4"}
    chosen = [image for event in counted.values if isinstance(event, Cell) for image in event.values]
    assert sum(len(image) for image in chosen) == 31958
