"""The rows behind a long table's page travel inside it: a page with any number of them can be made."""

import json

import pytest

from leaderboard.packing import SAME, packed
from leaderboard.table import MOST_DRAWN, Cell, Column, Row, Table


@pytest.mark.parametrize(("behind", "texts"), [(1, {"a": [SAME]}), (2, {"d": [SAME], "i": [0, 0]})])
def test_a_table_with_few_rows_behind_its_page_is_packed(behind: int, texts: dict[str, list[object]]) -> None:
    rows = tuple(
        Row(id=f"r-{number:016x}", cells=(Cell(value=f"text {number}", text=f"text {number}"),))
        for number in range(MOST_DRAWN + behind)
    )
    table = Table(id="t", caption="", columns=(Column(key="a", title="A"),), rows=rows, tools=True)
    found = json.loads(packed(table))
    assert found["n"] == behind and found["c"][0]["t"] == texts
