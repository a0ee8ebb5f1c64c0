"""The site in a real browser: from a folder and over http, wide and narrow, light and dark, with and without script."""

import os
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from leaderboard_reading import one_of_each_kind, pages

pytestmark = [pytest.mark.browser, pytest.mark.slow]
Opener = Callable[..., Any]


def column(page: Any, table: str, key: str) -> list[str | None]:
    script = """([table, key]) => {
      const heads = [...document.querySelectorAll('#' + table + ' thead th')];
      const index = heads.findIndex(head => head.dataset.key === key);
      return [...document.querySelectorAll('#' + table + ' tbody tr')].map(row => row.cells[index].dataset.v ?? null);
    }"""
    found: list[str | None] = page.evaluate(script, [table, key])
    return found


def press(page: Any, table: str, key: str) -> None:
    page.locator(f"#{table} th[data-key='{key}'] button").click()


def numbers(values: list[str | None]) -> list[float]:
    return [float(value) for value in values if value is not None]


def test_sorting_puts_the_best_first_and_missing_values_last(visit: Opener, board: str) -> None:
    page = visit(board)
    before = column(page, "results-table", "submission")
    press(page, "results-table", "score")
    found = column(page, "results-table", "score")
    assert numbers(found) == sorted(numbers(found), reverse=True) and found[-1] is None and None not in found[:-1]
    press(page, "results-table", "score")
    found = column(page, "results-table", "score")
    assert numbers(found) == sorted(numbers(found)) and found[-1] is None
    assert page.locator("#results-table th[aria-sort]").count() == 1
    assert page.locator("th[data-key='score'][aria-sort='ascending']").count() == 1
    assert "1 without a value last" in page.locator("#said").text_content()
    press(page, "results-table", "macs")
    macs = column(page, "results-table", "macs")
    assert numbers(macs) == sorted(numbers(macs)) and macs[-2:] == [None, None]
    press(page, "results-table", "submission")
    assert column(page, "results-table", "submission") == sorted(name for name in before if name)


@pytest.mark.parametrize("root", ["file"], indirect=True)
def test_ranks_do_not_move_when_rows_do(visit: Opener, board: str) -> None:
    page = visit(board)
    pairs = set(zip(column(page, "results-table", "record"), column(page, "results-table", "rank"), strict=True))
    press(page, "results-table", "parameters")
    assert (
        set(zip(column(page, "results-table", "record"), column(page, "results-table", "rank"), strict=True)) == pairs
    )


def test_the_address_keeps_the_order(visit: Opener, board: str) -> None:
    page = visit(board)
    initial = column(page, "results-table", "record")
    press(page, "results-table", "score")
    sorted_once = column(page, "results-table", "record")
    press(page, "results-table", "parameters")
    again = visit(board + page.evaluate("location.hash"))
    assert column(again, "results-table", "record") == column(page, "results-table", "record")
    page.go_back()
    assert column(page, "results-table", "record") == sorted_once
    page.go_back()
    assert column(page, "results-table", "record") == initial
    assert page.locator("th[aria-sort]").count() == 0


@pytest.mark.parametrize("root", ["file"], indirect=True)
def test_addresses_that_mean_nothing_change_nothing(visit: Opener, board: str) -> None:
    initial = column(visit(board), "results-table", "record")
    for hash in ("nothing:score", "results-table:-nothing", "%", "'];alert(1)//", "&&&="):
        assert column(visit(f"{board}#v=1&sort={hash}"), "results-table", "record") == initial


@pytest.mark.parametrize("root", ["file"], indirect=True)
def test_the_keyboard_is_enough(visit: Opener, board: str) -> None:
    page = visit(board)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('th')?.dataset.key") == "score":
            break
    page.keyboard.press("Enter")
    assert page.locator("th[data-key='score'][aria-sort='descending']").count() == 1
    assert page.evaluate("document.activeElement.closest('th').dataset.key") == "score"


@pytest.mark.parametrize("root", ["file"], indirect=True)
def test_tables_are_there_without_script(visit: Opener, board: str) -> None:
    page = visit(board, java_script_enabled=False)
    assert page.locator("#results-table tbody tr").count() == 10
    assert page.locator("#results-table thead button:enabled").count() == 0
    assert page.locator("#theme").is_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_every_kind_of_page_fits_and_shows_its_plots(visit: Opener, site: Path, width: int, scheme: str) -> None:
    for path in one_of_each_kind(site):
        page = visit(path, width, color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        shown = page.evaluate(
            "[...document.images].filter(i => i.offsetParent).map(i => [i.className, i.complete && i.naturalWidth > 0])"
        )
        assert all(state == [f"in-{scheme}", True] for state in shown)
        if path.startswith("b/") and path.endswith("index.html"):
            assert len(shown) == page.locator("figure").count() == 4
        if folder := os.environ.get("HARNESS_SCREENSHOTS"):
            page.screenshot(path=Path(folder) / f"{path.replace('/', '-')}-{width}-{scheme}.png", full_page=True)


@pytest.mark.parametrize("root", ["file"], indirect=True)
def test_the_theme_is_chosen_and_kept(visit: Opener, board: str) -> None:
    page = visit(board, color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light
    assert page.locator("img.in-dark").first.is_visible() and page.locator("img.in-light").first.is_hidden()
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_the_policy_stops_foreign_script(browser: Any, root: str, board: str) -> None:
    page = browser.new_page()
    page.goto(root + board)
    stopped = page.evaluate("""() => new Promise(done => {
      document.addEventListener('securitypolicyviolation', event => done(event.effectiveDirective));
      const script = document.createElement('script');
      script.textContent = 'window.foreign = 1';
      document.head.append(script);
      setTimeout(() => done('nothing was stopped'), 2000);
    })""")
    assert stopped == "script-src-elem" and page.evaluate("window.foreign") is None
    page.close()


@pytest.mark.parametrize("root", ["file"], indirect=True)
def test_accessibility_rules(visit: Opener, site: Path) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-core is not installed: its rules were not checked"
    )
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    for path in one_of_each_kind(site):
        for width, scheme in product((320, 1280), ("light", "dark")):
            page = visit(path, width, color_scheme=scheme)
            for tools in page.locator(".tools > summary").all():
                tools.click()
            found = axe.Axe().run(page, options=options)
            assert found.violations_count == 0, (path, width, scheme, found.generate_report())


def test_hostile_records_run_nothing(browser: Any, tmp_path: Path) -> None:
    from leaderboard_homes import record

    from harness.store import Home
    from leaderboard.build import build_site

    home = Home(tmp_path / "home")
    for name in ("</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)"):
        record(home, name, 0.5, latency=4.0, task__title=name, submission__arxiv=name, settings={name: name})
    build_site([home.path], tmp_path / "site")
    seen: list[str] = []
    page = browser.new_page()
    page.on("dialog", lambda dialog: seen.append(dialog.message))
    page.on("console", lambda message: seen.append(message.text))
    page.on("request", lambda request: request.url.startswith(f"file://{tmp_path}") or seen.append(request.url))
    for path in pages(tmp_path / "site"):
        page.goto(f"file://{path}")
    page.close()
    assert not seen
