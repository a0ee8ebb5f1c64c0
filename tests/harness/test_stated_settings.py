"""What ``--set`` may choose in a live run: if these fail, a record states a setting that the method never followed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Done

Cli = Callable[..., Done]
SPECS = """
from dataclasses import replace as _replace
from harness.task import SettingSpec as _Spec
_made = task
def task():
    made = _made()
    own = (
        _Spec(name="threshold", title="where bright begins", default=113, by="submission"),
        _Spec(name="depth", title="how deep the run looks", default=1),
    )
    made.meta = _replace(made.meta, settings=own)
    return made
"""


@pytest.fixture
def task(tmp_path: Path, tiny: Path) -> Path:
    """The small task with one setting that submissions choose, `threshold`, and one of the run's, `depth`."""
    folder = tmp_path / "chosen"
    folder.mkdir()
    for path in tiny.glob("*.py"):
        (folder / path.name).write_text(path.read_text())
    (folder / "task.py").write_text((folder / "task.py").read_text() + SPECS)
    return folder


@pytest.fixture
def run(cli: Cli, tmp_path: Path, task: Path, probe: Path) -> Cli:
    """`harness eval` of the probe with these options in its manifest (TOML) and these words."""

    def evaluate(options: str, *words: object) -> Done:
        folder = tmp_path / "optional"
        folder.mkdir()
        for name in ("model.py", "submission.toml"):
            (folder / name).write_text((probe / name).read_text())
        with (folder / "submission.toml").open("a") as manifest:
            manifest.write(f"\n{options}\n")
        return cli("eval", "--task", task, "--submission", folder, "--no-measure", "--json", *words)

    return evaluate


def test_a_setting_that_the_submission_cannot_follow_is_refused(run: Cli) -> None:
    words = run("", "--threshold", "90").sentence(2)
    assert "--set threshold: where bright begins is the submission's to choose, and probe has no option for it" in words


def test_a_setting_that_an_option_of_another_name_decides_says_which(run: Cli) -> None:
    option = '[options.bright]\ndefault = 113\ntitle = "threshold"\nsetting = "threshold"'
    assert "probe decides it by its option bright" in run(option, "--set", "threshold=90").sentence(2)


def test_an_option_that_decides_the_setting_of_its_name_is_that_setting(run: Cli) -> None:
    option = '[options.threshold]\ndefault = 113\ntitle = "threshold"\nsetting = "threshold"'
    record = run(option, "--threshold", "90").json()
    assert record["settings"] == {"threshold": 90} and record["submission"]["options"] == {"threshold": 90}


@pytest.mark.parametrize("name", ["threshold", "depth"])
def test_an_option_that_only_shares_a_settings_name_is_never_set_with_it(run: Cli, name: str) -> None:
    option = f'[options.{name}]\ndefault = 7\ntitle = "something else"'
    assert "so it would mean two things" in run(option, f"--{name}", "9").sentence(2)


def test_an_option_that_shares_a_name_changes_nothing_where_it_is_not_stated(run: Cli) -> None:
    record = run('[options.depth]\ndefault = 7\ntitle = "something else"').json()
    assert record["settings"] == {} and record["submission"]["options"] == {"depth": 7}


def test_a_setting_of_the_run_is_the_runs(run: Cli) -> None:
    assert run("", "--depth", "3").json()["settings"] == {"depth": 3}


def test_an_object_chooses_its_settings_itself(task: Path, tmp_path: Path) -> None:
    import harness
    from harness.errors import UsageError

    class Mean:
        name = "mean"

    with pytest.raises(UsageError, match=r"--set threshold: .*, and mean has no option for it"):
        harness.evaluate(str(task), Mean(), home=tmp_path / "home", settings={"threshold": 90})
