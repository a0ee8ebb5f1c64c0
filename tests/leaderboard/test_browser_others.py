"""The site in Firefox and in WebKit, from a folder and over http: the policy lets the page's own parts through, and no others."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from leaderboard_reading import one_of_each_kind
from other_browsers import Browser, firefox, webkit

pytestmark = [pytest.mark.browser, pytest.mark.slow]
NAMED = {"firefox": firefox, "webkit": webkit}
ROWS = "return [...document.querySelectorAll('#results-table tbody th')].map(cell => cell.dataset.v)"
STATE = """return {
  script: !document.getElementById('theme').hidden,
  style: getComputedStyle(document.body).marginTop,
  pictures: [...document.images].filter(image => image.offsetParent && image.loading !== 'lazy')
    .every(image => image.complete && image.naturalWidth > 0),
  wide: document.documentElement.scrollWidth > innerWidth,
}"""


@pytest.fixture(scope="module", params=sorted(NAMED))
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with NAMED[request.param](tmp_path_factory.mktemp(request.param)) as found:
        if found is None:
            pytest.skip(f"no {request.param} that can be driven is installed: the pages were not opened in it")
        yield found


def test_every_kind_of_page_has_its_script_style_and_pictures(other: Browser, root: str, site: Path) -> None:
    for path in one_of_each_kind(site):
        other.visit(root + path)
        expected = {"script": True, "style": "0px", "pictures": True, "wide": False}
        assert other.run(STATE) == expected, path


def test_sorting_and_its_address(other: Browser, root: str, board: str) -> None:
    other.visit(root + board)
    initial = other.run(ROWS)
    other.run("document.querySelector(\"#results-table th[data-key='submission'] button\").click()")
    address: Any = other.run("return location.href")
    assert other.run(ROWS) == sorted(initial) and "sort=results-table:submission" in address
    other.visit(root + "index.html")
    other.visit(address)
    assert other.run(ROWS) == sorted(initial)
    other.visit(f"{root}{board}#v=1&in.provenance=verified")
    assert other.run(ROWS) == ["cedar (base)"]


def test_foreign_script_is_stopped(other: Browser, root: str, board: str) -> None:
    other.visit(root + board)
    title = other.run("return document.title")
    other.run("""const script = document.createElement('script');
      script.textContent = "document.title = 'foreign'";
      document.head.append(script);
      const link = document.createElement('a');
      link.setAttribute('onclick', "document.title = 'foreign'");
      document.body.append(link);
      link.click();""")
    assert other.run("return document.title") == title
