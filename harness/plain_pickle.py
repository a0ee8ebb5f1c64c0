"""Pickles of plain data, read without executing anything: containers, text and numbers; every other opcode is refused.

Protocols 0 to 2, as Python 2 wrote them, and what later protocols write for the same data. Byte strings are read as
Latin-1. Source of the format: CPython, Lib/pickletools.py.
"""

import codecs
import struct
from collections.abc import Callable, Iterator
from typing import Any, Final

MOST_BYTES: Final = 512 << 20
"""Larger pickles are not read; those of referring expressions have some tens of MB."""
Step = Callable[[], None]
_MARK: Final = object()
_NAMES: Final = {
    b"c": "GLOBAL", b"\x93": "STACK_GLOBAL", b"R": "REDUCE", b"i": "INST", b"o": "OBJ", b"\x81": "NEWOBJ",
    b"\x92": "NEWOBJ_EX", b"b": "BUILD", b"P": "PERSID", b"Q": "BINPERSID", b"\x82": "EXT1", b"\x83": "EXT2",
    b"\x84": "EXT4",
}  # fmt: skip


class NotPlain(ValueError):
    """The pickle holds something else than plain data, or is damaged; the message says what and at which byte."""


def read_plain(data: bytes) -> Any:
    """The value that a pickle holds: dictionaries, lists, tuples, text, numbers, booleans, None.

    Raises NotPlain for anything that would look up a name or call something, for damage, and for more than `MOST_BYTES`.
    """
    if len(data) > MOST_BYTES:
        raise NotPlain(f"it has {len(data):,} bytes; at most {MOST_BYTES:,} are read")
    machine = _Machine(data)
    try:
        return machine.run()
    except NotPlain:
        raise
    except (IndexError, KeyError, TypeError, ValueError, AttributeError, struct.error, OverflowError) as reason:
        text = f"it is damaged at byte {machine.start} ({type(reason).__name__})"
        raise NotPlain(text) from None


class _Machine:
    """The stack, the memo and the position in the bytes."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self.start = data, 0, 0
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Every opcode up to STOP."""
        steps = dict((*self._sized(), *self._others()))
        while (code := self._take(1)) != b".":
            self.start = self._at - 1
            step = steps.get(code)
            if step is None:
                raise NotPlain(self._refused(code))
            step()
        value = self._stack.pop()
        if value is _MARK or self._stack:
            raise NotPlain(f"it is damaged at byte {self._at - 1} (values are left over)")
        return value

    def _take(self, count: int) -> bytes:
        end = self._at + count
        if count < 0 or end > len(self._data):
            raise NotPlain(f"it ends in the middle of a value, at byte {len(self._data)}")
        self._at, piece = end, self._data[self._at : end]
        return piece

    def _line(self) -> bytes:
        end = self._data.find(b"\n", self._at)
        if end < 0:
            raise NotPlain(f"it ends in the middle of a value, at byte {len(self._data)}")
        self._at, piece = end + 1, self._data[self._at : end]
        return piece

    def _refused(self, code: bytes) -> str:
        if code in b"ci" and code:
            module, name = (self._line().decode("latin-1")[:80] for _ in range(2))
            return f"it asks for {ascii(module)[1:-1]}.{ascii(name)[1:-1]} at byte {self.start}, which would run code"
        if code == b"\x93":
            asked = ".".join(ascii(part)[1:-1][:80] for part in self._stack[-2:])
            return f"it asks for {asked} at byte {self.start}, which would run code"
        if code in _NAMES:
            return f"it holds the opcode {_NAMES[code]} at byte {self.start}, which would run code"
        return f"it holds the opcode {code!r} at byte {self.start}, which plain data do not need"

    # -- opcodes -----------------------------------------------------------------------------------------------------
    def _sized(self) -> Iterator[tuple[bytes, Step]]:
        """Opcodes that a number of fixed length follows, and constants."""
        push = self._stack.append
        sizes = {b"\x8c": "<B", b"X": "<I", b"\x8d": "<Q"}
        for code, form in sizes.items():
            yield code, lambda form=form: push(self._take(self._number(form)).decode("utf-8", "surrogatepass"))  # type: ignore[misc]
        for code, form in {b"U": "<B", b"T": "<i"}.items():
            yield code, lambda form=form: push(self._take(self._number(form)).decode("latin-1"))  # type: ignore[misc]
        for code, form in {b"K": "<B", b"M": "<H", b"J": "<i", b"G": ">d"}.items():
            yield code, lambda form=form: push(self._number(form))  # type: ignore[misc]
        for code, form in {b"\x8a": "<B", b"\x8b": "<i"}.items():
            yield code, lambda form=form: push(int.from_bytes(self._take(self._number(form)), "little", signed=True))  # type: ignore[misc]
        for code, value in {b"N": None, b"\x88": True, b"\x89": False, b"(": _MARK}.items():
            yield code, lambda value=value: push(value)  # type: ignore[misc]
        for code, count in {b"\x85": 1, b"\x86": 2, b"\x87": 3}.items():
            yield code, lambda count=count: self._tuple(count)  # type: ignore[misc]
        for code, form in {b"q": "<B", b"r": "<I"}.items():
            yield code, lambda form=form: self._put(self._number(form))  # type: ignore[misc]
        for code, form in {b"h": "<B", b"j": "<I"}.items():
            yield code, lambda form=form: push(self._memo[self._number(form)])  # type: ignore[misc]

    def _others(self) -> Iterator[tuple[bytes, Step]]:
        """Opcodes of text lines and containers."""
        push = self._stack.append
        yield from (
            (b"\x80", self._protocol),
            (b"\x95", lambda: self._skip(8)),
            (b"\x94", lambda: self._put(len(self._memo))),
            (b"p", lambda: self._put(int(self._line()))),
            (b"g", lambda: push(self._memo[int(self._line())])),
            (b"I", lambda: push(_decimal(self._line()))),
            (b"L", lambda: push(int(self._line().rstrip(b"L")))),
            (b"F", lambda: push(float(self._line()))),
            (b"S", lambda: push(_quoted(self._line()))),
            (b"V", lambda: push(self._line().decode("raw-unicode-escape"))),
            (b"]", lambda: push([])),
            (b"}", lambda: push({})),
            (b")", lambda: push(())),
            (b"l", lambda: push(self._marked())),
            (b"t", lambda: push(tuple(self._marked()))),
            (b"d", lambda: push(_pairs(self._marked()))),
            (b"a", lambda: self._extend([self._stack.pop()])),
            (b"e", lambda: self._extend(self._marked())),
            (b"s", lambda: self._update([self._stack.pop(-2), self._stack.pop()])),
            (b"u", lambda: self._update(self._marked())),
        )

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _skip(self, count: int) -> None:
        self._take(count)

    def _protocol(self) -> None:
        protocol = self._take(1)[0]
        if protocol > 5:
            raise NotPlain(f"it has protocol {protocol}; up to 5 are known")

    def _tuple(self, count: int) -> None:
        items = [self._stack.pop() for _ in range(count)]
        if any(item is _MARK for item in items):
            raise ValueError
        self._stack.append(tuple(items[::-1]))

    def _put(self, place: int) -> None:
        self._memo[place] = self._stack[-1]

    def _marked(self) -> list[Any]:
        """The values above the last mark, which are taken off with it."""
        at = len(self._stack) - 1
        while self._stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise IndexError
        values = self._stack[at + 1 :]
        del self._stack[at:]
        return values

    def _extend(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not list:
            raise TypeError
        target.extend(values)

    def _update(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not dict:
            raise TypeError
        target.update(_pairs(values))


def _pairs(values: list[Any]) -> dict[Any, Any]:
    # Hashing a tuple of tuples of tuples overflows the interpreter's stack, or takes for ever.
    if any(type(key) is tuple for key in values[::2]):
        raise NotPlain("it holds a dictionary whose keys are tuples, which plain data do not need")
    return dict(zip(values[::2], values[1::2], strict=True))


def _decimal(line: bytes) -> int | bool:
    # Protocol 0 writes True and False so.
    return line == b"01" if line in (b"01", b"00") else int(line)


def _quoted(line: bytes) -> str:
    line = line.strip()
    if len(line) < 2 or line[:1] not in b"'\"" or line[-1:] != line[:1]:
        raise ValueError
    return codecs.escape_decode(line[1:-1])[0].decode("latin-1")
