"""Sensors that cover a whole machine count; one rail among several does not, for nobody could say what it is."""

from pathlib import Path

import pytest

from harness.measure.hwmon import ADVICE, ADVICE_ROOT, find_hwmon, hwmon_advice
from harness.measure.procfs import Unreadable
from harness.measure.thermometer import cpu_thermometer


def chip(root: Path, number: int, name: str, **files: str) -> Path:
    folder = root / f"hwmon{number}"
    folder.mkdir(parents=True)
    for file, text in {"name": name, **files}.items():
        (folder / file).write_text(f"{text}\n")
    return folder


def test_an_acpi_power_meter_is_the_machine(tmp_path: Path) -> None:
    chip(tmp_path, 0, "coretemp", temp1_input="45000")
    folder = chip(tmp_path, 1, "power_meter", power1_average="100000000", power1_average_interval="1000")
    times = iter([0.0, 2.0, 3.0])
    counter = find_hwmon(tmp_path, lambda: next(times))
    assert (counter.scope, counter.poll_s, counter.ticks) == ("machine (ACPI power meter)", 0.5, False)
    assert counter.joules() == pytest.approx(200.0)
    (folder / "power1_average").write_text("200000000\n")
    assert counter.joules() == pytest.approx(350.0)


def test_the_input_rail_of_a_jetson_is_volts_times_amperes(tmp_path: Path) -> None:
    chip(
        tmp_path, 3, "ina3221", in1_label="VDD_CPU_GPU_CV", in1_input="5000", curr1_input="400",
        in2_label="VDD_IN", in2_input="19000", curr2_input="1000",
    )  # fmt: skip
    times = iter([0.0, 1.0])
    counter = find_hwmon(tmp_path, lambda: next(times))
    assert (counter.name, counter.scope) == ("hwmon ina3221 VDD_IN", "module input")
    assert counter.joules() == pytest.approx(19.0)


def test_rails_that_are_only_parts_are_named_and_left(tmp_path: Path) -> None:
    chip(tmp_path, 0, "ina3221", in1_label="VDD_GPU_SOC", in1_input="19000", curr1_input="1000")
    chip(tmp_path, 1, "nvme")
    with pytest.raises(
        Unreadable, match=r"no sensor covers the whole machine \(there are: ina3221 \(VDD_GPU_SOC\), nvme"
    ):
        find_hwmon(tmp_path)
    with pytest.raises(Unreadable, match="No such file"):
        find_hwmon(tmp_path / "none")


@pytest.mark.parametrize("content", ["", "garbage"])
def test_an_unreadable_number_is_an_error_not_zero(tmp_path: Path, content: str) -> None:
    chip(tmp_path, 0, "power_meter", power1_average=content)
    with pytest.raises(Unreadable, match="is no number"):
        find_hwmon(tmp_path)


def test_the_advice_fits_the_reason(tmp_path: Path) -> None:
    assert hwmon_advice("power1_average: Permission denied") == ADVICE_ROOT
    assert hwmon_advice("/sys/class/hwmon: No such file or directory", tmp_path) == ADVICE
    (tmp_path / "cpuinfo").write_text("flags : hypervisor\n")
    assert hwmon_advice("/sys/class/hwmon: No such file or directory", tmp_path) == ""


def test_the_warmest_package_is_the_temperature(tmp_path: Path) -> None:
    assert cpu_thermometer(tmp_path)() is None
    for number, (kind, degrees) in enumerate(
        [("acpitz", "90000"), ("x86_pkg_temp", "51000"), ("x86_pkg_temp", "48000")]
    ):
        zone = tmp_path / f"class/thermal/thermal_zone{number}"
        zone.mkdir(parents=True)
        (zone / "type").write_text(f"{kind}\n")
        (zone / "temp").write_text(f"{degrees}\n")
    assert cpu_thermometer(tmp_path)() == 51.0
    chip(tmp_path / "class/hwmon", 0, "k10temp", temp1_input="62125")
    assert cpu_thermometer(tmp_path)() == 62.125
