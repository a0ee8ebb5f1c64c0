"""Speed and energy are ranked inside one host and condition, among what is stable, no finer than their intervals allow."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from leaderboard_homes import change, digest, record, timing
from leaderboard_reading import pages, read

from harness.record import Energy, Flag, Quantile, Record, Timing, Weights
from harness.store import Home
from leaderboard.build import build_site
from leaderboard.speed_ranks import energy_ranks, speed_ranks


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def timed(home: Home, name: str, milliseconds: float, **changes: Any) -> tuple[Record, Timing]:
    """A record whose median's interval is about 7 % wide, as those of the helper are."""
    made = record(home, name, 1.0, latency=milliseconds, **changes)
    return made, made.measurements.latency[0]


def ranks(results: list[tuple[Record, Timing]]) -> dict[str, str]:
    found = speed_ranks(results, "forward")
    return {made.submission.name: str(found[made.id]) for made, _ in results if made.id in found}


def test_what_the_intervals_tell_apart_is_ranked_apart(home: Home) -> None:
    found = ranks([timed(home, name, ms) for name, ms in (("alder", 8.0), ("birch", 8.1), ("cedar", 20.0))])
    assert found == {"alder": "1–2 of 3", "birch": "1–2 of 3", "cedar": "3 of 3"}


@pytest.mark.parametrize(
    "odd",
    [
        {"stable": False},
        {"provenance": "reported"},
        {"provenance": "disputed"},
        {"submission__weights": Weights(kind="random")},
        {"submission__emulated": "binary"},
        {"flags": [Flag(code="emulated", text="emulated", scope="speed")]},
    ],
    ids=lambda odd: next(iter(odd)),
)
def test_what_is_never_ranked_by_speed(home: Home, odd: dict[str, Any]) -> None:
    good = [timed(home, name, ms) for name, ms in (("alder", 8.0), ("birch", 30.0))]
    assert ranks([*good, timed(home, "mallow", 0.1, **odd)]) == {"alder": "1 of 2", "birch": "2 of 2"}


@pytest.mark.parametrize("bounds", [(None, None), (0.0, 9.0), (9.0, 8.5), (8.5, 8.9), (-1.0, 9.0)])
def test_a_median_without_an_interval_has_no_rank(home: Home, bounds: tuple[float | None, float | None]) -> None:
    good = [timed(home, name, ms) for name, ms in (("alder", 8.0), ("birch", 30.0))]
    made, own = timed(home, "mallow", 8.0)
    spans = [
        msgspec.structs.replace(span, p50=Quantile(value=8.0, low=bounds[0], high=bounds[1])) for span in own.spans
    ]
    assert "mallow" not in ranks([*good, (made, msgspec.structs.replace(own, spans=spans))])


def test_one_network_counts_once_with_its_newest_timing(home: Home) -> None:
    seeds = [
        timed(home, "alder", ms, seed_group="alder", submission__weights=Weights(kind="file", sha256=digest(str(ms))),
              run__finished=f"2026-03-0{day}T10:00:00Z")
        for day, ms in ((1, 8.0), (2, 8.3))
    ]  # fmt: skip
    other = timed(home, "birch", 30.0)
    found = speed_ranks([*seeds, other], "forward")
    assert {id: str(place) for id, place in found.items()} == {seeds[1][0].id: "1 of 2", other[0].id: "2 of 2"}


def test_equal_speeds_are_not_told_apart() -> None:
    """Ten networks of one speed, each with the interval that its 30 blocks give it."""
    rng = np.random.default_rng(11)
    base, own = record_of(), timing(8.0)
    apart = 0
    for _ in range(200):
        results = []
        for index in range(10):
            blocks = np.log(8.0) + 0.05 * rng.normal(size=30)
            half = 1.96 * blocks.std(ddof=1) / np.sqrt(30)
            p50 = Quantile(
                value=float(np.exp(blocks.mean())),
                low=float(np.exp(blocks.mean() - half)),
                high=float(np.exp(blocks.mean() + half)),
            )
            spans = [msgspec.structs.replace(span, p50=p50, blocks=30) for span in own.spans]
            made = change(base, {"id": f"{index:016x}", "submission__name": f"method {index}"})
            results.append((made, msgspec.structs.replace(own, spans=spans)))
        apart += any(str(place) != "1–10 of 10" for place in speed_ranks(results, "forward").values())
    assert apart / 200 <= 0.07


def record_of() -> Record:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        return record(Home(Path(folder)), "alder", 1.0, latency=8.0)


def counted(home: Home, name: str, joules: float, **changes: Any) -> Record:
    facts = {"windows": [{}, {}, {}], "spread": 0.004}
    energy = Energy(verdict="stable", energy_j=joules, power_w=50.0, source="NVML", scope="GPU board", facts=facts)
    made = record(home, name, 1.0, latency=8.0)
    measured = msgspec.structs.replace(made.measurements, energy=[change(energy, changes)])
    return msgspec.structs.replace(made, measurements=measured)


def test_energy_is_ranked_within_one_kind_of_counter(home: Home) -> None:
    made = [counted(home, name, joules) for name, joules in (("alder", 1.0), ("birch", 1.005), ("cedar", 2.0))]
    apart = counted(home, "damson", 0.1, source="RAPL", scope="CPU package")
    shaky = counted(home, "elm", 0.1, verdict="unstable")
    forged = [
        counted(home, f"mallow {index}", 0.1, facts=facts)
        for index, facts in enumerate([{}, {"windows": 3, "spread": 0.1}, {"windows": [1] * 3, "spread": "0"}])
    ]
    found = {id: str(place) for id, place in energy_ranks([*made, apart, shaky, *forged]).items()}
    assert found == {made[0].id: "1–2 of 3", made[1].id: "1–2 of 3", made[2].id: "3 of 3"}


def test_the_page_shows_them(home: Home, tmp_path: Path) -> None:
    for name, ms in (("alder", 8.0), ("birch", 30.0)):
        timed(home, name, ms)
    build_site([home.path], tmp_path / "site")
    [board] = [
        path for path in pages(tmp_path / "site") if path.parent.parent.name == "b" and path.name == "index.html"
    ]
    assert "Speed rank" in read(board).text and "Energy rank" not in read(board).text
