"""Arrays are read as NumPy reads them, and nothing else is taken for arrays."""

import io
import zipfile
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from harness.npz import check_npz, read_npz

dtypes = st.sampled_from(
    [np.bool_, np.int8, np.int64, np.uint16, np.float32, np.float64, np.dtype("U3"), np.dtype("S2")]
)
found = arrays.arrays(dtypes, arrays.array_shapes(min_dims=0, min_side=0, max_dims=3, max_side=4))


def stored(**named: Any) -> io.BytesIO:
    stream = io.BytesIO()
    np.savez(stream, **named)
    return stream


@given(found, found)
def test_arrays_are_those_that_numpy_reads(first: Any, second: Any) -> None:
    stream = stored(**{"#ids": first, "a/b": np.asfortranarray(second)})
    check_npz(stream)
    read = read_npz(stream)
    stream.seek(0)
    with np.load(stream, allow_pickle=False) as archive:
        assert list(read) == archive.files
        for name in archive.files:
            expected = archive[name]
            assert (read[name].dtype, read[name].shape) == (expected.dtype, expected.shape)
            assert read[name].tobytes() == expected.tobytes()
            assert read[name].flags.writeable


@pytest.mark.parametrize("read", [check_npz, read_npz])
def test_objects_records_and_complex_numbers_are_refused(read: Any) -> None:
    for bad in (np.array([{}], dtype=object), np.zeros(2, [("a", "i4")]), np.zeros(2, np.complex64)):
        with pytest.raises(ValueError, match="its member"):
            read(stored(a=np.zeros(3), b=bad))


@pytest.mark.parametrize("read", [check_npz, read_npz])
def test_a_head_that_states_more_than_is_there_is_refused(read: Any) -> None:
    array, stream = io.BytesIO(), io.BytesIO()
    np.save(array, np.zeros(8))
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.npy", array.getvalue().replace(b"(8,)", b"(9,)"))
    with pytest.raises(ValueError, match=r"states 9 values in 64 bytes"):
        read(stream)
