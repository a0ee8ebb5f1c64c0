"""A small server for a built site: this machine only unless told otherwise, only files of the site, real security headers."""

import contextlib
import re
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

from harness.errors import HarnessError, UsageError
from leaderboard.output import MANIFEST

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
PAGE_POLICY = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; object-src 'none'"
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
FOLDER = re.compile(r"/[brs]/[0-9a-f]+")
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


def serve(
    out: Path, host: str = "127.0.0.1", port: int = 8765, ready: Callable[[str], None] = lambda address: None
) -> None:
    """Serve the site in `out` until interrupted; `ready` is told the address. Raises HarnessError where it cannot listen."""
    with start(out, host, port) as server:
        ready(address_of(server))
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


def start(out: Path, host: str, port: int) -> ThreadingHTTPServer:
    """A server that listens and does not answer yet; port 0 takes a free one."""
    if not (out / MANIFEST).is_file():
        raise UsageError(f"{out} holds no site; 'harness leaderboard build --out {out}' makes one")
    handler = type("Handler", (SiteHandler,), {"root": out.resolve(), "loopback": _is_loopback(host)})
    try:
        return ThreadingHTTPServer((host, port), handler)
    except (OSError, OverflowError) as error:
        raise HarnessError(f"cannot listen at {host}:{port} ({error}); choose another with --port") from None


def address_of(server: ThreadingHTTPServer) -> str:
    """The address to open in a browser."""
    host, port = server.server_address[:2]
    return f"http://{host!s}:{port}/"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class SiteHandler(BaseHTTPRequestHandler):
    """Answers GET and HEAD for files of the site that have a known type."""

    root: Path
    loopback: bool
    protocol_version = "HTTP/1.1"
    server_version = "harness"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        """Send a file."""
        self._answer(body=True)

    def do_HEAD(self) -> None:
        """Send its headers."""
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        if self.loopback and not self._is_addressed_here():
            self._send(HTTPStatus.MISDIRECTED_REQUEST, b"unknown host\n", "text/plain; charset=utf-8", body)
            return
        if self._lacks_slash():
            self._redirect()
            return
        path = self._file()
        if path is None:
            self._send(HTTPStatus.NOT_FOUND, b"there is no such page\n", "text/plain; charset=utf-8", body)
            return
        self._send(HTTPStatus.OK, path.read_bytes(), TYPES[path.suffix], body)

    def _is_addressed_here(self) -> bool:
        """Whether the request names this machine: another site's name that points here (DNS rebinding) is refused."""
        name, _, port = self.headers.get("Host", "").rpartition(":")
        named = name if port.isdigit() else self.headers.get("Host", "")
        return named in LOOPBACK_NAMES

    def _lacks_slash(self) -> bool:
        """Whether a folder of a page is named without its slash, so that the page's own links would miss."""
        name = urlsplit(self.path).path
        return bool(FOLDER.fullmatch(name)) and (self.root / name[1:] / "index.html").is_file()

    def _redirect(self) -> None:
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        self.send_header("Location", urlsplit(self.path).path + "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _file(self) -> Path | None:
        """The file that the request names; None outside the site, for hidden files and for other types."""
        name = unquote(urlsplit(self.path).path).lstrip("/")
        if "\0" in name or "\\" in name or any(part.startswith(".") for part in name.split("/")):
            return None
        with contextlib.suppress(OSError, ValueError):
            path = (self.root / name).resolve()
            path = (path / "index.html").resolve() if path.is_dir() else path
            if path.is_relative_to(self.root) and path.suffix in TYPES and path.is_file():
                return path
        return None

    def _send(self, status: HTTPStatus, data: bytes, kind: str, body: bool) -> None:
        self.send_response(status)
        policy = PAGE_POLICY if kind.startswith("text/html") else FILE_POLICY
        for key, value in {
            **HEADERS,
            "Content-Security-Policy": policy,
            "Content-Type": kind,
            "Content-Length": str(len(data)),
        }.items():
            self.send_header(key, value)
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged."""
