"""Speeds are compared within one host: its hash must hold still on one machine, and tell nobody whose machine it is."""

import copy
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from harness.measure import describe_host, examine, peak_memory_bytes
from harness.measure.host import host_id, identity
from harness.measure.host_facts import compact, cpu_facts, memory_facts, software_facts, system_facts


def test_the_same_machine_has_the_same_id() -> None:
    first = describe_host()
    time.sleep(0.01)
    second = describe_host()
    assert first.host_id == second.host_id
    assert len(first.host_id) == 16
    assert str(first.facts["cpu"]["model"]) in first.title


def test_the_id_follows_what_changes_speed_and_nothing_else() -> None:
    facts = describe_host().facts
    loaded = copy.deepcopy(facts)
    loaded["load"]["load_average"] = [99.0, 99.0, 99.0]
    loaded["memory"]["bytes"] -= 1_000_000
    loaded["cpu"]["affinity"] = "4-5"
    assert host_id(loaded) == host_id(facts)
    for part, key in (("cpu", "model"), ("cpu", "allowed"), ("cpu", "governor"), ("cpu", "quota_cpus")):
        other = copy.deepcopy(facts)
        other[part][key] = "something else"
        assert host_id(other) != host_id(facts), key


def test_torch_and_threads_are_part_of_the_id() -> None:
    facts = describe_host().facts
    versions = []
    for threads in (1, 2):
        facts["torch"] = {"version": "2.5.0", "cuda": None, "threads": threads, "interop_threads": 1}
        versions.append(host_id(facts))
    facts["torch"]["version"] = "2.6.0"
    assert len({*versions, host_id(facts)}) == 3


def test_graphics_cards_count_where_the_model_runs_on_one() -> None:
    facts = describe_host().facts
    facts["gpus"] = [{"name": "NVIDIA X", "driver": "580", "power_limit_w": 700.0}]
    assert identity(facts)["gpus"] == []
    facts["device"] = "cuda:0"
    assert identity(facts)["gpus"] == [["NVIDIA X", "580", 700.0]]


def test_no_host_name_and_no_user_leave_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_PLACES", "/home/somebody/places")
    host = describe_host()
    values = set(strings(msgspec.to_builtins(host)))
    assert socket.gethostname() not in values
    assert not any("somebody" in value for value in values)
    assert str(Path.home()) not in json.dumps(host.facts)


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in strings(part)]
    return [value] if isinstance(value, str) else []


def test_a_machine_that_tells_nothing_is_described_too(tmp_path: Path) -> None:
    assert memory_facts(tmp_path) == {"bytes": None, "swap_bytes": None}
    facts = cpu_facts(tmp_path, tmp_path)
    assert facts["governor"] is None and facts["hypervisor"] is None and facts["caches"] == {}
    assert system_facts(tmp_path, tmp_path)["clocksource"] is None


def test_thread_variables_are_kept_and_others_are_not() -> None:
    environment = {"OMP_NUM_THREADS": "4", "MKL_THREADING_LAYER": "GNU", "SECRET": "x", "KMP_AFFINITY": "a/b"}
    assert software_facts(environment)["environment"] == {"MKL_THREADING_LAYER": "GNU", "OMP_NUM_THREADS": "4"}


def test_cpu_lists_are_written_as_the_kernel_does() -> None:
    assert compact(frozenset({0, 1, 2, 5, 8, 9})) == "0-2,5,8-9"


def test_describing_and_examining_load_neither_torch_nor_mlflow() -> None:
    code = (
        "import sys; from harness.measure import *; describe_host(); examine(); "
        "sys.exit(bool({'torch', 'mlflow', 'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_doctor_says_for_everything_missing_why_and_what_to_do(tmp_path: Path) -> None:
    checks = examine(proc=tmp_path / "none", groups_root=tmp_path / "none")
    names = [check.what for check in checks]
    assert len(names) == len(set(names))
    assert {"latency gate: run delay", "energy of the CPU", "energy of the GPU", "GPU", "torch", "mlflow"} <= set(names)
    for check in checks:
        assert check.reason
        assert check.available or check.how_to_enable, check
    assert not any(check.available for check in checks if check.what.startswith("latency gate"))


def test_peak_memory_grows_with_what_is_held() -> None:
    before = peak_memory_bytes()
    held = bytearray(os.urandom(1)) * (64 * 1024 * 1024)
    after = peak_memory_bytes()
    assert before is not None and after is not None
    assert after >= len(held)
    assert after >= before


def test_peak_memory_without_proc_comes_from_the_system_call(tmp_path: Path) -> None:
    peak = peak_memory_bytes(tmp_path)
    assert peak is not None and peak > 1_000_000
