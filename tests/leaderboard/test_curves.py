"""Curves on the pages: drawn once from what is stored, told in words and numbers too, and no stranger's file breaks a site."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from leaderboard_homes import many, record, rising
from leaderboard_reading import Reader, read

from harness.columns import Ragged, Table
from harness.curves import Curve, curve_table
from harness.predictions import save_table
from harness.record import Artifact, DetailTable, Record, with_id
from harness.store import Home
from leaderboard.build import BuildReport, build_site
from leaderboard.curve_plot import CurvePlot
from leaderboard.thinning import thinned


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def build(home: Home) -> BuildReport:
    return build_site([home.path], home.path.parent / "site")


def page(home: Home, made: Record) -> Reader:
    return read(home.path.parent / "site" / "r" / made.id / "index.html")


def images(found: Reader) -> list[dict[str, str | None]]:
    return [attributes for tag, attributes in found.elements if tag == "img"]


def plots(home: Home, pattern: str = "*") -> list[Path]:
    return sorted((home.path.parent / "site" / "plots").glob(pattern))


# -- what is shown -----------------------------------------------------------------------------------------------------
def test_a_record_s_curves_are_on_its_page_and_its_submission_s(home: Home) -> None:
    made = record(home, "alder", 1.2, curves={"top1": rising("alder", 3, 50, "Risk and coverage")})
    assert build(home).plots_drawn == 1
    [submission] = (home.path.parent / "site" / "s").glob("*/index.html")
    for found in (page(home, made), read(submission)):
        assert [image["class"] for image in images(found)] == ["in-light", "in-dark"]
        assert all("half 1 from (0.02, " in str(image["alt"]) for image in images(found))
        assert "Risk and coverage" in found.text
        assert any(link.endswith(".csv") and "plots/" in link for link in found.links)


def test_the_csv_has_every_point_to_the_last_digit(home: Home) -> None:
    curves = rising("alder", 3, 50)
    record(home, "alder", 1.2, curves={"top1": curves})
    build(home)
    [path] = plots(home, "*.csv")
    rows = list(csv.DictReader(path.open(newline="")))
    for curve in curves:
        mine = [row for row in rows if row["curve"] == curve.title]
        assert [float(row["coverage"]) for row in mine] == curve.x.tolist()
        assert [float(row["risk"]) for row in mine] == curve.y.tolist()


@pytest.mark.parametrize(("count", "frames"), [(1, 1), (4, 1), (5, 5), (20, 20)])
def test_more_than_four_curves_have_a_panel_each(home: Home, count: int, frames: int) -> None:
    record(home, "alder", 1.2, curves={"top1": rising("alder", count, 20)})
    build(home)
    light, dark = (path.read_text() for path in (plots(home, "*[0-9a-f].svg")[0], plots(home, "*-dark.svg")[0]))
    assert light.count('<g id="axes_') == frames
    assert all(f">half {index}<" in light for index in range(count))
    assert "#0b62a8" in light and "#0b62a8" not in dark and light.count("<path") == dark.count("<path")


def test_protocols_with_the_same_curves_share_a_plot_and_others_are_folded(home: Home) -> None:
    own, other = rising("alder", 2, 20), rising("alder", 2, 30)
    made = record(home, "alder", 1.2, curves={"later": other, "top1": own, "twin": own})
    assert build(home).plots_drawn == 2
    found = page(home, made)
    assert "Under top1 and twin." in found.text and "Coverage (later)" in found.text
    assert found.text.index("Under top1 and twin.") < found.text.index("Coverage (later)")
    assert sum(tag == "details" for tag, _ in found.elements) == 1


def test_unchanged_plots_are_not_drawn_again_and_old_ones_go(home: Home) -> None:
    first = record(home, "alder", 1.2, curves={"top1": rising("alder", 6, 50)})
    assert build(home).plots_drawn == 1
    before = {path.name: path.read_bytes() for path in plots(home)}
    record(home, "birch", 0.3, curves={"top1": rising("birch", 2, 50)})
    assert build(home).plots_drawn == 1 and len(plots(home)) == 6
    assert all(path.read_bytes() == before.get(path.name, path.read_bytes()) for path in plots(home))
    home.record_path(first.id).unlink()
    assert build(home).plots_drawn == 0 and len(plots(home)) == 3 and not set(before) & {p.name for p in plots(home)}


def test_the_same_curves_are_the_same_bytes(home: Home, tmp_path: Path) -> None:
    record(home, "alder", 1.2, curves={"top1": rising("alder", 20, 300)})
    build(home)
    build_site([home.path], tmp_path / "again")
    assert [path.read_bytes() for path in plots(home)] == [
        path.read_bytes() for path in sorted((tmp_path / "again" / "plots").iterdir())
    ]


def test_a_plot_of_very_many_points_stays_small_and_says_so(home: Home) -> None:
    curves = rising("alder", 5, 20_000)
    made = record(home, "alder", 1.2, curves={"top1": curves})
    build(home)
    assert sum(path.stat().st_size for path in plots(home)) < 2_000_000
    assert "of 100,000 points; the stored file has all of them" in page(home, made).text


def test_logarithmic_axes_leave_zeros_out(home: Home) -> None:
    curves = [replace(curve, log="xy", y=np.where(curve.y > 0.6, 0.0, curve.y)) for curve in rising("alder", 2, 40)]
    record(home, "alder", 1.2, curves={"top1": curves})
    record(home, "birch", 1.2, curves={"top1": [replace(curves[0], y=np.zeros(40))]})
    assert build(home).plots_drawn == 2
    assert any(">no points<" in path.read_text() for path in plots(home, "*.svg"))


def test_a_curve_without_points_is_named(home: Home) -> None:
    empty = replace(rising("alder", 1, 5)[0], x=np.empty(0), y=np.empty(0))
    made = record(home, "alder", 1.2, curves={"top1": [empty]})
    build(home)
    assert "half 0 has no points" in str(images(page(home, made))[0]["alt"])


def test_the_worst_images_are_listed(home: Home) -> None:
    rows: list[list[Any]] = [["crowd.jpg", 41], ["=cmd()", 2.5]]
    table = DetailTable(
        name="worst", title="Worst images: faces not found", columns=["image", "faces not found"], rows=rows
    )
    made = record(home, "alder", 1.2, tables=[table])
    build(home)
    assert page(home, made).tables["detail-0"] == [["crowd.jpg", "41"], ["=cmd()", "2.5"]]


# -- many metrics ------------------------------------------------------------------------------------------------------
def test_minor_metrics_are_folded_away_and_all_are_in_the_files(home: Home) -> None:
    base = record(home, "alder", 1.2)
    home.record_path(base.id).unlink()
    metrics = [*many(base.metrics[0], 58), base.metrics[1]]
    made = record(home, "alder", 1.2, metrics=metrics)
    build(home)
    found = page(home, made)
    assert len(found.tables["headlines"]) == 2 and len(found.tables["scores"]) == 60
    assert "All 60 metrics" in found.text
    folder = home.path.parent / "site" / "r" / made.id
    assert len(list(csv.DictReader((folder / "scores.csv").open(newline="")))) == 60
    [board] = (home.path.parent / "site" / "b").glob("*/index.html")
    shown = read(board)
    assert [len(row) for row in shown.tables["headlines-table"]] == [4]
    assert [len(row) for row in shown.tables["metrics-table"]] == [62]
    [row] = csv.DictReader((board.parent / "metrics.csv").open(newline=""))
    assert "top1_part57" in row


# -- thinning ----------------------------------------------------------------------------------------------------------
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(-9, 9)), min_size=200, max_size=500),
    st.integers(2, 40),
    st.booleans(),
)
def test_a_thinned_curve_covers_in_every_column_what_the_whole_covers(
    rows: list[tuple[int, int]], columns: int, log: bool
) -> None:
    """A literal restatement: walk the curve, note where it enters and leaves a column, and its extremes there."""
    x = np.sort(np.array([row[0] for row in rows], np.float64)) + 1.0
    curve = replace(rising("a", 1, 1)[0], x=x, y=np.array([row[1] for row in rows], np.float64), log="x" if log else "")
    small = thinned(curve, columns)
    assert len(small.x) <= max(4 * columns, 0) or len(x) <= 4 * columns
    assert cover(small, curve, columns) == cover(curve, curve, columns)
    pairs = list(zip(curve.x.tolist(), curve.y.tolist(), strict=True))
    walk = iter(pairs)
    assert all(point in walk for point in zip(small.x.tolist(), small.y.tolist(), strict=True))


def cover(curve: Curve, whole: Curve, columns: int) -> dict[int, tuple[float, float, float, float]]:
    scale = np.log10 if whole.log else np.asarray
    low, high = float(scale(whole.x.min())), float(scale(whole.x.max()))
    found: dict[int, list[float]] = {}
    for x, y in zip(curve.x, curve.y, strict=True):
        place = min(int((float(scale(x)) - low) / ((high - low) or 1.0) * columns), columns - 1)
        found.setdefault(place, []).append(float(y))
    return {place: (ys[0], min(ys), max(ys), ys[-1]) for place, ys in found.items()}


def test_a_curve_that_runs_to_and_fro_is_thinned_all_the_same() -> None:
    x = np.tile([0.0, 1.0], 50_000)
    curve = replace(rising("a", 1, 1)[0], x=x, y=np.linspace(0, 1, len(x)))
    small = thinned(curve, 100)
    assert len(small.x) <= 400 and (small.y[0], small.y[-1]) == (0.0, 1.0)


# -- strangers ---------------------------------------------------------------------------------------------------------
def pointed(home: Home, digest: str, path: str) -> Record:
    """A record of a stranger whose curves are the file at `path`."""
    made = record(home, "stranger", 0.9)
    home.record_path(made.id).unlink()
    artifacts = [*made.artifacts, Artifact(kind="curves", path=path, digest=digest)]
    made = with_id(msgspec.structs.replace(made, artifacts=artifacts))
    home.write_record(made)
    return made


def shown_of_stranger(home: Home, made: Record) -> str:
    """The text of the stranger's page; another's curves are shown all the same."""
    other = record(home, "alder", 1.2, curves={"top1": rising("alder", 2, 20)})
    build(home)
    assert len(images(page(home, other))) == 2
    return page(home, made).text


GOOD = curve_table({"top1": rising("alder", 1, 3)})
BAD: dict[str, dict[str, Any]] = {
    "NaN": {"y": Ragged(np.array([0.1, np.nan, 0.3]), np.array([0, 3]))},
    "infinite": {"x": Ragged(np.array([0.1, 0.2, np.inf]), np.array([0, 3]))},
    "lengths": {"x": Ragged(np.zeros(2), np.array([0, 2]))},
    "dense": {"x": np.zeros(1)},
    "no titles": {"title": np.zeros(1)},
    "bytes": {"group": np.array([b"group"])},
    "control characters": {"title": np.array(["a\x1b[31mb"])},
    "long": {"title": np.array(["x" * 5000])},
    "log": {"log": np.array(["xyz"])},
}


@pytest.mark.parametrize("changed", BAD.values(), ids=BAD)
def test_files_that_hold_no_curves_are_said_to(home: Home, changed: dict[str, Any]) -> None:
    table = Table(GOOD.ids, {**GOOD.columns, **changed})
    save_table(home.path / "curves" / "odd.npz", table)
    text = shown_of_stranger(home, pointed(home, table.digest(), "curves/odd.npz"))
    assert "Not shown: its curves are not laid out as curves are." in text or "its curves cannot be read" in text


@pytest.mark.parametrize("value", [1e300, -1e300, 1e13])
def test_values_beyond_measure_are_not_drawn(home: Home, value: float) -> None:
    table = Table(GOOD.ids, {**GOOD.columns, "y": Ragged(np.full(3, value), np.array([0, 3]))})
    save_table(home.path / "curves" / "odd.npz", table)
    text = shown_of_stranger(home, pointed(home, table.digest(), "curves/odd.npz"))
    assert "Not shown: one of its curves has values beyond 1e+12." in text


@pytest.mark.parametrize("value", [5e-324, -1e12, 1e-300])
def test_values_at_the_edge_are_drawn(home: Home, value: float) -> None:
    for log in ("", "xy"):
        curve = replace(rising("alder", 1, 3)[0], y=np.array([0.0, value, 0.0]), log=log, name=f"c{log}")
        record(home, f"edge{log}", 0.9, curves={"top1": [curve]})
    assert build(home).plots_drawn == 2


@pytest.mark.parametrize("path", ["../outside.npz", "/dev/null", "curves", "a\0b", "curves/none.npz"])
def test_curves_that_are_not_in_the_home_are_said_to_be_missing(home: Home, path: str) -> None:
    save_table(home.path.parent / "outside.npz", GOOD)
    text = shown_of_stranger(home, pointed(home, GOOD.digest(), path))
    assert "Not shown: its curves are not in the home." in text


def test_another_file_under_the_digest_and_a_damaged_one(home: Home) -> None:
    save_table(home.path / "curves" / "odd.npz", GOOD)
    made = pointed(home, "0" * 64, "curves/odd.npz")
    assert "Not shown: its curves are not those that it was written with." in shown_of_stranger(home, made)
    (home.path / "curves" / "odd.npz").write_bytes(b"PK\x03\x04 no archive")
    assert "Not shown: its curves cannot be read: the file is damaged." in shown_of_stranger(home, made)


def test_markup_and_formulas_in_titles_do_nothing(home: Home) -> None:
    words = "</text><script>alert(1)</script>", "=HYPERLINK(1)", "$\\frac{", "_hidden", "\u202egnp.exe"
    curves = [
        replace(curve, title=word, group="<img src=x>", x_label="=1+1", y_label="$x$")
        for curve, word in zip(rising("alder", len(words), 5), words, strict=True)
        if word.isprintable()
    ]
    made = record(home, "alder", 1.2, curves={"top1": curves})
    build(home)
    assert [tag for tag, _ in page(home, made).elements].count("script") == 1
    assert all("<script" not in path.read_text() for path in plots(home, "*.svg"))
    [path] = plots(home, "*.csv")
    cells = [cell for row in csv.reader(io.StringIO(path.read_text())) for cell in row]
    assert not [cell for cell in cells if cell.startswith("=")] and "'=1+1" in cells


def test_a_crowd_of_curves_is_cut_and_says_so(home: Home) -> None:
    crowd = rising("alder", 100, 2)
    groups = [replace(curve, group=f"group {index}") for index, curve in enumerate(rising("alder", 50, 2))]
    made = record(home, "alder", 1.2, curves={"top1": crowd})
    other = record(home, "birch", 1.2, curves={"top1": groups})
    build(home)
    assert "60 further curves are in the stored file" in page(home, made).text
    assert len(images(page(home, other))) == 48


def test_the_name_of_a_plot_follows_from_all_that_it_shows() -> None:
    curve = rising("alder", 1, 5)[0]
    moved = replace(curve, y=np.nextafter(curve.y, 2))
    changed = [moved, *[replace(curve, **{field: "x"}) for field in ("title", "x_label", "y_label", "log", "name")]]
    names = {CurvePlot(title="t", curves=(one,)).name for one in (curve, *changed)}
    assert len(names | {CurvePlot(title="u", curves=(curve,)).name}) == 8
