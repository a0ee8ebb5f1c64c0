"""A home: records come from strangers, and what they name is read only inside it."""

from pathlib import Path

import pytest

from harness.errors import RecordError
from harness.record import Artifact
from harness.store import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "home" / "replicates").mkdir(parents=True)
    (tmp_path / "home" / "replicates" / "own.npz").write_bytes(b"own")
    (tmp_path / "outside.npz").write_bytes(b"others'")
    (tmp_path / "home" / "link.npz").symlink_to(tmp_path / "outside.npz")
    (tmp_path / "home" / "loop.npz").symlink_to("loop.npz")
    return Home(tmp_path / "home")


def place(home: Home, path: str) -> Path:
    return home.artifact(Artifact(kind="replicates", path=path, digest=""))


@pytest.mark.parametrize("path", ["replicates/own.npz", "replicates/absent.npz", "replicates/../replicates/own.npz"])
def test_what_lies_in_the_home_has_a_place(home: Home, path: str) -> None:
    assert place(home, path) == home.path / path


@pytest.mark.parametrize("path", ["../outside.npz", "../absent.npz", "link.npz", "/etc/passwd", "/absent", "a/../../x"])
def test_what_lies_outside_is_refused(home: Home, path: str) -> None:
    with pytest.raises(RecordError, match="points outside its home"):
        place(home, path)


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000, "loop.npz", "replicates/own.npz/inner"])
def test_what_is_no_path_is_one_sentence(home: Home, path: str) -> None:
    with pytest.raises(RecordError, match="no path that can be read"):
        place(home, path)
