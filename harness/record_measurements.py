"""The measurements of a record: what a run cost on its host, with a sentence for every field that its name does not explain."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Protocol

from msgspec import Meta

from harness.record_parts import Part

Verdict = Literal["stable", "unstable", "invalid", "not measured"]
Invalid = Annotated[
    list[str],
    Meta(
        description="Those of the reasons that alone make it invalid; each of the others alone would make it unstable."
    ),
]


class Judged(Protocol):
    """What has a verdict with reasons."""

    @property
    def verdict(self) -> str:
        """stable, unstable, invalid, not measured."""

    @property
    def reasons(self) -> list[str]:
        """In words."""

    @property
    def invalid_reasons(self) -> list[str]:
        """The heavier ones among them."""


def weighed(item: Judged) -> Iterator[tuple[str, str]]:
    """Every reason after the verdict that it alone would give; where a record does not tell them apart, after its verdict."""
    for reason in item.reasons:
        known = item.invalid_reasons and reason not in item.invalid_reasons
        yield ("unstable" if known else item.verdict), reason


class Quantile(Part, frozen=True):
    """One percentile with its 95 % interval."""

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: Annotated[str, Meta(description="Why value or interval is null.")] = ""


class Span(Part, frozen=True):
    """The latency of one span (prepare, forward, finish, end_to_end, update), in milliseconds a sample."""

    name: str
    n: Annotated[int, Meta(description="Number of timed inferences.")]
    blocks: Annotated[int, Meta(description="Number of blocks, scattered over the run.")]
    mean: float | None
    min: float | None
    p50: Quantile
    p90: Quantile
    p99: Quantile


class SizeBucket(Part, frozen=True):
    """Latencies of those inputs whose size lies in one range, where inputs differ in size."""

    name: Annotated[str, Meta(description="The range, in array elements of one sample as it was read.")]
    inputs: Annotated[int, Meta(description="Number of distinct inputs in it.")]
    n: Annotated[dict[str, int], Meta(description="Timed inferences, by span.")]
    p50: Annotated[dict[str, float], Meta(description="Median milliseconds a sample, by span.")]


class Timing(Part, frozen=True):
    """Latency at one batch size on one host."""

    verdict: Verdict
    reasons: Annotated[list[str], Meta(description="Everything that makes it other than stable, in words.")]
    batch_size: int
    spans: list[Span]
    invalid_reasons: Invalid = []
    scenario: str = "SingleStream"
    backend: Annotated[str, Meta(description="What drove the timed loop.")] = "harness"
    dtype: str = "float32"
    outputs_equal: Annotated[
        bool | None, Meta(description="Whether the timed outputs equal the scored ones; null where none were scored.")
    ] = None
    first_inference_ms: float | None = None
    warm_up: Annotated[dict[str, Any], Meta(description="Seconds, inferences, and whether it became steady.")] = {}
    conditions: Annotated[
        dict[str, Any], Meta(description="Device, dtype, threads, affinity, distinct inputs, disturbances read.")
    ] = {}
    method: Annotated[str, Meta(description="Clock, percentile convention, interval.")] = ""
    processes: Annotated[int, Meta(description="Fresh processes that the blocks come from.")] = 1
    dropped_share: Annotated[
        float | None, Meta(description="Share of the blocks left out, by what disturbed them, never by their latency.")
    ] = None
    sizes: Annotated[
        list[SizeBucket], Meta(description="The same by size of the input; empty where all are alike.")
    ] = []
    query_ms: Annotated[
        dict[str, float | None],
        Meta(description="Percentiles of whole queries (MultiStream: batch_size samples each)."),
    ] = {}
    bounds_ms: Annotated[
        dict[str, float | None],
        Meta(description="MLPerf's early-stopping bound of each percentile of end_to_end; null: too few inferences."),
    ] = {}
    emulated: Annotated[
        str, Meta(description="The arithmetic that was emulated: then this is the emulation's speed, never ranked.")
    ] = ""


class Throughput(Part, frozen=True):
    """Samples a second at one batch size."""

    value: float | None
    batch_size: int = 1
    low: float | None = None
    high: float | None = None
    reason: str = ""
    verdict: Verdict = "not measured"
    reasons: list[str] = []
    invalid_reasons: Invalid = []
    facts: dict[str, Any] = {}
    peak_memory_bytes: Annotated[
        int | None, Meta(description="Largest resident set of the process at this batch size.")
    ] = None
    device_memory_bytes: Annotated[int | None, Meta(description="Most memory held on the accelerator.")] = None
    emulated: str = ""


class Sweep(Part, frozen=True):
    """Which batch sizes were tried, where it ended, and the smallest one that is nearly as good as the best."""

    batch_sizes: list[int]
    ended: Annotated[str, Meta(description="Why no larger batch was tried: out of memory, no gain, the time.")]
    knee: Annotated[
        int | None,
        Meta(description="The smallest batch size within 3 % of the best rate; null where none was measured."),
    ] = None
    order: Annotated[list[int], Meta(description="Batch sizes in the order in which their blocks were run.")] = []


class Energy(Part, frozen=True):
    """Energy and power of the forward span."""

    verdict: Verdict
    energy_j: Annotated[float | None, Meta(description="Gross joules a sample.")]
    power_w: Annotated[float | None, Meta(description="Mean watts under load.")]
    net_energy_j: Annotated[
        float | None, Meta(description="Joules a sample above idling; null where idling was not measured.")
    ] = None
    idle_w: Annotated[float | None, Meta(description="Mean watts while idle, before and after.")] = None
    reason: Annotated[str, Meta(description="Why it is null, or other than stable.")] = ""
    source: str = ""
    scope: Annotated[str, Meta(description="What the source covers: GPU board, CPU package, wall.")] = ""
    update_period_s: Annotated[float | None, Meta(description="Seconds between two values of the source, as seen.")] = (
        None
    )
    n_ticks: Annotated[
        int | None, Meta(description="How often the source moved in a window, in the one where it moved least.")
    ] = None
    window_s: Annotated[float | None, Meta(description="Mean length of the windows.")] = None
    samples: int = 0
    tried: Annotated[list[str], Meta(description="Every source that was tried, with what it answered.")] = []
    how_to_enable: str = ""
    facts: Annotated[
        dict[str, Any],
        Meta(description="Windows, idling, temperatures, other sources, peak, aliasing."),
    ] = {}


class OperatorCost(Part, frozen=True):
    """What one kind of operator, or of layer that declares what it costs, did in all its calls."""

    operator: Annotated[str, Meta(description="Torch's name, aten::convolution, or the layer's class.")]
    group: Annotated[str, Meta(description="convolution, linear, product, attention, batch norm, declared, ...")]
    calls: int
    outputs: Annotated[int, Meta(description="Elements of all outputs.")]
    operations: dict[str, int | float]


class Cost(Part, frozen=True):
    """Parameters and operations, which need no clock."""

    parameters: int | None
    macs: Annotated[
        int | None,
        Meta(
            description="Multiply-accumulates of convolutions, linear layers, matrix products and attention, one sample."
        ),
    ]
    convention: str = "macs"
    complete: Annotated[
        bool, Meta(description="False where an operator has no formula; then macs is a lower bound.")
    ] = False
    uncounted: Annotated[list[str], Meta(description="Operators without a formula.")] = []
    input: Annotated[str, Meta(description="Shape of the counted input.")] = ""
    reason: str = ""
    operations: Annotated[
        dict[str, int | float], Meta(description="Operations of one sample by type (harness.operations.KINDS).")
    ] = {}
    views: Annotated[
        dict[str, int | float | None], Meta(description="The same cost under conventions of papers and tools, by name.")
    ] = {}
    conventions: Annotated[dict[str, str], Meta(description="What each view counts.")] = {}
    operators: Annotated[list[OperatorCost], Meta(description="The operations by kind of operator.")] = []
    untyped: Annotated[
        list[str], Meta(description="Operators without multiply-accumulates whose other operations have no formula.")
    ] = []
    parameters_deployed: Annotated[
        int | None, Meta(description="Parameters without those that are used in training only.")
    ] = None
    sizes: Annotated[
        dict[str, int],
        Meta(description="Bits: stored_bits as held here, deployed_bits at declared widths, buffer_bits."),
    ] = {}
    facts: dict[str, Any] = {}


class Observed(Part, frozen=True):
    """A speed seen while the answers were made, over all of them; nothing watched for disturbances meanwhile."""

    name: Annotated[str, Meta(description="With its unit: frames_per_s.")]
    title: str
    value: float
    unit: str
    summary: Annotated[str, Meta(description="What else was seen, as half a sentence.")] = ""
    facts: Annotated[
        dict[str, Any],
        Meta(description="How it was computed, percentiles, what was slowest, values of single samples."),
    ] = {}


class Measurements(Part, frozen=True):
    """What the run cost on its host."""

    latency: list[Timing] = []
    throughput: list[Throughput] = []
    sweep: Sweep | None = None
    energy: list[Energy] = []
    observed: list[Observed] = []
    cost: Cost | None = None
    peak_memory_bytes: Annotated[int | None, Meta(description="Largest resident set of the process.")] = None
    reason: Annotated[str, Meta(description="Why there is none.")] = ""
