"""A headless Chromium over its DevTools protocol: open, evaluate, press keys, measure. No driver, no Node."""

import json
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import httpx
from websockets.sync.client import connect

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage",
    "--no-first-run", "--disable-component-update", "--disable-sync", "--remote-debugging-port=0",
)  # fmt: skip


class Chromium:
    """One browser with one page."""

    def __init__(self, program: str, profile: Path) -> None:
        self._profile = profile
        self._process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._open = ExitStack()
        self._number = 0
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        port_file = self._profile / "DevToolsActivePort"
        for _ in range(600):
            if port_file.exists() and port_file.read_text().strip():
                break
            time.sleep(0.1)
        port = port_file.read_text().splitlines()[0]
        pages = [page for page in httpx.get(f"http://127.0.0.1:{port}/json").json() if page["type"] == "page"]
        self._socket = self._open.enter_context(connect(pages[0]["webSocketDebuggerUrl"], max_size=None))
        for domain in ("Page", "Runtime", "Network"):
            self.command(f"{domain}.enable")
        self.size(390, 844)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        self._process.terminate()
        self._process.wait(20)

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=60))
            if message.get("id") == self._number:
                assert "error" not in message, message
                return dict(message["result"])
            self._events.append(message)

    def size(self, width: int, height: int) -> None:
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=True)

    def open(self, address: str) -> None:
        self._leave(lambda: self.command("Page.navigate", url=address))

    def click(self, selector: str) -> None:
        """Click what leads to another page."""
        self._leave(lambda: self.evaluate(f"document.querySelector({json.dumps(selector)}).click()"))

    def press(self, key: str, *, leads_on: bool = False) -> None:
        codes = {"Tab": (9, ""), "Enter": (13, "\r"), " ": (32, " "), "ArrowDown": (40, "")}
        code, character = codes[key]
        down = {"type": "keyDown", "key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code}

        def strike() -> None:
            self.command("Input.dispatchKeyEvent", **down, text=character)
            self.command("Input.dispatchKeyEvent", **{**down, "type": "keyUp"})

        self._leave(strike) if leads_on else strike()

    def evaluate(self, script: str) -> Any:
        answer = self.command("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def _leave(self, action: Any) -> None:
        """Do what loads another page, and wait until it is there."""
        self._events.clear()
        action()
        for _ in range(200):
            if any(event["method"] == "Page.loadEventFired" for event in self._events):
                return
            try:
                self._events.append(json.loads(self._socket.recv(timeout=0.3)))
            except TimeoutError:
                continue
        message = "the page did not load"
        raise AssertionError(message)
