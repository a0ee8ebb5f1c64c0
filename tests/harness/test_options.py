"""Options are declared once; flags, keyword arguments and the record's options follow from them."""

import argparse
from pathlib import Path
from typing import Any

import pytest

from harness.cli.arguments import add_options, run_options
from harness.errors import UsageError
from harness.options import RunOptions, parse_value, stated
from harness.settings import known
from harness.task import SettingSpec


def parsed(verb: str, *arguments: str) -> RunOptions:
    parser = argparse.ArgumentParser()
    add_options(parser, verb)
    return run_options(parser.parse_args(["--task", "coco", *arguments]))


@pytest.mark.parametrize("verb", ["eval", "score", "bench"])
def test_flags_left_out_are_the_keyword_arguments_left_out(verb: str) -> None:
    named = () if verb == "score" else ("--submission", "x")
    assert parsed(verb, *named) == RunOptions(task="coco", submission="x" if named else "")


def test_every_flag_reaches_its_option() -> None:
    found = parsed(
        "eval", "--submission", "x", "--data", "d", "--limit", "3", "--set", "a=1", "--set", "b=c=d", "--no-measure",
        "--no-log", "--no-page", "--no-interval", "--again", "--weights-key", "ema", "--measure-s", "0.5", "--seed", "7",
    )  # fmt: skip
    assert found == RunOptions(
        task="coco", submission="x", data=Path("d"), limit=3, settings={"a": "1", "b": "c=d"}, measure=False, log=False,
        page=False, interval=False, again=True, weights_key="ema", measure_s=0.5, seed=7,
    )  # fmt: skip


@pytest.mark.parametrize("text", ["a", "=1", ""])
def test_a_setting_without_name_or_value_is_misuse(text: str) -> None:
    with pytest.raises(UsageError, match="write it as NAME=VALUE"):
        parsed("eval", "--submission", "x", "--set", text)


def test_a_record_keeps_what_was_stated_and_nothing_else() -> None:
    options = RunOptions(
        task="./tasks/x", submission="y", data="d", limit=2, settings={"a": "1"}, home="h", again=True, log=False, interval=False
    )  # fmt: skip
    assert stated(options) == {"task": "./tasks/x", "data": "d", "limit": 2, "settings": {"a": "1"}, "interval": False}
    assert stated(RunOptions(task="coco", submission=object())) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", 0),
        ("limit", -1),
        ("batch_size", 0),
        ("measure_s", -1.0),
        ("measure_s", float("nan")),
        ("measure_s", float("inf")),
    ],
)
def test_numbers_that_cannot_be_are_misuse(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"--{name.replace('_', '-')} .* cannot be; it must be at least"):
        RunOptions(task="coco", **{name: value})


@pytest.mark.parametrize(
    ("text", "like", "value"),
    [
        ("true", False, True), ("No", True, False), ("0", True, False), ("3", 1, 3), ("1e-3", 0.5, 0.001), ("3", 0.5, 3.0),
        ("x", "", "x"), ("0.6,1,1.2", [1.0], [0.6, 1.0, 1.2]), ("1,2", [3], [1, 2]), ("a, b", ["c"], ["a", "b"]),
        ("", [1.0], []), (True, False, True), (3, 1, 3),
    ],
)  # fmt: skip
def test_a_text_becomes_a_value_of_the_defaults_type(text: Any, like: Any, value: Any) -> None:
    found = parse_value(text, like, "x")
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("maybe", True),
        ("1.5", 1),
        ("x", 0.5),
        ("nan", 0.5),
        ("inf", 0.5),
        ("1,x", [1.0]),
        ("1,nan", [1.0]),
        ("1.5", [1]),
    ],
)
def test_a_text_of_another_type_is_misuse(text: str, like: Any) -> None:
    with pytest.raises(UsageError, match=f"--set x={text}: expected a {type(like).__name__} such as"):
        parse_value(text, like, "x")


def test_a_tasks_setting_goes_before_the_general_one_of_its_name() -> None:
    own = SettingSpec(name="training", title="ours", default="none")
    assert known((own,))["training"] is own
    assert {"precision", "emulated", "adapted", "test_time_augmentation"} <= set(known(()))
