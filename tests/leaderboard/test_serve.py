"""The server shows the site and nothing else, with headers that a browser enforces."""

import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from harness.errors import HarnessError, UsageError
from leaderboard.serve import start


@pytest.fixture(scope="module")
def port(site: Path) -> Iterator[int]:
    with start(site, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


def ask(port: int, path: str, method: str = "GET", host: str = "") -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest(method, path, skip_host=bool(host))
    if host:
        connection.putheader("Host", host)
    connection.endheaders()
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def test_files_have_their_types_and_headers(port: int, site: Path) -> None:
    names = ["", "records.csv", "records.json", next(path.relative_to(site).as_posix() for path in site.rglob("*.svg"))]
    kinds = ["text/html; charset=utf-8", "text/csv; charset=utf-8", "application/json", "image/svg+xml"]
    for name, kind in zip(names, kinds, strict=True):
        response, body = ask(port, f"/{name}")
        assert (response.status, response.headers["Content-Type"]) == (200, kind)
        assert body == (site / (name or "index.html")).read_bytes()
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert (
            "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
            or "sandbox" in response.headers["Content-Security-Policy"]
        )
        assert "Python" not in response.headers["Server"]


@pytest.mark.parametrize(
    "path",
    [
        "/../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/x",
        "/.lock",
        "/b/..%5c..%5cx",
        "//etc/passwd",
        "/r/nothing/",
        "/plots",
        "/x%00.html",
        "/%ff",
        "/" + "a" * 5000,
    ],
)
def test_nothing_outside_the_site(port: int, path: str) -> None:
    response, body = ask(port, path)
    assert response.status == 404 and b"root:" not in body


def test_links_out_of_the_site_are_not_followed(port: int, site: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.html").write_text("secret")
    (site / "link.html").symlink_to(tmp_path / "secret.html")
    try:
        assert ask(port, "/link.html")[0].status == 404
    finally:
        (site / "link.html").unlink()


def test_a_folder_without_its_slash_is_redirected(port: int, site: Path) -> None:
    folder = next(path.parent.relative_to(site).as_posix() for path in site.glob("r/*/index.html"))
    response, _ = ask(port, f"/{folder}")
    assert (response.status, response.headers["Location"]) == (301, f"/{folder}/")


def test_head_and_other_methods(port: int) -> None:
    response, body = ask(port, "/", "HEAD")
    assert response.status == 200 and body == b"" and int(response.headers["Content-Length"]) > 1000
    assert ask(port, "/", "POST")[0].status == 501


def test_another_name_for_this_machine_is_refused(port: int) -> None:
    assert ask(port, "/", host="evil.example")[0].status == 421
    assert ask(port, "/", host=f"localhost:{port}")[0].status == 200


def test_what_cannot_be_served_is_one_sentence(site: Path, tmp_path: Path, port: int) -> None:
    with pytest.raises(UsageError, match="holds no site"):
        start(tmp_path, "127.0.0.1", 0)
    with pytest.raises(HarnessError, match="cannot listen"):
        start(site, "127.0.0.1", port)
    with pytest.raises(HarnessError, match="cannot listen"):
        start(site, "127.0.0.1", 99999)
