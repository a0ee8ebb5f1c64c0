"""Files that are no records, and artifacts that are bombs: each is listed or left out, and the site stands."""

import io
import json
import zipfile
from pathlib import Path

import msgspec
import numpy as np
import pytest
from leaderboard_homes import record
from leaderboard_reading import read

from harness.record import Artifact, Record, with_id
from harness.store import Home
from leaderboard.build import build_site
from leaderboard.collect import collect


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    record(home, "alder", 1.2)
    record(home, "birch", 0.3)
    return home


def changed(home: Home, **fields: object) -> bytes:
    """The first record of the home with other fields, as bytes."""
    file = sorted((home.path / "records").glob("*.json"))[0]
    return json.dumps({**json.loads(file.read_bytes()), **fields}).encode()


def odd_files(home: Home) -> dict[str, bytes]:
    huge = b"9" * 5000
    plain = changed(home)
    return {
        "empty": b"",
        "nothing": b"null",
        "list": b"[]",
        "text": b'"record"',
        "half": plain[: len(plain) // 2],
        "twice": plain + plain,
        "not a number": plain.replace(b'"n": 400', b'"n": NaN', 1),
        "infinite": plain.replace(b'"n": 400', b'"n": Infinity', 1),
        "huge": plain.replace(b'"n": 400', b'"n": ' + huge, 1),
        "beyond floats": plain.replace(b'"value": 0', b'"value": 1e999, "x": 0', 1),
        "deep": changed(home).replace(b'"facts": {}', b'"facts": {"a": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", 1),
        "wrong types": changed(home, metrics="many", task=7),
        "unknown field": changed(home, onload="alert(1)"),
        "another schema": changed(home, schema="harness-record/2"),
        "another provenance": changed(home, provenance="proven"),
        "no text": b'{"id": "\xff\xfe"}',
        "surrogate": changed(home, id="\ud800"),
        "binary": bytes(range(256)) * 40,
    }


def test_files_that_are_no_records_are_listed_and_change_nothing_else(home: Home, tmp_path: Path) -> None:
    build_site([home.path], tmp_path / "clean")
    ranked = read(next((tmp_path / "clean").glob("b/*/index.html"))).tables["results-table"]
    files = odd_files(home)
    assert [name for name, data in files.items() if data == changed(home)] == []
    for index, data in enumerate(files.values()):
        (home.path / "records" / f"{index:016x}.json").write_bytes(data)
    report = build_site([home.path], tmp_path / "site")
    assert (report.records, report.rejected) == (2, len(files))
    assert read(next((tmp_path / "site").glob("b/*/index.html"))).tables["results-table"] == ranked
    index = read(tmp_path / "site" / "index.html")
    assert len(index.tables["rejected-table"]) == len(files)
    assert all(item.reason for item in collect([home.path]).rejected)
    assert not any(path.name in ("r", f"{0:016x}") and path.is_file() for path in (tmp_path / "site").rglob("*"))


def test_names_that_look_alike_have_pages_of_their_own(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    names = [
        "alder",
        "аlder",
        "alder\u200b",
        "ALDER",
        "a\u0301lder",
        "álder",
    ]  # Cyrillic, a hidden space, composed or not
    for index, name in enumerate(names):
        record(home, name, 0.2 * index)
    build_site([home.path], tmp_path / "site")
    pages = sorted((tmp_path / "site").glob("s/*/index.html"))
    assert len(pages) == len(names)
    assert all(f"id {path.parent.name}" in read(path).text for path in pages)


def pointed(home: Home, kind: str, digest: str, path: str) -> Record:
    """The record of a third system, with an artifact that is the file at `path`."""
    made = record(home, "stranger", 2.0)
    home.record_path(made.id).unlink()
    others = [item for item in made.artifacts if item.kind != kind]
    made = with_id(msgspec.structs.replace(made, artifacts=[*others, Artifact(kind=kind, path=path, digest=digest)]))
    home.write_record(made)
    return made


@pytest.mark.parametrize("kind", ["replicates", "curves", "statistics"])
def test_an_artifact_that_states_a_gigabyte_is_not_unpacked(home: Home, tmp_path: Path, kind: str) -> None:
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": (1 << 27,)})
    folder = home.path / kind
    folder.mkdir(exist_ok=True)
    bomb = folder / "bomb.npz"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("#ids.npy", "w") as member,
    ):
        member.write(stream.getvalue())
        for _ in range(64):
            member.write(bytes(1 << 20))
    assert (folder / "bomb.npz").stat().st_size < 1 << 20
    made = pointed(home, kind, "0" * 64, f"{kind}/bomb.npz")
    report = build_site([home.path], tmp_path / "site")
    assert report.records == 3 and (tmp_path / "site" / "r" / made.id / "index.html").is_file()
    if kind != "statistics":
        assert "cannot be read: the file is damaged" in read(tmp_path / "site" / "r" / made.id / "index.html").text
