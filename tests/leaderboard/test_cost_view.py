"""The cost on a record's page: what each operator did, what conventions make of it, and what is missing."""

from typing import Any

import pytest
from leaderboard_homes import measurements, record
from leaderboard_reading import read
from msgspec.structs import replace

from harness.record import Cost, OperatorCost
from harness.store import Home
from leaderboard.build import build_site

COST = Cost(
    parameters=1000,
    parameters_deployed=900,
    macs=4089184256,
    complete=False,
    uncounted=["aten::_fft_r2c (1x, 12 % of all output elements)"],
    input="3x224x224 float32",
    operations={"mac": 4089184256, "add": 1000.5, "bytes_read": 4000},
    operators=[
        OperatorCost(operator="Adder", group="declared", calls=20, outputs=10, operations={"add": 1000.5}),
        OperatorCost(operator="aten::mm", group="product", calls=1, outputs=5, operations={"mac": 4089184256}),
    ],
    views={"thop_0.1.1": 4133742592, "none": None},
    conventions={"thop_0.1.1": "what pip's thop 0.1.1 prints"},
    sizes={"stored_bits": 32000, "deployed_bits": 900, "buffer_bits": 0},
)


def page(home: Home, cost: Cost) -> Any:
    made = record(home, "thrush", 1.0, measurements=replace(measurements(4.0), cost=cost))
    report = build_site([home.path], home.path.parent / "site")
    return report.index.parent / "r" / made.id


@pytest.fixture
def home(tmp_path: Any) -> Home:
    return Home(tmp_path / "home")


def test_a_page_shows_operators_and_conventions_to_the_last_unit(home: Home) -> None:
    folder = page(home, COST)
    text = read(folder / "index.html").text
    for shown in ("Adder", "aten::mm", "4.09 G", "1000.5", "4,133,742,592", "Parameters deployed", "Deployed bits"):
        assert shown in text, shown
    assert "Incomplete: no formula for aten::_fft_r2c (1x, 12 % of all output elements)." in text
    lines = (folder / "operations.csv").read_text().splitlines()
    assert lines[0] == "operator,group,calls,mac,add,bytes_read"
    assert lines[1] == "Adder,declared,20,0,1000.5,0"


def test_strangers_costs_stop_no_build(home: Home) -> None:
    many = {f"<b>{i}</b>": 10**18 for i in range(500)}
    rows = [OperatorCost(operator="<i>", group="", calls=-1, outputs=0, operations={"mac": 1e308}) for _ in range(500)]
    text = read(page(home, replace(COST, operations=many, operators=rows, views=many)) / "index.html").text
    assert "<i>" in text and "<b>0</b>" in text  # as text: the reader gives what is shown, not markup
    assert "460 more operators are in the record." in text
