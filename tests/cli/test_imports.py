"""What a command imports is what a user waits for."""

import subprocess
import sys
from pathlib import Path

import pytest
from command_line import clean_environment

HEAVY = ("torch", "torchvision", "mlflow", "pandas", "matplotlib", "sklearn", "scipy")

WATCHED = """
import sys
from harness.cli import main
try:
    status = main(sys.argv[1:])
except SystemExit as exit:
    status = exit.code or 0
print("\\n".join(sorted(sys.modules)), file=sys.stderr)
sys.exit(status)
"""


def modules(folder: Path, *arguments: object) -> set[str]:
    """The modules that a command has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *map(str, arguments)], cwd=folder, text=True, capture_output=True, check=False,
        env={**clean_environment(), "HARNESS_HOME": str(folder / "home")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [("--help",), ("eval", "--help"), ("--version",)], ids=" ".join)
def test_help_imports_nothing_that_computes(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    found = modules(tmp_path, *arguments)
    assert "harness.cli.main" in found
    assert found & {*HEAVY, "numpy", "msgspec", "PIL", "jinja2"} == set()


@pytest.mark.parametrize("verb", ["tasks", "submissions"])
def test_listing_imports_nothing_heavy(tmp_path: Path, verb: str) -> None:
    found = modules(tmp_path, verb)
    assert "harness.registry" in found and found & set(HEAVY) == set()


def test_score_needs_neither_torch_nor_mlflow_nor_pandas(tmp_path: Path, tiny: Path) -> None:
    from harness.registry import find_task

    find_task(str(tiny)).write_sample(tmp_path / "data")
    arguments = ("score", "--task", tiny, "--data", tmp_path / "data", tmp_path / "data" / "labels.csv")
    found = modules(tmp_path, *arguments)
    assert "harness.scoring" in found and found & set(HEAVY) == set()
    assert len(list((tmp_path / "home" / "records").iterdir())) == 1


@pytest.mark.parametrize("task", ["coco", "set5"])
def test_score_of_the_official_tasks_needs_them_no_more(tmp_path: Path, task: str) -> None:
    from harness.registry import find_task

    found_task = find_task(task)
    found_task.write_sample(tmp_path / "data")
    results = tmp_path / ("none.json" if task == "coco" else "outputs")
    if task == "coco":
        results.write_text("[]")
    else:
        results = next((tmp_path / "data").rglob("HR"))
    found = modules(tmp_path, "score", "--task", task, "--data", tmp_path / "data", results, "--no-interval")
    assert found & set(HEAVY) == set()


def test_verify_of_a_scored_file_needs_them_no_more(tmp_path: Path, tiny: Path) -> None:
    from harness.registry import find_task

    find_task(str(tiny)).write_sample(tmp_path / "data")
    modules(tmp_path, "score", "--task", tiny, "--data", "data", "data/labels.csv")
    [record] = (tmp_path / "home" / "records").iterdir()
    assert modules(tmp_path, "verify", record.stem) & set(HEAVY) == set()
