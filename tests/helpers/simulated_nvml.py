"""NVML's calls over simulated cards: what it answers, what it refuses, in the forms of nvidia-ml-py."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from simulated_power import Machine, PartTime, Ticking


@dataclass
class Card:
    """Answers by the name of the call; a call without an answer is refused. A function is called with no arguments."""

    uuid: str
    answers: dict[str, Any] = field(default_factory=dict)


class Nvml:
    """The module, as far as it is used."""

    class NVMLError(Exception):
        pass

    NVML_FI_DEV_POWER_INSTANT = 186

    def __init__(self, *cards: Card, driver: str = "580.1") -> None:
        self._cards, self._driver = cards, driver

    def nvmlSystemGetDriverVersion(self) -> str:
        return self._driver

    def nvmlDeviceGetCount(self) -> int:
        return len(self._cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Card:
        return self._cards[index]

    def nvmlDeviceGetUUID(self, card: Card) -> str:
        return card.uuid

    def __getattr__(self, name: str) -> Any:
        def call(card: Card | None = None, *_: Any) -> Any:
            if card is None or name not in card.answers:
                raise self.NVMLError("Not Supported")
            answer = card.answers[name]
            if isinstance(answer, Exception):
                raise answer
            return answer() if callable(answer) else answer

        if not name.startswith("nvml"):
            raise AttributeError(name)
        return call


def milliwatts(value: float) -> list[Any]:
    """What nvmlDeviceGetFieldValues returns for one field."""
    return [SimpleNamespace(nvmlReturn=0, value=SimpleNamespace(uiVal=int(value * 1000)))]


def card_of(machine: Machine, uuid: str = "GPU-1", limit_w: float = 700.0, tick_s: float = 0.1) -> Card:
    """A card whose energy counter ticks every `tick_s`, and whose power sensor looks for a quarter of the time."""
    counter, sensor = Ticking(machine, tick_s, late_s=0.003), PartTime(machine)
    return Card(
        uuid,
        {
            "nvmlDeviceGetName": "NVIDIA X",
            "nvmlDeviceGetTotalEnergyConsumption": lambda: int(counter.joules() * 1000),
            "nvmlDeviceGetFieldValues": lambda: milliwatts(sensor.watts()),
            "nvmlDeviceGetEnforcedPowerLimit": int(limit_w * 1000),
        },
    )
