"""What a reader must see: samples apart, unstable times grey with the reason, provenance by word and shape, history."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from leaderboard_homes import full_home, host, measurements, record
from leaderboard_reading import page_of, pages, read
from msgspec.structs import replace

from harness.record import Flag, Observed, Quantile, Submitter, Throughput
from harness.store import Home
from leaderboard.build import build_site
from leaderboard.cells import SHAPES
from leaderboard.collect import collect
from leaderboard.grouping import group
from leaderboard.standings import standings


def test_samples_partial_runs_and_own_data_stand_apart(site: Path) -> None:
    text = read(site / "index.html").text
    order = [
        text.index(title)
        for title in ("Benchmarks", "One's own data", "Latest records", "Generated samples", "Partial runs")
    ]
    assert order == sorted(order)
    for heading, banner in (
        ("Simulated questions, sample, generated sample", "they are no benchmark results and are not ranked"),
        ("Simulated questions, val, first 30 samples", "not the benchmark's and are not ranked"),
        ("Simulated questions, custom", "These results are not the benchmark's"),
    ):
        page = read(page_of(site, heading))
        assert banner in page.text
        assert all(row[0] is None for row in page.tables["results-table"])
    assert "no benchmark" not in read(page_of(site, "Simulated questions, val")).text


def test_settings_split_boards(site: Path) -> None:
    page = read(page_of(site, "Simulated questions, val, attack = linf, eps = 8/255"))
    assert [row[1] for row in page.tables["results-table"]] == ["alder (base)"]


def test_the_sentence_names_those_tied_for_first(site: Path) -> None:
    text = read(page_of(site, "Simulated questions, val")).text
    assert (
        "3 of 7 systems are tied for first: alder (base), birch (base), elm (base). 1 of 9 results are verified. "
        "Papers report 1 more." in text
    )


def test_unstable_times_are_grey_with_their_reason(site: Path) -> None:
    html = page_of(site, "Simulated questions, val").read_text()
    rows = re.findall(r'<tr id="s-[^"]*"( class="muted")?>(.*?)</tr>', html, re.S)
    damson = [(muted, row) for muted, row in rows if "damson" in row]
    assert len(damson) == 1 and damson[0][0]
    assert "threads waited for a CPU for 4.1 % of the measured time" in damson[0][1]
    assert sum(bool(muted) for muted, _ in rows) == 1


def test_hosts_never_share_a_table(site: Path) -> None:
    tables = read(page_of(site, "Simulated questions, val")).tables
    speed = [{row[0] for row in rows} for name, rows in tables.items() if name.startswith("t-")]
    assert len(speed) == 2 and not speed[0] & speed[1] and {"fir (base)"} in speed


def test_provenance_is_a_word_and_a_shape(site: Path) -> None:
    html = page_of(site, "Simulated questions, val").read_text()
    for word, shape in SHAPES.items():
        assert re.search(rf'aria-hidden="true">{shape}</span> <bdi>{word}</bdi>', html)
    assert len(set(SHAPES.values())) == 5


def test_replaced_records_are_off_the_board_and_linked(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    old = record(home, "juniper", 0.2)
    new = record(home, "juniper", 0.3, supersedes=[old.id])
    build_site([home.path], tmp_path / "site")
    page = read(page_of(tmp_path / "site", "Simulated questions, val"))
    assert [row[-1] for row in page.tables["results-table"]] == [new.id]
    assert [row[-1] for row in page.tables["history-table"]] == [old.id]
    assert f"Superseded by record {new.id}" in read(tmp_path / "site" / "r" / old.id / "index.html").text
    assert f"../../r/{old.id}/index.html" in read(tmp_path / "site" / "r" / new.id / "index.html").links


def test_runs_that_give_the_same_answers_are_one_row(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    timed = record(home, "alder", 1.2, latency=8.0, run__finished="2026-01-01T00:00:00+00:00")
    scored = record(home, "alder", 1.2)
    unstable = record(home, "alder", 1.2, latency=9.0, stable=False)
    elsewhere = record(home, "alder", 1.2, latency=30.0, host=host(2), run__finished="2025-01-01T00:00:00+00:00")
    others = [
        record(home, "alder", 1.2, submission__variant="large").id,
        record(home, "alder", 1.1, run__finished="2024-01-01").id,
        record(home, "alder", 1.2, submitter=Submitter(name="M. Allow")).id,
        record(home, "birch", 0.3).id,
    ]
    report = build_site([home.path], tmp_path / "site")
    page = read(page_of(tmp_path / "site", "Simulated questions, val"))
    assert {row[-1] for row in page.tables["results-table"]} == {timed.id, *others}
    assert {row[-1] for row in page.tables["history-table"]} == {scored.id, unstable.id, elsewhere.id}
    speed = [row[-1] for name, rows in page.tables.items() if name.startswith("t-") for row in rows]
    assert sorted(speed) == sorted([timed.id, unstable.id, elsewhere.id])
    collection = collect([home.path])
    found = standings(group(collection.current, [])[0])
    assert found.has_rank(elsewhere.id) and elsewhere.id not in found.ranges  # its time counts on its own host
    text = read(tmp_path / "site" / "r" / scored.id / "index.html").text
    assert f"the same answers are listed with record {timed.id}" in text
    assert report.records == 8 and len((tmp_path / "site" / "records.csv").read_text().splitlines()) == 17


def test_answers_that_two_settings_share_stay_on_their_boards(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    for settings in ({}, {"attack": "linf"}):
        record(home, "alder", 1.2, settings=settings)
    build_site([home.path], tmp_path / "site")
    rows = [read(path).tables["results-table"] for path in (tmp_path / "site").glob("b/*/index.html")]
    assert [len(found) for found in rows] == [1, 1]


def test_why_a_time_is_invalid_is_said_once(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    reasons = ["threads waited for a CPU for 24.1 % of the measured time", "1 block was timed"]
    few = Quantile(value=None, reason="p99 needs 299 inferences, there are 3")
    found = measurements(12.0, stable=False)
    spans = [replace(span, p90=Quantile(value=None), p99=few) for span in found.latency[0].spans]
    timing = replace(found.latency[0], verdict="invalid", reasons=reasons, spans=spans)
    throughput = [Throughput(value=50.0, verdict="invalid", reasons=reasons)]
    found = replace(found, latency=[timing], throughput=throughput)
    flags = [Flag(code="busy", text="the machine was busy", scope="speed")]
    made = record(home, "alder", 1.2, latency=12.0, measurements=found, flags=flags)
    build_site([home.path], tmp_path / "site")
    text = read(tmp_path / "site" / "r" / made.id / "index.html").text
    for said in ("threads waited for a CPU", "1 block was timed", "99 needs 299 inferences"):
        assert text.count(said) == 1, said
    assert "invalid, as the latency above" in text
    data = (tmp_path / "site" / "r" / made.id / "latency-0.csv").read_text()
    assert data.count("threads waited for a CPU") > 4


def test_claims_stand_beside_records(site: Path) -> None:
    found = [read(path) for path in site.glob("s/*/index.html") if "claims-table" in path.read_text()]
    assert len(found) == 1
    assert [(row[3], row[6]) for row in found[0].tables["claims-table"]] == [
        ("86.8 %", "reproduced"),
        ("99.1 %", "measured differently"),
        ("41.5 %", "cannot tell yet"),
        ("47.0 %", "cannot tell yet"),
    ]
    assert "not read in its source" in found[0].text


def test_a_record_says_how_to_check_it_and_why_values_are_missing(site: Path, home: Path) -> None:
    path = next(path for path in site.glob("r/*/index.html") if "damson" in path.read_text())
    page = read(path)
    assert f"harness verify {path.parent.name}" in page.text
    for text in (
        "NVML is not installed",
        "320 of 662 samples",
        "a lower bound: no formula for sort",
        "Verdict: unstable",
    ):
        assert text in page.text
    assert (path.parent / "record.json").read_bytes() == (home / "records" / f"{path.parent.name}.json").read_bytes()


def test_emulated_arithmetic_is_neither_drawn_nor_compared(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    record(home, "alder", 1.2, latency=4.0, submission__emulated="binary")
    build_site([home.path], tmp_path / "site")
    page = read(page_of(tmp_path / "site", "Simulated questions, val"))
    assert "binary arithmetic is emulated" in page.text and "There is no plot" in page.text


def test_trackers_are_timed_under_the_name_of_their_span_with_the_speed_of_the_run(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    timed = measurements(4.0)
    spans = [replace(span, name="update" if span.name == "forward" else span.name) for span in timed.latency[0].spans]
    timing = replace(timed.latency[0], spans=spans, conditions={"headline": "update"})
    seen = Observed(name="frames_per_s", title="Tracking speed", value=187.5, unit="frames/s")
    record(home, "ncc", 1.2, latency=4.0, measurements=replace(timed, latency=[timing], observed=[seen]))
    record(home, "other", 1.1, latency=4.0, measurements=replace(timed, latency=[timing]))
    build_site([home.path], tmp_path / "site")
    path = page_of(tmp_path / "site", "Simulated questions, val")
    [table] = [json.loads(file.read_text()) for file in path.parent.glob("speed-*.json")]
    rows = {row["submission"]: row for row in table["rows"]}
    ncc, other = rows["ncc (base)"], rows["other (base)"]
    assert (ncc["update_p50_ms"], ncc["frames_per_s"], other["frames_per_s"]) == (4.0, 187.5, None)
    assert "forward_p50_ms" not in ncc and "it was not seen in this run" in json.dumps(other)
    assert "Tracking speed" in read(path).text and "Update, median" in read(path).text


@pytest.mark.slow
def test_a_killed_build_leaves_whole_pages_and_is_finished_by_the_next(home: Path, site: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "site")
    code = f"from pathlib import Path; from leaderboard.build import build_site; build_site([Path({str(home)!r})], Path({out!r}))"
    for seconds in (0.5, 0.8, 1.1):
        process = subprocess.Popen([sys.executable, "-c", code])
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for path in pages(tmp_path / "site"):
            assert path.read_bytes() == (site / path.relative_to(tmp_path / "site")).read_bytes()
    build_site([home], tmp_path / "site")
    files = {path.relative_to(site) for path in site.rglob("*") if path.is_file()}
    for name in files:
        assert (tmp_path / "site" / name).read_bytes() == (site / name).read_bytes()


def test_pages_are_small(tmp_path: Path) -> None:
    import gzip

    home = full_home(tmp_path / "home")
    build_site([home.path], tmp_path / "site")
    shell = (Path(sys.modules["leaderboard.build"].__file__ or "").parent / "templates").glob("*.[jc]s*")
    data = b"".join(path.read_bytes() for path in shell)
    assert len(data) <= 60_000 and len(gzip.compress(data)) <= 20_000
    assert max(len(gzip.compress(path.read_bytes())) for path in pages(tmp_path / "site")) <= 150_000


def test_runs_of_a_seed_group_are_one_row_with_mean_and_spread(tmp_path: Path) -> None:
    from statistics import fmean, stdev

    from harness.record import Weights

    home = Home(tmp_path / "home")
    runs = [
        record(
            home,
            "juniper",
            skill,
            seed_group="five seeds",
            submission__weights=Weights(kind="file", sha256=f"{seed:064d}"),
        )
        for seed, skill in enumerate((0.5, 0.6, 0.4))
    ]
    record(home, "birch", 1.4)
    build_site([home.path], tmp_path / "site")
    path = page_of(tmp_path / "site", "Simulated questions, val")
    rows = json.loads((path.parent / "results.json").read_text())["rows"]
    [row] = [row for row in rows if row["submission"] == "juniper (base)"]
    values = [run.metrics[0].value or 0.0 for run in runs]
    assert len(rows) == 2 and row["score"] == pytest.approx(fmean(values), abs=1e-12)
    assert f"± {stdev(values):.3f}" in path.read_text()
    assert all(f"../../r/{run.id}/index.html" in read(path).links for run in runs)


def test_a_host_has_a_page_with_everything_timed_on_it(site: Path) -> None:
    found = {read(path).text.count(" batch 1"): path for path in site.glob("h/*/index.html")}
    assert len(found) == 2
    for path in found.values():
        page = read(path)
        assert "Compare only inside one host" in page.text
        rows = json.loads((path.parent / "timed.json").read_text())["rows"]
        assert {row["submission"] for row in rows} == {row[0] for row in page.tables["timed-table"]}


def test_a_paper_has_a_page_with_its_claims_beside_records(site: Path) -> None:
    from harness.papers import all_papers

    papers, _ = all_papers()
    texts = {path.parent.name: read(path) for path in site.glob("p/*/index.html")}
    assert len(texts) == len(papers) > 20
    from leaderboard.boards import short_hash

    for manifest in papers:
        page = texts[short_hash(manifest.name)]
        assert len(page.tables.get("claims-table", ())) == min(len(manifest.claims), 200)


def test_a_submission_shows_what_repeats_it_its_latencies_costs_and_tables(site: Path) -> None:
    page = next(page for path in site.glob("s/*/index.html") if (page := read(path)).text.count("birch, a simulated"))
    for text in ("harness eval --task questions", "Latency on simulated host 1", "Cost", "By half"):
        assert text in page.text
    assert "Per class, per size, worst samples: Simulated questions, val" in page.text


def test_pairs_say_what_the_engine_says(tmp_path: Path) -> None:
    import numpy as np

    from harness.paired import differences
    from leaderboard.paired_replicates import metric_columns

    home = Home(tmp_path / "home")
    for name, skill in (("alder", 1.2), ("birch", 1.16), ("cedar", 0.4)):
        record(home, name, skill)
    build_site([home.path], tmp_path / "site")
    path = page_of(tmp_path / "site", "Simulated questions, val").parent
    pairs = json.loads((path / "compare-pairs.json").read_text())["rows"]
    assert len(pairs) == 2 * 3
    entries = collect([home.path]).current
    columns = {entry.record.id: metric_columns(entry)["top1/top1"] for entry in entries}
    order = [row["record"] for row in json.loads((path / "compare-systems.json").read_text())["rows"]]
    values = {entry.record.id: entry.record.metrics[0].value or 0.0 for entry in entries}
    found = differences(np.array([values[id] for id in order]), np.stack([columns[id] for id in order]), 400)
    for row, (i, j) in zip(pairs, ((0, 1), (0, 2), (1, 2)), strict=False):
        assert row["difference"] == found.official[i, j] == values[order[i]] - values[order[j]]
        # NumPy adds up in an order that depends on the layout in memory.
        assert (row["difference_low"], row["difference_high"]) == pytest.approx(found.interval(i, j), rel=1e-9)
        assert row["p"] == found.p_value(i, j)
    assert [row["verdict"] for row in pairs[:3]].count("no difference beyond the data's chance") == 1


def test_long_tables_draw_200_rows_and_keep_the_others(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    for number in range(230):
        record(home, f"tree {number}", 0.2, provenance="reported", artifacts=[], submission__title="</script><!--")
    build_site([home.path], tmp_path / "site")
    path = page_of(tmp_path / "site", "Simulated questions, val")
    first, second = read(path), read(path.parent / "page-2.html")
    assert len(first.tables["results-table"]) == 200 and len(second.tables["results-table"]) == 30
    [block] = [text for text in first.scripts if text.startswith('{"n":30')]
    assert "<" not in block and json.loads(block)["n"] == 30
    rows = json.loads((path.parent / "results.json").read_text())["rows"]
    shown = first.tables["results-table"] + second.tables["results-table"]
    assert [row["record"] for row in rows] == [row[-1] for row in shown]
