"""What readers take away: five forms of one table, BibTeX, badges; none of them repeats a stranger's markup or formulas."""

import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from leaderboard_homes import record
from leaderboard_reading import pages, read

from harness.manifest import Paper
from harness.store import Home
from leaderboard.bibtex import bibtex
from leaderboard.build import build_site
from leaderboard.export import FIELDS, rows
from leaderboard.parquet import to_parquet
from leaderboard.table import Cell, Column, Row, Table, json_bytes, table_json, table_records
from leaderboard.table_forms import table_latex, table_markdown, table_parquet

EVIL = '</title><script>alert(1)</script>"><img src=x onerror=alert(1)> \\input{x} =cmd|x \u202e'


def table(text: str = "alder") -> Table:
    columns = (
        Column(key="name", title=f"Name {text}", header=True),
        Column(key="score", title="AP", unit="%", numeric=True, better="higher"),
        Column(key="n", title="n", numeric=True),
    )
    filled = (
        Cell(value=text, text=text),
        Cell(value=0.1 + 0.2, text="0.30", low=0.1, high=0.5, span="0.10 to 0.50"),
        Cell(value=7, text="7"),
    )
    empty = (
        Cell(value="=1+1", text="=1+1"),
        Cell(text="no score", reason="nothing was scored"),
        Cell(value=8, text="8"),
    )
    return Table(
        id="t", caption=f"Results {text}", columns=columns, rows=(Row(id="a", cells=filled), Row(id="b", cells=empty))
    )


def test_json_reads_back_as_the_table() -> None:
    shown = table(EVIL)
    assert json.loads(table_json(shown))["rows"] == table_records(shown)
    for value in ([], {}, [[1, 2], {"a": [1.5, None]}], {"a": [], "b": {"c": [1]}, "\u2028<": "é"}):
        assert json.loads(json_bytes(value)) == value
    with pytest.raises(ValueError, match="JSON compliant"):
        json_bytes([{"a": float("nan")}])


def test_latex_and_markdown_show_what_the_page_shows() -> None:
    latex, markdown = table_latex(table()).decode(), table_markdown(table()).decode()
    assert latex.count(r"\\") == 3 and r"\toprule" in latex and r"alder & 0.30 (0.10 to 0.50) & 7" in latex
    assert "AP, \\% $\\uparrow$" in latex
    assert [line.count(" | ") for line in markdown.splitlines()] == [2, 2, 2, 2] and "no score" in markdown


def test_strangers_text_stays_text_in_every_form() -> None:
    latex, markdown = table_latex(table(EVIL)).decode(), table_markdown(table(EVIL)).decode()
    assert r"\input" not in latex and "\u202e" not in latex + markdown and len(latex.splitlines()) == 9
    assert not re.search(r"(?<!\\)<", markdown)


def test_parquet_keeps_types_and_every_digit() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    found = parquet.read_table(io.BytesIO(table_parquet(table()))).to_pylist()
    assert found == table_records(table())
    assert table_parquet(table()) == table_parquet(table())
    odd = [{"a": 10**30, "b": True, "c": 1}, {"a": None, "b": None, "c": "x"}]
    assert parquet.read_table(io.BytesIO(to_parquet(["a", "b", "c"], odd))).to_pylist() == [
        {"a": str(10**30), "b": True, "c": "1"},
        {"a": None, "b": None, "c": "x"},
    ]


def test_parquet_of_records_equals_their_rows(home: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    found = rows(entry for _, entry in Home(home).records() if not isinstance(entry, Exception))
    read_back = parquet.read_table(io.BytesIO(to_parquet(FIELDS, found)))
    assert read_back.column_names == list(FIELDS)
    assert read_back.column("value").to_pylist() == [row["value"] for row in found]


def test_bibtex_names_each_method_once_and_escapes(tmp_path: Path) -> None:
    home = Home(tmp_path)
    made = [record(home, name, 1.0) for name in ("alder", "alder", EVIL, "a b", "a-b")]
    text = bibtex(
        made, {"alder": Paper(title="On Alders & {Birches}", arxiv="1904.08189", authors="A. One, B. Two")}
    ).decode()
    keys = re.findall(r"@misc\{([^,]+),", text)
    assert len(keys) == len(set(keys)) == 4 and all(re.fullmatch("[A-Za-z0-9-]+", key) for key in keys)
    assert r"On Alders \& \{Birches\}" in text and "A. One and B. Two" in text and "year = {2019}" in text
    assert text.count("{") == text.count("}") and r"\input" not in text


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("taken")
    home = Home(folder / "home")
    for skill in (0.3, 1.2):
        record(home, f"{EVIL} {skill}", skill, task__title=EVIL, task__split=EVIL, latency=5.0)
    build_site([home.path], folder / "site")
    return folder / "site"


def test_badges_are_pictures_without_anything_that_runs(hostile: Path) -> None:
    badges = sorted(hostile.glob("s/*/badge-*.svg"))
    assert len(badges) == 2
    for path in badges:
        tags = {element.tag.rpartition("}")[2]: element for element in ElementTree.parse(path).iter()}
        assert set(tags) == {"svg", "title", "rect", "g", "text"}
        assert not [key for element in tags.values() for key in element.attrib if key.startswith("on") or key == "href"]
        assert "rank" in "".join(ElementTree.parse(path).getroot().itertext())


def test_every_table_can_be_taken_away(site: Path) -> None:
    checked = 0
    for path in pages(site):
        page = read(path)
        for name, shown in page.tables.items():
            if shown:
                links = [link for link in page.links if link.endswith(".csv") and (path.parent / link).is_file()]
                assert links, (path, name)
                checked += 1
    assert checked > 60
    board = next(site.glob("b/*/index.html")).parent
    assert {"results.csv", "results.json", "results.md", "results.tex", "methods.bib"} <= {
        p.name for p in board.iterdir()
    }
