"""Plots of a board: their text, their data, the frontier, results over time."""

import json
import re
from pathlib import Path

from leaderboard_homes import measurements, record
from leaderboard_reading import page_of, read
from msgspec.structs import replace

from harness.store import Home
from leaderboard.build import build_site
from leaderboard.plot import Point, Scatter, draw


def test_plots_have_a_text_and_their_data(site: Path) -> None:
    path = page_of(site, "Simulated questions, val")
    images = [attributes for tag, attributes in read(path).elements if tag == "img"]
    assert len(images) == 8  # latency on two hosts, parameters, operations, each in two palettes
    assert all("birch (base) 0.88" in str(image["alt"]) or "fir (base) 0.4" in str(image["alt"]) for image in images)
    assert all(
        (path.parent / str(image["src"]).replace("-dark", "").replace(".svg", ".csv")).is_file() for image in images
    )
    data = [json.loads(file.read_text()) for file in path.parent.glob("speed-*.json")]
    assert sorted(len(table["rows"]) for table in data) == [1, 7]


def test_the_frontier_holds_ranked_stable_points_only() -> None:
    def point(id: str, latency: float, score: float, *, stable: bool = True, ranked: bool = True) -> Point:
        return Point(
            id=id,
            label=id,
            x=latency,
            score=score,
            score_low=None,
            score_high=None,
            provenance="measured",
            stable=stable,
            ranked=ranked,
        )

    points = (
        point("slow", 9, 0.9),
        point("fast", 1, 0.5),
        point("beaten", 5, 0.4),
        point("unstable", 0.5, 0.8, stable=False),
        point("reported", 0.6, 0.99, ranked=False),
        point("tie", 1, 0.5),
    )
    scatter = Scatter(title="t", score_title="s", higher_is_better=True, points=points, x_title="ms")
    assert [found.id for found in scatter.frontier] == ["fast", "slow"]
    less = Scatter(title="t", score_title="s", higher_is_better=False, points=points, x_title="ms")
    assert [found.id for found in less.frontier] == ["fast", "beaten"]


def test_a_plot_has_the_same_bytes_whatever_the_users_style() -> None:
    import matplotlib

    point = Point(
        id="a",
        label="a",
        x=2.0,
        x_low=1.9,
        x_high=2.2,
        score=0.5,
        score_low=0.4,
        score_high=0.6,
        provenance="verified",
        stable=True,
        ranked=True,
    )
    scatter = Scatter(title="t", score_title="AP", higher_is_better=True, points=(point,), x_title="ms")
    first = draw(scatter)
    with matplotlib.rc_context({"axes.facecolor": "red", "font.size": 30}):
        assert draw(scatter) == first
    assert first[0] != first[1]


def test_the_frontier_is_marked_in_the_table(site: Path) -> None:
    path = page_of(site, "Simulated questions, val")
    rows = json.loads((path.parent / "results.json").read_text())["rows"]
    lies = {row["submission"]: row["frontier"] for row in rows}
    assert lies["birch (base)"] == "latency; parameters; operations" == lies["cedar (base)"]
    assert lies["damson (base)"] == "parameters"  # fewest, but its operations are a lower bound and its time unstable
    assert lies["alder (base)"] is None and lies["gorse (base)"] is None


def test_energy_has_a_plot_where_it_was_measured(tmp_path: Path) -> None:
    from harness.record import Energy

    home = Home(tmp_path / "home")
    for name, skill, joules in (("alder", 1.2, 3.0), ("birch", 0.4, 1.0), ("cedar", 0.2, 2.0)):
        energy = [Energy(verdict="stable", energy_j=joules, power_w=20.0)]
        record(home, name, skill, latency=10.0, measurements=replace(measurements(10.0), energy=energy))
    build_site([home.path], tmp_path / "site")
    path = page_of(tmp_path / "site", "Simulated questions, val")
    assert "energy of one sample, J" in path.read_text()
    rows = json.loads((path.parent / "results.json").read_text())["rows"]
    lies = {row["submission"]: str(row["frontier"]).split("; ") for row in rows}
    assert (
        "energy" in lies["alder (base)"] and "energy" in lies["birch (base)"] and "energy" not in lies["cedar (base)"]
    )


def test_methods_stand_in_time_where_their_paper_or_source_says(tmp_path: Path) -> None:
    from harness.record import Source
    from leaderboard.dates import method_month

    home = Home(tmp_path / "home")
    by_paper = record(home, "alder", 1.2)
    by_source = record(home, "birch", 1.0, submission__arxiv="", source=Source(date="2017"))
    by_run = record(home, "cedar", 0.8, submission__arxiv="not an id")
    by_none = record(home, "elm", 0.6, submission__arxiv="", run__finished="yesterday")
    found = [method_month(made) for made in (by_paper, by_source, by_run, by_none)]
    assert found == [(2019, 4), (2017, 1), (2026, 3), None]


def test_results_over_time_join_what_was_best_when_it_came(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    for name, skill, arxiv in (
        ("alder", 0.2, "1701.00001"),
        ("birch", 1.4, "1806.00001"),
        ("cedar", 0.4, "2003.00001"),
    ):
        record(home, name, skill, submission__arxiv=arxiv)
    record(home, "elm", 1.9, submission__arxiv="1601.00001", provenance="reported")
    build_site([home.path], tmp_path / "site")
    path = page_of(tmp_path / "site", "Simulated questions, val")
    text = path.read_text()
    assert "Results over time" in text and "triangle: reported" in text
    name = re.search(r"plots/([0-9a-f]+)\.csv", text.split("Results over time")[1])
    assert name
    lines = (tmp_path / "site" / "plots" / f"{name[1]}.csv").read_text().splitlines()
    assert {line.split(",")[1]: line[-1] for line in lines[1:]} == {
        "alder (base)": "1", "birch (base)": "1", "cedar (base)": "0", "elm (base)": "0"
    }  # fmt: skip
