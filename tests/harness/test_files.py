"""Files appear whole or not at all, and one process at a time holds a lock."""

import errno
import importlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.files import code_digest, disk_error, lock, write_atomic, write_bytes


def failing(error: Exception) -> object:
    def write(path: Path) -> None:
        path.write_bytes(b"half")
        raise error

    return write


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "x.json"
    write_bytes(path, b"old")
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new" and list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), ValueError("a defect"), KeyboardInterrupt()])
def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "x.json"
    write_bytes(path, b"old")
    with pytest.raises((HarnessError, ValueError, KeyboardInterrupt)):
        write_atomic(path, failing(error))  # type: ignore[arg-type]
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_files_have_the_permissions_that_the_user_asks_for(tmp_path: Path, mask: int) -> None:
    """A home may be a team's, or served by another user."""
    before = os.umask(mask)
    try:
        write_bytes(tmp_path / "x", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full: x was not written; make room and run the same command again, it goes on"),
        (errno.EDQUOT, "the disk is full: x was not written; make room and run the same command again, it goes on"),
        (errno.EROFS, "x cannot be written (Read-only file system); choose another place with --home or --out"),
    ],
)
def test_every_failure_of_a_disk_says_what_to_do(number: int, words: str) -> None:
    assert str(disk_error(Path("x"), OSError(number, os.strerror(number)))) == words


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_read_back(tmp_path: Path, data: bytes) -> None:
    write_bytes(tmp_path / "x", data)
    assert (tmp_path / "x").read_bytes() == data


HOLDER = """
import sys, time
from pathlib import Path
from harness.files import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_waited_for_and_goes_with_its_process(tmp_path: Path) -> None:
    path, waited = tmp_path / "locks" / "x.lock", []
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"

    def waiting() -> None:
        waited.append(holder.poll())
        holder.kill()

    with lock(path, waiting):
        assert waited == [None] and holder.wait() != 0
    with lock(path, lambda: pytest.fail("nobody holds it")):
        pass


def test_a_lock_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match=r"x\.lock cannot be written"), lock(tmp_path / "file" / "x.lock"):
        pass


def test_a_task_s_code_is_that_of_its_family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tasks of a family share can change a score as well; what another family does cannot."""
    shared, other = tmp_path / "benches" / "sorting" / "shared.py", tmp_path / "benches" / "other" / "task.py"
    for path in (shared, shared.parent / "small" / "task.py", shared.parent / "large" / "task.py", other):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        (path.parent / "__init__.py").touch()
    (tmp_path / "benches" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    modules = [f"benches.{name}.task" for name in ("sorting.small", "sorting.large", "other")]
    for name in modules:
        importlib.import_module(name)
    small, large, apart = map(code_digest, modules)
    assert small == large and len({small, apart, ""}) == 3
    shared.write_text("LIMIT = 2")
    assert code_digest(modules[0]) == code_digest(modules[1]) != small and code_digest(modules[2]) == apart
