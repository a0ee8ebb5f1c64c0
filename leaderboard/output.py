"""The folder of a site: files appear whole, unchanged ones are left alone, and nothing is deleted that was not built."""

import contextlib
import json
import os
import tempfile
from pathlib import Path

from harness.errors import HarnessError, UsageError
from harness.files import write_bytes

MANIFEST = "site.json"
FORMAT = "harness-site/1"


class SiteFolder:
    """Collects the files of one build. Use `write` and `keep`, then `finish`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._before = built_before(path)
        self._files: set[str] = set()
        self.written = 0
        """How many files were new or had changed."""

    def write(self, name: str, data: bytes) -> None:
        """Put `data` at `name`, a path inside the site."""
        self._files.add(name)
        target = self.path / name
        with contextlib.suppress(OSError):
            if target.read_bytes() == data:
                return
        _replace(target, data)
        self.written += 1

    def keep(self, name: str) -> bool:
        """Whether this build or an earlier one made `name`; then it stays. Only for names that follow from their content."""
        if not (name in self._before or name in self._files) or not (self.path / name).is_file():
            return False
        self._files.add(name)
        return True

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
        if path.exists() and any(item.name != ".lock" for item in path.iterdir()):
            raise UsageError(
                f"{path} holds other files; --out names an empty folder, a new one, or an earlier site"
            ) from None
        return set()
    except (OSError, ValueError, KeyError, TypeError):
        names = None
    if not isinstance(names, list):
        raise UsageError(f"{path / MANIFEST} is not the list of a site; name another folder with --out")
    return {name for name in names if isinstance(name, str) and _is_inside(name)}


def _is_inside(name: str) -> bool:
    parts = Path(name).parts
    return bool(parts) and not Path(name).is_absolute() and ".." not in parts


def _replace(target: Path, data: bytes) -> None:
    """Write beside and rename. A kill leaves the old file or the new one; a site can be built again, so nothing is synced."""
    temporary = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise HarnessError(f"{target} cannot be written ({error.strerror}); choose another place with --out") from None
