"""A simulated card on NVML's calls: 100 ms ticks, a sensor that looks part of the time, and what NVML refuses."""

from typing import Any

import pytest
from simulated_nvml import Card, Nvml, card_of, milliwatts
from simulated_power import Machine, pulsed, steady

from harness.measure import Stage, Workload, measure_energy
from harness.measure.nvml import ENABLE
from harness.measure.nvml_energy import NvmlEnergy, nvml_advice, nvml_power, nvml_sources_at
from harness.measure.procfs import Unreadable
from harness.record import Energy


def measured(machine: Machine, step: Any, *cards: Card, monkeypatch: pytest.MonkeyPatch, **answers: Any) -> Energy:
    monkeypatch.setattr("harness.measure.nvml_energy.open_nvml", lambda: Nvml(*cards))
    monkeypatch.setattr("harness.measure.nvml_energy.perf_counter", machine.pace.clock)
    monkeypatch.setattr("harness.measure.energy.Surroundings.foreign_load", None)
    workload = Workload(count=1, load=lambda i: i, stages=(Stage("forward", lambda *_: step()),))
    sources = nvml_sources_at(0)
    return measure_energy(workload, sources=sources, pace=machine.pace, thermometer=lambda: None, **answers)


def test_known_power_is_found_and_both_sources_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(idle_w=75.0)
    card = card_of(machine)
    found = measured(machine, steady(machine, 0.002, 520.0), card, monkeypatch=monkeypatch)
    assert (found.verdict, found.reason) == ("stable", "")
    assert found.energy_j == pytest.approx(1.04, rel=1e-3)
    assert found.net_energy_j == pytest.approx(0.89, rel=1e-3)
    assert (found.source, found.scope) == ("NVML total energy", "GPU board")
    assert found.facts["other_sources_w"] == {
        "NVML instant power, integrated, GPU board": pytest.approx(520.0, rel=1e-2)
    }
    assert found.facts["peak"]["watts"] == 520.0
    assert found.facts["power_limit_w"] == 700.0
    assert found.update_period_s == pytest.approx(0.1, rel=0.05)


def test_a_load_in_step_with_the_sensor_is_called_unstable(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(idle_w=75.0)
    found = measured(machine, pulsed(machine, 0.1, 600.0, 75.0, 0.5), card_of(machine), monkeypatch=monkeypatch)
    # the counter is right, the second source is deceived in some phases; gaps shift them
    assert found.energy_j == pytest.approx(0.1 * 337.5, rel=0.01)
    assert found.facts["aliasing"]["phases"] > 10
    assert found.facts["aliasing"]["bound"] > 0


def test_without_the_counter_power_is_integrated(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(idle_w=75.0)
    card = card_of(machine)
    del card.answers["nvmlDeviceGetTotalEnergyConsumption"]
    found = measured(machine, steady(machine, 0.002, 520.0), card, monkeypatch=monkeypatch, seconds=65.0)
    assert found.source == "NVML instant power, integrated"
    assert found.tried == [
        "NVML total energy: NVML nvmlDeviceGetTotalEnergyConsumption: Not Supported",
        "NVML instant power, integrated: used",
    ]
    assert found.energy_j == pytest.approx(1.04, rel=5e-3)
    assert found.window_s is not None and found.window_s >= 10


def test_impossible_power_of_a_card_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(idle_w=75.0)
    found = measured(machine, steady(machine, 0.002, 520.0), card_of(machine, limit_w=300), monkeypatch=monkeypatch)
    assert found.energy_j is None
    assert found.reason == "NVML total energy: a window counts 520 W where 300 W is the limit"


def test_mig_is_refused_since_the_counter_is_the_boards(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    card = card_of(machine)
    card.answers["nvmlDeviceGetMigMode"] = (1, 1)
    found = measured(machine, steady(machine, 0.002, 520.0), card, monkeypatch=monkeypatch)
    assert (found.verdict, found.energy_j) == ("not measured", None)
    assert "is a MIG instance, and energy is counted for the whole board only" in found.reason
    assert found.how_to_enable.startswith("sudo nvidia-smi -mig 0")


def test_missing_permission_is_null_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine()
    card = card_of(machine)
    refused = Nvml.NVMLError("Insufficient Permissions")
    card.answers |= dict.fromkeys(("nvmlDeviceGetTotalEnergyConsumption", "nvmlDeviceGetFieldValues"), refused)
    found = measured(machine, steady(machine, 0.002, 520.0), card, monkeypatch=monkeypatch)
    assert found.energy_j is None
    assert "Insufficient Permissions" in found.reason
    assert "/dev/nvidiactl" in found.how_to_enable


def test_power_is_integrated_over_the_moments_of_asking() -> None:
    times = iter([0.0, 1.0, 3.0])
    readings = iter([100.0, 200.0, 200.0])
    card = Card("GPU-1", {"nvmlDeviceGetFieldValues": lambda: milliwatts(next(readings))})
    counter = nvml_power(Nvml(card), card, lambda: next(times))
    assert counter.joules() == pytest.approx(150.0)
    assert counter.joules() == pytest.approx(550.0)


def test_power_that_is_not_offered_says_so() -> None:
    refused = milliwatts(0)
    refused[0].nvmlReturn = 3
    card = Card("GPU-1", {"nvmlDeviceGetFieldValues": refused})
    with pytest.raises(Unreadable, match=r"instant power is not offered \(error 3\)"):
        nvml_power(Nvml(card), card)


def test_a_card_without_the_counter_says_so() -> None:
    card = Card("GPU-1")
    with pytest.raises(Unreadable, match="nvmlDeviceGetTotalEnergyConsumption: Not Supported"):
        NvmlEnergy(Nvml(card), card).joules()


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("NVML: LibraryNotFound (12), NVML Shared Library Not Found", ENABLE),
        ("NVML: System is not in ready state", "nvidia-smi conf-compute -srs 1"),
        ("NVML lists 2 devices and none of them is certain to be cuda:0", "CUDA_DEVICE_ORDER=PCI_BUS_ID"),
        ("NVML nvmlDeviceGetTotalEnergyConsumption: Not Supported", "Volta or newer"),
    ],
)
def test_the_advice_fits_the_reason(reason: str, words: str) -> None:
    assert words in nvml_advice(reason)
