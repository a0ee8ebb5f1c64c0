"""Filters, columns, search, comparing and long tables in a real browser; the state is in the address."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from leaderboard_homes import record
from leaderboard_reading import read

from harness.store import Home
from leaderboard.build import build_site

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Opener = Callable[..., Any]


def methods(page: Any, table: str = "results-table") -> list[str]:
    """The names in the rows that are shown."""
    found: list[str] = page.evaluate(
        "table => [...document.querySelectorAll('#' + table + ' tbody th')].map(cell => cell.dataset.v)", table
    )
    return found


def unfold(page: Any) -> None:
    page.locator(".tools > summary").first.click()


def hash_of(page: Any) -> str:
    found: str = page.evaluate("location.hash")
    return found


def test_filters_narrow_the_table_say_how_many_and_keep_ranks(visit: Opener, board: str, site: Path) -> None:
    page = visit(board)
    everything = methods(page)
    ranks = page.evaluate(
        "[...document.querySelectorAll('#results-table tbody tr')].map(r => [r.id, r.cells[0].textContent])"
    )
    assert page.locator(".count").first.text_content() == "10 of 10 shown"
    unfold(page)
    page.get_by_label("verified (1)").check()
    assert methods(page) == ["cedar (base)"]
    assert page.locator(".count").first.text_content() == "1 of 10 shown, 9 hidden by filters"
    page.get_by_label("measured (6)").check()
    assert len(methods(page)) == 7
    kept = page.evaluate(
        "[...document.querySelectorAll('#results-table tbody tr')].map(r => [r.id, r.cells[0].textContent])"
    )
    assert all(pair in ranks for pair in kept)
    page.locator("fieldset", has_text="Parameters, millions").get_by_label("to").fill("6")
    assert set(methods(page)) == {"cedar (base)", "damson (base)", "ivy (base)"}
    page.get_by_label("Submission contains").fill("DAM")
    assert methods(page) == ["damson (base)"]
    again = visit(board + hash_of(page))
    assert methods(again) == ["damson (base)"] and again.get_by_label("Submission contains").input_value() == "DAM"
    page.get_by_role("button", name="Show all").click()
    assert methods(page) == everything and "in." not in hash_of(page)


def test_hosts_and_years_are_filters(visit: Opener, board: str) -> None:
    page = visit(board)
    unfold(page)
    page.get_by_label("simulated host 2, 2 cores (1)").check()
    assert methods(page) == ["fir (base)"]
    page.get_by_label("simulated host 2, 2 cores (1)").uncheck()
    page.locator("fieldset", has_text="Year").first.get_by_label("from").fill("2020")
    assert methods(page) == []
    assert page.locator(".count").first.text_content() == "0 of 10 shown, 10 hidden by filters"


def test_back_and_forward_walk_through_filters(visit: Opener, board: str) -> None:
    page = visit(board)
    unfold(page)
    page.get_by_label("verified (1)").check()
    page.locator("#results-table th[data-key='score'] button").click()
    assert methods(page) == ["cedar (base)"]
    page.go_back()
    page.go_back()
    assert len(methods(page)) == 10 and not page.get_by_label("verified (1)").is_checked()
    page.go_forward()
    assert methods(page) == ["cedar (base)"] and page.get_by_label("verified (1)").is_checked()


def test_columns_are_chosen_and_kept_in_the_address(visit: Opener, board: str) -> None:
    page = visit(board)
    year, rank = page.locator("#results-table th[data-key='year']"), page.locator("#results-table th[data-key='rank']")
    assert year.is_hidden() and rank.is_visible()
    unfold(page)
    columns = page.locator("fieldset", has_text="Columns")
    columns.get_by_label("Year").check()
    columns.get_by_label("Rank").uncheck()
    assert year.is_visible() and rank.is_hidden()
    again = visit(board + hash_of(page))
    assert again.locator("#results-table th[data-key='year']").is_visible()
    assert again.locator("#results-table td[data-v]").first.is_hidden()  # its rank
    assert again.locator("#results-table tbody th").first.is_visible()


@pytest.mark.parametrize("root", ["file"], indirect=True)
def test_states_that_mean_nothing_change_nothing(visit: Opener, board: str) -> None:
    everything = methods(visit(board))
    for state in (
        "in.nothing=a",
        "min.parameters=abc",
        "has.rank=x",
        "rows=0123",
        "p=99",
        "p=-1",
        "cols.=",
        "q=zebra",
        "__proto__=1",
    ):
        assert methods(visit(f"{board}#v=1&{state}")) == everything, state


@pytest.mark.parametrize("root", ["file"], indirect=True)
def test_an_address_goes_through_unharmed(visit: Opener, board: str) -> None:
    page = visit(board + "#v=1&in.provenance=measured,verified&kept=of%20others&has.submission=a%2Cb%26c")
    page.locator("#results-table th[data-key='score'] button").click()
    again = hash_of(page)
    for part in (
        "in.provenance=measured,verified",
        "kept=of%20others",
        "has.submission=a,b%26c",
        "sort=results-table:-score",
    ):
        assert part in again


def test_rows_that_are_ticked_are_compared(visit: Opener, board: str) -> None:
    page = visit(board)
    assert page.get_by_role("link", name="Compare all").count() == 1
    for name in ("alder (base)", "cedar (base)"):
        page.get_by_label(f"compare {name}").check()
    assert page.get_by_label("compare gorse (base)").count() == 0  # reported: nothing to resample
    page.get_by_role("link", name="Compare 2 chosen").click()
    page.wait_for_url("**/compare.html#*")
    assert methods(page, "systems-table") == ["alder (base)", "cedar (base)"]
    assert set(methods(page, "pairs-table")) == {"alder (base) \u2212 cedar (base)"}
    assert "alder (base) is better" in page.locator("#pairs-table tbody tr").first.text_content()
    again = visit(board.replace("index", "compare") + hash_of(page))
    assert methods(again, "systems-table") == ["alder (base)", "cedar (base)"]
    again.get_by_role("button", name="Show all").click()
    assert len(methods(again, "systems-table")) == 7


def test_three_results_are_compared_by_their_address(visit: Opener, board: str) -> None:
    path = board.replace("index", "compare")
    names = ["alder (base)", "cedar (base)", "elm (base)"]
    ids = visit(path).evaluate(
        "names => [...document.querySelectorAll('#systems-table tbody tr')]"
        ".filter(row => names.includes(row.querySelector('th').dataset.v)).map(row => row.dataset.refs)",
        names,
    )
    page = visit(f"{path}#v=1&rows={','.join(ids)}")
    assert sorted(methods(page, "systems-table")) == names
    assert len(set(methods(page, "pairs-table"))) == 3


def test_the_first_page_is_searched(visit: Opener) -> None:
    page = visit("index.html")
    before = page.locator("main tbody tr").count()
    page.get_by_label("Search boards, methods, papers").fill("five pictures")
    rows = page.locator("main tbody tr:visible")
    assert 0 < rows.count() < before and "Five pictures" in rows.first.text_content()
    assert "shown" in page.locator("#find .count").text_content()
    again = visit("index.html" + hash_of(page))
    assert again.locator("main tbody tr:visible").count() == rows.count()
    page.get_by_label("Search boards, methods, papers").fill("")
    assert page.locator("main tbody tr").count() == before


@pytest.mark.parametrize("root", ["file"], indirect=True)
def test_the_keyboard_filters_and_compares(visit: Opener, board: str) -> None:
    page = visit(board)

    def reach(condition: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate(f"(() => {{ const e = document.activeElement; return {condition}; }})()"):
                return
        raise AssertionError(f"the keyboard does not reach {condition}")

    reach("e.tagName === 'SUMMARY' && e.parentNode.className === 'tools'")
    page.keyboard.press("Enter")
    reach("e.value === 'verified'")
    page.keyboard.press("Space")
    assert methods(page) == ["cedar (base)"]
    assert "1 of 10 shown" in page.locator("#said").text_content()
    reach("e.textContent === 'Show all'")
    page.keyboard.press("Enter")
    assert len(methods(page)) == 10 and page.evaluate("document.activeElement.tagName") == "SUMMARY"
    reach("e.getAttribute('aria-label')?.startsWith('compare alder (base)')")
    page.keyboard.press("Space")
    assert "1 chosen to compare" in page.locator("#said").text_content()


@pytest.fixture(scope="module")
def long_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    home = Home(folder / "home")
    for number in range(430):
        title = "</script><img src=x onerror=alert(1)>" if number == 429 else f"tree {number:03d}"
        record(home, title, number / 400, provenance="reported", artifacts=[], submission__title="<b>")
    build_site([home.path], folder / "site")
    return folder / "site"


def test_a_long_table_draws_100_rows_and_sorts_all(browser: Any, long_site: Path) -> None:
    path = next(path for path in long_site.glob("b/*/index.html"))
    page = browser.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    page.goto(f"file://{path}")
    assert page.locator("#results-table tbody tr").count() == 100
    assert "430 of 430 shown; rows 1 to 100" in page.locator(".count").first.text_content()
    assert page.locator("#results-table-pages, .static-pages").first.is_hidden()
    page.locator("#results-table th[data-key='submission'] button").click()
    first = methods(page)
    for _ in range(4):
        page.get_by_role("button", name="Later rows").click()
    last = methods(page)
    assert (len(first), len(last)) == (100, 30) and not set(first) & set(last)
    assert "rows 401 to 430" in page.locator(".count").first.text_content() and "p=5" in hash_of(page)
    assert page.get_by_role("button", name="Later rows").is_disabled()
    row = page.locator("#results-table tbody tr").last
    drawn = visit_static(browser, path, row.get_attribute("id"))
    assert row.inner_text().split() == drawn.split()
    page.get_by_role("button", name="Earlier rows").click()
    assert len(methods(page)) == 100 and "p=4" in hash_of(page)
    page.locator(".tools > summary").first.click()
    page.get_by_label("Submission contains").fill("onerror")
    assert len(methods(page)) == 1 and page.locator("#results-table img").count() == 0
    page.close()
    assert not problems


def test_the_keyboard_turns_pages(browser: Any, long_site: Path) -> None:
    page = browser.new_page()
    page.goto(f"file://{next(long_site.glob('b/*/index.html'))}")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Later rows":
            break
    page.keyboard.press("Enter")
    assert "p=2" in hash_of(page) and "rows 101 to 200" in page.locator("#said").text_content()
    page.keyboard.press("Space")
    assert "rows 201 to 300" in page.locator("#said").text_content()
    page.go_back()
    assert "p=2" in hash_of(page) and "rows 101 to 200" in page.locator(".count").first.text_content()
    page.close()


def visit_static(browser: Any, path: Path, id: str) -> str:
    """The row as the pages without script have it, in the columns that the page with script shows."""
    file = next(
        file for file in sorted(path.parent.glob("*.html")) if f'id="{id}"' in file.read_text().replace("page-rest", "")
    )
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{file}")
    row = page.locator(f"tr[id='{id}']")
    heads = read(file)
    optional = [
        number
        for number, (tag, attributes) in enumerate(
            [item for item in heads.elements if item[0] == "th" and "data-key" in item[1]]
        )
        if "data-optional" in attributes
    ]
    cells = row.locator("th, td").all()
    text = " ".join(cell.inner_text() for number, cell in enumerate(cells) if number not in optional)
    context.close()
    return text
