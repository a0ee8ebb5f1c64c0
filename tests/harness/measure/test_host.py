"""Speeds are compared within one host: its hash must hold still on one machine, and tell nobody whose machine it is."""

import contextlib
import copy
import getpass
import json
import os
import re
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import msgspec
import pytest
from simulated_nvml import Card, Nvml

from harness.measure import describe_host, examine, peak_memory_bytes
from harness.measure.group_facts import group_facts
from harness.measure.host import host_id, identity
from harness.measure.host_facts import compact, cpu_facts, memory_facts, software_facts, system_facts, without_names
from harness.measure.memory_modules import memory_modules
from harness.measure.torch_facts import torch_facts

CARD = "GPU-5d2a8f10-0000-1111-2222-333344445555"


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
    for part, key in (("cpu", "model"), ("cpu", "allowed"), ("cpu", "governor"), ("group", "quota_cpus")):
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


def secrets_of_this_machine() -> dict[str, str]:
    """What would tell whose machine it is, as far as this machine has it."""
    found = {
        "host name": socket.gethostname(),
        "user": getpass.getuser() if getpass.getuser() != "root" else "",
        "home": str(Path.home()),
        "address": ":".join(f"{uuid.getnode():012x}"[i : i + 2] for i in range(0, 12, 2)),
        "address without colons": f"{uuid.getnode():012x}",
    }
    files = {
        "machine id": "/etc/machine-id",
        "product serial": "/sys/class/dmi/id/product_serial",
        "product uuid": "/sys/class/dmi/id/product_uuid",
        "board serial": "/sys/class/dmi/id/board_serial",
        "boot id": "/proc/sys/kernel/random/boot_id",
    }
    for name, file in files.items():
        with contextlib.suppress(OSError):
            found[name] = Path(file).read_text().strip()
    return {name: value for name, value in found.items() if len(value) > 1}


def test_nothing_that_names_the_machine_or_its_user_leaves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_PLACES", "/home/somebody/places")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", CARD)
    card = Card(CARD, {"nvmlDeviceGetName": "NVIDIA X", "nvmlDeviceGetSerial": "1650621000042"})
    monkeypatch.setattr("harness.measure.host.open_nvml", lambda: Nvml(card))
    text = json.dumps(msgspec.to_builtins(describe_host("cuda:0")))
    for name, value in secrets_of_this_machine().items():
        assert not re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text), name
    assert "somebody" not in text and "1650621000042" not in text
    assert CARD not in text and CARD.removeprefix("GPU-") not in text
    assert "NVIDIA X" in text


def test_a_kernel_named_after_its_machine_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.node", lambda: "berta.example.org")
    assert without_names("6.8.0-Berta-custom") == "6.8.0-(host)-custom"
    assert without_names("6.8.0-alberta") == "6.8.0-alberta"


def test_a_machine_that_tells_nothing_is_described_too(tmp_path: Path) -> None:
    assert memory_facts(tmp_path, tmp_path) == {"bytes": None, "swap_bytes": None, "modules": None}
    assert set(group_facts(tmp_path, tmp_path).values()) == {None}
    facts = cpu_facts(tmp_path, tmp_path)
    assert facts["governor"] is None and facts["hypervisor"] is None and facts["caches"] == {}
    assert system_facts(tmp_path, tmp_path)["clocksource"] is None


def test_variables_that_change_a_speed_are_kept_and_others_are_not() -> None:
    environment = {
        "OMP_NUM_THREADS": "4", "MKL_THREADING_LAYER": "GNU", "SECRET": "x", "KMP_AFFINITY": "a/b",
        "CUDA_VISIBLE_DEVICES": CARD, "CUDA_DEVICE_ORDER": "PCI_BUS_ID", "OMP_NUM_THREADS_": "",
    }  # fmt: skip
    assert software_facts(environment)["environment"] == {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": "(private)",
        "KMP_AFFINITY": "(private)",
        "MKL_THREADING_LAYER": "GNU",
        "OMP_NUM_THREADS": "4",
        "OMP_NUM_THREADS_": "",
    }


def files(root: Path, **contents: str) -> None:
    for name, content in contents.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def test_the_limits_of_a_container_version_2(tmp_path: Path) -> None:
    files(
        tmp_path, proc__self__cgroup="0::/box\n", groups__cgroup_dot_procs="", groups__box__cpu_dot_stat="",
        groups__box__cpu_dot_max="150000 100000\n", groups__box__memory_dot_max="2147483648\n",
        groups__cpu_dot_stat="",
    )  # fmt: skip
    found = group_facts(tmp_path / "proc", tmp_path / "groups")
    assert found == {"version": 2, "quota_cpus": 1.5, "period_us": 100_000, "memory_limit_bytes": 2**31}


def test_the_limits_of_a_container_version_1(tmp_path: Path) -> None:
    cpu, memory = "groups__cpu__", "groups__memory__box__"
    contents = {
        "proc__self__cgroup": "4:memory:/box\n1:cpu:/\n", f"{cpu}cgroup_dot_procs": "", f"{cpu}cpu_dot_stat": "",
        f"{cpu}cpu_dot_cfs_quota_us": "-1\n", f"{cpu}cpu_dot_cfs_period_us": "50000\n",
        f"{memory}memory_dot_limit_in_bytes": "1073741824\n",
        "groups__memory__memory_dot_limit_in_bytes": "9223372036854771712\n",
    }  # fmt: skip
    files(tmp_path, **contents)
    found = group_facts(tmp_path / "proc", tmp_path / "groups")
    assert found == {"version": 1, "quota_cpus": None, "period_us": 50_000, "memory_limit_bytes": 2**30}


def module(kind: int, size: int, speed: int, configured: int, serial: bytes = b"SERIAL42") -> bytes:
    """A structure of type 17 as the firmware writes it."""
    body = bytearray(0x28)
    body[0], body[1], body[0x12] = 17, len(body), kind
    for at, value in ((0x0C, size), (0x15, speed), (0x20, configured)):
        body[at : at + 2] = value.to_bytes(2, "little")
    return bytes(body) + serial + b"\0\0"


def test_memory_modules_tell_kind_and_speed_and_no_serial(tmp_path: Path) -> None:
    tables = tmp_path / "firmware/dmi/tables/DMI"
    tables.parent.mkdir(parents=True)
    other, end = b"\x00\x04\x00\x00text\0\0", b"\x7f\x04\x00\x00\0\0"
    slots = [module(0x22, 16384, 5600, 4800), module(0x22, 16384, 5600, 0), module(0x02, 0, 0, 0)]
    tables.write_bytes(other + b"".join(slots) + end + b"garbage")
    found = memory_modules(tmp_path)
    assert found == {"modules": 2, "kinds": ["DDR5"], "speeds_mt_s": [4800, 5600]}
    for broken in (b"", b"\x11", b"\x11\x00\x00\x00", slots[0][:20], other):
        tables.write_bytes(broken)
        assert memory_modules(tmp_path) is None


def test_torch_tells_its_libraries() -> None:
    pytest.importorskip("torch")
    facts = torch_facts()
    assert facts is not None
    assert any("OpenMP" in line for line in facts["libraries"]) and len(facts["build"]) == 16


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
