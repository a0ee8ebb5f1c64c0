"""Claims in manifests: tables become claims, and what cannot be true is refused with file and field."""

from pathlib import Path

import pytest

from harness.claim import Claim
from harness.errors import SubmissionError
from harness.manifest import Manifest, read_manifest
from harness.manifest_check import unknown
from harness.registry import find_submission, find_task, submission_names, task_names

HEAD = """
name = "pruned"
title = "t"
interfaces = []
"""
VARIANTS = """
[options.rates]
default = "none"
title = "share of filters that is left"
[[variants]]
name = "resnet56"
[[variants]]
name = "dense"
"""
CLAIM = '[[claims]]\ntask = "cifar10"\nmetric = "top1"\nvalue = "{}"\nsource = "{}"\n'
TABLE = """
[[tables]]
title = "ResNet-56"
source = "authors/code README.md"
task = "cifar10"
setting = "CIFAR-10"
variant = "resnet56"
columns = [
  { title = "FLOPs", metric = "operations", unit = "M", convention = "macs" },
  { title = "FLOPs less", metric = "operations", unit = "%", relation = "reduction", relative_to = "dense" },
  { title = "top-1", metric = "top1", unit = "%", split = "test", blocker = "drive" },
]
rows = [
  { name = "[0.6]*27", options = { rates = "[0.6]*27" }, values = ["73.36", "41.5", "93.19"] },
  { name = "[0.1]*27", options = { rates = "[0.1]*27" }, setting = "strong", values = [
    "11.43", { value = "91.0", qualifier = "about" }, "" ] },
]
[blockers.drive]
missing = "weights"
text = "on a drive"
"""


def read(folder: Path, text: str) -> Manifest:
    (folder / "submission.toml").write_text(text)
    return read_manifest(folder)


def test_a_table_becomes_one_claim_a_printed_number(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + VARIANTS + TABLE).claims
    assert [(claim.row, claim.column, claim.value) for claim in found] == [
        ("[0.6]*27", "FLOPs", "73.36"),
        ("[0.6]*27", "FLOPs less", "41.5"),
        ("[0.6]*27", "top-1", "93.19"),
        ("[0.1]*27", "FLOPs", "11.43"),
        ("[0.1]*27", "FLOPs less", "91.0"),
    ]
    assert found[4] == Claim(
        task="cifar10", metric="operations", value="91.0", unit="%", relation="reduction", relative_to="dense",
        qualifier="about", variant="resnet56", options={"rates": "[0.1]*27"}, setting="CIFAR-10; strong",
        source="authors/code README.md, ResNet-56, [0.1]*27", table="ResNet-56", row="[0.1]*27", column="FLOPs less", line=2,
    )  # fmt: skip


def test_a_row_without_a_variant_is_called_as_printed(tmp_path: Path) -> None:
    text = HEAD + (
        '[[tables]]\ntitle = "t"\nsource = "README"\ntask = "cifar10"\ncolumns = [{ metric = "top1" }]\n'
        'rows = [{ name = "DenseNet-BC", values = ["96.54"] }]\n'
    )
    (claim,) = read(tmp_path, text).claims
    assert (claim.method, claim.variant, claim.column) == ("DenseNet-BC", "", "top1")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (CLAIM.format("93.1", ""), r"claims: cifar10 top1 93\.1: source is empty"),
        (CLAIM.format("93.1", "abstract").replace('source = "abstract"\n', ""), "source"),
        (CLAIM.format("about 93", "abstract"), "value 'about 93' is no number as printed; qualifier takes 'about'"),
        (CLAIM.format("", "abstract"), "value '' is no number"),
        (CLAIM.format("93.1", "abstract") + 'variant = "big"\n', "pruned has no variant 'big'; it has: none"),
        (CLAIM.format("93.1", "abstract") + 'blocker = "x"\n', r"blocker 'x' is not among blockers \(none\)"),
        (CLAIM.format("93.1", "abstract") + 'relation = "drop"\n', "a drop needs relative_to .* or baseline"),
        (CLAIM.format("93.1", "abstract") + 'relation = "loss"\n', r"Invalid enum value 'loss' - at `\$\.claims\[0\]"),
        (
            CLAIM.format("93.1", "abstract") + 'submission = "mobilenetv1"\n',
            "submission: which variant of mobilenetv1 it is about is not said",
        ),
        (
            VARIANTS
            + CLAIM.format("2.4", "abstract")
            + 'submission = "m"\nvariant = "x"\nrelation = "ratio"\nrelative_to = "dense"\n',
            "relative_to names a variant of this manifest, submission another one",
        ),
        (CLAIM.format("93.1", "abstract") + 'relative_to = "all"\n', "relative_to: pruned has no variant 'all'"),
        (CLAIM.format("93.1", "abstract") + "options = { rates = 1 }\n", "pruned has no option 'rates'"),
        (
            CLAIM.format("93.1", "abstract") + CLAIM.format("93.2", "table 1"),
            r"cifar10 top1 93\.1 \(abstract\) and 93\.2 \(table 1\) contradict each other",
        ),
        ('[paper]\ntitle = "t"\narxiv = "1913.1"\n', r"paper\.arxiv: '1913\.1' is no arXiv id such as 1904\.08189"),
        (
            '[paper]\ntitle = "t"\nstates_no_number = true\n' + CLAIM.format("93.1", "abstract"),
            r"paper\.states_no_number: the claim cifar10 top1 93\.1 is from the abstract",
        ),
        (VARIANTS + '[[variants]]\nname = "dense"\n', "variants: two are called 'dense'"),
        ('blocker = "x"\n', "blocker: 'x' is none of the blockers"),
        ('[blockers.x]\nmissing = "time"\ntext = "t"\n', r"Invalid enum value 'time' - at `\$\.blockers"),
        (
            VARIANTS + TABLE.replace('"93.19"]', "]"),
            r"the row '\[0\.6\]\*27' of the table 'ResNet-56' has 2 values for 3 columns",
        ),
        (VARIANTS + TABLE.replace('"93.19"', "93.19"), r"Expected `str \| object`, got `float`"),
        (VARIANTS + TABLE.replace('metric = "top1", ', ""), "column 'top-1' of the table 'ResNet-56' states no metric"),
    ],
)
def test_what_cannot_be_is_refused_with_file_and_field(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(SubmissionError, match=rf"submission\.toml: .*{named}"):
        read(tmp_path, HEAD + text)


@pytest.mark.parametrize("other", ["93.1", "93.12", "93"])
def test_a_rounding_of_a_claim_does_not_contradict_it(tmp_path: Path, other: str) -> None:
    text = HEAD + CLAIM.format("93.1", "abstract") + CLAIM.format(other, "table 1")
    assert len(read(tmp_path, text).claims) == 2


def test_the_same_number_under_another_setting_does_not_contradict(tmp_path: Path) -> None:
    text = HEAD + CLAIM.format("93.1", "a") + CLAIM.format("94.0", "a") + 'setting = "batch 512"\n'
    assert len(read(tmp_path, text).claims) == 2


ROWS = """
[[tables]]
title = "t"
source = "README"
task = "cifar10"
columns = [{{ metric = "top1" }}]
rows = [{{ name = "VGG", {0}values = ["93.1"] }}, {{ name = "VGG", {0}values = ["92.0"] }}]
"""


def test_two_rows_of_one_name_may_be_two_networks_but_not_one_variant(tmp_path: Path) -> None:
    assert [claim.line for claim in read(tmp_path, HEAD + ROWS.format("")).claims] == [1, 2]
    with pytest.raises(SubmissionError, match="contradict each other"):
        read(tmp_path, HEAD + VARIANTS + ROWS.format('variant = "dense", '))


METRICS = {"cifar10": ["top1"], "coco": ["AP"]}


@pytest.mark.parametrize(
    ("task", "metric", "words"),
    [
        ("cifar10", "top1", ""),
        ("cifar10", "parameters", ""),
        ("cost", "operations", ""),
        ("crowd-counting", "MAE", ""),
        ("cifr10", "top1", "there is no task 'cifr10'; did you mean cifar10?"),
        ("weather", "top1", "there is no task 'weather'"),
        ("cifar10", "topl", "the task cifar10 has no metric 'topl'; did you mean top1?"),
        ("cost", "AP", "the task cost has no metric 'AP'; it has: parameters"),
    ],
)
def test_tasks_and_metrics_are_those_there_are(tmp_path: Path, task: str, metric: str, words: str) -> None:
    text = CLAIM.format("93.1", "abstract").replace("cifar10", task).replace("top1", metric)
    found = unknown(read(tmp_path, HEAD + text), METRICS)
    assert found == "" if not words else words in found


def test_a_metric_that_no_adapter_has_stands_with_a_blocker(tmp_path: Path) -> None:
    claim = CLAIM.format("40.4", "table 3").replace("cifar10", "coco").replace("top1", "FD") + 'blocker = "fd"\n'
    blocker = '[blockers.fd]\nmissing = "adapter"\ntext = "no false discovery rate yet"\n'
    assert unknown(read(tmp_path, HEAD + claim + blocker), METRICS) == ""
    assert "no metric 'FD'" in unknown(read(tmp_path, HEAD + claim + blocker.replace("adapter", "weights")), METRICS)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('submission = "mobilenetv1"\nvariant = "x1.0"\n', ""),
        ('submission = "mobilenetv1"\nvariant = "x0.25"\noptions = { width = 1.0 }\n', ""),
        (
            'submission = "mobilnetv1"\nvariant = "x1.0"\n',
            "submission: there is no submission 'mobilnetv1'; did you mean mobilenetv1",
        ),
        (
            'submission = "mobilenetv1"\nvariant = "big"\n',
            "submission: mobilenetv1 has no variant 'big'; it has: x0.25, x1.0, sample",
        ),
        (
            'submission = "mobilenetv1"\nvariant = "x1.0"\noptions = { depth = 3 }\n',
            "submission: mobilenetv1 has no option 'depth'",
        ),
    ],
)
def test_a_network_of_another_submission_is_looked_for(tmp_path: Path, said: str, words: str) -> None:
    found = unknown(read(tmp_path, HEAD + CLAIM.format("93.1", "abstract") + said), METRICS)
    assert found == "" if not words else words in found


METAS = {name: [metric.name for metric in find_task(name).meta.metrics] for name in task_names()}


@pytest.mark.parametrize("name", submission_names())
def test_every_manifest_of_this_project_holds(name: str) -> None:
    folder, manifest, package = find_submission(name)
    assert manifest.name == name
    assert folder.name.replace("_", "-") == name and package
    assert unknown(manifest, METAS) == ""
