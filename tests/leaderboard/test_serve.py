"""The server shows the site and nothing else, with headers that a browser enforces."""

import argparse
import contextlib
import gzip
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from leaderboard_homes import record
from leaderboard_reading import Reader

from harness.errors import HarnessError, UsageError
from harness.store import Home
from leaderboard.build import build_site
from leaderboard.cli import register
from leaderboard.serve import start
from leaderboard.watching import Watcher


@pytest.fixture(scope="module")
def port(site: Path) -> Iterator[int]:
    with start(site, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


def ask(port: int, path: str, method: str = "GET", host: str = "", **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest(method, path, skip_host=bool(host), skip_accept_encoding=True)
    if host:
        connection.putheader("Host", host)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
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
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Frame-Options"] == "DENY" and response.headers["Referrer-Policy"] == "no-referrer"
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


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_can_be_sent(port: int, method: str) -> None:
    response, _ = ask(port, "/", method)
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")
    assert response.headers["Connection"] == "close"


def test_what_is_no_request_is_refused_without_repeating_it(port: int) -> None:
    for request in (b"BREW <script> HTTP/1.1\r\n\r\n", b"GET\r\n\r\n", b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            with contextlib.suppress(ConnectionError):
                connection.sendall(request)
            answer = b""
            with contextlib.suppress(ConnectionError):
                while part := connection.recv(65536):
                    answer += part
        assert b"<script>" not in answer and b"Traceback" not in answer
        assert answer in (b"", b"Bad Request\n") or answer[9:10] == b"4" or answer[9:12] == b"501"


def test_a_request_hidden_in_a_body_is_not_answered(port: int) -> None:
    hidden = b"GET /records.csv HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(hidden) + hidden
        )
        answer = b""
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(65536):
                answer += part
    assert answer.count(b"HTTP/1.1") == 1


def test_pages_are_packed_where_the_reader_takes_it(port: int, site: Path) -> None:
    page = (site / "index.html").read_bytes()
    for accepted in ("gzip", "br, gzip;q=0.5", "deflate, gzip"):
        response, body = ask(port, "/", Accept_Encoding=accepted)
        assert response.headers["Content-Encoding"] == "gzip" and gzip.decompress(body) == page
        assert response.headers["Vary"] == "Accept-Encoding" and len(body) < len(page) / 2
    for refused in ("", "br", "gzip;q=0", "gzip; q=0.0", "xgzip"):
        response, body = ask(port, "/", Accept_Encoding=refused)
        assert response.headers["Content-Encoding"] is None and body == page


def test_what_has_not_changed_is_not_sent_again(port: int, site: Path) -> None:
    plain = ask(port, "/")[0].headers["ETag"]
    packed = ask(port, "/", Accept_Encoding="gzip")[0].headers["ETag"]
    assert plain != packed
    response, body = ask(port, "/", If_None_Match=f'"other", W/{plain}')
    assert response.status == 304 and body == b"" and response.headers["ETag"] == plain
    assert ask(port, "/", If_None_Match=packed)[0].status == 200
    page = (site / "index.html").read_bytes()
    (site / "index.html").write_bytes(page + b"\n")
    try:
        response, body = ask(port, "/", If_None_Match=plain)
        assert response.status == 200 and body == page + b"\n"
    finally:
        (site / "index.html").write_bytes(page)


def test_only_files_named_by_their_content_are_kept_without_asking(port: int, site: Path) -> None:
    plot = next(path.relative_to(site).as_posix() for path in site.glob("plots/*.svg"))
    assert "immutable" in ask(port, f"/{plot}")[0].headers["Cache-Control"]
    assert ask(port, "/")[0].headers["Cache-Control"] == "no-cache"
    assert ask(port, "/records.csv")[0].headers["Cache-Control"] == "no-cache"


def test_the_policy_in_the_header_is_the_page_s_own_and_forbids_frames(port: int) -> None:
    response, body = ask(port, "/")
    policy = response.headers["Content-Security-Policy"]
    stated = next(
        str(found["content"])
        for tag, found in Reader(body.decode()).elements
        if "Content-Security" in str(found.get("http-equiv"))
    )
    assert policy == f"{stated}; frame-ancestors 'none'" and "sha256-" in policy and "unsafe" not in policy


def test_only_badges_may_be_shown_by_others(port: int, site: Path) -> None:
    name = next(path.relative_to(site).as_posix() for path in site.glob("s/*/badge-*.svg"))
    assert ask(port, f"/{name}")[0].headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert ask(port, "/")[0].headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_health(port: int) -> None:
    response, body = ask(port, "/healthz")
    assert response.status == 200 and json.loads(body)["status"] == "ok"
    assert response.headers["Cache-Control"] == "no-store"


def test_more_readers_than_places_are_told_so(port: int, monkeypatch: pytest.MonkeyPatch, site: Path) -> None:
    monkeypatch.setattr("leaderboard.serve.MOST_CONNECTIONS", 2)
    with start(site, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        own = int(server.server_address[1])
        with contextlib.ExitStack() as stack:
            for _ in range(2):  # two that connect and say nothing
                stack.enter_context(socket.create_connection(("127.0.0.1", own), timeout=30))
            while server._free._value:  # type: ignore[attr-defined]
                time.sleep(0.01)
            assert ask(own, "/healthz")[0].status == 503
        while server._free._value < 2:  # type: ignore[attr-defined]
            time.sleep(0.01)
        assert ask(own, "/healthz")[0].status == 200
        server.shutdown()
        thread.join()


def test_a_new_record_appears_while_the_site_is_served(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    record(home, "alder", 1.2)
    out = tmp_path / "site"
    build_site([home.path], out)
    built = threading.Event()

    def build() -> None:
        build_site([home.path], out)
        built.set()

    watcher = Watcher([home.path], build, period_s=0.05)
    watcher.start()
    late = record(home, "birch", 0.3)
    assert built.wait(120)
    watcher.stop()
    assert (out / "r" / late.id / "index.html").is_file() and watcher.failed == "" and watcher.builds >= 1


def test_a_build_that_fails_is_told_and_ends_nothing(tmp_path: Path) -> None:
    home, failed = Home(tmp_path / "home"), threading.Event()

    def build() -> None:
        failed.set()
        raise HarnessError("the disk is full")

    watcher = Watcher([home.path], build, period_s=0.02)
    watcher.start()
    record(home, "alder", 1.2)
    assert failed.wait(60)
    watcher.stop()
    assert watcher.failed == "the disk is full" and watcher.builds >= 1


def test_ctrl_c_ends_the_server_without_a_word(tmp_path: Path) -> None:
    record(Home(tmp_path / "home"), "alder", 1.2)
    command = [
        sys.executable,
        "-m",
        "harness.cli",
        "leaderboard",
        "serve",
        "--home",
        str(tmp_path / "home"),
        "--port",
        "0",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        address = process.stdout.readline()
        assert "http://127.0.0.1:" in address
        own = int(address.rpartition(":")[2].split("/")[0])
        assert json.loads(ask(own, "/healthz")[1])["records"] == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0 and process.stderr.read() == ""


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


def test_a_port_that_is_taken_is_told_before_anything_is_built(tmp_path: Path, port: int) -> None:
    record(Home(tmp_path / "home"), "alder", 1.2)
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers(required=True))
    words = [
        "leaderboard",
        "serve",
        "--home",
        str(tmp_path / "home"),
        "--out",
        str(tmp_path / "site"),
        "--port",
        str(port),
    ]
    arguments = parser.parse_args(words)
    with pytest.raises(HarnessError, match="cannot listen"):
        arguments.run(arguments)
    assert not (tmp_path / "site").exists()
