"""``refs(*.p)`` of the refer toolbox, read without executing anything, and converted once to a JSON file beside it.

Source: lichengunc/refer, refer.py (loadRefs, getRefIds).
"""

import contextlib
import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from harness.errors import DataError, HarnessError
from harness.files import write_bytes
from harness.json_files import decode
from harness.plain_pickle import MOST_BYTES, NotPlain, read_plain

MOST_SENTENCES: Final = 10_000_000
"""More sentences than any benchmark has: a small pickle can say the same list a million times."""
_HALVES: Final = re.compile("[\ud800-\udfff]")


class Sentence(msgspec.Struct, gc=False):
    """One sentence; results are given for its id."""

    sent_id: int
    sent: str


class Ref(msgspec.Struct):
    """One object and the sentences that mean it."""

    ref_id: int
    ann_id: int
    image_id: int
    split: str
    sentences: list[Sentence]
    sent_ids: list[int]


class _Safe(msgspec.Struct):
    """The JSON file: the references, and which pickle they were read from."""

    source_sha256: str
    refs: list[Ref]


def read_refs(path: Path) -> list[Ref]:
    """The references of ``refs(*.p)``, or of the ``.json`` beside it that an earlier call wrote.

    The JSON file is used where the pickle is absent or still the one that it was made of; one of another kind is left alone
    where there is a pickle. Raises DataError: a pickle that would run code, a missing or wrong field, sentences whose number
    is not that of their ids, an id used twice.
    """
    pickle, safe = path.with_suffix(".p"), path.with_suffix(".json")
    data = _read(pickle) if pickle.is_file() else None
    digest = hashlib.sha256(data).hexdigest() if data is not None else ""
    if safe.is_file():
        try:
            found = decode(_read(safe), _Safe, safe, DataError)
        except DataError:
            if data is None:
                raise
            # Somebody else's file may have this name: it is left as it is.
            return _checked(pickle, _plain(pickle, data))
        if data is None or found.source_sha256 == digest:
            return _checked(safe, found.refs)
    if data is None:
        raise DataError(f"{pickle} is missing, and there is no {safe.name} beside it")
    refs = _checked(pickle, _plain(pickle, data))
    # A folder that may only be read is no obstacle: the pickle is then read each time.
    with contextlib.suppress(HarnessError):
        write_bytes(safe, msgspec.json.encode(_Safe(source_sha256=digest, refs=refs)))
    return refs


def in_split(ref: Ref, split: str) -> bool:
    """Whether a reference belongs to a split: ``testA`` where its split has the letter A, ``test`` in every test split."""
    if split in ("testA", "testB", "testC"):
        return split[-1] in ref.split
    return "test" in ref.split if split == "test" else ref.split == split


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path} has {path.stat().st_size:,} bytes; at most {MOST_BYTES:,} are read")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None


def _plain(path: Path, data: bytes) -> list[Ref]:
    try:
        value = read_plain(data)
    except NotPlain as reason:
        raise DataError(
            f"{path} is not read: {reason}; only lists, dictionaries, text and numbers are, as in the official file"
        ) from None
    if type(value) is not list:
        raise DataError(f"{path} holds a {type(value).__name__}, expected a list of references")
    _bounded(path, value)
    refs = []
    for index, item in enumerate(value):
        try:
            refs.append(msgspec.convert(item, Ref))
        except (msgspec.ValidationError, RecursionError) as error:
            raise DataError(f"{path}: reference {index}: {_words(error)}") from None
    _check_text(path, refs)
    return refs


def _bounded(path: Path, value: Sequence[Any]) -> None:
    counts: Iterable[int] = (
        len(items)
        for item in value
        if isinstance(item, dict)
        for items in (item.get("sentences"), item.get("sent_ids"))
        if isinstance(items, list)
    )
    total = 0
    for count in counts:
        total += count
        if total > 2 * MOST_SENTENCES:
            raise DataError(f"{path} lists more than {MOST_SENTENCES:,} sentences, which no benchmark has")


def _check_text(path: Path, refs: Sequence[Ref]) -> None:
    """A pickle can say one long text a million times, and hold halves of characters, which no other file could."""
    total = 0
    for index, ref in enumerate(refs):
        for text in (ref.split, *(sentence.sent for sentence in ref.sentences)):
            total += len(text)
            if total > MOST_BYTES:
                raise DataError(f"{path} holds more than {MOST_BYTES:,} characters, which no benchmark has")
            if _HALVES.search(text):
                raise DataError(f"{path}: reference {index} (ref_id {ref.ref_id}): its text holds half a character")


def _words(error: Exception) -> str:
    what, _, where = str(error).partition(" - at ")
    return f"{where.strip('`').removeprefix('$.') or 'the reference'}: {what[:1].lower()}{what[1:]}"


def _checked(path: Path, refs: list[Ref]) -> list[Ref]:
    seen: set[int] = set()
    for index, ref in enumerate(refs):
        ids = [sentence.sent_id for sentence in ref.sentences]
        if ids != ref.sent_ids:
            raise DataError(
                f"{path}: reference {index} (ref_id {ref.ref_id}) has {len(ids)} sentences and {len(ref.sent_ids)} sent_ids "
                "that are not theirs"
            )
        for id in ids:
            if id in seen:
                raise DataError(f"{path}: reference {index} (ref_id {ref.ref_id}): the sent_id {id} is used twice")
            seen.add(id)
    return refs
