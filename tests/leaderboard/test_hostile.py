"""Records come from strangers: whatever they say stays text."""

import csv
import io
import json
from pathlib import Path

import msgspec
import pytest
from leaderboard_homes import DIGEST, host, measurements, record
from leaderboard_reading import pages, read

from harness.record import DetailTable, Flag, Metric, Source, Submitter
from harness.store import Home
from leaderboard.build import build_site
from leaderboard.export import rows, to_latex, to_markdown

SCRIPT = "</script><script>alert(1)</script><!--<script>"
ATTRIBUTE = '"><img src=x onerror=alert(1)>'
BIDI = "abc\u202edef\u2066"
FORMULA = "=cmd|' /C calc'!A0"
TEMPLATE = "{{ 7 * 7 }}{% raw %}"
MATH = "$\\frac{1}{0}$ $unclosed"
LINK = "javascript:alert(1)"
EVIL = f"{SCRIPT} {ATTRIBUTE} {BIDI} {FORMULA} {TEMPLATE} {MATH} {LINK}"
FORBIDDEN = {"script": 1, "style": 1, "img": None, "iframe": 0, "object": 0, "form": 0, "svg": 0, "base": 0}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    home = Home(folder / "home")
    for index, name in enumerate((EVIL, FORMULA, BIDI, "x" * 5000, "", "\x00\x1b[31m", ATTRIBUTE)):
        record(home, name, 0.5 + index / 10, latency=4.0 + index, **_fields(index))
    (home.path / "records" / "about.json").write_bytes(_renamed(home, "../../about"))
    (home.path / "records" / "0123456789abcdef.json").write_text(
        '{"schema": "harness-record/1", "id": "' + SCRIPT + '"}'
    )
    (home.path / "records" / f"{'<img src=x onerror=alert(1)>'}.json").write_text("[]")
    build_site([home.path], folder / "site")
    return folder


def _renamed(home: Home, id: str) -> bytes:
    file = sorted((home.path / "records").glob("*.json"))[0]
    return msgspec.json.encode({**json.loads(file.read_bytes()), "id": id})


def _fields(index: int) -> dict[str, object]:
    odd = measurements(5.0, stable=False)
    return {
        "task__title": EVIL,
        "task__family": EVIL,
        "task__notice": EVIL,
        "task__split": ATTRIBUTE,
        "settings": {EVIL: EVIL, "=1+1": FORMULA},
        "submission__variant": EVIL,
        "submission__arxiv": LINK,
        "submission__title": EVIL,
        "submission__options": {EVIL: [EVIL]},
        "submission__claims": [
            {"task": EVIL, "metric": "top1", "value": "NaN", "source": EVIL},
            {"nonsense": EVIL},
            {"task": "questions", "metric": "top1", "value": "9" * 400, "source": "s", "unit": "%"},
        ],
        "source": Source(paper=EVIL, url=LINK if index else "https://user@evil.example/", place=EVIL, date=EVIL),
        "flags": [Flag(code=EVIL, text=EVIL, scope="speed")],
        "warnings": [EVIL],
        "submitter": Submitter(name=EVIL, team=EVIL),
        "seed_group": EVIL,
        "tables": [
            DetailTable(name=EVIL, title=EVIL, columns=[EVIL, EVIL, "a"], rows=[[EVIL, 1e308, None], [True, 2], []])
        ],
        "host": msgspec.structs.replace(host(), title=EVIL, host_id=EVIL, facts={EVIL: {EVIL: [EVIL]}}),
        "measurements": msgspec.structs.replace(
            odd, latency=[msgspec.structs.replace(odd.latency[0], reasons=[EVIL], dtype=EVIL)], reason=EVIL
        ),
        "facts": {EVIL: EVIL},
        "run__command": ["harness", EVIL],
        "run__finished": EVIL,
        "run__versions": {EVIL: EVIL},
        "metrics": [
            Metric(
                name="top1",
                protocol="top1",
                value=(-1) ** index * 1e300 if index > 4 else 0.5,
                interval=None,
                n=400,
                reason=EVIL,
                decimals=999999,
            ),
            Metric(name=EVIL, protocol=EVIL, value=0.1, interval=None, n=1, unit=EVIL, decimals=-5),
            Metric(name=EVIL + " ", protocol=EVIL, value=None, interval=None, n=1, unit=EVIL),
        ],
    }


def test_nothing_becomes_markup(hostile: Path) -> None:
    for path in pages(hostile / "site"):
        page = read(path)
        assert not page.open, path
        assert len(page.ids) == len(set(page.ids)), path
        for tag, attributes in page.elements:
            assert not [key for key in attributes if key.startswith("on") or key == "style"], (path, tag, attributes)
        for tag, allowed in FORBIDDEN.items():
            if allowed is not None:
                assert sum(found == tag for found, _ in page.elements) == allowed, (path, tag)
        assert all(attributes["src"].endswith(".svg") for tag, attributes in page.elements if tag == "img")  # type: ignore[union-attr]


def test_links_lead_into_the_site_or_to_arxiv(hostile: Path) -> None:
    for path in pages(hostile / "site"):
        if path.parent.parent.name == "p":  # papers come from installed manifests, not from records
            continue
        for link in read(path).links:
            assert link.startswith("#") or (path.parent / link).is_file(), (path, link)


def test_scripts_are_the_projects_own(hostile: Path, site: Path) -> None:
    own = read(site / "index.html").scripts
    for path in pages(hostile / "site"):
        assert read(path).scripts == own


def test_text_cannot_be_reordered_or_hidden(hostile: Path) -> None:
    for path in (hostile / "site").rglob("*"):
        if path.suffix in (".html", ".csv", ".svg"):
            text = path.read_text(encoding="utf-8")
            assert not set(text) & set("\u202e\u2066\u200b\x00\x1b"), path


def test_csv_cells_are_no_formulas(hostile: Path) -> None:
    checked = 0
    for path in (hostile / "site").rglob("*.csv"):
        for line in csv.reader(io.StringIO(path.read_text(encoding="utf-8"))):
            for cell in line:
                checked += 1
                assert not cell.startswith(("=", "@", "\t", "\r")), path
                if cell.startswith(("+", "-")):
                    float(cell)
    assert checked > 1000


def test_files_that_are_no_records_are_listed_with_the_reason(hostile: Path) -> None:
    text = read(hostile / "site" / "index.html").text
    assert "0123456789abcdef.json" in text and "is no record of this schema" in text
    assert "must be the file's name, 16 hexadecimal digits" in text
    assert str(hostile) not in text


def test_paths_come_from_hashes(hostile: Path) -> None:
    for path in (hostile / "site").rglob("*"):
        name = path.name.removesuffix(".html").removesuffix(".csv").removesuffix(".json").removesuffix(".svg")
        assert name.replace("-", "").replace(".", "").isalnum() and len(name) < 40, path


def test_plots_parse_as_xml_without_scripts(hostile: Path) -> None:
    from xml.etree import ElementTree

    plots = sorted((hostile / "site" / "plots").glob("*.svg"))
    assert plots
    for path in plots:
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(path).iter()}
        assert not tags & {"script", "foreignObject", "image", "a"}


def test_exports_for_papers_are_escaped(hostile: Path) -> None:
    found = rows(record for _, record in Home(hostile / "home").records() if hasattr(record, "task"))
    latex, markdown = to_latex(found).decode(), to_markdown(found).decode()
    assert r"\frac" not in latex and "\\input" not in latex
    assert "<script" not in markdown.replace("\\<", "") and "\n|" in markdown
    assert all(line.count(" & ") == latex.splitlines()[2].count(" & ") for line in latex.splitlines()[4:-2])


@pytest.mark.parametrize("word", ["verified", "disputed"])
def test_nobody_calls_a_result_verified_or_disputed_but_a_verification(tmp_path: Path, word: str) -> None:
    """The id does not cover the word: an edit of one line would put a tick beside any result."""
    home = Home(tmp_path / "home")
    made = record(home, "alder", 1.2)
    home.write_record(msgspec.structs.replace(made, provenance=word))
    report = build_site([home.path], tmp_path / "site")
    assert (report.records, report.rejected) == (0, 1)
    assert f"it says that it is {word}, and no verification says so" in read(report.index).text


def test_an_altered_score_is_listed_and_not_ranked(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    honest, other = record(home, "alder", 0.9), record(home, "birch", 0.2)
    better = [msgspec.structs.replace(honest.metrics[0], value=0.999), *honest.metrics[1:]]
    home.write_record(msgspec.structs.replace(honest, metrics=better))
    build_site([home.path], tmp_path / "site")
    text = read(tmp_path / "site" / "r" / honest.id / "index.html").text
    assert "not ranked" in text and "it was changed after it was written" in text
    assert "a rank needs a second result" in read(tmp_path / "site" / "r" / other.id / "index.html").text


def test_replicates_outside_the_home_are_not_read(tmp_path: Path) -> None:
    home, elsewhere = Home(tmp_path / "home"), Home(tmp_path / "elsewhere")
    record(home, "alder", 0.9)
    outside = next(item for item in record(elsewhere, "birch", 0.2).artifacts if item.kind == "replicates")
    path = f"../elsewhere/{outside.path}"
    pointed = record(home, "birch", 0.2, artifacts=[msgspec.structs.replace(outside, path=path)])
    build_site([home.path], tmp_path / "site")
    assert "its replicate scores are not in the home" in read(tmp_path / "site" / "r" / pointed.id / "index.html").text


def test_the_digest_of_the_data_splits_boards(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    record(home, "alder", 0.9)
    record(home, "birch", 0.9, data=DIGEST[::-1])
    assert build_site([home.path], tmp_path / "site").boards == 2
