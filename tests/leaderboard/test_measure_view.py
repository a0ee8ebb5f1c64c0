"""What was left out, by how many processes and why a sweep ended decides whether a speed is believed: the pages say it."""

from pathlib import Path

from leaderboard_homes import measurements, record
from leaderboard_reading import read
from msgspec.structs import replace

from harness.record import Measurements, SizeBucket, Sweep, Throughput, Timing
from harness.store import Home
from leaderboard.build import build_site
from leaderboard.measure_view import measurement_sections
from leaderboard.view import Section

SIZES = [
    SizeBucket(name="64 to 127", inputs=2, n={"forward": 40}, p50={"forward": 2.0}),
    SizeBucket(name="512 to 1023", inputs=1, n={"forward": 0}, p50={}),
]


def timing(**changes: object) -> Timing:
    found = measurements(12.0).latency[0]
    fields: dict[str, object] = {
        "processes": 3, "dropped_share": 0.25, "sizes": SIZES, "query_ms": {"p50": 96.0, "p99": None},
        "bounds_ms": {"p50": 12.5, "p99": None}, "conditions": {"dropped_because": {"canary": 4, "steal": 1}},
    }  # fmt: skip
    return replace(found, **(fields | changes))


def float_of(value: str | None) -> float | None:
    try:
        return float(value or "")
    except ValueError:
        return None


def sections(home: Path, found: Measurements) -> dict[str, Section]:
    made = record(Home(home / "home"), "alder", 1.2, latency=12.0, measurements=found)
    return {section.id: section for section in measurement_sections(made)}


def test_a_latency_says_what_it_comes_from_and_what_was_left_out(tmp_path: Path) -> None:
    found = sections(tmp_path, Measurements(latency=[timing()]))["latency-0"]
    facts = {fact.label: fact.cell for fact in found.facts}
    assert facts["Fresh processes"].text == "3"
    left = facts["Blocks left out for what disturbed them"]
    assert (left.value, left.text, left.sub) == (0.25, "25 %", "canary 4, steal 1")
    assert facts["p50 of whole queries of 1, ms"].text == "96.00"
    assert facts["MLPerf's bound of p50, end to end, ms"].text == "12.50"
    absent = facts["MLPerf's bound of p99, end to end, ms"]
    assert absent.missing and absent.reason == "too few inferences for the bound"
    sizes = next(table for table in found.tables if table.id == "sizes-0")
    assert [[cell.text for cell in row.cells] for row in sizes.rows] == [
        ["64 to 127", "2", "40", "2.000"], ["512 to 1023", "1", "0", "not measured"],
    ]  # fmt: skip


def test_every_reason_stands_behind_its_own_weight(tmp_path: Path) -> None:
    doubtful = timing(verdict="invalid", reasons=["a quota", "no steady start"], invalid_reasons=["a quota"])
    found = sections(tmp_path, Measurements(latency=[doubtful]))["latency-0"]
    assert "Invalid because a quota." in found.paragraphs
    assert "Unstable because no steady start." in found.paragraphs


def test_a_sweep_tells_every_batch_its_end_and_its_knee(tmp_path: Path) -> None:
    rates = [
        Throughput(value=50.0, low=49.0, high=51.0, verdict="stable", peak_memory_bytes=2**30, facts={"blocks": 20}),
        Throughput(value=90.0, batch_size=2, verdict="unstable", reasons=["too wide"], facts={"blocks": 20}),
        Throughput(value=None, batch_size=4, reason="out of memory: 9 GiB"),
    ]
    sweep = Sweep(batch_sizes=[1, 2], ended="memory did not suffice for a batch of 4", knee=2)
    found = sections(tmp_path, Measurements(throughput=rates, sweep=sweep))["throughput"]
    assert "memory did not suffice for a batch of 4" in found.paragraphs[0]
    assert "The knee is batch 2" in found.paragraphs[0]
    rows = [{column.key: cell for column, cell in zip(found.tables[0].columns, row.cells, strict=True)}
            for row in found.tables[0].rows]  # fmt: skip
    assert [row["batch_size"].sub for row in rows] == ["", "the knee", ""]
    assert rows[0]["throughput_per_s"].span == "49.00 to 51.00" and rows[0]["host_memory_mib"].text == "1,024"
    assert (rows[1]["verdict"].text, rows[1]["verdict"].reason) == ("unstable", "unstable: too wide")
    assert rows[2]["throughput_per_s"].reason == "out of memory: 9 GiB"


def test_why_nothing_was_measured_is_said_beside_what_the_run_saw(tmp_path: Path) -> None:
    for found in (Measurements(reason="the model failed on input 3"), Measurements(reason="the model failed on input 3",
                  observed=measurements(12.0).observed)):  # fmt: skip
        assert sections(tmp_path, found)["measurements"].paragraphs == ["None: the model failed on input 3."]


def test_pages_of_records_and_submissions_show_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    made = record(home, "alder", 1.2, latency=12.0, measurements=Measurements(latency=[timing()]))
    build_site([home.path], tmp_path / "site")
    own = read(tmp_path / "site" / "r" / made.id / "index.html")
    assert "sizes-0" in own.tables and "canary 4, steal 1" in own.text
    assert (tmp_path / "site" / "r" / made.id / "sizes-0.csv").exists()
    page = read(next((tmp_path / "site" / "s").glob("*/index.html")))
    assert any(name.startswith("sizes-") for name in page.tables)
    shown = next(rows for name, rows in page.tables.items() if name.startswith("latency-table"))[0]
    assert 0.25 in map(float_of, shown) and "3 processes" in page.text
