"""What many tests share: the folder of real data, the command line in a process of its own and in this one."""

import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from command_line import CONFIGURATION, Done, Harness, plain_eval

# A busy machine is no defect.
hypothesis.settings.register_profile("harness", deadline=None)
hypothesis.settings.load_profile("harness")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data (HARNESS_SHARED, else ``shared`` beside the repository); skips where there is none."""
    folder = Path(os.environ.get("HARNESS_SHARED") or REPOSITORY.parent / "shared")
    if not (folder / "data").is_dir():
        pytest.skip(f"the real data are not at {folder}; HARNESS_SHARED names their folder")
    return folder


@pytest.fixture(scope="session")
def locks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this session's measurements exclude each other, so that no test waits for a user's."""
    return tmp_path_factory.mktemp("locks")


@pytest.fixture(autouse=True)
def own_locks(locks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test locks there."""
    monkeypatch.setenv("HARNESS_LOCKS", str(locks))


@pytest.fixture
def harness(tmp_path: Path) -> Harness:
    """The command line in processes of its own; its home is ``home`` in the test's folder."""
    return Harness(home=tmp_path / "home", folder=tmp_path)


@pytest.fixture
def cli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Done]]:
    """The command line in this process: quicker, and what escapes as an exception fails the test."""
    from harness.cli import main

    for name in CONFIGURATION:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Done:
        capfd.readouterr()
        try:
            status = main(plain_eval(arguments))
        except SystemExit as exit:
            status = int(exit.code or 0)
        return Done(status, *capfd.readouterr())

    yield run


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small real task: the scaffold, 24 images of 8 x 8, no torch; its ``baseline`` answers it."""
    from harness.scaffold import write_task

    folder = tmp_path_factory.mktemp("scaffold") / "tiny"
    write_task("tiny", folder)
    return folder


PROBE = """
import os
import time

import numpy as np


class Probe:
    def prepare(self, sample):
        return sample.inputs["image"]

    def forward(self, inputs):
        time.sleep(float(os.environ.get("PROBE_SLEEP_S", "0")))
        return [float(np.mean(image)) for image in inputs]

    def finish(self, raw, sample):
        if sample.id == os.environ.get("PROBE_FAILS_AT"):
            raise RuntimeError("the licence server does not answer\\nsecond line")
        print("a print of the method")
        return {"label": int(raw > 113)}


def build(context):
    return Probe()
"""


@pytest.fixture(scope="session")
def probe(tiny: Path) -> Path:
    """A submission to `tiny` that PROBE_SLEEP_S slows down and PROBE_FAILS_AT makes fail, and that prints."""
    from harness.scaffold import write_submission

    folder = tiny.parent / "probe"
    write_submission("probe", folder, str(tiny))
    (folder / "model.py").write_text(PROBE, encoding="utf-8")
    return folder


@pytest.fixture
def evaluate(cli: Callable[..., Done], tiny: Path, probe: Path) -> Callable[..., Done]:
    """`harness eval` of the probe on the small task, unmeasured, as JSON."""

    def run(*arguments: object) -> Done:
        return cli("eval", "--task", tiny, "--submission", probe, "--no-measure", "--json", *arguments)

    return run


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked `live` are skipped where torch is not installed."""
    if importlib.util.find_spec("torch") is not None:
        return
    for item in items:
        if "live" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="needs torch: pip install 'vision-harness[live]'"))
