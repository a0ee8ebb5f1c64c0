"""Ctrl-C, kill -9, a full disk, two processes at once: the same command goes on, and the record is written once."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from command_line import Harness, clean_environment

IMPATIENT = """
import sys
from harness.predictions import PartSink
PartSink.__init__.__kwdefaults__["every_s"] = 0.0
from harness.cli import main
sys.exit(main(sys.argv[1:]))
"""
"""The command line that stores a part after every batch, so that a short run has many."""


def command(tiny: Path, probe: Path) -> list[str]:
    options = ["--no-measure", "--no-log", "--no-page", "--json"]
    return ["eval", "--task", str(tiny), "--submission", str(probe), *options]


def impatient(home: Path, arguments: list[str], sleep_s: float) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", IMPATIENT, *arguments], cwd=home.parent, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**clean_environment(), "HARNESS_HOME": str(home), "PROBE_SLEEP_S": str(sleep_s)},
        # A shell's background job, as CI may be, ignores Ctrl-C and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, tiny: Path, probe: Path) -> dict[str, Any]:
    """The record of the same run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    found: dict[str, Any] = Harness(home=folder / "home", folder=folder)(*command(tiny, probe)).json()
    return found


def stored(home: Path) -> list[Path]:
    return sorted((home / "predictions").glob("*/part-*.npz"))


def wait_for_parts(home: Path, process: "subprocess.Popen[str]", count: int) -> None:
    until = time.monotonic() + 60
    while len(stored(home)) < count and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()


def check_whole(home: Path) -> None:
    """Nothing that is half-written has the name of something whole."""
    from harness.predictions import load_table
    from harness.store import Home

    assert all(not isinstance(record, Exception) for _, record in Home(home).records())
    for path in home.rglob("*.npz"):
        load_table(path)


def same(found: dict[str, Any], undisturbed: dict[str, Any]) -> bool:
    """Score, interval, digests of predictions and statistics, and therefore the id."""
    return all(found[name] == undisturbed[name] for name in ("id", "metrics")) and [
        artifact["digest"] for artifact in found["artifacts"]
    ] == [artifact["digest"] for artifact in undisturbed["artifacts"]]


# -- stopped ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("signal_sent", [signal.SIGINT, signal.SIGKILL])
def test_the_same_command_goes_on(
    tmp_path: Path, tiny: Path, probe: Path, undisturbed: dict[str, Any], signal_sent: signal.Signals
) -> None:
    home = tmp_path / "home"
    process = impatient(home, command(tiny, probe), 0.05)
    wait_for_parts(home, process, 3)
    process.send_signal(signal_sent)
    out, err = process.communicate(timeout=60)
    assert out == ""
    if signal_sent == signal.SIGINT:
        assert process.returncode == 1 and "Traceback" not in err
        assert err.splitlines()[-1] == (
            "harness: interrupted; what was answered is kept, and the same command goes on from there"
        )
    check_whole(home)
    assert not (home / "records").exists()
    kept = {path: path.read_bytes() for path in stored(home)}
    found = Harness(home=home, folder=tmp_path)(*command(tiny, probe)).json()
    assert same(found, undisturbed)
    assert found["run"]["resumed_samples"] >= len(kept) >= 3
    assert all(path.read_bytes() == data for path, data in kept.items())


@pytest.mark.slow
def test_killed_at_ten_random_moments(tmp_path: Path, tiny: Path, probe: Path, undisturbed: dict[str, Any]) -> None:
    """The whole of a run is hit: start, planning, answering, scoring, the record."""
    home, moments = tmp_path / "home", random.Random(1904)
    for _ in range(10):
        process = impatient(home, command(tiny, probe), 0.03)
        time.sleep(moments.uniform(0.05, 1.5))
        process.kill()
        process.communicate(timeout=60)
        check_whole(home)
    harness = Harness(home=home, folder=tmp_path)
    assert same(harness(*command(tiny, probe)).json(), undisturbed)
    assert [path.name for path in harness.records()] == [f"{undisturbed['id']}.json"]
    assert harness("verify", undisturbed["id"]).status == 0


def test_two_processes_at_once_write_one_record(
    tmp_path: Path, tiny: Path, probe: Path, undisturbed: dict[str, Any]
) -> None:
    home = tmp_path / "home"
    processes = [impatient(home, command(tiny, probe), 0.1) for _ in range(3)]
    ends = [process.communicate(timeout=100) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], ends
    assert all(same(json.loads(out), undisturbed) for out, _ in ends)
    assert [path.stem for path in (home / "records").iterdir()] == [undisturbed["id"]]
    assert len(stored(home)) == 24
    assert sum("Another process is at the same run; waiting for it." in err for _, err in ends) >= 1


def test_two_runs_of_different_methods_share_a_home(tmp_path: Path, tiny: Path, probe: Path) -> None:
    home = tmp_path / "home"
    commands = [command(tiny, submission) for submission in (probe, tiny / "baseline")]
    processes = [impatient(home, arguments, 0.01) for arguments in commands]
    ends = [process.communicate(timeout=100) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], ends
    assert {path.stem for path in (home / "records").iterdir()} == {json.loads(out)["id"] for out, _ in ends}
    check_whole(home)


# -- nowhere to write --------------------------------------------------------------------------------------------------
def no_space(tmp_path: Path, script: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a shell script in a mount namespace of its own, so that no mount can outlive the test."""
    probe_mount = ["unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=16k tmpfs /mnt"]
    try:
        permitted = subprocess.run(probe_mount, capture_output=True, check=False).returncode == 0
    except OSError:
        permitted = False
    if not permitted:
        pytest.skip("a small file system cannot be mounted here (needs root); a limit of file size is tested instead")
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", script], cwd=tmp_path, text=True, capture_output=True, check=False,
        env={**clean_environment(), **environment},
    )  # fmt: skip


@pytest.mark.parametrize("size", ["4k", "100k", "104k", "120k", "132k"])
def test_a_full_disk_is_a_sentence_and_nothing_is_half_written(
    tmp_path: Path, tiny: Path, probe: Path, undisturbed: dict[str, Any], size: str
) -> None:
    """At sizes where it meets the sample, a part, the statistics, the replicates and the last files of a run."""
    (tmp_path / "home").mkdir()
    run = f"'{sys.executable}' -m harness.cli {' '.join(command(tiny, probe))}"
    script = (
        f"mount -t tmpfs -o size={size} tmpfs home && {run}; echo $?;"
        "find home -name '*.partial' -o -name '*.json' -path '*records*';"
        f"mount -o remount,size=8m home && {run}"
    )
    done = no_space(tmp_path, script, HARNESS_HOME=str(tmp_path / "home"))
    assert "Traceback" not in done.stderr, done.stderr
    [words] = [line for line in done.stderr.splitlines() if line.startswith("harness: ")]
    assert words.startswith("harness: the disk is full: ") and words.endswith("run the same command again, it goes on")
    status, _, document = done.stdout.partition("\n")
    assert status == "1"
    assert same(json.loads(document), undisturbed)


def test_a_limit_of_file_size_is_a_sentence(tmp_path: Path, tiny: Path, probe: Path) -> None:
    script = f"ulimit -f 2; exec '{sys.executable}' -m harness.cli {' '.join(command(tiny, probe))}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, text=True, capture_output=True, check=False,
        env={**clean_environment(), "HARNESS_HOME": str(tmp_path / "home")},
    )  # fmt: skip
    assert done.returncode == 1 and done.stdout == "" and "Traceback" not in done.stderr
    words = done.stderr.splitlines()[-1]
    assert words.startswith("harness: ") and "cannot be written (File too large); choose another place" in words
    assert not list((tmp_path / "home").rglob("*.partial")) and not (tmp_path / "home" / "records").exists()


def test_a_home_that_is_a_file_is_a_sentence(tmp_path: Path, harness: Harness, tiny: Path, probe: Path) -> None:
    harness.home.write_text("no folder")
    words = harness(*command(tiny, probe)).sentence()
    assert words.startswith(str(harness.home)) and "cannot be written" in words


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere; a home in /proc is tested instead")
def test_a_home_without_permission_is_a_sentence(tmp_path: Path, harness: Harness, tiny: Path, probe: Path) -> None:
    harness.home.mkdir(mode=0o500)
    assert "cannot be written (Permission denied); choose another place" in harness(*command(tiny, probe)).sentence()


def test_a_home_where_nobody_can_write_is_a_sentence(harness: Harness, tiny: Path, probe: Path) -> None:
    words = harness(*command(tiny, probe), "--home", "/proc/harness").sentence()
    assert words.startswith("/proc/harness") and "cannot be written" in words
