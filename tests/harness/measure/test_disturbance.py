"""Counters that are read wrongly, or that end the run where they are missing, would make every verdict worthless."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.measure.disturbance import Probe, Snapshot, between, disturbed, shares, total
from harness.measure.procfs import (
    CpuTicks,
    Unreadable,
    cpu_groups,
    cpu_ticks,
    pressure_us,
    quota_cpus,
    quota_of,
    run_delay_ns,
    throttled_ns,
)

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's counters")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def fake_proc(root: Path, delays: dict[int, int]) -> Path:
    for thread, delay in delays.items():
        write(root / f"self/task/{thread}/schedstat", f"123456 {delay} 17\n")
    write(root / "stat", "cpu  1 2 3\ncpu0 100 10 50 900 7 3 2 40 0 0\ncpu1 1 1 1 1 1 1 1 1 0 0\nintr 5\n")
    write(root / "pressure/cpu", "some avg10=0.33 avg60=0.58 avg300=0.35 total=4138771\nfull avg10=0 total=7\n")
    return root


def snapshot(**changes: object) -> Snapshot:
    fields: dict[str, object] = {
        "wall_ns": 0, "own_cpu_ns": 0, "voluntary_switches": 0, "involuntary_switches": 0, "minor_faults": 0,
        "major_faults": 0, "delays_ns": {}, "ticks": CpuTicks(0, 0), "pressure_us": 0, "throttled_ns": 0,
    }  # fmt: skip
    wall = changes.get("wall_ns", 0)
    fields |= {"calendar_ns": wall, "awake_and_asleep_ns": wall}
    return Snapshot(**(fields | changes))  # type: ignore[arg-type]


def test_reads_the_fields_that_linux_documents(tmp_path: Path) -> None:
    proc = fake_proc(tmp_path, {7: 1000, 8: 30})
    assert run_delay_ns(proc) == {7: 1000, 8: 30}
    assert cpu_ticks(proc, frozenset({0})) == CpuTicks(busy=165, steal=40)
    assert cpu_ticks(proc, frozenset({0, 1})) == CpuTicks(busy=170, steal=41)
    assert pressure_us(proc) == 4138771


def test_a_thread_that_started_or_ended_in_between_counts_as_far_as_it_is_known() -> None:
    before = snapshot(delays_ns={1: 100, 2: 50})
    after = snapshot(delays_ns={1: 160, 3: 5})
    assert between(before, after).run_delay_ns == 65


def test_foreign_load_is_what_all_used_less_ones_own() -> None:
    hertz = os.sysconf("SC_CLK_TCK")
    after = snapshot(wall_ns=10**9, own_cpu_ns=4 * 10**8, ticks=CpuTicks(busy=hertz, steal=hertz // 10))
    found = shares(total([between(snapshot(), after)]), cpus=2)
    assert found["foreign_load"] == pytest.approx(0.3)
    assert found["steal"] == pytest.approx(0.05)


def test_foreign_load_below_the_resolution_is_zero_not_negative() -> None:
    after = snapshot(wall_ns=10**9, own_cpu_ns=5, ticks=CpuTicks(0, 0))
    assert shares(total([between(snapshot(), after)]), cpus=1)["foreign_load"] == 0.0


def test_a_missing_source_is_none_in_the_sum_too() -> None:
    there = between(snapshot(), snapshot(wall_ns=10, pressure_us=3))
    missing = between(snapshot(), snapshot(wall_ns=10, pressure_us=None))
    assert total([there, there]).pressure_ns == 6000
    assert total([there, missing]).pressure_ns is None
    assert shares(total([there, missing]), cpus=1)["pressure"] is None


def test_a_machine_without_proc_is_described_not_refused(tmp_path: Path) -> None:
    probe = Probe(proc=tmp_path / "none", groups_root=tmp_path / "none")
    found = between(probe.snapshot(), probe.snapshot())
    assert found.run_delay_ns is found.steal_ns is found.pressure_ns is found.throttled_ns is None
    assert set(probe.unreadable) == {"run delay", "busy and stolen CPU time", "CPU pressure", "throttling"}
    assert "No such file" in probe.unreadable["CPU pressure"]


def test_a_garbled_source_is_described_not_refused(tmp_path: Path) -> None:
    proc = fake_proc(tmp_path, {7: 1})
    write(proc / "stat", "cpu0 a b c d e f g h\n")
    probe = Probe(proc=proc, groups_root=tmp_path)
    assert probe.snapshot().ticks is None
    assert "not in the form that Linux documents" in probe.unreadable["busy and stolen CPU time"]


def test_throttling_counts_in_both_versions_and_in_parent_groups(tmp_path: Path) -> None:
    proc, root = tmp_path / "proc", tmp_path / "cgroup"
    write(proc / "self/cgroup", "4:memory:/job\n2:cpu,cpuacct:/job\n0::/box/job\n")
    for folder in ("cpu,cpuacct", "cpu,cpuacct/job", "unified", "unified/box", "unified/box/job"):
        write(root / folder / "cgroup.procs", "")
    write(root / "cpu,cpuacct/cpu.stat", "nr_periods 0\nnr_throttled 0\nthrottled_time 0\n")
    write(root / "cpu,cpuacct/job/cpu.stat", "nr_periods 9\nnr_throttled 2\nthrottled_time 5000\n")
    write(root / "cpu,cpuacct/job/cpu.cfs_quota_us", "150000\n")
    write(root / "cpu,cpuacct/job/cpu.cfs_period_us", "100000\n")
    write(root / "unified/cpu.stat", "usage_usec 5\n")
    write(root / "unified/box/cpu.stat", "usage_usec 5\nnr_throttled 1\nthrottled_usec 7\n")
    write(root / "unified/box/cpu.max", "max 100000\n")
    groups = cpu_groups(proc, root)
    assert throttled_ns(groups) == 5000 + 7000
    assert quota_cpus(groups) == 1.5


def test_a_group_that_counts_no_throttling_is_not_read_as_none(tmp_path: Path) -> None:
    write(tmp_path / "proc/self/cgroup", "0::/\n")
    write(tmp_path / "cgroup/cgroup.procs", "")
    write(tmp_path / "cgroup/cpu.stat", "usage_usec 5\n")
    groups = cpu_groups(tmp_path / "proc", tmp_path / "cgroup")
    assert quota_cpus(groups) is None
    with pytest.raises(Unreadable, match="counts throttling"):
        throttled_ns(groups)


@LINUX
def test_load_on_ones_own_cpu_is_seen() -> None:
    """A busy process pinned to the same CPU must show up as waiting, or the gate does not work."""
    before_cpus = os.sched_getaffinity(0)
    cpu = min(before_cpus)
    os.sched_setaffinity(0, {cpu})
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        probe = Probe(cpus=frozenset({cpu}))
        if "run delay" in probe.unreadable or probe.snapshot().delays_ns is None:
            pytest.skip("this kernel keeps no run delay")
        before = probe.snapshot()
        spin_until_cpu_time(0.3)
        found = shares(between(before, probe.snapshot()), cpus=1)
    finally:
        other.kill()
        other.wait()
        os.sched_setaffinity(0, before_cpus)
    assert found["run_delay"] is not None and found["run_delay"] > 0.1


def spin_until_cpu_time(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_a_wall_clock_that_is_set_is_seen_and_changes_no_duration() -> None:
    found = between(snapshot(), snapshot(wall_ns=10**9, calendar_ns=3 * 10**9, awake_and_asleep_ns=10**9))
    assert (found.wall_ns, found.calendar_step_ns, found.suspended_ns) == (10**9, 2 * 10**9, 0)
    back = between(snapshot(), snapshot(wall_ns=10**9, calendar_ns=-(10**9), awake_and_asleep_ns=10**9))
    assert back.calendar_step_ns == -2 * 10**9


def test_clocks_that_differ_by_their_reading_alone_have_not_stepped() -> None:
    found = between(snapshot(), snapshot(wall_ns=10**9, calendar_ns=10**9 + 19_000_000, awake_and_asleep_ns=10**9))
    assert (found.calendar_step_ns, found.suspended_ns) == (0, 0)


def test_a_machine_that_slept_is_seen() -> None:
    found = between(snapshot(), snapshot(wall_ns=10**8, calendar_ns=10**8, awake_and_asleep_ns=5 * 10**9))
    assert found.suspended_ns == 5 * 10**9 - 10**8
    assert disturbed(found, 1) == "suspended"


@pytest.mark.parametrize(
    ("version", "files", "cpus"),
    [
        ("2", {"cpu.max": "150000 100000\n"}, 1.5),
        ("2", {"cpu.max": "max 100000\n"}, None),
        ("1", {"cpu.cfs_quota_us": "50000\n", "cpu.cfs_period_us": "100000\n"}, 0.5),
        ("1", {"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n"}, None),
    ],
)
def test_a_container_with_a_cpu_quota_is_known(
    tmp_path: Path, version: str, files: dict[str, str], cpus: float | None
) -> None:
    proc, groups = tmp_path / "proc", tmp_path / "groups"
    (proc / "self").mkdir(parents=True)
    (proc / "self" / "cgroup").write_text("0::/\n" if version == "2" else "3:cpu:/\n")
    mount = groups if version == "2" else groups / "cpu"
    mount.mkdir(parents=True)
    for name, text in (files | {"cgroup.procs": "", "cpu.stat": "nr_throttled 0\n"}).items():
        (mount / name).write_text(text)
    assert quota_of(proc, groups) == cpus


def test_without_proc_there_is_no_quota_to_know(tmp_path: Path) -> None:
    assert quota_of(tmp_path, tmp_path) is None
