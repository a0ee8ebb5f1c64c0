"""If these fail, a number that a paper states is missing here, or stands without source, verdict or reason."""

import json
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import Done

from harness.claims import Comparison
from harness.cli.main import build_parser
from harness.manifest import Manifest
from harness.papers import all_papers, report

PAPERS, BROKEN = all_papers()
NAMES = [manifest.name for manifest in PAPERS]
ABSTRACT, ROWS = 53, 195
"""Numbers of abstracts, and rows of tables, over all papers."""
ASIDE = (
    "source", "dataset", "setting", "task", "method", "model", "arch", "backbone", "detector", "table", "rate",
    "compress_rate", "batch", "epochs", "hardware", "scale", "G0", "multiscale", "third_party", "status", "example_architecture",
)  # fmt: skip
"""What a row says of its numbers, and is none itself."""


@pytest.fixture(scope="module")
def stated(shared: Path) -> dict[str, Any]:
    return {paper["name"]: paper for paper in json.loads((shared / "claims/papers.json").read_text())}


def numbers(item: Any) -> Iterator[float]:
    """Every number of a row: ``93.19``, ``73.36M(41.5%)``, ``37.53/0.9587``, ``about 93.75``."""
    if isinstance(item, bool) or item is None:
        return
    if isinstance(item, int | float):
        yield float(item)
    elif isinstance(item, str):
        yield from map(float, re.findall(r"(?<![\w.])\d+(?:\.\d+)?", item))
    elif isinstance(item, dict):
        for key, value in item.items():
            if key not in ASIDE:
                yield from numbers(value)
    else:
        for value in item:
            yield from numbers(value)


def printed(manifest: Manifest, *, abstract: bool) -> Counter[float]:
    claims = [claim for claim in manifest.claims if (claim.source == "abstract") == abstract]
    parts = (part for claim in claims for part in claim.value.replace(",", "").rstrip("%").split(" to "))
    return Counter(map(float, parts))


def test_there_are_46_papers_and_each_manifest_is_valid() -> None:
    assert BROKEN == []
    assert len(PAPERS) == len(set(NAMES)) == len({m.paper.arxiv for m in PAPERS if m.paper}) == 46


def test_papers_are_those_of_the_list(stated: dict[str, Any]) -> None:
    assert {m.name: m.paper.arxiv for m in PAPERS if m.paper} == {
        name: paper["arxiv"] for name, paper in stated.items()
    }


@pytest.mark.parametrize("manifest", PAPERS, ids=NAMES)
def test_no_paper_is_empty(manifest: Manifest) -> None:
    paper = manifest.paper
    assert paper is not None and paper.title and paper.tasks and paper.benchmarks and paper.metrics
    assert manifest.claims or paper.states_no_number
    assert all(claim.source.strip() and claim.value for claim in manifest.claims)


@pytest.mark.parametrize("manifest", PAPERS, ids=NAMES)
def test_every_claim_without_a_verdict_waits_for_exactly_one_thing(manifest: Manifest) -> None:
    def waits(item: Comparison) -> bool:
        return item.blocker is not None and bool(item.blocker.missing and item.blocker.text)

    made = report(manifest, [], lambda variant, options, submission="": "it has not been counted yet").comparisons
    assert len(made) == len(manifest.claims)
    assert all(item.verdict == "cannot tell yet" and waits(item) for item in made)
    commands = {item.blocker.command for item in made if item.blocker}
    for words in map(shlex.split, sorted(commands)):
        # A command that cannot be typed settles nothing: a wrong one ends the process here.
        assert not words or words[0] != "harness" or build_parser().parse_args(words[1:]).run


@pytest.mark.parametrize("manifest", PAPERS, ids=NAMES)
def test_every_number_of_the_list_is_claimed(manifest: Manifest, stated: dict[str, Any]) -> None:
    paper = stated[manifest.name]
    abstract = Counter(float(claim["value"]) for claim in paper["claims"])
    assert abstract <= printed(manifest, abstract=True)
    rest = printed(manifest, abstract=False)
    for row in paper["table_rows"]:
        needed = Counter(numbers(row))
        assert needed and needed <= rest, (row, needed - rest)
        rest -= needed


def test_the_list_has_53_numbers_of_abstracts_and_195_rows(stated: dict[str, Any]) -> None:
    assert sum(len(paper["claims"]) for paper in stated.values()) == ABSTRACT
    assert sum(len(paper["table_rows"]) for paper in stated.values()) == ROWS


@pytest.mark.parametrize("manifest", PAPERS, ids=NAMES)
def test_what_was_not_verified_stays_marked(manifest: Manifest, stated: dict[str, Any]) -> None:
    paper = stated[manifest.name]
    assert manifest.paper is not None
    assert (manifest.paper.title_source == "unverified") == paper["title_source"].startswith("unverified")
    assert manifest.paper.states_no_number == (not paper["claims"])
    rows = paper["table_rows"]
    if rows and all(row.get("status") == "unverified" for row in rows):
        assert not any(claim.verified for claim in manifest.claims if claim.source != "abstract")


@pytest.mark.parametrize("manifest", PAPERS, ids=NAMES)
def test_code_and_its_licence_are_those_of_the_list(manifest: Manifest, stated: dict[str, Any]) -> None:
    code = stated[manifest.name]["code"]
    repository, licence = code.get("repo") or "", code.get("licence") or ""
    assert manifest.code.repository.removeprefix("https://github.com/") == repository.split(" ")[0]
    assert manifest.code.commit in ("", code.get("commit"))
    shown = {"none": "none stated", "not checked": "not looked at"}.get(licence, licence)
    assert manifest.code.licence.replace(" ", "-").casefold() in shown.replace(" ", "-").casefold()


def test_harness_papers_has_a_line_for_each(cli: Callable[..., Done]) -> None:
    listed = json.loads(cli("papers", "--json").out)
    assert [paper["name"] for paper in listed] == NAMES
    assert all(sum(paper["verdicts"].values()) == paper["claims"] for paper in listed)
    assert all(paper["claims"] or (paper["states_no_number"] and paper["benchmarks"]) for paper in listed)
