"""A site from an MLflow server: what was mirrored comes back as it was, and nothing lies where it should not."""

import argparse
from pathlib import Path

import msgspec
import pytest
from leaderboard_homes import record
from leaderboard_reading import read

from harness.errors import HarnessError
from harness.progress import Reporter
from harness.store import Home

pytest.importorskip("mlflow")

from harness.mlflow_log import TAG, client_of, log_home
from leaderboard.cli import register
from leaderboard.pulling import pull


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    home = Home(tmp_path_factory.mktemp("mirrored"))
    record(home, "alder", 1.2)
    record(home, "birch", 0.3)
    record(home, "cedar", 0.8, task__private_labels=True)
    uri = f"sqlite:///{home.path / 'mlflow.db'}"
    log_home(home, uri, Reporter())
    return home, uri


def test_records_come_back_as_they_were_mirrored(server: tuple[Home, str], tmp_path: Path) -> None:
    home, uri = server
    pulled = Home(tmp_path / "pulled")
    assert pull(uri, pulled) == 3
    for path, found in home.records():
        assert not isinstance(found, Exception)
        assert (pulled.path / "records" / path.name).read_bytes() == path.read_bytes()
        for artifact in found.artifacts:
            if artifact.kind == "replicates":
                assert (pulled.path / artifact.path).is_file() != found.task.private_labels
    assert pull(uri, pulled) == 0


def test_the_site_of_a_server_ranks(
    server: tuple[Home, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "own"))
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers(required=True))
    arguments = parser.parse_args(
        ["leaderboard", "build", "--tracking-uri", server[1], "--out", str(tmp_path / "site")]
    )
    assert arguments.run(arguments) == 0 and "3 records" in capsys.readouterr().out
    assert "leads: it exceeds the other" in read(tmp_path / "site" / "index.html").text


def test_what_a_hostile_server_says_is_bounded(server: tuple[Home, str], tmp_path: Path) -> None:
    home, uri = server
    with client_of(home, uri) as client:
        experiment = client.create_experiment("hostile", artifact_location=(tmp_path / "artifacts").as_uri())
        for id, data in (("../../etc/passwd", b"{}"), ("0" * 16, b"[" * 100_000), ("1" * 16, b"x" * (17 << 20))):
            run = client.create_run(experiment, tags={TAG: id})
            (tmp_path / f"{Path(id).name}.json").write_bytes(data)
            client.log_artifact(run.info.run_id, str(tmp_path / f"{Path(id).name}.json"))
    pulled = Home(tmp_path / "pulled")
    assert pull(uri, pulled) == 4  # the three, and the one that is rejected with its reason
    names = {path.name for path in (pulled.path / "records").iterdir()}
    assert "0" * 16 + ".json" in names and "1" * 16 + ".json" not in names and len(names) == 4
    assert {path.name for path in pulled.path.iterdir()} <= {"records", "replicates", "curves", "locks"}


def test_a_server_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="cannot be used"):
        pull("nonsense://x", Home(tmp_path))
    assert msgspec.json.encode([path.name for path in (tmp_path / "records").iterdir()]) == b"[]"
