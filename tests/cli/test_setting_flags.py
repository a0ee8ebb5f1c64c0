"""A task's settings are flags of their own: if these fail, a run is scored under other settings than were typed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Done

from harness.cli.main import build_parser
from tasks.detection.coco.sample import write_sample

Cli = Callable[..., Done]


def settings(*arguments: str) -> list[str]:
    found: list[str] = build_parser().parse_args(arguments).settings
    return found


@pytest.mark.parametrize("verb", ["score", "eval", "bench"])
def test_a_flag_of_a_setting_is_the_setting(verb: str) -> None:
    rest = ("results.json",) if verb == "score" else ("--submission", "x")
    for flag in (("--max-detections", "300"), ("--max-detections=300",), ("--set", "max_detections=300")):
        assert settings(verb, "--task", "coco", *flag, *rest) == ["max_detections=300"]
        assert settings(verb, *rest, *flag, "--task=coco") == ["max_detections=300"]


def test_flags_and_set_may_be_mixed_and_the_last_one_counts() -> None:
    found = settings("score", "--task", "coco", "--set", "max_detections=20", "--max-detections", "30", "x.json")
    assert found == ["max_detections=20", "max_detections=30"]


def test_a_setting_that_is_true_or_false_needs_no_value(tmp_path: Path, tiny: Path) -> None:
    folder = tmp_path / "switched"
    folder.mkdir()
    for path in tiny.glob("*.py"):
        (folder / path.name).write_text(path.read_text())
    text = (folder / "task.py").read_text() + (
        "\nfrom dataclasses import replace as _replace\nfrom harness.task import SettingSpec as _Spec\n"
        "_made = task\ndef task():\n    made = _made()\n    own = _Spec(name='deep_look', title='100 % of it', default=False)\n"
        "    made.meta = _replace(made.meta, settings=(own,))\n    return made\n"
    )
    (folder / "task.py").write_text(text)
    for flag, value in (("--deep-look", "true"), ("--no-deep-look", "false")):
        assert settings("score", "--task", str(folder), flag, "x.csv") == [f"deep_look={value}"]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--max-detectons", "3"), "there is no flag --max-detectons; did you mean --max-detections?"),
        (("--nonsense=1",), "the settings of coco are --"),
        (("--nonsense", "1"), "--max-detections"),
        (("--dat", "x"), "did you mean --data?"),
        (("--max-detections",), "expected one argument"),
    ],
)
def test_an_unknown_flag_is_one_sentence_with_those_there_are(cli: Cli, flags: tuple[str, ...], words: str) -> None:
    assert words in cli("score", "--task", "coco", "x.json", *flags).sentence(2)


def test_an_unknown_task_is_told_before_its_settings(cli: Cli) -> None:
    assert "did you mean coco?" in cli("score", "--task", "coc", "--max-detections", "3", "x.json").sentence(2)


def test_help_lists_the_settings_of_the_task_named(cli: Cli) -> None:
    assert "settings of coco:" in cli("score", "--task", "coco", "--help").out
    assert "--max-detections VALUE" in cli("eval", "--help", "--task", "coco").out
    assert "settings of" not in cli("score", "--task", "coc", "--help").out


def test_the_record_does_not_tell_them_apart(cli: Cli, tmp_path: Path) -> None:
    write_sample(tmp_path / "data")
    (tmp_path / "results.json").write_text("[]")
    both: list[Any] = []
    for flag in (("--max-detections", "20"), ("--set", "max_detections=20")):
        command = ("score", "--task", "coco", "--data", "data", *flag, "results.json", "--no-log", "--no-interval")
        both.append(json.loads(cli(*command, "--json").out))
    assert both[0]["id"] == both[1]["id"] and both[0]["settings"] == {"max_detections": 20}
