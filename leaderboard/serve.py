"""A small server for a built site: this machine only unless told otherwise, only files of the site, real security headers."""

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from harness.errors import HarnessError, UsageError
from leaderboard.output import MANIFEST
from leaderboard.shelf import TYPES, Shelf, Stored

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
FRAMES = "frame-ancestors 'none'"
PAGE_POLICY = "default-src 'none'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
"""For a page that states none of its own."""
FILE_POLICY = f"default-src 'none'; style-src 'unsafe-inline'; sandbox; {FRAMES}"
TEXT = "text/plain; charset=utf-8"
FOLDER = re.compile(r"/[a-z]/[0-9a-f]+")
NAMED_BY_CONTENT = re.compile(r"/plots/[0-9a-f]{16}(-dark)?\.(svg|csv|png)")
EMBEDDED = re.compile(r"/s/[0-9a-f]+/badge-[0-9a-f]+\.svg")
"""Badges: the only files that pages of others may show."""
HEALTH = "/healthz"
FOREVER, ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
MOST_CONNECTIONS = 64
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 2\r\nConnection: close\r\n\r\n"
Health = Callable[[], dict[str, Any]]


def serve(
    out: Path,
    host: str = "127.0.0.1",
    port: int = 8765,
    ready: Callable[[str], None] = lambda address: None,
    health: Health = dict,
) -> None:
    """Serve the site in `out` until interrupted; `ready` is told the address. Raises HarnessError where it cannot listen."""
    with start(out, host, port, health) as server:
        ready(address_of(server))
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


def check_address(host: str, port: int) -> None:
    """Raise HarnessError where nothing can listen at the address, before a site is built for it."""
    try:
        ThreadingHTTPServer((host, port), BaseHTTPRequestHandler).server_close()
    except (OSError, OverflowError) as error:
        raise _cannot_listen(host, port, error) from None


def _cannot_listen(host: str, port: int, error: Exception) -> HarnessError:
    return HarnessError(f"cannot listen at {host}:{port} ({error}); choose another with --port")


def start(out: Path, host: str, port: int, health: Health = dict) -> ThreadingHTTPServer:
    """A server that listens and does not answer yet; port 0 takes a free one. `health` adds to what ``/healthz`` says."""
    if not (out / MANIFEST).is_file():
        raise UsageError(f"{out} holds no site; 'harness leaderboard build --out {out}' makes one")
    facts = {"shelf": Shelf(out), "loopback": _is_loopback(host), "health": staticmethod(health)}
    try:
        return SiteServer((host, port), type("Handler", (SiteHandler,), facts))
    except (OSError, OverflowError) as error:
        raise _cannot_listen(host, port, error) from None


def address_of(server: ThreadingHTTPServer) -> str:
    """The address to open in a browser."""
    host, port = server.server_address[:2]
    return f"http://{host!s}:{port}/"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class SiteServer(ThreadingHTTPServer):
    """Answers at most `MOST_CONNECTIONS` at once; a thread each, none of which outlives the server."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, or say that the server is busy."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        with contextlib.suppress(OSError):
            request.sendall(BUSY)
        self.shutdown_request(request)

    def process_request_thread(self, request: socket.socket | Any, client_address: Any) -> None:
        """Answer one connection and free its place."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader who goes away in the middle is no error of the server's."""


class SiteHandler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for files of the site that have a known type."""

    shelf: Shelf
    loopback: bool
    health: Health
    protocol_version = "HTTP/1.1"
    server_version = "harness"
    sys_version = ""
    timeout = 15

    def do_GET(self) -> None:
        """Send a file."""
        self._answer()

    def do_HEAD(self) -> None:
        """Send its headers."""
        self._answer()

    def _refuse(self) -> None:
        self.close_connection = True  # what the request brings along is not read
        self._send(HTTPStatus.METHOD_NOT_ALLOWED, b"only GET and HEAD\n", TEXT, {"Allow": "GET, HEAD"})

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = _refuse

    def _answer(self) -> None:
        if self.headers.get("Content-Length") or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
        name = urlsplit(self.path).path
        path = self.shelf.find(name)
        if self.loopback and not self._is_addressed_here():
            self._send(HTTPStatus.MISDIRECTED_REQUEST, b"unknown host\n", TEXT)
        elif name == HEALTH:
            self._send(HTTPStatus.OK, json.dumps({"status": "ok", **self.health()}).encode() + b"\n", TYPES[".json"])
        elif path is not None and self._lacks_slash(name):
            self._send(HTTPStatus.MOVED_PERMANENTLY, b"", TEXT, {"Location": f"{name}/"})
        else:
            self._send_file(name, path)

    def _is_addressed_here(self) -> bool:
        """Whether the request names this machine: another site's name that points here (DNS rebinding) is refused."""
        name, _, port = self.headers.get("Host", "").rpartition(":")
        named = name if port.isdigit() else self.headers.get("Host", "")
        return named in LOOPBACK_NAMES

    def _lacks_slash(self, name: str) -> bool:
        """Whether a folder of a page is named without its slash, so that the page's own links would miss."""
        return bool(FOLDER.fullmatch(name)) and (self.shelf.root / name[1:]).is_dir()

    def _send_file(self, name: str, path: Path | None) -> None:
        try:
            stored = self.shelf.read(path) if path is not None else None
        except OSError:
            stored = None
        if stored is None:
            self._send(HTTPStatus.NOT_FOUND, b"there is no such page\n", TEXT)
            return
        packed = stored.packed if self._takes_gzip() else None
        tag = f'"{stored.tag}{"-gzip" if packed else ""}"'
        headers = {
            "ETag": tag,
            "Vary": "Accept-Encoding",
            "Cache-Control": FOREVER if NAMED_BY_CONTENT.fullmatch(name) else ASK_AGAIN,
            "Content-Security-Policy": _policy(stored),
            "Cross-Origin-Resource-Policy": "cross-origin" if EMBEDDED.fullmatch(name) else "same-origin",
            **({"Content-Encoding": "gzip"} if packed else {}),
        }
        if self._has(tag):
            self._send(HTTPStatus.NOT_MODIFIED, None, "", headers)
        else:
            self._send(HTTPStatus.OK, packed or stored.data, TYPES[stored.suffix], headers)

    def _takes_gzip(self) -> bool:
        coding = re.search(r"(?:^|,)\s*gzip\s*(?:;\s*q=([0-9.]+)\s*)?(?:,|$)", self.headers.get("Accept-Encoding", ""))
        return coding is not None and (coding[1] or "1").strip("0.") != ""

    def _has(self, tag: str) -> bool:
        stated = [item.strip().removeprefix("W/") for item in self.headers.get("If-None-Match", "").split(",")]
        return tag in stated or "*" in stated

    def _send(self, status: HTTPStatus, data: bytes | None, kind: str, more: dict[str, str] | None = None) -> None:
        """An answer; `data` is None where there is no content at all, not even an empty one."""
        self.send_response(status)
        headers = {"Cache-Control": "no-store", "Content-Security-Policy": FILE_POLICY, **HEADERS, **(more or {})}
        if data is not None:
            headers |= {"Content-Type": kind, "Content-Length": str(len(data))}
        if self.close_connection:
            headers["Connection"] = "close"
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        if data and self.command != "HEAD":
            self.wfile.write(data)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library refuses (bad requests, unknown methods), as plain text that repeats nothing."""
        self.close_connection = True
        self._send(HTTPStatus(code), f"{HTTPStatus(code).phrase}\n".encode(), TEXT)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged."""


def _policy(stored: Stored) -> str:
    if stored.suffix != ".html":
        return FILE_POLICY
    return f"{stored.policy or PAGE_POLICY}; {FRAMES}"
