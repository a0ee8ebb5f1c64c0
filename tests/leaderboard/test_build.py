"""The site as files: the same bytes twice, links that lead somewhere, tables that equal their CSV, nothing of others deleted."""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from leaderboard_homes import full_home, record
from leaderboard_reading import pages, read

from harness.errors import HarnessError, UsageError
from harness.files import lock
from harness.store import Home
from leaderboard.build import build_site


def contents(folder: Path) -> dict[str, bytes]:
    """The files that are published; hidden ones are the builder's own."""
    found = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.name.startswith("."))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_same_records_give_the_same_bytes(home: Path, site: Path, tmp_path: Path) -> None:
    build_site([home], tmp_path / "again")
    assert contents(tmp_path / "again") == contents(site)


def test_a_second_build_writes_and_draws_nothing(home: Path, tmp_path: Path) -> None:
    first = build_site([home], tmp_path / "site")
    again = build_site([home], tmp_path / "site")
    assert first.written == first.files > 100 and first.plots_drawn > 0
    assert (again.written, again.plots_drawn, again.files) == (0, 0, first.files)


OTHER = """
import locale, sys
from pathlib import Path
from leaderboard.build import build_site
for name in ("tr_TR.UTF-8", "de_DE.UTF-8", "C"):
    try:
        locale.setlocale(locale.LC_ALL, name)
        break
    except locale.Error:
        continue
build_site([Path(sys.argv[1])], Path(sys.argv[2]))
"""


def test_another_process_with_other_hashes_and_locale_gives_the_same_bytes(
    home: Path, site: Path, tmp_path: Path
) -> None:
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "12345",
        "LC_ALL": "C",
        "LANG": "C",
        "TZ": "Asia/Tokyo",
        "COLUMNS": "40",
    }
    command = [sys.executable, "-c", OTHER, str(home), str(tmp_path / "other")]
    subprocess.run(command, check=True, env=environment, cwd=tmp_path)
    assert contents(tmp_path / "other") == contents(site)


def test_a_site_that_grew_is_the_site_built_at_once(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    for name, skill in (("alder", 1.2), ("birch", 0.3)):
        record(home, name, skill, latency=5.0)
        record(home, name, skill, task__id="answers", task__title="Simulated answers")
    build_site([home.path], tmp_path / "grown")
    added = record(home, "cedar", 0.9, latency=7.0)
    grown = build_site([home.path], tmp_path / "grown")
    fresh = build_site([home.path], tmp_path / "fresh")
    assert contents(tmp_path / "grown") == contents(tmp_path / "fresh")
    assert 0 < grown.written < fresh.written
    replicates = next(item for item in added.artifacts if item.kind == "replicates")
    (home.path / replicates.path).unlink()  # a file that is lost since is noticed, though no record changed
    build_site([home.path], tmp_path / "grown")
    assert "its replicate scores are not in the home" in read(tmp_path / "grown" / "r" / added.id / "index.html").text


def test_what_was_remembered_may_be_lost_or_forged(home: Path, site: Path, tmp_path: Path) -> None:
    build_site([home], tmp_path / "site")
    for data in (b"", b"[]", b'{"format": 1}', b"\xff"):
        (tmp_path / "site" / ".built.json").write_bytes(data)
        build_site([home], tmp_path / "site")
        assert contents(tmp_path / "site") == contents(site)


def test_processes_share_the_pages_of_a_large_site(home: Path, site: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import leaderboard.crowd as crowd; from leaderboard.build import build_site\n"
        "crowd.FEWEST = 1; crowd.MOST_PROCESSES = 3; crowd.os.sched_getaffinity = lambda pid: {0, 1, 2}\n"
        "build_site([Path(sys.argv[1])], Path(sys.argv[2]))"
    )
    subprocess.run([sys.executable, "-c", code, str(home), str(tmp_path / "shared")], check=True)
    assert contents(tmp_path / "shared") == contents(site)


def test_an_empty_home_has_a_page_that_says_how_to_begin(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    report = build_site([tmp_path / "home"], tmp_path / "site")
    assert report.records == 0
    assert "harness eval" in read(report.index).text


def test_links_resolve_and_ids_are_unique(site: Path) -> None:
    assert len(pages(site)) > 30
    for path in pages(site):
        page = read(path)
        assert not page.open, path
        assert len(page.ids) == len(set(page.ids)), path
        for link in page.links:
            if link.startswith("#"):
                assert link[1:] in page.ids
            elif not link.startswith("https://arxiv.org/abs/") and not (
                path.parent.parent.name == "p" and "://" in link
            ):
                assert (path.parent / link).is_file(), (path, link)


def test_every_file_is_reached_by_a_link(site: Path) -> None:
    linked = {(path.parent / link).resolve() for path in pages(site) for link in read(path).links if "//" not in link}
    files = {
        path.resolve()
        for path in site.rglob("*")
        if path.is_file() and path.name not in ("site.json", ".lock", ".built.json")
    }
    assert files - linked == {site / "index.html"} - linked


def test_csv_and_json_equal_the_tables(site: Path) -> None:
    checked = 0
    for path in pages(site):
        tables = read(path).tables
        for name, file in (
            ("results-table", "results"),
            ("metrics-table", "metrics"),
            ("scores", "scores"),
            ("claims-table", "claims"),
        ):
            if name not in tables or not (path.parent / f"{file}.csv").exists():
                continue
            lines = list(csv.DictReader((path.parent / f"{file}.csv").open()))
            rows = json.loads((path.parent / f"{file}.json").read_text())["rows"]
            keys = [column["key"] for column in json.loads((path.parent / f"{file}.json").read_text())["columns"]]
            assert [[line[key] for key in keys] for line in lines] == [
                [value or "" for value in row] for row in tables[name]
            ]
            assert [[row[key] for key in keys] for row in rows] == [
                [_number(v, r[k]) for v, k in zip(row, keys, strict=True)]
                for row, r in zip(tables[name], rows, strict=True)
            ]
            checked += len(rows)
    assert checked > 40


def _number(shown: str | None, like: object) -> object:
    return type(like)(shown) if isinstance(like, int | float) and shown is not None else shown


def test_a_changed_record_changes_its_pages_and_removed_ones_leave_none(tmp_path: Path) -> None:
    home = full_home(tmp_path / "home")
    build_site([home.path], tmp_path / "site")
    before = contents(tmp_path / "site")
    removed = next(path for path in sorted((home.path / "records").glob("*.json")))
    removed.unlink()
    build_site([home.path], tmp_path / "site")
    after = contents(tmp_path / "site")
    assert f"r/{removed.stem}/index.html" in before and not any(removed.stem in name for name in after)
    shutil.rmtree(tmp_path / "site")
    build_site([home.path], tmp_path / "site")
    assert contents(tmp_path / "site") == after


def test_a_build_goes_on_that_was_killed_before_its_first_file(home: Path, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / ".site.json.00ff.partial").write_text("{")
    assert build_site([home], tmp_path / "site").index.is_file()


def test_files_of_others_are_neither_overwritten_nor_deleted(home: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("mine")
    with pytest.raises(UsageError, match="holds other files"):
        build_site([home], tmp_path / "thesis")
    assert contents(tmp_path / "thesis") == {"chapter.tex": b"mine"}


def test_a_forged_list_of_files_cannot_delete_outside_the_site(home: Path, tmp_path: Path) -> None:
    build_site([home], tmp_path / "site")
    (tmp_path / "kept.txt").write_text("mine")
    listing = json.loads((tmp_path / "site" / "site.json").read_text())
    listing["files"] += ["../kept.txt", str(tmp_path / "kept.txt")]
    (tmp_path / "site" / "site.json").write_text(json.dumps(listing))
    build_site([home], tmp_path / "site")
    assert (tmp_path / "kept.txt").read_text() == "mine"


def test_a_home_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        build_site([tmp_path / "absent"], tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_builds_at_once_lose_no_record(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    record(home, "alder", 1.2)
    code = "import sys; from pathlib import Path; from leaderboard.hooks import after_record; after_record(Path(sys.argv[1]))"
    with lock(home.path / "site" / ".lock"):
        waiting = [subprocess.Popen([sys.executable, "-c", code, str(home.path)]) for _ in range(2)]
        time.sleep(1.5)
        late = record(home, "birch", 0.3)
    assert [process.wait(60) for process in waiting] == [0, 0]
    assert (home.path / "site" / "r" / late.id / "index.html").is_file()


def test_a_place_that_cannot_be_written_is_one_sentence(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HarnessError, match=r"file"):
        build_site([home], tmp_path / "file" / "site")


def test_homes_are_joined_whatever_their_order(tmp_path: Path) -> None:
    first, second = Home(tmp_path / "first"), Home(tmp_path / "second")
    record(first, "alder", 1.2)
    record(second, "birch", 0.2)
    shared = record(second, "alder", 1.2)
    build_site([first.path, second.path], tmp_path / "a")
    report = build_site([second.path, first.path], tmp_path / "b")
    assert report.records == 2 and (tmp_path / "a" / "r" / shared.id / "index.html").is_file()
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
