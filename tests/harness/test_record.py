"""Records: floats to the last digit, ids from content, one published schema."""

import json
from importlib.resources import files
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.record import (
    Artifact,
    Interval,
    Measurements,
    Metric,
    Quantile,
    Record,
    Run,
    Span,
    SubmissionPart,
    TaskPart,
    Timing,
    Verification,
    decode,
    encode,
    json_schema,
    with_id,
)

SPAN = Span(
    name="forward", n=100, blocks=3, mean=1.5, min=1.0, p50=Quantile(value=1.4), p90=Quantile(value=2.0), p99=Quantile(value=None)
)  # fmt: skip
TIMED = Measurements(latency=[Timing(verdict="stable", reasons=[], batch_size=1, spans=[SPAN])])


def record(value: Any = 0.25, **changed: Any) -> Record:
    metric = Metric(
        name="AP", protocol="coco", value=value, n=24,
        interval=Interval(low=0.1, high=0.30000000000000004, level=0.95, method="percentiles"),
    )  # fmt: skip
    task = TaskPart(
        id="coco", version="1", title="COCO", protocol="coco", split="val2017", main_metric="AP", origin="official",
        unit="image", samples=24, data_digest="0" * 64,
    )  # fmt: skip
    made = Record(
        schema="harness-record/1", id="", provenance="measured", task=task, submission=SubmissionPart(name="centernet"),
        settings={"scale": 4}, metrics=[metric], artifacts=[Artifact(kind="predictions", path="predictions/a", digest="1")],
        run=Run(started="2026-01-01T00:00:00+00:00", command=["harness", "eval"], seed=3),
    )  # fmt: skip
    return with_id(msgspec.structs.replace(made, **changed))


# -- numbers ---------------------------------------------------------------------------------------------------------
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_reads_back_to_the_last_bit(value: float) -> None:
    found = decode(encode(record(value))).metrics[0].value
    assert found is not None and np.float64(found).tobytes() == np.float64(value).tobytes()


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_numpys_scalars_are_written_as_pythons_own(value: float) -> None:
    for scalar in (np.float32(value), np.float64(value)):
        assert decode(encode(record(scalar))).metrics[0].value == value
    assert record(np.float64(value)).id == record(value).id == record(np.float32(value)).id
    counted = record(facts={"n": np.int64(3), "flag": np.bool_(True)})
    assert json.loads(encode(counted))["facts"] == {"n": 3, "flag": True}


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf"), np.float32("nan")])
def test_what_json_does_not_have_is_refused_and_named(bad: float) -> None:
    with pytest.raises(ValueError, match=r"metrics\.0\.value is (nan|inf|-inf); a value that does not exist is null"):
        record(bad)
    with pytest.raises(ValueError, match=r"facts\.deep\.1 is"):
        record(facts={"deep": [0.0, bad]})


def test_records_read_back_as_they_were() -> None:
    made = record(measurements=TIMED, settings={"flip": True, "name": "x", "epsilon": 0.1, "steps": 3})
    assert decode(encode(made)) == made
    assert encode(decode(encode(made))) == encode(made)


# -- ids -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "changed",
    [
        {"provenance": "verified"},
        {"run": Run(started="2027-01-01T00:00:00+00:00", command=["harness", "verify"], phases={"score": 1.0}, seed=3)},
        {"run": Run(options={"data": "elsewhere"}, resumed_samples=5, versions={"numpy": "9"}, seed=3)},
        {"artifacts": [Artifact(kind="predictions", path="predictions/b", digest="1")]},
        {"verifications": [Verification(when="", by="x", equal=True, differences=[], versions={})]},
        {"warnings": ["one thing"]},
        {"supersedes": ["0123456789abcdef"]},
        {"facts": {}, "tables": [], "seed_group": ""},
    ],
)
def test_when_where_and_by_which_command_do_not_change_the_id(changed: dict[str, Any]) -> None:
    assert record(**changed).id == record().id


@pytest.mark.parametrize(
    "changed",
    [
        {"metrics": record(0.25000000000000006).metrics},
        {"submission": SubmissionPart(name="centernet", variant="other")},
        {"settings": {"scale": 2}},
        {"settings": {"scale": 4, "flip": False}},
        {"settings": {"scale": 4, "training": ""}},
        {"artifacts": [Artifact(kind="predictions", path="predictions/a", digest="2")]},
        {"run": Run(seed=4)},
        {"seed_group": "seeds"},
        {"measurements": TIMED},
    ],
)
def test_what_was_found_changes_the_id(changed: dict[str, Any]) -> None:
    assert record(**changed).id != record().id


def test_a_score_of_zero_is_not_an_absent_one() -> None:
    assert len({record(0.0).id, record(None).id, record(0.25).id}) == 3


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_id_follows_from_the_record_as_it_was_read(value: float) -> None:
    made = record(value, measurements=TIMED)
    assert with_id(decode(encode(made))).id == made.id


# -- the schema ------------------------------------------------------------------------------------------------------
def test_the_published_schema_is_that_of_the_code() -> None:
    """`harness schema > harness/schema/record-1.json` writes it; a change of it is a new version of the schema."""
    published = files("harness").joinpath("schema/record-1.json").read_text(encoding="utf-8")
    assert json.loads(published) == json_schema()


def encoded(**changed: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(encode(record(measurements=TIMED)))
    return {**content, **changed}


def violations(instance: Any) -> list[str]:
    return list(broken(instance, json_schema(), json_schema()["$defs"], "$"))


def broken(value: Any, schema: dict[str, Any], defs: dict[str, Any], where: str) -> list[str]:
    """What a value breaks of the JSON Schema keywords that ours uses; a keyword unknown here fails the test."""
    known = {
        "$ref",
        "$schema",
        "$defs",
        "title",
        "description",
        "default",
        "type",
        "enum",
        "const",
        "anyOf",
        "properties",
    }
    known |= {"required", "additionalProperties", "items"}
    assert set(schema) <= known, set(schema) - known
    if "$ref" in schema:
        return broken(value, defs[schema["$ref"].rpartition("/")[2]], defs, where)
    if "anyOf" in schema:
        found = [broken(value, one, defs, where) for one in schema["anyOf"]]
        return [] if any(not one for one in found) else [f"{where} fits nothing of anyOf"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where} is not one of {schema['enum']}"]
    kinds = schema.get("type", [])
    types = {
        "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)
    }  # fmt: skip
    names = [kinds] if isinstance(kinds, str) else kinds
    if names and not any(
        isinstance(value, types[n]) and (n == "boolean" or not isinstance(value, bool)) for n in names
    ):
        return [f"{where} is no {kinds}"]
    if isinstance(value, list):
        return [
            line for i, one in enumerate(value) for line in broken(one, schema.get("items", {}), defs, f"{where}.{i}")
        ]
    if not isinstance(value, dict):
        return []
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    lines = [f"{where} lacks {name}" for name in schema.get("required", []) if name not in value]
    for name, one in value.items():
        if name in properties:
            lines += broken(one, properties[name], defs, f"{where}.{name}")
        elif others is False:
            lines.append(f"{where} has the unknown field {name}")
        elif isinstance(others, dict):
            lines += broken(one, others, defs, f"{where}.{name}")
    return lines


def test_a_record_is_what_the_schema_says() -> None:
    assert violations(encoded()) == []
    jsonschema = pytest.importorskip("jsonschema", reason="our own check of the schema's keywords has passed")
    jsonschema.Draft202012Validator(json_schema()).validate(encoded())


BAD: list[tuple[dict[str, Any], str]] = [
    ({"schema": "harness-record/2"}, "harness-record/2"),
    ({"provenance": "believed"}, "believed"),
    ({"colour": "red"}, "colour"),
    ({"metrics": {}}, "metrics"),
    ({"metrics": [{"name": "AP"}]}, "protocol"),
    ({"task": None}, "task"),
    ({"supersedes": "abc"}, "supersedes"),
    ({"id": 3}, "id"),
]


@pytest.mark.parametrize(("changed", "named"), BAD)
def test_schema_and_reader_refuse_the_same(changed: dict[str, Any], named: str) -> None:
    assert violations(encoded(**changed))
    with pytest.raises(msgspec.ValidationError, match=named):
        decode(json.dumps(encoded(**changed)).encode())


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b'{"schema": NaN}', b"\xff\xfe", b'{"a": 1e999}'])
def test_what_is_no_json_object_is_no_record(text: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        decode(text)


def test_an_object_of_a_submission_is_no_part_of_a_record() -> None:
    with pytest.raises(NotImplementedError, match="a record cannot hold a slice"):
        encode(msgspec.structs.replace(record(), facts={"x": slice(3)}))
