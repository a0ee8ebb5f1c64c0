"""The same workload timed by MLPerf's own generator (the extra `[loadgen]`), so that its number stands beside ours."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from harness.errors import HarnessError, UsageError
from harness.measure.disturbance import Disturbance, Probe, between, shares
from harness.measure.percentiles import RULES, Rule
from harness.measure.timed_loop import END_TO_END, TimedLoop
from harness.measure.verdict import Judgement, exceeded
from harness.measure.workload import Workload
from harness.record import Quantile, Span, Throughput, Timing

LEAST_QUERIES = 64
"""Below these the generator's early stopping gives no 90th percentile."""
SUMMARY = "mlperf_log_summary.txt"


class LoadgenRun(msgspec.Struct, frozen=True, kw_only=True):
    """What the generator printed, how many inferences it asked for, and what was going on meanwhile."""

    summary: dict[str, str]
    inferences: int
    disturbance: Disturbance
    cpus: int


def run_loadgen(
    workload: Workload, distinct: int, scenario: str, seconds: float, expected_per_s: float = 1.0
) -> LoadgenRun:
    """At least `seconds` of `scenario`, driven by the generator.

    A query of MultiStream is one inference of the workload, whose batch size must then be 8. Raises UsageError where the
    package is not installed, HarnessError where the generator writes no summary.
    """
    generator = _generator()
    loop = TimedLoop(workload, workload.chosen(-(-distinct // workload.batch_size)))
    with workload.entered():
        loop.first()
        list(loop.sweep(8))
    count, asked, probe = len(loop.items), [0], Probe()

    def issue(queries: Sequence[Any]) -> None:
        with workload.entered():
            for group in _groups(queries, workload.batch_size):
                asked[0] += 1
                loop.whole(group[0].index // workload.batch_size % count)
                generator.QuerySamplesComplete([generator.QuerySampleResponse(query.id, 0, 0) for query in group])

    system = generator.ConstructSUT(issue, lambda: None)
    library = generator.ConstructQSL(count * workload.batch_size, count * workload.batch_size, _nothing, _nothing)
    try:
        with tempfile.TemporaryDirectory(prefix="harness-loadgen-") as folder:
            settings = _settings(generator, scenario, seconds, workload, expected_per_s)
            before = probe.snapshot()
            generator.StartTestWithLogSettings(system, library, settings, _logs(generator, folder))
            return LoadgenRun(
                summary=read_summary(Path(folder) / SUMMARY), inferences=asked[0],
                disturbance=between(before, probe.snapshot()), cpus=len(probe.cpus),
            )  # fmt: skip
    finally:
        generator.DestroyQSL(library)
        generator.DestroySUT(system)


def _generator() -> Any:
    try:
        import mlperf_loadgen
    except ModuleNotFoundError:
        raise UsageError(
            "--backend loadgen needs MLPerf's generator; pip install 'vision-harness[loadgen]' brings it"
        ) from None
    return mlperf_loadgen


def _nothing(_: object) -> None:
    """Samples are in memory already."""


def _groups(queries: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [queries[start : start + size] for start in range(0, len(queries), size)]


def _settings(generator: Any, scenario: str, seconds: float, workload: Workload, expected_per_s: float) -> Any:
    settings = generator.TestSettings()
    settings.scenario = getattr(generator.TestScenario, scenario)
    settings.mode = generator.TestMode.PerformanceOnly
    settings.min_duration_ms = int(seconds * 1000)
    settings.max_duration_ms = int(seconds * 2000)
    settings.min_query_count = LEAST_QUERIES if scenario == "SingleStream" else 1
    settings.offline_expected_qps = expected_per_s
    if scenario == "MultiStream":
        settings.multi_stream_samples_per_query = workload.batch_size
    return settings


def _logs(generator: Any, folder: str) -> Any:
    output = generator.LogOutputSettings()
    output.outdir = folder
    output.copy_summary_to_stdout = False
    logs = generator.LogSettings()
    logs.log_output = output
    logs.enable_trace = False
    return logs


def read_summary(path: Path) -> dict[str, str]:
    """Every ``name : value`` of the generator's summary; raises HarnessError where there is none."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise HarnessError(f"MLPerf's generator wrote no summary ({error.strerror})") from None
    pairs = (line.partition(":") for line in lines)
    found = {name.strip(): value.strip() for name, colon, value in pairs if colon and value.strip()}
    if "Result is" not in found:
        raise HarnessError("MLPerf's generator gave no result; a longer --measure-s may help")
    return found


def timing_by_loadgen(run: LoadgenRun, scenario: str, batch_size: int, dtype: str, emulated: str = "") -> Timing:
    """The generator's latencies as an entry beside ours, in milliseconds a sample."""
    found = _judged(run)
    return Timing(
        verdict=found.verdict, reasons=found.reasons, invalid_reasons=found.invalid, batch_size=batch_size,
        scenario=scenario, backend="loadgen", dtype=dtype,
        spans=[_span(run, batch_size)], emulated=emulated, conditions={"summary": run.summary},
        method="MLPerf's generator times whole inferences over one window; its percentiles have no interval",
    )  # fmt: skip


def throughput_by_loadgen(run: LoadgenRun, batch_size: int, emulated: str = "") -> Throughput:
    """The generator's samples a second (Offline) as an entry beside ours."""
    found = _judged(run)
    rate = run.summary.get("Samples per second")
    return Throughput(
        value=None if rate is None else float(rate), batch_size=batch_size, verdict=found.verdict, reasons=found.reasons,
        invalid_reasons=found.invalid,
        reason="MLPerf's generator gives no interval" if rate else "MLPerf's generator printed no samples per second",
        facts={"backend": "loadgen", "scenario": "Offline", "span": END_TO_END, "summary": run.summary},
        emulated=emulated,
    )  # fmt: skip


def _judged(run: LoadgenRun) -> Judgement:
    invalid, unstable = exceeded(shares(run.disturbance, run.cpus))
    unstable.append("MLPerf's generator times one window and gives no interval, so that nothing tells how steady it is")
    if run.summary["Result is"] != "VALID":
        unstable.append(f"MLPerf's generator calls its own result {run.summary['Result is']}")
    return Judgement(invalid, unstable)


def _span(run: LoadgenRun, batch_size: int) -> Span:
    def ms(name: str) -> float | None:
        text = run.summary.get(name)
        return None if text is None else float(text) * 1e-6 / batch_size

    def quantile(rule: Rule) -> Quantile:
        if run.inferences < rule.samples:
            return Quantile(
                value=None, reason=f"{rule.name} needs {rule.samples} inferences, there are {run.inferences}"
            )
        value = ms(f"{100 * rule.probability:.2f} percentile latency (ns)")
        return Quantile(value=value, reason="MLPerf's generator gives no interval")

    p50, p90, p99 = (quantile(rule) for rule in RULES)
    return Span(
        name=END_TO_END, n=run.inferences, blocks=1, mean=ms("Mean latency (ns)"), min=ms("Min latency (ns)"),
        p50=p50, p90=p90, p99=p99,
    )  # fmt: skip
