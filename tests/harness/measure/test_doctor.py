"""The doctor says before a run what will be missing after it, and which command would change that."""

import json
import re
import socket
from pathlib import Path

import pytest
from simulated_nvml import Card, Nvml, card_of
from simulated_power import Machine

from harness.cli import main
from harness.cli.doctor import _lines
from harness.measure.doctor import Check, examine
from harness.measure.procfs import Unreadable


def checks(monkeypatch: pytest.MonkeyPatch, *cards: Card) -> dict[str, Check]:
    for module in ("doctor", "nvml_energy"):
        monkeypatch.setattr(f"harness.measure.{module}.open_nvml", lambda: Nvml(*cards))
    return {check.what: check for check in examine()}


def test_every_card_is_a_line_with_its_energy(monkeypatch: pytest.MonkeyPatch) -> None:
    divided = Card("GPU-2", {"nvmlDeviceGetName": "NVIDIA Y", "nvmlDeviceGetMigMode": (1, 1)})
    found = checks(monkeypatch, card_of(Machine()), divided)
    assert found["GPU 0"].reason == "NVIDIA X, driver 580.1, limit 700 W"
    assert found["GPU 1"].reason == "NVIDIA Y, driver 580.1, MIG"
    assert found["energy of GPU 0"].available
    assert found["energy of GPU 0"].reason == (
        "NVML total energy (GPU board), then compared with NVML instant power, integrated (GPU board)"
    )
    assert not found["energy of GPU 1"].available
    assert "MIG instance" in found["energy of GPU 1"].reason
    assert found["energy of GPU 1"].how_to_enable.startswith("sudo nvidia-smi -mig 0")


def test_nvml_without_permission_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Nvml:
        raise Unreadable("NVML: NoPermission (4), Insufficient Permissions")

    monkeypatch.setattr("harness.measure.doctor.open_nvml", refuse)
    found = {check.what: check for check in examine()}
    assert found["energy of the GPU"].reason == "NVML: NoPermission (4), Insufficient Permissions"
    assert not found["GPU"].available
    assert "/dev/nvidiactl" in found["GPU"].how_to_enable


def test_a_quota_is_said_with_what_it_allows(tmp_path: Path) -> None:
    for name, content in {
        "proc/self/cgroup": "0::/box\n", "groups/cgroup.procs": "", "groups/box/cpu.stat": "",
        "groups/box/cpu.max": "150000 100000\n",
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    found = {check.what: check for check in examine(tmp_path / "proc", tmp_path / "groups")}
    assert found["unlimited CPUs"] == Check(
        "unlimited CPUs", False, "a quota allows 1.5 CPUs", "run outside it, or expect throttling"
    )


def test_the_lock_is_part_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARNESS_LOCKS", str(tmp_path))
    found = {check.what: check for check in examine()}
    assert found["one measurement at a time"].available
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HARNESS_LOCKS", str(tmp_path / "file"))
    found = {check.what: check for check in examine()}
    assert not found["one measurement at a time"].available
    assert "HARNESS_LOCKS" in found["one measurement at a time"].how_to_enable


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    long = "a reason of some length " * 12
    lines = list(_lines([Check("energy of the CPU", False, long, long), Check("torch", True, "2.5")], width))
    assert max(map(len, lines)) <= width
    assert " ".join(" ".join(lines).split()).count("a reason of some length") == 24


def test_json_has_the_host_and_every_finding_and_names_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    text = capsys.readouterr().out
    found = json.loads(text)
    assert found["devices"]["cpu"] == found["host"]["host_id"]
    assert {"what", "available", "reason", "how_to_enable"} == set(found["findings"][0])
    assert not re.search(rf"\b{re.escape(socket.gethostname())}\b", text)
    assert all(finding["available"] or finding["how_to_enable"] for finding in found["findings"])


def test_all_that_the_machine_tells_is_printed_and_what_it_does_not_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hosts whose ids differ are compared by eye: nothing of the JSON may be missing here."""
    monkeypatch.setenv("COLUMNS", "120")
    assert main(["doctor", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)["host"]["facts"]
    assert main(["doctor"]) == 0
    text = " ".join(capsys.readouterr().out.partition("this machine")[2].split())
    for part in ("cpu", "group", "memory", "system", "software"):
        for key, value in facts[part].items():
            assert key.replace("_", " ") in text
            if isinstance(value, (str, int)) and not isinstance(value, bool) and "now" not in key:
                assert str(value) in text, key
    assert not re.search(rf"\b{re.escape(socket.gethostname())}\b", text)
