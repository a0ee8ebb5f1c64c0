"""What a reader sees first of a record with many numbers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from command_line import Done

from harness.cli.show import show_record
from harness.record import Metric, Quantile, Record, Span, Timing, decode
from harness.summary import MOST_HEADLINES, headline_span, headlines


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, curved: Path) -> Record:
    """A record of one metric."""
    import harness

    folder = tmp_path_factory.mktemp("plain")
    return harness.score(str(curved), curved.parent / "mine.csv", data=str(curved.parent / "data"), home=str(folder))


def metric(name: str, **changed: Any) -> Metric:
    return msgspec.structs.replace(
        Metric(name=name, protocol="curved", value=0.5, interval=None, n=24, reason="not asked for"), **changed
    )


def names(record: Record) -> list[str]:
    return [f"{found.protocol}/{found.name}" for found in headlines(record)]


def with_metrics(record: Record, *metrics: Metric) -> Record:
    return msgspec.structs.replace(record, metrics=list(metrics))


def test_minor_metrics_are_not_read_first_unless_one_is_the_main_metric(plain: Record) -> None:
    record = with_metrics(plain, metric("a"), metric("b", minor=True), metric("top1", minor=True), metric("c"))
    assert names(record) == ["curved/a", "curved/top1", "curved/c"]
    text = show_record(record)
    assert "\nb " not in text and "(1 more metrics are in the record; --json prints them)" in text
    assert "more metrics" not in show_record(plain)


def test_a_trackers_latency_is_its_updates_and_not_its_start() -> None:
    def span(name: str, p50: float) -> Span:
        nothing = Quantile(value=None)
        return Span(name=name, n=9, blocks=3, mean=1.0, min=0.5, p50=Quantile(value=p50), p90=nothing, p99=nothing)

    def chosen(conditions: dict[str, Any], *names: str) -> str | None:
        spans = [span(name, 1.0 + i) for i, name in enumerate(names)]
        timing = Timing(verdict="stable", reasons=[], batch_size=1, spans=spans, conditions=conditions)
        found = headline_span(timing)
        return found.name if found else None

    tracker = ("init", "update", "end_to_end")
    assert chosen({"headline": "update"}, *tracker) == "update"
    assert chosen({}, "prepare", "forward", "finish") == "forward"
    assert chosen({"headline": ["update"]}, *tracker) == "init"
    assert chosen({"headline": "gone"}, *tracker) == "init"
    assert chosen({}) is None


def test_what_a_data_set_must_say_stands_under_its_numbers(plain: Record, cli: Callable[..., Done]) -> None:
    task = msgspec.structs.replace(plain.task, notice="Withdrawn by its authors.")
    assert "\n\nnote: Withdrawn by its authors." in show_record(msgspec.structs.replace(plain, task=task))
    assert "note:" not in show_record(plain)
    assert "\nnote: DukeMTMC-reID was withdrawn by its authors" in cli("data", "layout", "dukemtmc").out


def test_of_many_the_records_own_protocol_goes_first(plain: Record) -> None:
    others = [metric(f"o{i}", protocol="other") for i in range(MOST_HEADLINES)]
    own = [metric(f"m{i}") for i in range(MOST_HEADLINES - 2)]
    record = with_metrics(plain, *others, *own, metric("top1"))
    expected = ["other/o0", *[f"curved/m{i}" for i in range(MOST_HEADLINES - 2)], "curved/top1"]
    assert names(record) == expected


def test_a_task_says_which_are_minor(cli: Callable[..., Done], curved: Path, tmp_path: Path) -> None:
    folder = tmp_path / "curved"
    folder.mkdir()
    for path in curved.glob("*.py"):
        text = path.read_text().replace('MetricSpec(name="top1",', 'MetricSpec(name="top1", minor=True,')
        (folder / path.name).write_text(text)
    data, results = curved.parent / "data", curved.parent / "mine.csv"
    done = cli("score", "--task", folder, "--data", data, results, "--json").json()
    assert decode((tmp_path / "home" / "records" / f"{done['id']}.json").read_bytes()).metrics[0].minor
