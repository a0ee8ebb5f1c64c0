"""How fast a tracker was while it answered, from the times of its calls."""

from typing import Any

import numpy as np

from harness.columns import Table
from harness.measure.percentiles import percentile
from harness.record import Observed
from tasks.tracking.live import INIT, UPDATE

SLOWEST = 10


def observed_speed(beside: Table) -> list[Observed]:
    """Frames a second over all sequences: updates over the sum of their times, init and decoding apart."""
    kinds = beside.ragged("call_kind").values
    seconds = beside.ragged("call_s").values
    updates = seconds[kinds == UPDATE]
    if not len(updates) or not updates.sum() > 0:
        return []
    starts = seconds[kinds == INIT]
    per_sequence = {id: fps for index, id in enumerate(beside.ids) if (fps := _fps(beside, index)) is not None}
    facts: dict[str, Any] = {
        "from": "calls of update / sum of their times; init and decoding apart",
        "updates": len(updates),
        "update_p50_ms": percentile(updates, 0.5) * 1e3,
        "update_p95_ms": percentile(updates, 0.95) * 1e3,
        "update_s": float(updates.sum()),
        "inits": len(starts),
        "init_p50_ms": percentile(starts, 0.5) * 1e3,
        "init_s": float(starts.sum()),
        # got10k's toolkit prints this; a mean of reciprocals is above the reciprocal of the mean.
        "mean_of_reciprocals_per_s": float(np.mean(1 / np.maximum(updates, 1e-9))),
        "fps_of_sequences": per_sequence,
        "slowest_frames": _slowest(beside),
    }
    return [
        Observed(
            name="frames_per_s",
            title="Tracking speed",
            unit="frames/s",
            value=len(updates) / float(updates.sum()),
            summary=(
                f"while tracking, update p50 {facts['update_p50_ms']:.3g} ms, p95 {facts['update_p95_ms']:.3g} ms, "
                f"init {facts['init_p50_ms']:.3g} ms"
            ),
            facts=facts,
        )
    ]


def _fps(beside: Table, index: int) -> float | None:
    row = beside.row(index)
    updates = row["call_s"][row["call_kind"] == UPDATE]
    return len(updates) / float(updates.sum()) if len(updates) and updates.sum() > 0 else None


def _slowest(beside: Table) -> list[dict[str, Any]]:
    """The updates that took longest."""
    times = beside.ragged("call_s")
    updates = np.where(beside.ragged("call_kind").values == UPDATE, times.values, -1.0)
    order = np.argsort(-updates, kind="stable")[:SLOWEST]
    owners = np.searchsorted(times.offsets, order, side="right") - 1
    frames = beside.ragged("call_frame").values
    return [
        {"sequence": beside.ids[owner], "frame": int(frames[call]), "ms": float(times.values[call]) * 1e3}
        for owner, call in zip(owners, order, strict=True)
        if updates[call] >= 0
    ]
