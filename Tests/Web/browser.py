"""A real browser, headless, by the WebDriver protocol (W3C WebDriver): chromedriver and Chromium, both Debian's."""

import base64
import http.client
import json
import os
import re
import subprocess

from support.waiting import DEADLINE_SECONDS, until

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Space": " ", "Left": "\ue012", "Right": "\ue014", "Home": "\ue011", "End": "\ue010"}

# What a page gives is awaited, and what it throws is said.
AWAITED = """
const done = arguments[arguments.length - 1]
const run = async (...args) => {{ {script} }}
run(...[...arguments].slice(0, -1)).then((value) => done([value]), (error) => done([null, String(error?.stack ?? error)]))
"""


class Browser:
    def __init__(self, log, width=1280, height=800):
        self.log = open(log, "wb")
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        line = b""
        while b"successfully on port" not in line:
            line = self.driver.stdout.readline()
            assert line, "chromedriver did not start"
        self.port = int(re.search(rb"on port (\d+)", line).group(1))
        arguments = [
            "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-proxy-server",
            "--autoplay-policy=no-user-gesture-required", f"--window-size={width},{height}",
        ]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")  # Chromium's sandbox needs another user than root.
        session = self._command("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "acceptInsecureCerts": True,
            "timeouts": {"script": DEADLINE_SECONDS * 1000},
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}})
        self.session = f"/session/{session['sessionId']}"

    def _command(self, method, path, content=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2 * DEADLINE_SECONDS)
        body = None if content is None else json.dumps(content)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        value = json.load(connection.getresponse())["value"]
        connection.close()
        assert not (isinstance(value, dict) and "error" in value), f"{method} {path}: {value['error']}: {value['message']}"
        return value

    def _do(self, method, path, content=None):
        return self._command(method, self.session + path, content)

    def close(self):
        try:
            self._do("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait(DEADLINE_SECONDS)
            self.driver.stdout.close()
            self.log.close()

    def open(self, url):
        self._do("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """What the body of an async function gives in the page, as JSON."""
        value, *error = self._do("POST", "/execute/async", {"script": AWAITED.format(script=script), "args": list(arguments)})
        assert not error, error[0]
        return value

    def wait(self, expression, what, seconds=DEADLINE_SECONDS):
        """Until an expression is true in the page; its value."""
        return until(lambda: self.run(f"return {expression}"), what, seconds)

    def tool(self, command, **settings):
        """A command of Chromium's DevTools protocol."""
        return self._do("POST", "/goog/cdp/execute", {"cmd": command, "params": settings})

    def find(self, selector):
        return self._do("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self._do("POST", f"/element/{self.find(selector)}/click", {})

    def text(self, selector):
        return self._do("GET", f"/element/{self.find(selector)}/text")

    def press(self, *keys):
        """Keys, to where the focus is."""
        actions = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        self._do("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def screenshot(self):
        return base64.b64decode(self._do("GET", "/screenshot"))

    def complaints(self):
        """What the console has said since it was asked last, at the level of errors."""
        return [entry["message"] for entry in self._do("POST", "/se/log", {"type": "browser"}) if entry["level"] == "SEVERE"]
