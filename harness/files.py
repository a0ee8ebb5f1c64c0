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

LARGE = 64 << 20
"""Files above this size, bytes, are known by size and time of change, not by content."""


def code_digest(module: str) -> str:
    """SHA-256 over the code in the folder of an imported module; empty where it has no file.

    Of a module inside a package (``tasks.detection.coco.task``) it is the folder of the package's own package
    (``tasks/detection``): what the tasks of a family share counts as well.
    """
    names = module.split(".")
    family = sys.modules.get(".".join(names[:2])) if len(names) > 2 else None
    file = getattr(family or sys.modules.get(module), "__file__", None)
    return folder_digest(Path(file).parent) if file else ""


def folder_digest(folder: Path) -> str:
    """SHA-256 over code and whatever lies beside it that code may read: names and contents, in order.

    The manifest is identified apart from it. Hidden files, texts for people (``.md``) and byte code do not count, nor do
    results that a run beside the code has written: they change with every run.
    """
    digest = hashlib.sha256()
    for path in sorted(_code_files(folder)):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode() + _content(path) + b"\0")
    return digest.hexdigest()


def _content(path: Path) -> bytes:
    status = path.stat()
    if status.st_size > LARGE:
        return f"{status.st_size} {status.st_mtime_ns}".encode()
    return path.read_bytes()


def _code_files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        left_out = {"__pycache__", "submission.toml"}
        folders[:] = [n for n in folders if not n.startswith(".") and n not in left_out and not _is_home(here / n)]
        wanted = (name for name in names if not name.startswith(".") and name not in left_out)
        yield from (here / name for name in wanted if Path(name).suffix != ".md" and (here / name).is_file())


def _is_home(folder: Path) -> bool:
    return next((folder / "locks").glob("*.lock"), None) is not None


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
