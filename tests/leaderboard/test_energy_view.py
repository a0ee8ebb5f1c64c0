"""An energy that nobody counted is "not measured" with the reason, never 0; an unstable one says why beside the number."""

from harness.record import Energy
from leaderboard.energy_view import energy_section

WINDOWS = [{"begin_s": 1.0, "seconds": 5.0, "joules": 500.0, "inferences": 100.5, "ticks": 50, "paused_s": 0.0}]


def counted(**changed: object) -> Energy:
    fields = {
        "verdict": "stable", "energy_j": 5.0, "power_w": 100.0, "net_energy_j": 4.0, "idle_w": 20.0, "source": "NVML",
        "scope": "GPU board", "samples": 100, "n_ticks": 50, "update_period_s": 0.1, "facts": {"windows": WINDOWS},
    }  # fmt: skip
    return Energy(**(fields | changed))  # type: ignore[arg-type]


def shown(found: Energy, flags: str = "") -> dict[str, str]:
    return {fact.label: fact.cell.text for fact in energy_section(0, found, flags).facts}


def test_what_was_counted_is_shown_with_its_windows() -> None:
    section = energy_section(0, counted(), "")
    facts = shown(counted())
    assert facts["Joules a sample"] == "5.000" and facts["Joules a sample above idling"] == "4.000"
    assert facts["Source"] == "NVML, GPU board"
    assert section.paragraphs == ["Verdict: stable."]
    assert [column.key for column in section.tables[0].columns][1:] == [
        "seconds", "joules", "inferences", "ticks", "paused_s",
    ]  # fmt: skip
    assert not section.facts[0].cell.muted


def test_an_absent_energy_is_not_measured_and_never_zero() -> None:
    found = Energy(
        verdict="not measured", energy_j=None, power_w=None, reason="no counter", tried=["RAPL: no"],
        how_to_enable="sudo modprobe intel_rapl_msr",
    )  # fmt: skip
    section = energy_section(0, found, "")
    assert shown(found) == {
        "Joules a sample": "not measured",
        "Mean watts under load": "not measured",
        "Source": "none",
    }
    assert section.facts[0].cell.value is None and section.facts[0].cell.reason == "no counter"
    assert section.paragraphs == ["Verdict: not measured: no counter.", "To enable it: sudo modprobe intel_rapl_msr"]
    assert [item.text for item in section.items] == ["Tried: RAPL: no"] and section.tables == []


def test_an_unstable_or_emulated_energy_is_grey_with_the_reason() -> None:
    found = counted(verdict="unstable", reason="two sources are 9 % apart", net_energy_j=None, idle_w=None)
    section = energy_section(0, found, "")
    assert section.paragraphs == ["Verdict: unstable: two sources are 9 % apart."]
    assert section.facts[0].cell.muted
    assert shown(found)["Joules a sample above idling"] == "not measured"
    emulated = energy_section(0, counted(), "binary arithmetic is emulated in floating point")
    assert emulated.facts[0].cell.muted
    assert emulated.paragraphs == ["Verdict: binary arithmetic is emulated in floating point."]


def test_windows_of_another_form_are_left() -> None:
    for windows in ("text", [1, 2], [], [{"seconds": "long"}], {"a": 1}):
        assert energy_section(0, counted(facts={"windows": windows}), "").tables == []
