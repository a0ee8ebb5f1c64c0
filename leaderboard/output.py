"""The folder of a site: files appear whole, unchanged ones are left alone, and nothing is deleted that was not built."""

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from harness.errors import HarnessError, UsageError
from harness.files import write_bytes

MANIFEST = "site.json"
FORMAT = "harness-site/1"
OWN = (".lock", ".built.json")


class SiteFolder:
    """Collects the files of one build. Use `write`, `keep` and `keep_all`, then `finish`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._before = built_before(path)
        self._files: set[str] = set()
        self._unit: set[str] = set()
        self._root = str(path)
        self._folders: set[str] = set()
        self.written = 0
        """How many files were new or had changed."""

    def write(self, name: str, data: bytes) -> None:
        """Put `data` at `name`, a path inside the site."""
        self._add(name)
        target = f"{self._root}/{name}"
        try:
            with open(target, "rb") as stream:  # noqa: PTH123  a hundred thousand files, where Path is slow
                if stream.read() == data:
                    return
        except OSError:
            self._make_folder(target.rpartition("/")[0])
        _replace(target, data)
        self.written += 1

    def keep(self, name: str) -> bool:
        """Whether this build or an earlier one made `name`; then it stays. Only for names that follow from their content."""
        if not (name in self._before or name in self._files) or not os.path.isfile(f"{self._root}/{name}"):  # noqa: PTH113
            return False
        self._add(name)
        return True

    def keep_all(self, names: Iterable[str]) -> bool:
        """Whether all of `names` are there from an earlier build; then they stay."""
        listed = list(names)
        if not all(name in self._before and os.path.isfile(f"{self._root}/{name}") for name in listed):  # noqa: PTH113
            return False
        self._files.update(listed)
        return True

    def take_unit(self) -> list[str]:
        """The files written or kept since this was asked last, sorted."""
        unit, self._unit = sorted(self._unit), set()
        return unit

    def adopt(self, names: Iterable[str], written: int) -> None:
        """Count files that another process of this build has written."""
        self._files.update(names)
        self.written += written

    def _add(self, name: str) -> None:
        self._files.add(name)
        self._unit.add(name)

    def _make_folder(self, folder: str) -> None:
        if folder in self._folders:
            return
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from None
        self._folders.add(folder)

    def finish(self) -> int:
        """Remove what earlier builds made and this one did not; returns how many files the site has."""
        self._announce(self._before | self._files)
        for name in self._before - self._files:
            with contextlib.suppress(OSError):
                (self.path / name).unlink()
                self._remove_empty((self.path / name).parent)
        self._announce(self._files)
        return len(self._files)

    def _announce(self, names: set[str]) -> None:
        listing = {"format": FORMAT, "files": sorted(names)}
        data = json.dumps(listing, indent=1).encode() + b"\n"
        if not (self.path / MANIFEST).is_file() or (self.path / MANIFEST).read_bytes() != data:
            write_bytes(self.path / MANIFEST, data)

    def start(self) -> None:
        """Make the folder a site before its first file, so that an interrupted build can go on."""
        self._announce(self._before)

    def _remove_empty(self, folder: Path) -> None:
        while folder != self.path:
            folder.rmdir()
            folder = folder.parent


def built_before(path: Path) -> set[str]:
    """The files of the site that is in `path`; raises UsageError where other things are."""
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file; --out names a folder")
    try:
        listing = json.loads((path / MANIFEST).read_bytes())
        names = listing["files"] if listing["format"] == FORMAT else None
    except FileNotFoundError:
        if path.exists() and not all(_is_own(item.name) for item in path.iterdir()):
            raise UsageError(
                f"{path} holds other files; --out names an empty folder, a new one, or an earlier site"
            ) from None
        return set()
    except (OSError, ValueError, KeyError, TypeError):
        names = None
    if not isinstance(names, list):
        raise UsageError(f"{path / MANIFEST} is not the list of a site; name another folder with --out")
    return {name for name in names if isinstance(name, str) and _is_inside(name)}


def _is_own(name: str) -> bool:
    """Whether a file is there before the list of files is: the lock, or what a killed build left of the list."""
    return name in OWN or (name.startswith(f".{MANIFEST}.") and name.endswith(".partial"))


def _is_inside(name: str) -> bool:
    return bool(name) and not name.startswith("/") and "\0" not in name and ".." not in name.split("/")


def _replace(target: str, data: bytes) -> None:
    """Write beside and rename. A kill leaves the old file or the new one; a site can be built again, so nothing is synced."""
    folder, _, name = target.rpartition("/")
    temporary = f"{folder}/.{name}.{os.getpid()}.partial"  # builds hold a lock: this process alone writes here
    try:
        with open(temporary, "wb") as stream:  # noqa: PTH123  a hundred thousand files, where Path is slow
            stream.write(data)
        os.replace(temporary, target)  # noqa: PTH105
    except OSError as error:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise _unwritable(target, error) from None


def _unwritable(target: str, error: OSError) -> HarnessError:
    return HarnessError(f"{target} cannot be written ({error.strerror}); choose another place with --out")
