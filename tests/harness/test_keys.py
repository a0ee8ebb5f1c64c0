"""What stored answers and finished runs are keyed by: whatever changes a number must make a new one."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from command_line import Done

Cli = Callable[..., Done]


def test_another_folder_of_data_with_the_same_truth_does_not_share_answers(
    tmp_path: Path, evaluate: Cli, cli: Cli, tiny: Path
) -> None:
    for name in ("a", "b"):
        assert cli("data", "sample", tiny, "--out", tmp_path / name).status == 0
    first = evaluate("--data", tmp_path / "a").json()
    (tmp_path / "b" / "images" / "000.png").write_bytes((tmp_path / "b" / "images" / "001.png").read_bytes())
    second = evaluate("--data", tmp_path / "b").json()
    assert first["task"]["origin"] == "sample"
    assert first["task"]["data_digest"] == second["task"]["data_digest"]
    assert first["task"]["input_digest"] != second["task"]["input_digest"]
    assert (first["metrics"][0]["value"], second["metrics"][0]["value"]) == (1.0, 23 / 24)


def test_changed_images_in_the_same_folder_are_answered_anew(
    tmp_path: Path, evaluate: Cli, cli: Cli, tiny: Path
) -> None:
    cli("data", "sample", tiny, "--out", tmp_path / "a")
    first = evaluate("--data", tmp_path / "a").json()
    (tmp_path / "a" / "images" / "000.png").write_bytes((tmp_path / "a" / "images" / "001.png").read_bytes())
    second = evaluate("--data", tmp_path / "a").json()
    assert (first["metrics"][0]["value"], second["metrics"][0]["value"]) == (1.0, 23 / 24)


def test_a_changed_manifest_or_claims_file_makes_a_new_record(
    tmp_path: Path, evaluate: Cli, probe: Path, cli: Cli, tiny: Path
) -> None:
    claims = tmp_path / "claims.toml"
    text = '[[claims]]\ntask = "tiny"\nmetric = "top1"\nvalue = "{}"\nsource = "table 1"\n'
    claims.write_text(text.format("0.9"))
    first = evaluate("--claims", claims).json()
    claims.write_text(text.format("0.8"))
    second = evaluate("--claims", claims).json()
    assert [one["submission"]["claims"][0]["value"] for one in (first, second)] == ["0.9", "0.8"]
    third = evaluate("--claims", claims, "--supersedes", first["id"]).json()
    assert third["supersedes"] == [first["id"]]


def test_a_method_that_adapts_sees_the_samples_before_it_answers_and_is_set_apart(tmp_path: Path, tiny: Path) -> None:
    import harness

    class Adapting:
        seen = 0

        def adapt(self, samples: Any) -> None:
            self.seen = len(list(samples))

        def prepare(self, sample: Any) -> Any:
            return sample

        def forward(self, inputs: Any) -> Any:
            return inputs

        def finish(self, raw: Any, sample: Any) -> Any:
            assert self.seen == 24
            return {"label": 0}

    record = harness.evaluate(str(tiny), Adapting(), home=tmp_path, log=False, page=False, measure=False)
    assert record.settings == {"adapted": True}


def test_code_of_another_submission_that_is_run_counts_as_its_own(
    tmp_path: Path, monkeypatch: Any, cli: Cli, tiny: Path, probe: Path
) -> None:
    other = tmp_path / "packages" / "another_method"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("")
    (other / "shared.py").write_text("GAIN = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    folder = shutil.copytree(probe, tmp_path / "probe")
    manifest = folder / "submission.toml"
    manifest.write_text('uses = ["another_method"]\n' + manifest.read_text())
    command = ("eval", "--task", tiny, "--submission", folder, "--no-measure", "--json")
    first = cli(*command).json()["submission"]["code_digest"]
    (other / "shared.py").write_text("GAIN = 2\n")
    assert cli(*command).json()["submission"]["code_digest"] != first
    manifest.write_text(manifest.read_text().replace("another_method", "missing_method"))
    assert "there is no package 'missing_method'" in cli(*command).sentence(1)
