"""Records come from strangers: whatever stands in one, reading and verifying it ends in a verdict or in a sentence."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import harness
from harness.errors import HarnessError, RecordError
from harness.record import Record
from harness.registry import find_task
from harness.store import read_record

TEXTS = ["", "..", "/", "../..", "\0", "a\0b", "/etc/passwd", "x" * 5000, "sample", "~", "./tiny", "é", "*", "-1", "{}"]
TEXT = st.sampled_from(TEXTS) | st.text(max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "limit", "x"]), inner, max_size=3)
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Path:
    """The record of a scored file, with its data."""
    folder = tmp_path_factory.mktemp("honest")
    find_task(str(tiny)).write_sample(folder / "data")
    record = harness.score(str(tiny), folder / "data" / "labels.csv", data=folder / "data", home=folder / "home")
    return folder / "home" / "records" / f"{record.id}.json"


def places(value: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside a JSON document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*where, key)
        yield from places(inner, (*where, key))


def at(document: Any, where: tuple[Any, ...]) -> Any:
    """The value at a path."""
    for key in where:
        document = document[key]
    return document


def changed(document: dict[str, Any], where: tuple[Any, ...], value: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(document))
    at(made, where[:-1])[where[-1]] = value
    return made


OPTIONS = ("data", "annotations", "images", "split", "limit", "settings", "task", "protocol", "evaluator", "interval")
FITTING = {
    "limit": st.integers(), "interval": st.booleans(), "settings": st.dictionaries(TEXT, VALUES, max_size=2),
}  # fmt: skip


def files(honest: Path) -> set[Path]:
    """Every file around the record but the generated sample, which any run may write."""
    home = honest.parents[1]
    own = {home / "samples", home / "locks"}
    return {path for path in honest.parents[2].rglob("*") if path.is_file() and not own & set(path.parents)}


def check(honest: Path, made: dict[str, Any]) -> None:
    """Verify a changed record; it may say anything but a traceback, and may write nothing but itself."""
    path = honest.with_name("changed.json")
    path.write_text(json.dumps(made))
    before = files(honest)
    try:
        found = harness.verify(path, honest.parents[1])
    except HarnessError as error:
        assert str(error)
    else:
        assert found.provenance in ("verified", "disputed")
    assert files(honest) == before
    path.unlink()


@settings(max_examples=100)
@given(data=st.data())
def test_verifying_a_changed_record_ends_in_a_verdict_or_a_sentence(honest: Path, data: st.DataObject) -> None:
    document = json.loads(honest.read_bytes())
    where = data.draw(st.sampled_from(list(places(document))))
    check(honest, changed(document, where, data.draw(VALUES)))


@settings(max_examples=100)
@given(data=st.data())
def test_texts_where_texts_belong_are_no_better(honest: Path, data: st.DataObject) -> None:
    document = json.loads(honest.read_bytes())
    texts = [where for where in places(document) if isinstance(at(document, where), str)]
    check(honest, changed(document, data.draw(st.sampled_from(texts)), data.draw(TEXT)))


@settings(max_examples=100)
@given(data=st.data())
def test_no_option_of_a_record_is_trusted(honest: Path, data: st.DataObject) -> None:
    document = json.loads(honest.read_bytes())
    name = data.draw(st.sampled_from(OPTIONS))
    check(honest, changed(document, ("run", "options", name), data.draw(FITTING.get(name, TEXT))))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_reading_anything_gives_a_record_or_a_sentence(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "x.json").write_bytes(text)
    with pytest.raises(RecordError, match=r"x\.json is no record of this schema"):
        read_record(tmp_path / "x.json")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_cut_record_is_never_read(honest: Path, tmp_path: Path, data: st.DataObject) -> None:
    text = honest.read_bytes()
    (tmp_path / "x.json").write_bytes(text[: data.draw(st.integers(0, len(text.rstrip()) - 1))])
    with pytest.raises(RecordError):
        read_record(tmp_path / "x.json")
    assert isinstance(read_record(honest), Record)
