"""Two measurements at once spoil each other; a lock that outlives its process would stop all later ones."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from harness.errors import HarnessError
from harness.measure.exclusive import exclusive

MEASURING = """
import sys
from pathlib import Path
from harness.measure.exclusive import exclusive
tell = lambda text: print(text, flush=True)
with exclusive("cpu", map(int, sys.argv[2].split(",")), tell, Path(sys.argv[1])):
    tell("held")
    sys.stdin.readline()
tell("released")
"""


class Other:
    """Another process that measures on `cores` until it is told to stop."""

    def __init__(self, folder: Path, cores: str) -> None:
        command = [sys.executable, "-c", MEASURING, str(folder), cores]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def says(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def stop(self) -> None:
        self.process.communicate("\n", timeout=60)


@contextmanager
def other(folder: Path, cores: str) -> Iterator[Other]:
    running = Other(folder, cores)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.communicate()


def silent(text: str) -> None:
    raise AssertionError(f"nobody is waited for, but: {text}")


def test_a_second_measurement_waits_and_says_for_whom(tmp_path: Path) -> None:
    with other(tmp_path, "0,1") as first, other(tmp_path, "7") as apart:
        assert first.says() == "held"
        assert apart.says() == "held"  # other cores: side by side
        with other(tmp_path, "1,2") as second:
            told = second.says()
            assert told.startswith("waiting for another measurement on cpu-1: process ")
            assert f"process {first.process.pid} (`-c {tmp_path} 0,1`), since 2" in told
            assert told.endswith(" UTC")
            first.stop()
            assert second.says() == "held"
            second.stop()
        apart.stop()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_measurement_holds_nothing(tmp_path: Path) -> None:
    with other(tmp_path, "0,1") as first:
        assert first.says() == "held"
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    assert {path.name for path in tmp_path.iterdir()} == {"cpu-0.lock", "cpu-1.lock"}
    with exclusive("cpu", [0, 1], silent, tmp_path) as held:
        assert held.gap == ""
    assert list(tmp_path.iterdir()) == []


def test_an_error_inside_releases(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), exclusive("cpu", [0], silent, tmp_path):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    with exclusive("cpu", [0], silent, tmp_path):
        pass


def test_many_at_once_are_one_after_the_other(tmp_path: Path) -> None:
    inside: list[int] = []
    most: list[int] = []

    def measure(number: int) -> None:
        with exclusive("cpu", [number % 2, 2], lambda text: None, tmp_path):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    for _ in range(20):
        threads = [threading.Thread(target=measure, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert max(most) == 1 and len(most) == 160
    assert list(tmp_path.iterdir()) == []


def test_a_device_is_locked_beside_the_cores(tmp_path: Path) -> None:
    with exclusive("mps", [3, 3, 11, 2], silent, tmp_path) as held:
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "cpu-11.lock",
            "cpu-2.lock",
            "cpu-3.lock",
            "mps-any.lock",
        ]
        assert held.covers.startswith("mps-any and 3 CPUs, against measurements that share ")
        assert "other containers only where it is mounted into them" in held.covers


def test_cards_that_cannot_be_told_apart_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.measure.exclusive.device_key", lambda device: None)
    with exclusive("cuda:1", [], silent, tmp_path):
        assert [path.name for path in tmp_path.iterdir()] == ["cuda-any.lock"]


def test_what_is_held_names_no_process_and_no_command(tmp_path: Path) -> None:
    with exclusive("cpu", [0], silent, tmp_path) as held:
        written = json.loads((tmp_path / "cpu-0.lock").read_text())
        assert written["pid"] == os.getpid()
        assert str(os.getpid()) not in held.covers.replace(str(tmp_path), "")


def test_a_folder_of_everybody_whatever_the_umask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_LOCKS", str(tmp_path / "shared"))
    before = os.umask(0o077)
    try:
        with exclusive("cpu", [0], silent):
            assert (tmp_path / "shared").stat().st_mode & 0o7777 == 0o1777
            assert (tmp_path / "shared" / "cpu-0.lock").stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(before)


def test_without_a_place_for_locks_the_measurement_runs_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with exclusive("cpu", [0], silent, tmp_path / "file") as held:
        assert held.covers == "nothing"
        assert "no lock can be made" in held.gap and "HARNESS_LOCKS" in held.gap


def test_a_link_in_the_place_of_a_lock_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("precious")
    (tmp_path / "cpu-0.lock").symlink_to(tmp_path / "target")
    with pytest.raises(HarnessError, match=r"cpu-0\.lock cannot be opened"), exclusive("cpu", [0], silent, tmp_path):
        pass
    assert (tmp_path / "target").read_text() == "precious"


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"pid": "x"}', "[" * 4000, "\x00\xff"])
def test_what_others_wrote_is_not_believed(tmp_path: Path, content: str) -> None:
    with other(tmp_path, "0") as first:
        assert first.says() == "held"
        (tmp_path / "cpu-0.lock").write_text(content)
        with other(tmp_path, "0") as second:
            assert second.says().endswith("cpu-0: a process that has not said yet who it is")


def test_control_characters_of_others_do_not_reach_the_terminal(tmp_path: Path) -> None:
    with other(tmp_path, "0") as first:
        assert first.says() == "held"
        who = {"pid": 1, "namespace": "elsewhere", "command": "\x1b[2Jrm", "since": "never"}
        (tmp_path / "cpu-0.lock").write_text(json.dumps(who))
        with other(tmp_path, "0") as second:
            assert second.says().endswith("process 1 of another container (`?[2Jrm`), since never")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become two users")
def test_another_user_is_waited_for_and_what_he_left_is_used() -> None:
    with TemporaryDirectory() as parent:
        Path(parent).chmod(0o755)
        folder = Path(parent) / "locks"
        folder.mkdir()
        folder.chmod(0o1777)
        (folder / "cpu-0.lock").write_text("")  # root's, as a killed measurement leaves it
        (folder / "cpu-0.lock").chmod(0o666)
        os.seteuid(65534)
        try:
            with exclusive("cpu", [0], silent, folder) as held:
                assert held.gap == ""
                assert json.loads((folder / "cpu-0.lock").read_text())["pid"] == os.getpid()
            assert (folder / "cpu-0.lock").read_text() == ""
        finally:
            os.seteuid(0)
        with exclusive("cpu", [0], silent, folder):
            pass
        assert list(folder.iterdir()) == []
