"""Firefox and WebKit as the system's packages have them, driven over their own protocols: Marionette and WebDriver."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

WAIT_S = 120.0


class Browser(Protocol):
    """What the tests ask of a browser."""

    def visit(self, url: str) -> None:
        """Open a page and wait until it is loaded."""

    def run(self, script: str, *values: Any) -> Any:
        """What a function body returns in the page."""


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextlib.contextmanager
def ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """End the process with the block, gently and then not."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def start(*words: str, **environment: str) -> "subprocess.Popen[bytes]":
    """A program without its messages."""
    quiet = subprocess.DEVNULL
    return subprocess.Popen(words, stdout=quiet, stderr=quiet, env={**os.environ, **environment})


class Firefox:
    """A page in Firefox; messages are ``LENGTH:[0, number, command, parameters]`` both ways."""

    def __init__(self, port: int) -> None:
        self._socket = _connect(port)
        self._number = 0
        self._receive()
        self._ask("WebDriver:NewSession")

    def visit(self, url: str) -> None:
        self._ask("WebDriver:Navigate", url=url)

    def run(self, script: str, *values: Any) -> Any:
        return self._ask("WebDriver:ExecuteScript", script=script, args=list(values))["value"]

    def _ask(self, command: str, **parameters: Any) -> Any:
        self._number += 1
        text = json.dumps([0, self._number, command, parameters]).encode()
        self._socket.sendall(b"%d:" % len(text) + text)
        _, _, error, found = self._receive()
        assert error is None, error
        return found

    def _receive(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self._take(1)
        return json.loads(self._take(int(length[:-1])))

    def _take(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self._socket.recv(count - len(data))
            assert part, "Firefox ended"
            data += part
        return data


class WebKit:
    """A page in WebKitGTK."""

    def __init__(self, port: int, program: str) -> None:
        self._address = f"http://127.0.0.1:{port}/session"
        options = {"binary": program, "args": ["--automation"]}
        _connect(port).close()
        asked = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        self._address += "/" + self._ask("", capabilities=asked)["sessionId"]

    def visit(self, url: str) -> None:
        self._ask("/url", url=url)

    def run(self, script: str, *values: Any) -> Any:
        return self._ask("/execute/sync", script=script, args=list(values))

    def _ask(self, path: str, **parameters: Any) -> Any:
        data = json.dumps(parameters).encode()
        request = urllib.request.Request(self._address + path, data, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None


def _connect(port: int) -> socket.socket:
    """Try until the program listens."""
    end = time.monotonic() + WAIT_S
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), WAIT_S)
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


@contextlib.contextmanager
def firefox(folder: Path) -> Iterator[Browser | None]:
    """Firefox without a window, its profile in `folder`; None where none is installed."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        yield None
        return
    port = free_port()
    (folder / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
    words = (program, "--headless", "--marionette", "--no-remote", "--profile", str(folder))
    with ended(start(*words, HOME=str(folder))):
        yield Firefox(port)


@contextlib.contextmanager
def webkit(folder: Path) -> Iterator[Browser | None]:
    """WebKitGTK's small browser on a display of its own; None where one of the programs it needs is not installed."""
    driver, display = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
    program = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), None)
    if driver is None or display is None or program is None:
        yield None
        return
    port, screen = free_port(), f":{os.getpid() % 20_000 + 100}"
    with ended(start(display, screen, "-screen", "0", "1280x1024x24", "-nolisten", "tcp")):
        plain = {"DISPLAY": screen, "HOME": str(folder), "WEBKIT_DISABLE_COMPOSITING_MODE": "1"}
        if os.geteuid() == 0:
            plain["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"
        with ended(start(driver, f"--port={port}", **plain)):
            yield WebKit(port, str(program))
