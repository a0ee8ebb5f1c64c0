"""Writing files so that nothing half-written is ever seen, and locks between processes."""

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from harness.errors import HarnessError

CODE = {".py", ".json", ".toml", ".yaml", ".yml", ".txt", ".csv", ".npy", ".npz", ".so", ".c", ".cpp", ".cu"}
"""Files of a submission's folder that can change its answers, by suffix."""


def code_digest(module: str) -> str:
    """SHA-256 over the code in the folder of an imported module; empty where it has no file."""
    file = getattr(sys.modules.get(module), "__file__", None)
    return folder_digest(Path(file).parent) if file else ""


def folder_digest(folder: Path, home: Path | None = None) -> str:
    """SHA-256 over a submission's code and the small files that code reads: names and contents, in order.

    Weights and the manifest are identified apart from it; hidden folders, and `home` where results go, do not count.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.suffix not in CODE or inside.name == "submission.toml" or any(p.startswith(".") for p in inside.parts):
            continue
        if path.is_file() and not (home is not None and path.resolve().is_relative_to(home.resolve())):
            digest.update(f"{inside.as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def write_atomic(path: Path, write: Callable[[Path], None]) -> None:
    """Call `write` with a temporary path beside `path`, then put it in place; a full disk leaves nothing behind."""
    # No suffix of the data's own: what a kill leaves behind must not be taken for a record or a part.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        _synchronise(temporary)
        temporary.replace(path)
    except OSError as error:
        raise disk_error(path, error) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all."""
    write_atomic(path, lambda temporary: _write(temporary, data))


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _synchronise(path: Path) -> None:
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def disk_error(path: Path, error: OSError) -> HarnessError:
    """The sentence for a file or folder that could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return HarnessError(
            f"the disk is full: {path} was not written; make room and run the same command again, it goes on"
        )
    return HarnessError(
        f"{path} cannot be written ({error.strerror or error}); choose another place with --home or --out"
    )


@contextlib.contextmanager
def lock(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold `path` against other processes; `waiting` is called once if another one holds it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a")
    except OSError as error:
        raise disk_error(path, error) from None
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield
