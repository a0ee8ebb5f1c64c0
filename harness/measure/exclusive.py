"""One measurement at a time on a device and on cores: advisory locks that all users of the machine share.

A file for every core and one for the device, locked with flock(2) in one order, so that overlapping sets exclude each
other, disjoint ones do not, and nobody waits in a circle. The kernel releases the lock of a process that dies.
"""

import contextlib
import fcntl
import json
import os
import secrets
import shlex
import stat
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from harness.errors import HarnessError
from harness.measure.nvml import device_key

VARIABLE = "HARNESS_LOCKS"
FOLDER = "vision-harness-locks"
COMMAND_LENGTH = 160


@dataclass(frozen=True, slots=True)
class Held:
    """What the lock keeps out. Nothing in it names a person, a command or a process."""

    waited_s: float
    covers: str
    """What is locked, and against whom."""
    gap: str = ""
    """Why nothing is locked; empty where the lock is held."""


@contextmanager
def exclusive(
    device: str, cores: Iterable[int], waiting: Callable[[str], None], folder: Path | None = None
) -> Iterator[Held]:
    """Hold `device` ("cpu", "cuda:0") and `cores` until the end of the block; another measurement waits meanwhile.

    `waiting` is given a sentence about who is waited for (what is locked, process, command, since when), at the start and
    again when that changes. Not re-entrant: a second use in one process waits for the first. Where no shared folder can
    be written the block runs without a lock, and `Held.gap` says so. A process forked inside the block holds the lock
    with its parent until the block ends, and on alone if the parent is killed.
    """
    began = monotonic()
    names = [*_device_names(device), *(f"cpu-{core}" for core in sorted(set(cores)))]
    place, gap = _first_usable([folder] if folder else _folders())
    if place is None:
        yield Held(0.0, "nothing", gap)
        return
    with ExitStack() as stack:
        told: list[str] = []
        for name in names:
            stack.enter_context(_locked(place / f"{name}.lock", lambda text: _tell(text, told, waiting)))
        yield Held(monotonic() - began, _covers(names, place))


def _tell(text: str, told: list[str], waiting: Callable[[str], None]) -> None:
    if text not in told:
        told.append(text)
        waiting(text)


def _device_names(device: str) -> list[str]:
    if device == "cpu":
        return []
    kind = device.split(":")[0]
    # which of several cards it is depends on CUDA_VISIBLE_DEVICES; where that is not certain, all are one
    key = device_key(device) if kind == "cuda" else None
    return [f"{kind}-{key or 'any'}"]


def _covers(names: Sequence[str], place: Path) -> str:
    cores = sum(name.startswith("cpu-") for name in names)
    devices = [name for name in names if not name.startswith("cpu-")]
    what = " and ".join([*devices, f"{cores} CPU{'' if cores == 1 else 's'}"])
    shared = f"{VARIABLE}" if os.environ.get(VARIABLE) else str(place.parent)
    return f"{what}, against measurements that share {shared}: other containers only where it is mounted into them"


def _folders() -> list[Path]:
    """Where every user of a machine may write; `HARNESS_LOCKS` names a folder that containers share."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return [Path(chosen)]
    return [Path(parent) / FOLDER for parent in ("/dev/shm", "/tmp", tempfile.gettempdir())]


def _first_usable(folders: Sequence[Path]) -> tuple[Path | None, str]:
    problems = []
    for folder in folders:
        try:
            _make_shared(folder)
        except OSError as error:
            problems.append(f"{folder}: {error.strerror or error}")
        else:
            return folder, ""
    reason = f"no other measurement is kept out, since no lock can be made ({'; '.join(problems)})"
    return None, f"{reason}; {VARIABLE} may name a folder that every user can write"


def _make_shared(folder: Path) -> None:
    """Make the folder for everybody, whatever the umask; raises OSError where it cannot be used."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(parents=True)
        folder.chmod(0o1777)
    probe = folder / f".{secrets.token_hex(8)}"
    os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    probe.unlink()


@contextmanager
def _locked(path: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    file = _acquire(path, waiting)
    try:
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(_about_me()).encode(), 0)
        yield
    finally:
        # the name goes while the lock is held: whoever waits sees that its file is no longer there, and opens anew
        with contextlib.suppress(OSError):
            os.ftruncate(file, 0)
            path.unlink()
        fcntl.flock(file, fcntl.LOCK_UN)
        os.close(file)


def _acquire(path: Path, waiting: Callable[[str], None]) -> int:
    """An open, locked file that is the one called `path` now."""
    while True:
        file = _open(path)
        try:
            _lock(file, path, waiting)
            if _is_at(file, path):
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)


def _lock(file: int, path: Path, waiting: Callable[[str], None]) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        waiting(f"waiting for another measurement on {path.stem}: {_about(file)}")
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        raise HarnessError(
            f"the lock {path} cannot be taken ({error.strerror}); set {VARIABLE} to a folder on a local disk"
        ) from None


def _open(path: Path) -> int:
    """Open what is there, else make it: with O_CREAT, Linux refuses another user's file in a sticky folder."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
    while True:
        try:
            with contextlib.suppress(FileNotFoundError):
                return _regular(os.open(path, flags), path)
            with contextlib.suppress(FileExistsError):
                file = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
                os.fchmod(file, 0o666)
                return file
        except OSError as error:
            raise HarnessError(
                f"the lock {path} cannot be opened ({error.strerror}); remove it, or set {VARIABLE} to another folder"
            ) from None


def _regular(file: int, path: Path) -> int:
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    raise HarnessError(f"the lock {path} is no regular file; remove it, or set {VARIABLE} to another folder")


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False


def _about_me() -> dict[str, Any]:
    program = Path(sys.argv[0]).name
    program = "harness" if program == "__main__.py" else program
    command = shlex.join([program, *sys.argv[1:]])[:COMMAND_LENGTH]
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return {"pid": os.getpid(), "namespace": _namespace(), "command": command, "since": since}


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _about(file: int) -> str:
    """Who holds the lock, as far as the file tells; others can write it, so nothing in it is believed to be clean."""
    try:
        found = json.loads(os.pread(file, 4096, 0))
        where = "" if found["namespace"] == _namespace() else " of another container"
        text = f"process {int(found['pid'])}{where} (`{found['command']}`), since {found['since']}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return "a process that has not said yet who it is"
    return "".join(letter if letter.isprintable() else "?" for letter in text)[: COMMAND_LENGTH + 100]
