"""A counter that is misread gives joules that nobody used; each trace here is one that real machines produce."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from harness.measure.counter import CounterError
from harness.measure.procfs import Unreadable
from harness.measure.rapl import (
    ENABLE_MACHINE,
    ENABLE_MODULE,
    ENABLE_ROOT,
    RaplCounter,
    find_background,
    find_rapl,
    rapl_advice,
    top_zones,
)


def zone(
    root: Path, folder: str, name: str, energy: int, range_uj: int | None = 1_000_000, limit: int | None = None
) -> Path:
    path = root / folder
    path.mkdir(parents=True)
    (path / "name").write_text(f"{name}\n")
    (path / "energy_uj").write_text(f"{energy}\n")
    if range_uj is not None:
        (path / "max_energy_range_uj").write_text(f"{range_uj}\n")
    if limit is not None:
        (path / "constraint_0_power_limit_uw").write_text(f"{limit}\n")
    return path / "energy_uj"


def test_joules_follow_the_counter_through_a_wrap(tmp_path: Path) -> None:
    energy = zone(tmp_path, "intel-rapl:0", "package-0", 900_000, limit=65_000_000)
    counter = find_rapl(tmp_path)
    seen = []
    for raw in (950_000, 999_999, 100_000, 100_000, 500_000):
        energy.write_text(f"{raw}\n")
        seen.append(round(counter.joules(), 6))
    assert seen == [0.05, 0.099999, 0.2, 0.2, 0.6]
    assert counter.limit_w == 65.0
    counter.close()


def test_a_backward_step_without_a_readable_range_is_an_error(tmp_path: Path) -> None:
    energy = zone(tmp_path, "intel-rapl:0", "package-0", 900_000, range_uj=None)
    counter = find_rapl(tmp_path)
    energy.write_text("950000\n")
    assert counter.joules() == pytest.approx(0.05)
    energy.write_text("100000\n")
    with pytest.raises(CounterError, match="fell from 950000 to 100000 and its range is unreadable"):
        counter.joules()


def test_a_backward_step_that_is_no_wrap_is_an_error(tmp_path: Path) -> None:
    energy = zone(tmp_path, "intel-rapl:0", "package-0", 900_000)
    counter = find_rapl(tmp_path)
    energy.write_text("899000\n")
    with pytest.raises(CounterError, match="which is no wrap"):
        counter.joules()


def test_packages_are_summed_children_and_doubles_are_not(tmp_path: Path) -> None:
    files = {
        folder: zone(tmp_path, folder, name, 0)
        for folder, name in {
            "intel-rapl:0": "package-0",
            "intel-rapl:1": "package-1",
            "intel-rapl:2": "psys",
            "intel-rapl:0:0": "core",
            "intel-rapl-mmio:0": "package-0",
        }.items()
    }
    (tmp_path / "dtpm").mkdir()
    assert [item.name for item in top_zones(tmp_path)] == ["package-0", "package-1", "psys"]
    counter = find_rapl(tmp_path)
    assert counter.scope == "CPU package-0, package-1"
    assert counter.limit_w is None
    for number, path in enumerate(files.values()):
        path.write_text(f"{10**number}\n")
    assert counter.joules() == pytest.approx(11e-6)


def test_memory_beside_a_package_counts_and_what_is_inside_does_not(tmp_path: Path) -> None:
    package = zone(tmp_path, "intel-rapl:0", "package-0", 0, limit=100_000_000)
    core = zone(tmp_path, "intel-rapl:0/intel-rapl:0:0", "core", 0)
    memory = zone(tmp_path, "intel-rapl:0/intel-rapl:0:1", "dram", 0)
    counter = find_rapl(tmp_path)
    assert (counter.scope, counter.limit_w) == ("CPU package-0, package-0 dram", 100.0)
    for number, path in enumerate((package, core, memory)):
        path.write_text(f"{10**number}\n")
    assert counter.joules() == pytest.approx(101e-6)
    flat = tmp_path / "flat"  # the class folder lists what is below a package beside it, too
    zone(flat, "intel-rapl:0", "package-0", 0)
    zone(flat, "intel-rapl:0:0", "dram", 0)
    assert find_rapl(flat).scope == "CPU package-0, package-0 dram"


def test_the_higher_of_a_package_s_limits_is_what_it_may_draw(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 0, limit=125_000_000)
    (tmp_path / "intel-rapl:0" / "constraint_1_power_limit_uw").write_text("241000000\n")
    assert find_rapl(tmp_path).limit_w == 241.0


def test_other_packages_are_background(tmp_path: Path) -> None:
    for number in (0, 1):
        zone(tmp_path / "powercap", f"intel-rapl:{number}", f"package-{number}", 0)
        folder = tmp_path / f"cpu/cpu{number}/topology"
        folder.mkdir(parents=True)
        (folder / "physical_package_id").write_text(f"{number}\n")
    root, cpus = tmp_path / "powercap", tmp_path / "cpu"
    assert find_background(root, frozenset({1}), cpus).scope == "CPU package-0"
    with pytest.raises(Unreadable, match="every RAPL package is one that the process may run on"):
        find_background(root, frozenset({0, 1}), cpus)


def test_the_advice_fits_the_reason(tmp_path: Path) -> None:
    assert rapl_advice("/sys/class/powercap/intel-rapl:0/energy_uj: Permission denied") == ENABLE_ROOT
    assert rapl_advice("/sys/class/powercap: No such file or directory", tmp_path) == ENABLE_MODULE
    (tmp_path / "cpuinfo").write_text("model name\t: X\nflags\t\t: fpu hypervisor sse\n")
    assert rapl_advice("/sys/class/powercap: No such file or directory", tmp_path) == ENABLE_MACHINE
    (tmp_path / "cpuinfo").write_text("model name\t: hypervisor\nflags\t\t: fpu hypervisors\n")
    assert rapl_advice("/sys/class/powercap: No such file or directory", tmp_path) == ENABLE_MODULE


def test_only_the_packages_that_the_process_may_run_on_count(tmp_path: Path) -> None:
    for number in (0, 1):
        zone(tmp_path / "powercap", f"intel-rapl:{number}", f"package-{number}", 0)
        folder = tmp_path / f"cpu/cpu{number}/topology"
        folder.mkdir(parents=True)
        (folder / "physical_package_id").write_text(f"{number}\n")
    assert find_rapl(tmp_path / "powercap", frozenset({1}), tmp_path / "cpu").scope == "CPU package-1"
    assert find_rapl(tmp_path / "powercap", frozenset({0, 1}), tmp_path / "cpu").scope == "CPU package-0, package-1"
    assert find_rapl(tmp_path / "powercap", frozenset({9}), tmp_path / "cpu").scope == "CPU package-0, package-1"


def test_the_platform_counts_where_no_package_is_listed(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "psys", 0)
    assert find_rapl(tmp_path).scope == "CPU psys"


@pytest.mark.parametrize("content", ["", "garbage\n"])
def test_an_unreadable_number_is_an_error_not_zero(tmp_path: Path, content: str) -> None:
    energy = zone(tmp_path, "intel-rapl:0", "package-0", 5)
    counter = find_rapl(tmp_path)
    energy.write_text(content)
    with pytest.raises(Unreadable, match="energy_uj"):
        counter.joules()


def test_no_folder_no_domain_and_no_known_domain_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="No such file"):
        find_rapl(tmp_path / "none")
    with pytest.raises(Unreadable, match="no RAPL domain is listed"):
        find_rapl(tmp_path)
    zone(tmp_path, "intel-rapl:0", "core", 5)
    with pytest.raises(Unreadable, match="no RAPL package or psys"):
        find_rapl(tmp_path)


@contextmanager
def without_root() -> Iterator[None]:
    """Inside, files are opened as a user who is not root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_missing_permission_is_named() -> None:
    # not pytest's own folder, which nobody but its owner may enter
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        zone(Path(folder), "intel-rapl:0", "package-0", 5).chmod(0)
        with without_root(), pytest.raises(Unreadable, match="energy_uj: Permission denied"):
            find_rapl(Path(folder))


def test_an_unopenable_counter_is_named(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 5).unlink()
    with pytest.raises(Unreadable, match="energy_uj: No such file"):
        RaplCounter(top_zones(tmp_path))
