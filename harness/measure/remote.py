"""A station in a process of its own: lines of JSON over its standard input and output, one answer to every call."""

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from harness import errors
from harness.errors import HarnessError, SubmissionError, describe
from harness.measure.station import BlockReport, Ready

T = TypeVar("T")
Handlers = Mapping[str, Callable[..., Any]]
GRACE_S = 5.0


class Call(msgspec.Struct, frozen=True):
    """What the parent asks for."""

    name: str
    arguments: dict[str, Any] = {}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What it is given back: a value, or the class and the sentence of an error."""

    value: msgspec.Raw = msgspec.Raw(b"null")
    error: str = ""
    text: str = ""


class Process:
    """A child that runs `module` and is told `greeting` first; a context, at whose end it is gone."""

    def __init__(self, module: str, greeting: Any) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115, closed with the process
        self._child = subprocess.Popen(
            [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )
        assert self._child.stdin is not None and self._child.stdout is not None
        self._to, self._from = self._child.stdin, self._child.stdout
        pickle.dump(greeting, self._to)
        self._to.flush()

    def call(self, name: str, kind: type[T], **arguments: Any) -> T:
        """The answer to one call; raises the HarnessError that the child met, or SubmissionError where it died."""
        try:
            self._to.write(msgspec.json.encode(Call(name, arguments)) + b"\n")
            self._to.flush()
            line = self._from.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise SubmissionError(
                f"the process that measures ended without an answer to `{name}`: {self._last_words()}"
            )
        answer = msgspec.json.decode(line, type=Answer)
        if answer.error:
            raise getattr(errors, answer.error, HarnessError)(answer.text)
        return msgspec.json.decode(answer.value, type=kind)

    def _last_words(self) -> str:
        status = self._child.wait()
        if status < 0:  # what it printed before says nothing about why it was stopped
            why = ", as the kernel does where memory is short" if status == -signal.SIGKILL else ""
            return f"stopped by {signal.strsignal(-status) or -status}{why}"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit status {status}"

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *exc: object) -> None:
        with suppress(OSError):  # it may be gone already, with a call still unsent
            self._to.close()
        try:
            self._child.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._from.close()
        self._errors.close()


class RemoteStation:
    """The station that a process serves."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def start(self) -> Ready:
        """Load the items, run the first inference and the warm-up."""
        return self._process.call("start", Ready)

    def block(self, left_s: float) -> BlockReport:
        """Canary, counters, a block of timed inferences, counters; it is cut short after `left_s` seconds."""
        return self._process.call("block", BlockReport, left_s=left_s)

    def unchanged(self) -> bool:
        """Whether the items are still what was loaded."""
        return self._process.call("unchanged", bool)


def serve(begin: Callable[[Any], Handlers]) -> None:
    """The child's side: `begin` is given the greeting and returns what can be called; ends with its parent.

    What the method's code prints goes to standard error, since standard output carries the answers; who reads standard
    input meets its end, since it carries the calls.
    """
    answers: IO[bytes] = os.fdopen(os.dup(1), "wb")
    incoming: IO[bytes] = os.fdopen(os.dup(0), "rb")
    os.dup2(2, 1)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    try:
        greeting = pickle.load(incoming)
    except EOFError:
        return
    handlers: Handlers | None = None
    for line in incoming:
        call = msgspec.json.decode(line, type=Call)
        try:
            if handlers is None:
                handlers = begin(greeting)
            answer = Answer(value=msgspec.Raw(msgspec.json.encode(handlers[call.name](**call.arguments))))
        except (Exception, SystemExit) as error:
            answer = _failed(error)
        answers.write(msgspec.json.encode(answer) + b"\n")
        answers.flush()


def _failed(error: BaseException) -> Answer:
    if isinstance(error, HarnessError):
        return Answer(error=type(error).__name__, text=str(error))
    if isinstance(error, MemoryError):
        return Answer(
            error="HarnessError", text="out of memory while it was measured; a smaller --batch-size needs less"
        )
    return Answer(error="SubmissionError", text=f"the measurement failed: {describe(error)}")
