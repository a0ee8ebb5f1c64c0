"""``harness leaderboard check``: a pull request of records that may be published, and each way in which it may not."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from leaderboard_homes import digest, full_home, record

from harness.cli.main import main
from harness.errors import UsageError
from harness.record import Record, Verification, with_id
from harness.store import Home, read_record
from leaderboard.checking import check
from leaderboard.published import published


@pytest.fixture
def base(tmp_path: Path) -> Home:
    home = Home(tmp_path / "base")
    record(home, "alder", 1.2)
    record(home, "birch", 0.3)
    return home


@pytest.fixture
def head(base: Home, tmp_path: Path) -> Home:
    """The branch that is to be merged: as yet the same."""
    shutil.copytree(base.path, tmp_path / "head")
    return Home(tmp_path / "head")


def problems(head: Home, base: Home | None = None) -> list[str]:
    _, found = check(head.path, published(str(base.path), head.path) if base else None)
    return [str(problem) for problem in found]


def records(home: Home) -> list[Record]:
    return [read_record(path) for path in sorted((home.path / "records").glob("*.json"))]


def edit(home: Home, made: Record, **changes: Any) -> None:
    document = json.loads(home.record_path(made.id).read_text())
    home.record_path(made.id).write_text(json.dumps({**document, **changes}))


def test_a_folder_of_honest_records_passes(tmp_path: Path, base: Home, head: Home) -> None:
    assert check(full_home(tmp_path / "full").path) == (19, [])
    record(head, "cedar", 0.9)
    assert problems(head, base) == [] == problems(head)


def test_additions_that_are_told_pass(base: Home, head: Home) -> None:
    one, other = records(base)
    record(head, one.submission.name, 0.7, supersedes=[one.id])
    record(head, other.submission.name, 0.3, kind="withdrawal", withdraws=[other.id], metrics=[], artifacts=[])
    found = Verification(when="2026-05-01", by="B", equal=True, differences=[], versions={})
    head.write_record(msgspec.structs.replace(other, provenance="verified", verifications=[found]))
    assert problems(head, base) == []


def test_a_score_that_was_edited(base: Home, head: Home) -> None:
    made = records(head)[0]
    edit(head, made, metrics=[{**msgspec.to_builtins(made.metrics[0]), "value": 0.999}])
    assert [line for line in problems(head, base) if "it was changed after it was written" in line]


def test_a_score_that_was_replaced_in_silence(base: Home, head: Home) -> None:
    old = next(one for one in records(head) if one.submission.name == "alder")
    new = record(head, "alder", 0.7)
    [line] = problems(head, base)
    assert line.startswith(f"{new.id}.json: it gives top1 = ") and f"where {old.id}.json of the same system" in line
    head.record_path(old.id).unlink()
    [gone] = [line for line in problems(head, base) if line.startswith(old.id)]
    assert "it was published and is gone; 'harness withdraw' takes a result back" in gone


@pytest.mark.parametrize("finished", ["", "1999-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
def test_the_new_record_has_to_say_it_whatever_its_date(base: Home, head: Home, finished: str) -> None:
    new = record(head, "alder", 0.7, run__finished=finished)
    assert [line.split(":")[0] for line in problems(head, base)] == [f"{new.id}.json"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"provenance": "verified"}, "it says that it is verified, and no verification says so"),
        ({"provenance": "disputed"}, "it says that it is disputed, and no verification says so"),
        ({"provenance": "measured"}, "it was published as scored and is measured without a verification"),
        ({"supersedes": ["0" * 16]}, "its supersedes changed after it was published"),
        ({"warnings": ["x"]}, "its warnings changed after it was published"),
        ({"run": {"finished": "2030-01-01"}}, "it was changed after it was written"),
    ],
)
def test_what_the_id_does_not_cover_may_not_change_either(
    base: Home, head: Home, changes: dict[str, Any], words: str
) -> None:
    edit(head, records(head)[0], **changes)
    [line] = problems(head, base)
    assert words in line


def test_a_verification_may_not_go(base: Home, head: Home) -> None:
    bad = Verification(when="2026-05-01", by="B", equal=False, differences=["top1"], versions={})
    made = records(base)[0]
    base.write_record(msgspec.structs.replace(made, provenance="disputed", verifications=[bad]))
    lines = problems(head, base)
    assert any("a verification that was published is gone or changed" in line for line in lines)
    assert any("it was published as disputed and is scored" in line for line in lines)


def test_a_verification_that_says_the_opposite_makes_nothing_verified(base: Home, head: Home) -> None:
    bad = Verification(when="2026-05-01", by="B", equal=False, differences=["top1"], versions={})
    head.write_record(msgspec.structs.replace(records(head)[0], provenance="verified", verifications=[bad]))
    assert any("it says that it is verified, and no verification says so" in line for line in problems(head, base))


def test_nobody_verifies_what_is_his_own(base: Home, head: Home) -> None:
    for by, told in (("A. Tester", ["it was verified by its own submitter"]), ("B. Second", [])):
        good = Verification(when="2026-05-01", by=by, equal=True, differences=[], versions={})
        head.write_record(msgspec.structs.replace(records(base)[0], provenance="verified", verifications=[good]))
        assert [line.partition(": ")[2].partition(";")[0] for line in problems(head, base)] == told


def test_files_that_are_no_records(head: Home, tmp_path: Path) -> None:
    made = records(head)[0]
    folder = head.path / "records"
    (folder / "notes.txt").write_text("hello")
    (folder / "0123456789abcdef.json").write_text("{}")
    (folder / "copy.json").write_bytes(head.record_path(made.id).read_bytes())
    (folder / "fedcba9876543210.json").symlink_to(head.record_path(made.id))
    assert [line.split(":")[0] for line in problems(head)] == [
        "0123456789abcdef.json", "copy.json", "fedcba9876543210.json", "notes.txt",
    ]  # fmt: skip


def test_what_lies_beside_must_be_what_the_record_names(head: Home) -> None:
    one, other = records(head)
    paths = [next(item.path for item in made.artifacts if item.kind == "replicates") for made in (one, other)]
    (head.path / paths[0]).write_bytes((head.path / paths[1]).read_bytes())
    (head.path / paths[1]).write_bytes(b"no array")
    lines = problems(head)
    assert f"{one.id}.json: its replicates are not those that it was written with" in lines
    assert any(line.startswith(f"{other.id}.json: its replicates cannot be read (") for line in lines)
    for path in paths:
        (head.path / path).unlink()
    assert problems(head) == []


def test_nothing_that_tells_private_labels_is_published(head: Home) -> None:
    made = record(head, "cedar", 0.9, task__private_labels=True)
    assert problems(head) == [
        f"{made.id}.json: its {kind} may not be published: the labels are private, and they would tell them"
        for kind in ("replicates", "statistics")
    ]


def test_paths_that_lead_out_are_told(head: Home) -> None:
    made = records(head)[0]
    stray = msgspec.structs.replace(made.artifacts[1], path="../base/records")
    head.record_path(made.id).unlink()
    head.write_record(with_id(msgspec.structs.replace(made, artifacts=[made.artifacts[0], stray])))
    assert any("points outside its home" in line for line in problems(head))


def test_the_same_answers_twice(head: Home) -> None:
    made = next(one for one in records(head) if one.submission.name == "alder")
    again = with_id(msgspec.structs.replace(made, facts={"note": "once more"}))
    head.write_record(again)
    [line] = problems(head)
    assert "says again what" in line and "the same answers by the same submitter" in line
    record(head, "alder", 1.2, latency=4.0, supersedes=[made.id, again.id])
    assert problems(head) == []


# -- against a commit --------------------------------------------------------------------------------------------------
def git(folder: Path, *words: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    home = Home(tmp_path / "repository" / "results")
    record(home, "alder", 1.2)
    git_folder = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(git_folder)], check=True)
    git(git_folder, "add", ".")
    git(git_folder, "commit", "-q", "-m", "results")
    return git_folder


def test_a_commit_is_what_was_published(repository: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = repository / "results"
    assert main(["leaderboard", "check", str(folder), "--against", "HEAD"]) == 0
    assert capfd.readouterr().out == "1 record, 0 problems\n"
    [made] = records(Home(folder))
    Home(folder).record_path(made.id).unlink()
    record(Home(folder), "alder", 0.9)
    assert main(["leaderboard", "check", str(folder / "records"), "--against", "HEAD", "--json"]) == 1
    found = json.loads(capfd.readouterr().out)
    assert found["records"] == 1 and found["problems"][0]["file"] == f"{made.id}.json"


@pytest.mark.parametrize("against", ["nothing", "--output=x", "HEAD:results", "HEAD~9"])
def test_neither_folder_nor_commit_is_misuse(repository: Path, against: str) -> None:
    with pytest.raises(UsageError, match="--against"):
        published(against, repository / "results")


def test_a_folder_without_records_is_misuse(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["leaderboard", "check", str(tmp_path)]) == 2
    assert "holds no records; name a home" in capfd.readouterr().err
    (tmp_path / "base").mkdir()
    with pytest.raises(UsageError, match="the folder holds no records"):
        published(str(tmp_path / "base"), tmp_path)


def test_a_record_of_another_board_is_another_result(base: Home, head: Home) -> None:
    record(head, "alder", 0.7, settings={"attack": "linf", "eps": "8/255"})
    record(head, "alder", 0.6, data=digest("other"))
    record(head, "alder", 0.5, submission__variant="large")
    assert problems(head, base) == []
