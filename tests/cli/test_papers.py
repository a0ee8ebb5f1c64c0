"""``harness papers`` and ``harness paper`` as a user types them, with good and bad input."""

from pathlib import Path

import pytest
from command_line import Harness

MANIFEST = """
name = "mine"
title = "Mine"
interfaces = []
[paper]
title = "Mine"
arxiv = "2001.00001"
[[claims]]
task = "cifar10"
metric = "top1"
value = "93.1"
unit = "%"
source = "abstract"
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "submission.toml").write_text(MANIFEST)
    return folder


def test_every_listed_paper_has_claims_or_says_what_it_reports_on(harness: Harness) -> None:
    told = harness("papers", "--json").json()
    assert told
    for paper in told:
        assert sum(paper["verdicts"].values()) == paper["claims"]
        assert sum(paper["missing"].values()) == paper["verdicts"]["cannot tell yet"]
        assert paper["claims"] or paper["benchmarks"], paper["name"]
    lines = harness("papers").out.splitlines()
    assert len(lines) == len(told) + 2 and lines[0].startswith("arXiv")


def test_papers_import_no_torch(harness: Harness, tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise SystemExit('torch was imported')\n")
    done = harness("papers", env={"PYTHONPATH": str(tmp_path)})
    assert done.status == 0, done.err


def test_a_paper_is_shown_with_what_is_missing_and_how_to_settle_it(harness: Harness, mine: Path) -> None:
    out = harness("paper", mine).out
    assert "93.1 %" in out and "cannot tell yet (1 claim), missing implementation" in out
    assert "settled by: harness score --task cifar10" in out
    assert harness("paper", mine, "--json").json()["verdicts"]["cannot tell yet"] == 1


@pytest.mark.parametrize("form", ["latex", "markdown", "csv", "json"])
def test_formats_go_to_standard_output_alone(harness: Harness, mine: Path, form: str) -> None:
    done = harness("paper", mine, "--format", form)
    assert done.status == 0 and "93.1" in done.out and done.err == ""


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        (("cifar10", "cifar11"), 1, "there is no task 'cifar11'; did you mean cifar10"),
        (("top1", "topl"), 1, "the task cifar10 has no metric 'topl'; did you mean top5 or top1?"),
        (('source = "abstract"', 'source = " "'), 1, "source is empty"),
        (("2001.00001", "2001"), 1, "'2001' is no arXiv id"),
        (('"93.1"', "93.1"), 1, "submission.toml: Expected `str`, got `float` - at `$.claims[0].value`"),
    ],
)
def test_a_wrong_manifest_is_one_sentence(
    harness: Harness, mine: Path, change: tuple[str, str], status: int, words: str
) -> None:
    (mine / "submission.toml").write_text(MANIFEST.replace(*change))
    assert words in harness("paper", mine).sentence(status)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("1904.08188",), "there is no paper '1904.08188'; did you mean 1904.08189"),
        ((), "name a paper ('harness papers' lists them) or a table of claims"),
        (("centernet", "--claims", "none.toml"), "--claims none.toml cannot be read"),
        (("centernet", "--format", "pdf"), "invalid choice: 'pdf'"),
        (("./nowhere",), "there is no submission './nowhere'"),
    ],
)
def test_misuse_is_one_sentence(harness: Harness, arguments: tuple[str, ...], words: str) -> None:
    assert words in harness("paper", *arguments).sentence(2)
