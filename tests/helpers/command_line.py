"""The command line in processes of its own, for tests."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONFIGURATION = ("HARNESS_DATA", "HARNESS_HOME", "MLFLOW_TRACKING_URI")
"""What a user's machine may set and no test may see."""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        """The one JSON document on standard output."""
        assert self.status == 0, self.err
        return json.loads(self.out)

    def sentence(self, status: int = 1) -> str:
        """The one line that tells what is wrong, after checking that there is nothing else."""
        assert self.status == status, (self.status, self.out, self.err)
        assert "Traceback" not in self.err
        lines = [line for line in self.err.splitlines() if line.startswith("harness: ")]
        assert len(lines) == 1, self.err
        return lines[0].removeprefix("harness: ")


@dataclass(frozen=True)
class Harness:
    """``harness`` in a process of its own, with a home and a working folder of its own.

    `eval` neither logs nor builds the page unless a test asks for it: both cost seconds.
    """

    home: Path
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: object, env: dict[str, str] | None = None, timeout: float = 120) -> Done:
        """Run a command to its end."""
        process = self.start(*arguments, env=env)
        out, err = process.communicate(timeout=timeout)
        return Done(process.returncode, out, err)

    def start(self, *arguments: object, env: dict[str, str] | None = None) -> "subprocess.Popen[str]":
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "harness.cli", *plain_eval(arguments)], cwd=self.folder, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**clean_environment(), "HARNESS_HOME": str(self.home), **self.environment, **(env or {})},
        )  # fmt: skip

    def records(self) -> list[Path]:
        """The record files of the home; what a killed process left half written is none."""
        return sorted((self.home / "records").glob("*.json"))


def clean_environment() -> dict[str, str]:
    """The environment without what configures the harness."""
    kept = {name: value for name, value in os.environ.items() if name not in CONFIGURATION}
    return {**kept, "MLFLOW_DISABLE_TELEMETRY": "true"}


def plain_eval(arguments: tuple[object, ...]) -> list[str]:
    """The arguments as text; `eval` without mirror and page, unless ``--log`` or ``--page`` stands among them."""
    texts = [str(argument) for argument in arguments]
    added = [] if texts[:1] != ["eval"] else [f"--no-{name}" for name in ("log", "page") if f"--{name}" not in texts]
    return [text for text in texts if text not in ("--log", "--page")] + added
