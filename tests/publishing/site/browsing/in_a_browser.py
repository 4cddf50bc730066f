"""Open a page in a real headless browser, let a script use it as a reader would, and return what the script saw."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import mintmark

ASSETS = Path(mintmark.__file__).parent / "publishing" / "site" / "frames" / "assets"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--dump-dom"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--virtual-time-budget=20000"),
)
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title>
<link rel="stylesheet" href="/registry.css"><link rel="stylesheet" href="/tables.css"><link rel="stylesheet" href="/home.css"><script src="/registry.js" defer></script>
<script src="/home.js" defer></script><script src="/use.js" defer></script>
</head><body data-md-color-scheme="default"><article class="md-typeset">CONTENT</article></body></html>"""
USE = """addEventListener("load", async () => {
  const calls = [];
  window.alert = (text) => calls.push(text);
  const $ = (selector) => document.querySelector(selector);
  const $$ = (selector) => [...document.querySelectorAll(selector)];
  const seen = (selector) => $$(selector).filter((found) => found.checkVisibility());
  const tell = (field, value) => { field.value = value; field.dispatchEvent(new Event("input", {bubbles: true})); };
  const wait = (done) => new Promise((resolve) => {
    const look = (left) => (done() || !left ? resolve() : setTimeout(() => look(left - 1), 20));
    look(200);
  });
  let answer;
  try { answer = await (async () => { SCRIPT })(); } catch (error) { answer = {error: String(error)}; }
  const results = document.createElement("pre");
  results.id = "results";
  results.textContent = JSON.stringify({answer, calls});
  document.body.append(results);
});"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


def use_page(folder: Path, content: str, script: str, *, at: str = "", files: dict[str, Any] | None = None) -> Any:
    """Return what `script`, the body of an async function, returns on the page at `/page/{at}`."""
    browser = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if browser is None:
        pytest.skip(f"there is no browser to use the page in; install one of {', '.join(BROWSERS)}")
    (folder / "page").mkdir(parents=True)
    (folder / "page" / "index.html").write_text(PAGE.replace("CONTENT", content))
    (folder / "use.js").write_text(USE.replace("SCRIPT", script))
    for name in ("registry.css", "tables.css", "home.css", "registry.js", "home.js", "events.js", "audit.js", "day.js"):
        shutil.copy(ASSETS / name, folder / name)
    for path, data in (files or {}).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(json.dumps(data))
    return _results(browser, folder, at)


def _results(browser: str, folder: Path, at: str) -> Any:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/page/{at}"
        profile = f"--user-data-dir={folder / 'profile'}"
        done = subprocess.run([browser, *FLAGS, profile, address], capture_output=True, text=True, timeout=120)
        server.shutdown()
    found = re.search(r'<pre id="results">(.*?)</pre>', done.stdout, re.S)
    assert found, done.stderr[-2000:] + done.stdout[-2000:]
    results = json.loads(html.unescape(found[1]))
    assert results["calls"] == [], "the page ran a script that a text of the registry brought in"
    return results["answer"]
