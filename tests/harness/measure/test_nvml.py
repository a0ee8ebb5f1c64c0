"""Which card a device is, and what it tells: what NVML refuses becomes a reason, never a guess and never a zero."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from simulated_nvml import Card, Nvml

from harness.measure.nvml import device_key, find_handle, gpu_facts, open_nvml
from harness.measure.procfs import Unreadable

ONE = Card("GPU-5d2a8f10-0000-1111-2222-333344445555")
TWO = Card("GPU-77777777-0000-1111-2222-333344445555")


@pytest.fixture(autouse=True)
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)


def torch_with(*uuids: str) -> Any:
    properties = [SimpleNamespace(uuid=uuid) for uuid in uuids]
    cuda = SimpleNamespace(
        is_available=lambda: True, current_device=lambda: 0, get_device_properties=lambda index: properties[index]
    )
    return SimpleNamespace(cuda=cuda)


def test_torch_s_device_is_found_by_uuid_whatever_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    # torch numbers what CUDA_VISIBLE_DEVICES leaves and writes UUIDs without their prefix
    monkeypatch.setitem(sys.modules, "torch", torch_with(TWO.uuid.removeprefix("GPU-")))
    assert find_handle(Nvml(ONE, TWO), "cuda:0", {}) is TWO
    assert find_handle(Nvml(ONE, TWO), "cuda", {"CUDA_VISIBLE_DEVICES": "0"}) is TWO


def test_a_device_that_nvml_does_not_list_is_not_replaced_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", torch_with("99999999-0000-1111-2222-333344445555"))
    with pytest.raises(Unreadable, match="NVML lists 1 devices and none of them is certain to be cuda:0"):
        find_handle(Nvml(ONE), "cuda:0", {})


@pytest.mark.parametrize(
    ("environment", "device", "found"),
    [
        ({}, "cuda:0", None),
        ({"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, "cuda:1", TWO),
        ({"CUDA_VISIBLE_DEVICES": "1"}, "cuda:0", None),
        ({"CUDA_VISIBLE_DEVICES": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, "cuda:0", TWO),
        ({"CUDA_VISIBLE_DEVICES": "1", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, "cuda:1", None),
        ({"CUDA_VISIBLE_DEVICES": "GPU-7777"}, "cuda:0", TWO),
        ({"CUDA_VISIBLE_DEVICES": "GPU-7777,GPU-5d2a"}, "cuda:1", ONE),
        ({"CUDA_VISIBLE_DEVICES": "GPU-"}, "cuda:0", None),
        ({"CUDA_VISIBLE_DEVICES": ""}, "cuda:0", None),
        ({"CUDA_VISIBLE_DEVICES": "MIG-1234"}, "cuda:0", None),
    ],
)
def test_without_torch_the_environment_says_which_card(
    environment: dict[str, str], device: str, found: Card | None
) -> None:
    if found is not None:
        assert find_handle(Nvml(ONE, TWO), device, environment) is found
        return
    with pytest.raises(Unreadable, match="none of them is certain to be"):
        find_handle(Nvml(ONE, TWO), device, environment)


def test_the_only_card_is_the_one() -> None:
    assert find_handle(Nvml(ONE), "cuda:0", {}) is ONE


def test_an_instance_of_a_divided_card_is_named() -> None:
    divided = Card("GPU-1", {"nvmlDeviceGetMigMode": (1, 1)})
    with pytest.raises(Unreadable, match="cuda:0 is a MIG instance"):
        find_handle(Nvml(divided), "cuda:0", {"CUDA_VISIBLE_DEVICES": "MIG-1234"})


def test_a_card_s_key_is_a_hash_and_none_without_nvml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("harness.measure.nvml.open_nvml", lambda: Nvml(ONE))
    key = device_key("cuda:0")
    assert key is not None and len(key) == 8 and key not in ONE.uuid

    def refuse() -> Any:
        raise Unreadable("NVML: no")

    monkeypatch.setattr("harness.measure.nvml.open_nvml", refuse)
    assert device_key("cuda:0") is None


def test_gpu_facts_hold_no_serial_and_no_uuid() -> None:
    answers = {
        "nvmlDeviceGetName": b"NVIDIA X",
        "nvmlDeviceGetEnforcedPowerLimit": 700_000,
        "nvmlDeviceGetSerial": "0123456789",
        "nvmlDeviceGetMigMode": (0, 0),
    }
    facts = gpu_facts(Nvml(Card(ONE.uuid, answers)))
    assert facts[0]["name"] == "NVIDIA X" and facts[0]["driver"] == "580.1" and facts[0]["power_limit_w"] == 700.0
    assert facts[0]["ecc"] is None and facts[0]["mig"] is False
    assert ONE.uuid not in str(facts) and "0123456789" not in str(facts) and len(facts[0]["uuid_hash"]) == 8


def test_the_real_library_answers_or_says_why_not() -> None:
    pynvml = pytest.importorskip("pynvml")
    try:
        nvml = open_nvml()
    except Unreadable as error:
        if not Path("/dev/nvidiactl").exists():
            assert "(12), NVML Shared Library Not Found" in str(error) or "(9)" in str(error)
        assert str(error).startswith("NVML: ")
    else:
        assert nvml is pynvml and isinstance(gpu_facts(nvml), list)
