import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from leaderboard_homes import full_home

from leaderboard.build import build_site
from leaderboard.serve import start


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return full_home(tmp_path_factory.mktemp("home")).path


@pytest.fixture(scope="session")
def site(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    build_site([home], out)
    return out


def chromium() -> str | None:
    """The browser of this machine, or None."""
    named = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("HARNESS_CHROMIUM") or next(filter(None, map(shutil.which, named)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: the pages were not opened in a browser"
    )
    path = chromium()
    if path is None:
        pytest.skip("no Chromium is installed: the pages were not opened in a browser")
    with playwright.sync_playwright() as run:
        found = run.chromium.launch(executable_path=path, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield found
        found.close()


@pytest.fixture(params=["file", "http"])
def root(request: pytest.FixtureRequest, site: Path) -> Iterator[str]:
    """The site's address: its folder, and the server."""
    if request.param == "file":
        yield f"file://{site}/"
        return
    with start(site, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def visit(browser: Any, root: str) -> Iterator[Callable[..., Any]]:
    """Open a page; at the end there was no message on the console, no breach of the policy, no request beyond the site."""
    contexts: list[Any] = []
    problems: list[str] = []

    def opened(path: str, width: int = 1280, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: problems.append(f"dialog {dialog.message}"))
        page.on("request", lambda request: request.url.startswith(root) or problems.append(f"request to {request.url}"))
        page.on("requestfailed", lambda request: problems.append(f"failed {request.url}"))
        page.goto(root + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not problems


@pytest.fixture(scope="session")
def board(site: Path) -> str:
    """The board with the most results."""
    found = max(site.glob("b/*/index.html"), key=lambda path: path.read_text().count('<tr id="r-'))
    return found.relative_to(site).as_posix()
