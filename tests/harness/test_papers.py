"""Papers as the command line shows them: every claim has a verdict or one missing thing, in every format."""

import csv
import io
import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest
from leaderboard_homes import record

from harness.claim import Claim
from harness.claim_blockers import blocker_of
from harness.claim_costs import CostBook
from harness.claim_evidence import recorded
from harness.claims import VERDICTS
from harness.errors import SubmissionError, UsageError
from harness.manifest import Manifest, read_manifest
from harness.own_claims import own_report, read_table
from harness.paper_tables import FIELDS, WRITERS, layouts
from harness.papers import PaperReport, all_papers, check, find_paper, report
from harness.progress import Reporter
from harness.record import Cost
from harness.registry import find_submission, task_names
from harness.store import Home

PAPER = """
name = "alder"
title = "A & B_1: 50 % #1 {x}"
interfaces = ["classification"]
entry = "model.py:build"
findings = ["two and two are four"]
[paper]
title = "A & B_1: 50 % #1 {x} é ≥ α 中"
arxiv = "1904.08189"
benchmarks = ["CIFAR-10"]
[options.rates]
default = "none"
title = "what is left"
[[variants]]
name = "base"
[[variants]]
name = "small"
weights = { published = "https://example.org/small" }
[blockers.server]
missing = "private labels"
text = "only the server has the labels"
[[tables]]
title = "Table 1_2"
source = "README"
task = "cost"
columns = [
  { title = "Params", metric = "parameters", unit = "M" },
  { title = "FLOPs ↓", metric = "operations", unit = "%", relation = "reduction", relative_to = "base" },
  { title = "top-1", metric = "top1", task = "cifar10", split = "test", unit = "%" },
]
rows = [
  { name = "base & co", variant = "base", values = ["1.00", "", "93.1"] },
  { name = "[0.5]*3", variant = "small", options = { rates = "[0.5]*3" }, values = ["0.50", "41.5", "92.0"] },
  { name = "theirs", method = "theirs", values = ["2.5", "", "91.0"] },
  { name = "MobileNet", submission = "mobilenetv1", variant = "x1.0", values = ["4.23", "", "70.6"] },
]
[[claims]]
task = "cifar10"
split = "test"
metric = "top1"
unit = "points"
value = "1.1"
relation = "drop"
variant = "small"
relative_to = "base"
blocker = "server"
source = "abstract"
"""


def count(variant: str, options: Mapping[str, object], submission: str = "") -> Cost | str:
    if submission:
        assert (submission, variant, options) == ("mobilenetv1", "x1.0", {})
        return Cost(parameters=4_231_976, macs=568_740_352, complete=True)
    if variant == "base":
        return Cost(parameters=1_004_000, macs=1000, complete=True)
    assert options == {"rates": "[0.5]*3"}
    return Cost(parameters=620_000, macs=585, complete=True)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder = tmp_path_factory.mktemp("alder")
    (folder / "submission.toml").write_text(PAPER)
    return read_manifest(folder)


@pytest.fixture(scope="module")
def made(manifest: Manifest) -> PaperReport:
    return report(manifest, [], count)


def test_every_claim_has_a_verdict_or_one_missing_thing(made: PaperReport) -> None:
    found = [
        (item.claim.value, item.verdict, item.blocker.missing if item.blocker else "") for item in made.comparisons
    ]
    assert found == [
        ("1.1", "cannot tell yet", "private labels"),
        ("1.00", "reproduced", ""),
        ("93.1", "cannot tell yet", "weights"),
        ("0.50", "refuted", ""),
        ("41.5", "reproduced", ""),
        ("92.0", "cannot tell yet", "data"),
        ("2.5", "cannot tell yet", "implementation"),
        ("91.0", "cannot tell yet", "implementation"),
        ("4.23", "reproduced", ""),
        ("70.6", "cannot tell yet", "weights"),
    ]


def test_the_command_that_settles_a_claim_names_its_variant_and_options(made: PaperReport) -> None:
    commands = {item.claim.value: item.blocker.command for item in made.comparisons if item.blocker}
    assert commands["92.0"] == (
        "harness eval --task cifar10 --split test --submission alder --variant small --set 'rates=[0.5]*3' "
        "--data DIR --weights FILE"
    )
    assert commands["91.0"] == "harness score --task cifar10 --split test --data DIR RESULTS"
    assert commands["70.6"] == (
        "harness eval --task cifar10 --split test --submission mobilenetv1 --variant x1.0 --data DIR --weights FILE"
    )
    assert commands["1.1"] == "", "labels that a server keeps: no command here settles it"


@pytest.mark.parametrize(
    ("changes", "missing", "command"),
    [
        ({"task": "crowd-counting", "metric": "MAE"}, "adapter", "harness new task crowd-counting"),
        ({"metric": "parameters", "variant": "base"}, "count", "harness paper alder --cost"),
        ({"metric": "latency_ms", "variant": "base", "hardware": "P100"}, "hardware", "harness eval --task cifar10"),
        ({"relation": "gain", "baseline": "the best before", "variant": "base"}, "baseline", "harness eval"),
        ({"method": "ResNet-9"}, "implementation", "harness score --task cifar10"),
    ],
)
def test_what_is_missing_follows_from_the_claim(
    manifest: Manifest, changes: dict[str, str], missing: str, command: str
) -> None:
    stated = Claim(**{"task": "cifar10", "metric": "top1", "value": "1", "source": "s", **changes})  # type: ignore[arg-type]
    found = blocker_of(stated, manifest, task_names())
    assert found.missing == missing and found.text and found.command.startswith(command)


# -- formats -----------------------------------------------------------------------------------------------------------
def test_tables_keep_the_papers_rows_and_columns(made: PaperReport) -> None:
    outside, table = layouts(made.comparisons)
    assert outside.headings == ["top1, drop (cifar10 test)"]
    assert table.headings == ["Params", "top-1", "FLOPs ↓"]
    assert [name for _, name in table.rows] == ["base & co", "[0.5]*3", "theirs", "MobileNet"]


def test_csv_and_json_have_every_claim_with_all_digits(made: PaperReport) -> None:
    lines = list(csv.DictReader(io.StringIO(WRITERS["csv"](made).decode())))
    told = json.loads(WRITERS["json"](made))
    assert len(lines) == len(told["claims"]) == len(made.comparisons)
    assert list(lines[0]) == list(FIELDS)
    (reduction,) = (row for row in told["claims"] if row["relation"] == "reduction")
    assert reduction["ours"] == 100 * (1 - 585 / 1000) and reduction["under"] == "macs"
    assert told["verdicts"] == {
        verdict: [item.verdict for item in made.comparisons].count(verdict) for verdict in VERDICTS
    }
    assert told["findings"] == ["two and two are four"]


def test_markdown_rows_have_as_many_cells_as_their_heads(made: PaperReport) -> None:
    lines = [line for line in WRITERS["markdown"](made).decode().splitlines() if line.startswith("|")]
    cells = [len(re.findall(r"(?<!\\)\|", line)) - 1 for line in lines]
    assert cells == [3] * 3 + [5] * (len(lines) - 3) and len(lines) > 8
    assert "0.50 ≠" in "\n".join(lines) and "| ours | 0.620 |" in "\n".join(lines)


def test_latex_is_balanced_and_escaped(made: PaperReport) -> None:
    text = WRITERS["latex"](made).decode()
    for environment in ("table", "tabular"):
        assert text.count(rf"\begin{{{environment}}}") == text.count(rf"\end{{{environment}}}") == 2
    plain = re.sub(r"\\[{}]", "", text)
    assert plain.count("{") == plain.count("}")
    for start, body in re.findall(r"\\begin\{tabular\}\{(l+r+)\}(.*?)\\end\{tabular\}", text, re.S):
        rows = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert rows and all(len(re.findall(r"(?<!\\)&", line)) == len(start) - 1 for line in rows)
    assert r"A \& B\_1: 50 \% \#1 \{x\} é $\geq$ $\alpha$ ?" in text and r"0.50 $\neq$" in text


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no pdflatex here")
def test_latex_compiles(made: PaperReport, tmp_path: Path) -> None:
    body = WRITERS["latex"](made).decode()
    stated = re.findall(r"^% preamble: (.*)$", body, re.M)
    assert len(stated) == 1, "whoever takes the table away is told what it needs"
    (tmp_path / "paper.tex").write_text(f"{stated[0]}\n\\begin{{document}}\n{body}\\end{{document}}\n")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout and "too large" not in done.stdout


# -- finding papers ----------------------------------------------------------------------------------------------------
def test_a_paper_is_found_by_its_id_its_name_or_its_folder(manifest: Manifest, tmp_path: Path) -> None:
    for reference in ("1904.08189", "arXiv:1904.08189", "1904.08189v2", "centernet"):
        assert find_paper(reference).name == "centernet"
    (tmp_path / "submission.toml").write_text(PAPER)
    assert find_paper(str(tmp_path)) == manifest


@pytest.mark.parametrize(("reference", "near"), [("1904.08188", "1904.08189"), ("centrenet", "centernet")])
def test_an_unknown_paper_suggests_the_nearest(reference: str, near: str) -> None:
    with pytest.raises(UsageError, match=rf"there is no paper '{reference}'; did you mean {near}"):
        find_paper(reference)


def test_references_are_listed_only_when_asked_for() -> None:
    listed, broken = all_papers()
    everything, _ = all_papers(references=True)
    assert broken == []
    assert not any(manifest.paper is None or manifest.paper.reference for manifest in listed)
    assert {"imdn", "vdsr"} <= {manifest.name for manifest in everything} - {manifest.name for manifest in listed}


def test_an_unknown_task_is_named(tmp_path: Path) -> None:
    (tmp_path / "submission.toml").write_text(PAPER.replace('"cifar10"', '"cifra10"'))
    with pytest.raises(SubmissionError, match="there is no task 'cifra10'; did you mean cifar10"):
        check(read_manifest(tmp_path))


# -- counts that are kept ----------------------------------------------------------------------------------------------
def test_a_count_is_kept_until_what_it_follows_from_changes(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    folder = shutil.copytree(Path(__file__).parents[2] / "submissions" / "resnet_cifar", tmp_path / "resnet")
    manifest, home = read_manifest(folder), Home(tmp_path / "home")

    def book(*, again: bool) -> CostBook:
        return CostBook(home, str(folder), manifest, count=again, reporter=Reporter())

    assert book(again=False)("resnet20", {}) == "it has not been counted yet"
    first = book(again=True)
    cost = first("resnet20", {})
    assert isinstance(cost, Cost) and cost.parameters == 269_722 and first.counted == 1
    assert book(again=False)("resnet20", {}) == cost
    assert isinstance(book(again=False)("resnet32", {}), str)
    (folder / "network.py").write_text((folder / "network.py").read_text() + "\n# changed\n")
    assert isinstance(book(again=False)("resnet20", {}), str)
    wrong = book(again=True)("resnet20", {"depth": "many"})
    assert isinstance(wrong, str) and "depth" in wrong


def test_code_that_cannot_be_found_hinders_its_own_counts_only(manifest: Manifest, tmp_path: Path) -> None:
    (tmp_path / "submission.toml").write_text(PAPER)
    lost = msgspec.structs.replace(manifest, uses=["submissions.nowhere"])
    told = CostBook(Home(tmp_path), str(tmp_path), lost, count=False, reporter=Reporter())("base", {})
    assert isinstance(told, str) and "submissions.nowhere cannot be found" in told


def test_a_count_of_another_submission_is_kept_for_both(manifest: Manifest, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "submission.toml").write_text(PAPER)
    home = Home(tmp_path / "home")
    book = CostBook(home, str(tmp_path), manifest, count=True, reporter=Reporter())
    cost = book("x1.0", {}, "mobilenetv1")
    assert isinstance(cost, Cost) and (cost.parameters, cost.macs) == (4_231_976, 568_740_352)
    owner = find_submission("mobilenetv1")[1]
    assert CostBook(home, "mobilenetv1", owner, count=False, reporter=Reporter())("x1.0", {}) == cost
    lost = book("x1.0", {}, "mobilenetv9")
    assert isinstance(lost, str) and "there is no submission 'mobilenetv9'" in lost


def test_a_record_of_another_submission_settles_what_is_said_of_it_alone(manifest: Manifest, tmp_path: Path) -> None:
    about = {"task__id": "cifar10", "task__split": "test", "submission__variant": "x1.0", "submission__options": {}}
    mine, theirs = (record(Home(tmp_path), name, 1.2, **about) for name in ("alder", "mobilenetv1"))
    told = {item.claim.value: item for item in report(manifest, [mine], count).comparisons if item.claim.submission}
    assert told["70.6"].verdict == "cannot tell yet"
    told = {item.claim.value: item for item in report(manifest, [mine, theirs], count).comparisons}
    assert told["70.6"].record == theirs and told["70.6"].verdict == "measured differently"
    assert told["93.1"].record is None
    assert recorded(told["70.6"].claim, [mine]).hindered == ["the claim is about mobilenetv1"]


# -- tables of one's own -----------------------------------------------------------------------------------------------
OWN = """
[[tables]]
title = "mine"
source = "my draft"
task = "questions"
split = "val"
columns = [{ metric = "top1", unit = "%" }]
rows = [{ name = "Alder", method = "alder", variant = "base", values = ["88.2"] }]
"""


def test_a_table_of_ones_own_is_treated_like_a_paper(manifest: Manifest, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(OWN.replace('"questions"', '"cifar10"').replace('"val"', '"test"'))
    ours = record(Home(tmp_path), "alder", 1.2, task__id="cifar10", task__split="test")
    found = own_report(path, manifest, lambda stated: report(stated, [ours], count))
    assert [(item.verdict, item.claim.method, item.record) for item in found.comparisons] == [
        ("reproduced", "alder", ours)
    ]


def test_without_a_paper_each_method_names_its_submission(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    rows = '{ name = "IMDN", method = "imdn", variant = "x4", values = ["32.21"] }, { name = "N", values = ["30"] }'
    text = OWN.replace('"questions"', '"set5"').replace('"val"', '"x4"').replace('"top1"', '"PSNR"')
    path.write_text(text[: text.index("rows")].replace('"%"', '"dB"') + f"rows = [{rows}]\n")
    found = own_report(path, None, lambda stated: report(stated, [], count)).comparisons
    assert [item.blocker.missing for item in found if item.blocker] == ["data", "implementation"]
    assert found[0].claim.method == "imdn" and "--submission imdn --variant x4" in found[0].blocker.command  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("claims = 3\n", r"--claims .*mine\.toml: Expected `array`"),
        (OWN.replace('"88.2"', '"good"'), "value 'good' is no number as printed"),
        (OWN.replace('source = "my draft"\n', ""), "missing required field `source`"),
        (OWN.replace('"questions"', '"question"'), "there is no task 'question'"),
    ],
)
def test_what_a_manifest_could_not_say_a_table_cannot_either(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text.replace('method = "alder", variant = "base", ', ""))
    with pytest.raises(UsageError, match=words):
        own_report(path, None, lambda stated: report(stated, [], count))


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--claims .*none\.toml cannot be read"):
        read_table(tmp_path / "none.toml")
