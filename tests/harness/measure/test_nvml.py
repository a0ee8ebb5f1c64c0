"""NVML's answers as recorded from its documentation: what it refuses must become a reason, never a zero."""

from types import SimpleNamespace
from typing import Any

import pytest

from harness.measure.nvml import NvmlEnergy, NvmlPower, find_handle, gpu_facts, open_nvml
from harness.measure.procfs import Unreadable
from harness.measure.rapl import CounterError

UUID = "GPU-5d2a8f10-0000-1111-2222-333344445555"


class Trace:
    """NVML's calls with recorded answers; a list is played one answer a call, and a missing call is not supported."""

    class NVMLError(Exception):
        pass

    NVML_FI_DEV_POWER_INSTANT = 186

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any) -> Any:
            if name not in self._answers:
                raise self.NVMLError("Not Supported")
            answer = self._answers[name]
            return answer.pop(0) if isinstance(answer, list) else answer

        return call


def watts(*values: float) -> list[Any]:
    return [[SimpleNamespace(nvmlReturn=0, value=SimpleNamespace(uiVal=int(value * 1000)))] for value in values]


def test_energy_counts_millijoules() -> None:
    nvml = Trace(nvmlDeviceGetTotalEnergyConsumption=[1_000, 3_500, 3_500], nvmlDeviceGetEnforcedPowerLimit=700_000)
    counter = NvmlEnergy(nvml, "gpu")
    assert [counter.joules(), counter.joules()] == [3.5, 3.5]
    assert counter.limit_w == 700.0


def test_energy_that_goes_back_is_an_error() -> None:
    counter = NvmlEnergy(Trace(nvmlDeviceGetTotalEnergyConsumption=[5_000, 4_000]), "gpu")
    with pytest.raises(CounterError, match="went back from 5000 to 4000 mJ"):
        counter.joules()


def test_a_card_without_the_counter_says_so() -> None:
    with pytest.raises(Unreadable, match="nvmlDeviceGetTotalEnergyConsumption: Not Supported"):
        NvmlEnergy(Trace(), "gpu")


def test_mig_is_refused_since_the_counter_is_the_boards() -> None:
    nvml = Trace(nvmlDeviceGetMigMode=(1, 1), nvmlDeviceGetTotalEnergyConsumption=5)
    with pytest.raises(Unreadable, match="MIG"):
        NvmlEnergy(nvml, "gpu")


def test_power_is_integrated_over_the_moments_of_asking() -> None:
    times = iter([0.0, 1.0, 3.0])
    counter = NvmlPower(Trace(nvmlDeviceGetFieldValues=watts(100.0, 200.0, 200.0)), "gpu", clock=lambda: next(times))
    assert counter.joules() == pytest.approx(150.0)
    assert counter.joules() == pytest.approx(550.0)


def test_power_that_is_not_offered_says_so() -> None:
    refused = [[SimpleNamespace(nvmlReturn=3, value=SimpleNamespace(uiVal=0))]]
    with pytest.raises(Unreadable, match="instant power is not offered"):
        NvmlPower(Trace(nvmlDeviceGetFieldValues=refused), "gpu")


def test_which_of_two_cards_is_never_guessed() -> None:
    nvml = Trace(nvmlDeviceGetCount=2, nvmlDeviceGetHandleByIndex="handle", nvmlDeviceGetUUID=UUID)
    with pytest.raises(Unreadable, match="NVML lists 2 devices and none of them is certain to be cuda:0"):
        find_handle(nvml, "cuda:0")


def test_gpu_facts_hold_no_serial_and_no_uuid() -> None:
    nvml = Trace(
        nvmlSystemGetDriverVersion=b"580.1", nvmlDeviceGetCount=1, nvmlDeviceGetHandleByIndex="h",
        nvmlDeviceGetName="NVIDIA X", nvmlDeviceGetUUID=UUID, nvmlDeviceGetEnforcedPowerLimit=700_000,
    )  # fmt: skip
    facts = gpu_facts(nvml)
    assert facts[0]["name"] == "NVIDIA X" and facts[0]["driver"] == "580.1" and facts[0]["power_limit_w"] == 700.0
    assert facts[0]["ecc"] is None
    assert UUID not in str(facts) and len(facts[0]["uuid_hash"]) == 8


def test_the_real_library_answers_or_says_why_not() -> None:
    pytest.importorskip("pynvml")
    try:
        nvml = open_nvml()
    except Unreadable as error:
        assert str(error).startswith("NVML: ")
        assert "(" in str(error)
    else:
        assert isinstance(gpu_facts(nvml), list)
