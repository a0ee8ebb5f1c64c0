"""A measuring process that fails must end in a sentence, and none may be left behind."""

import sys
from pathlib import Path

import pytest

from harness.errors import SubmissionError, UsageError
from harness.measure.remote import Process

CHILD = """
import os, sys, time
from harness.errors import UsageError
from harness.measure.remote import serve


def refuse():
    raise UsageError("no such thing")


def begin(greeting):
    if greeting == "broken":
        raise ValueError("cannot be loaded")
    def stop():
        print("the driver went away", file=sys.stderr)
        os._exit(7)
    def shout():
        print("a print of the method")
        return greeting
    def ask():
        try:
            return input()
        except EOFError:
            return "nobody answers"
    return {
        "echo": lambda value: value, "refuse": refuse, "stop": stop, "shout": shout, "exit": lambda: sys.exit("bye"),
        "ask": ask, "kill": lambda: os.kill(os.getpid(), 9),
    }


serve(begin)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "a_child_process.py").write_text(CHILD)
    paths = [str(tmp_path), str(Path(__file__).resolve().parents[3])]
    monkeypatch.setenv("PYTHONPATH", ":".join(paths))
    assert sys.executable
    return "a_child_process"


def test_values_go_there_and_back_and_prints_do_not_disturb_them(module: str) -> None:
    with Process(module, "hello") as process:
        assert process.call("echo", dict[str, float], value={"a": 0.1}) == {"a": 0.1}
        assert process.call("shout", str) == "hello"


def test_errors_keep_their_kind_and_sentence(module: str) -> None:
    with Process(module, "hello") as process:
        with pytest.raises(UsageError, match=r"^no such thing$"):
            process.call("refuse", str)
        with pytest.raises(SubmissionError, match="SystemExit: bye"):
            process.call("exit", str)
        assert process.call("echo", int, value=3) == 3


def test_what_cannot_be_loaded_is_told(module: str) -> None:
    with Process(module, "broken") as process, pytest.raises(SubmissionError, match="ValueError: cannot be loaded"):
        process.call("echo", int, value=3)


def test_a_process_that_dies_leaves_its_last_words(module: str) -> None:
    with Process(module, "hello") as process, pytest.raises(SubmissionError, match="`stop`: the driver went away"):
        process.call("stop", str)


def test_a_method_that_reads_standard_input_takes_no_call_away(module: str) -> None:
    with Process(module, "hello") as process:
        assert process.call("ask", str) == "nobody answers"
        assert process.call("echo", int, value=3) == 3


def test_a_process_that_is_stopped_says_by_what(module: str) -> None:
    with Process(module, "hello") as process, pytest.raises(SubmissionError, match="`kill`: stopped by Killed, as"):
        process.call("kill", str)


def test_it_ends_with_the_block(module: str) -> None:
    with Process(module, "hello") as process:
        process.call("shout", str)
        child = process._child
    assert child.returncode == 0
