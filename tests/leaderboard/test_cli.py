"""The verbs, as a user runs them."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import UsageError
from leaderboard.cli import register, register_export
from leaderboard.hooks import after_record


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(required=True)
    register(verbs)
    register_export(verbs)
    arguments = parser.parse_args(words)
    return int(arguments.run(arguments))


def test_build(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("leaderboard", "build", "--home", str(home), "--out", str(tmp_path / "site"), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (
        report["index"] == str(tmp_path / "site" / "index.html") and report["records"] == 16 and report["boards"] == 6
    )
    assert run("leaderboard", "build", "--home", str(home), "--out", str(tmp_path / "site")) == 0
    assert "0 of" in capsys.readouterr().out


@pytest.mark.parametrize("form", ["csv", "json", "latex", "markdown"])
def test_export(home: Path, tmp_path: Path, form: str) -> None:
    assert run("export", "--home", str(home), "--format", form, "--out", str(tmp_path / "out")) == 0
    text = (tmp_path / "out").read_text()
    assert "alder" in text and "birch" in text
    if form == "json":
        rows = json.loads(text)
        assert len([row for row in rows if row["metric"] == "top1"]) == 15 and len(rows) == 31
    if form == "latex":
        assert text.startswith(r"\begin{tabular}") and r"\bottomrule" in text and r"top1\_error" in text


def test_export_of_one_task(home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run("export", "--home", str(home), "--task", "five", "--json") == 0
    assert {row["task"] for row in json.loads(capfdbinary.readouterr().out)} == {"five"}


@pytest.mark.parametrize("form", ["csv", "latex", "markdown"])
def test_two_forms_at_once_are_misuse_and_write_nothing(home: Path, tmp_path: Path, form: str) -> None:
    out = tmp_path / f"x.{form}"
    with pytest.raises(UsageError, match=f"--json and --format {form} ask for two forms") as caught:
        run("export", "--home", str(home), "--json", "--format", form, "--out", str(out))
    assert caught.value.exit_status == 2 and not out.exists()


def test_json_twice_is_json_and_no_form_is_csv(home: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run("export", "--home", str(home), "--json", "--format", "json") == 0
    assert json.loads(capfdbinary.readouterr().out)
    assert run("export", "--home", str(home)) == 0
    assert capfdbinary.readouterr().out.startswith(b"record,task,")


def test_hidden_boards_are_shown_only_when_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from leaderboard_homes import record

    from harness.store import Home

    record(Home(tmp_path / "home"), "alder", 1.2, task__hidden=True)
    assert run("leaderboard", "build", "--home", str(tmp_path / "home"), "--out", str(tmp_path / "site"), "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["boards"], shown["hidden"]) == (0, 1)
    assert "alder" not in (tmp_path / "site" / "records.csv").read_text()
    words = (
        "leaderboard",
        "build",
        "--home",
        str(tmp_path / "home"),
        "--out",
        str(tmp_path / "all"),
        "--show-hidden",
        "--json",
    )
    assert run(*words) == 0
    assert json.loads(capsys.readouterr().out)["boards"] == 1


def test_records_of_withdrawn_data_sets_are_exported_only_when_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from leaderboard_homes import record

    from harness.store import Home

    record(Home(tmp_path), "alder", 1.2, task__hidden=True, task__id="dukemtmc")
    record(Home(tmp_path), "birch", 0.3)
    words = ("export", "--home", str(tmp_path), "--format", "csv")
    assert run(*words) == 0
    kept = capsys.readouterr()
    assert "alder" not in kept.out and kept.out.count("\n") > 1
    assert kept.err.startswith("left out: 1 of ") and "--show-hidden" in kept.err
    assert run(*words, "--task", "dukemtmc") == 0
    assert capsys.readouterr().out.count("\n") == 1
    assert run(*words, "--show-hidden") == 0
    asked = capsys.readouterr()
    assert "alder" in asked.out and asked.err == ""


def test_the_hook_builds_inside_the_home(tmp_path: Path) -> None:
    from leaderboard_homes import full_home

    home = full_home(tmp_path / "home")
    index = after_record(home.path)
    assert Path(index) == home.path / "site" / "index.html" and Path(index).is_file()


def test_parsing_imports_nothing_heavy() -> None:
    code = (
        "import argparse, sys; from leaderboard.cli import register, register_export\n"
        "verbs = argparse.ArgumentParser().add_subparsers(); register(verbs); register_export(verbs)\n"
        "print([name for name in ('matplotlib', 'jinja2', 'numpy', 'msgspec', 'pandas', 'torch') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
