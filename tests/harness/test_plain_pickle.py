"""A pickle from a stranger is read without running anything, or refused."""

import contextlib
import datetime
import os
import pickle
import pickletools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.plain_pickle import NotPlain, read_plain

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
PLAIN = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner)
    ),
    max_leaves=12,
)


@given(PLAIN, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_plain_data_come_back_from_every_protocol(value: Any, protocol: int) -> None:
    assert read_plain(pickle.dumps(value, protocol)) == value


@given(st.binary(max_size=60))
def test_whatever_the_bytes_are_they_give_a_value_or_one_error(data: bytes) -> None:
    with contextlib.suppress(NotPlain):
        read_plain(data)


@given(PLAIN, st.integers(0, 4), st.data())
def test_a_pickle_that_was_cut_off_is_refused(value: Any, protocol: int, data: st.DataObject) -> None:
    whole = pickle.dumps(value, protocol)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(NotPlain):
        read_plain(whole[:cut])


@pytest.mark.parametrize("tuples", [b")" + b"\x85" * 1_000_000, b")" + b"q\x00h\x00\x86" * 60])
def test_a_key_that_would_overflow_the_stack_or_take_for_ever_is_refused(tuples: bytes) -> None:
    for data in (b"}" + tuples + b"Ns.", b"}(" + tuples + b"Nu.", b"(" + tuples + b"Nd."):
        with pytest.raises(NotPlain, match="keys are tuples"):
            read_plain(data)


class Runs:
    """Writes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_nothing_is_run_and_the_name_that_was_asked_for_is_told(tmp_path: Any, protocol: int) -> None:
    made = tmp_path / "made"
    with pytest.raises(NotPlain, match=r"posix.mkdir.*would run code"):
        read_plain(pickle.dumps([{"refs": Runs(str(made))}], protocol))
    assert not made.exists()
    pickle.loads(pickle.dumps(Runs(str(made)), protocol))
    assert made.exists()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", [datetime.date(2000, 1, 1), {1, 2}, 1j, b"bytes", object()])
def test_what_is_no_plain_data_is_refused(value: object, protocol: int) -> None:
    with pytest.raises(NotPlain):
        read_plain(pickle.dumps(value, protocol))


@pytest.mark.parametrize(
    "data",
    [
        b"(cos\nsystem\nS'true'\no.",
        b"(S'true'\nios\nsystem\n.",
        b"\x80\x02\x82\x01.",
        b"P123\n.",
        b"}}b.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
    ],
)
def test_old_ways_of_calling_are_refused(data: bytes) -> None:
    with pytest.raises(NotPlain, match="would run code"):
        read_plain(data)


def test_every_opcode_that_is_not_read_is_refused_by_its_byte() -> None:
    plain = set()
    for value in (
        [1, -1, 300, 70000, 2**80, 1.5, None, True, "é", "x" * 300, (), (1,), (1, 2), (1, 2, 3), (1,) * 4, {"a": 1}],
    ):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            plain |= {op.name for op, _, _ in pickletools.genops(pickle.dumps([value, value], protocol))}
    for opcode in pickletools.opcodes:
        data = opcode.code.encode("latin-1")
        if opcode.name in plain or opcode.name in ("STRING", "BINSTRING", "SHORT_BINSTRING", "BINUNICODE8", "LONG4"):
            continue
        with pytest.raises(NotPlain):
            read_plain(b"N" + data + b"\0" * 8 + b".")


def test_byte_strings_of_python_2_are_latin_1() -> None:
    assert read_plain(b"S'caf\\xe9'\np0\n.") == "café"
    assert read_plain(b"U\x04caf\xe9.") == "café"
    assert read_plain(b"T\x04\0\0\0caf\xe9.") == "café"


def test_a_memo_place_beyond_all_memory_takes_none() -> None:
    assert read_plain(b"Nr\xff\xff\xff\x7f.") is None


def test_a_list_in_itself_is_read_as_python_reads_it() -> None:
    loop: list[Any] = []
    loop.append(loop)
    found = read_plain(pickle.dumps(loop, 2))
    assert found[0] is found
