"""Visit a built site with a real browser, and keep a list of what its pages may not do, such as asking another host."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Locator, Page, Request, Response

PREFIX = "/models/"  # the path of the address in the settings of `lively`
WIDE, NARROW = (1280, 900), (375, 700)


class _Files(SimpleHTTPRequestHandler):
    """The files of a folder below a prefix, and nothing beside it; 404.html for what is not there, as GitHub does."""

    def __init__(self, *arguments: Any, prefix: str, **options: Any) -> None:
        self.prefix = prefix
        super().__init__(*arguments, **options)

    def translate_path(self, path: str) -> str:
        if not path.startswith(self.prefix):
            return os.path.join(self.directory, "there", "is", "nothing")
        return super().translate_path("/" + path.removeprefix(self.prefix))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        page = Path(self.directory, "404.html")
        if code != 404 or not page.is_file():
            return super().send_error(code, message, explain)
        content = page.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        return None

    def log_message(self, *_: object) -> None: ...


@contextmanager
def served(folder: Path, prefix: str = PREFIX) -> Iterator[str]:
    """Serve a built site on this machine; yield the address of its root, which ends in a slash."""
    files = partial(_Files, directory=str(folder), prefix=prefix)
    with ThreadingHTTPServer(("127.0.0.1", 0), files) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{prefix}"
        finally:
            server.shutdown()
            thread.join()


class Visitor:
    """Opens pages of one site and keeps a list of what no page may do."""

    def __init__(self, browser: Browser, root: str) -> None:
        self.browser, self.root = browser, root
        self.faults: list[str] = []
        self.loaded: list[Response] = []
        self._contexts: list[BrowserContext] = []

    def page(self, *, size: tuple[int, int] = WIDE, scripts: bool = True, dark: bool = False, **options: Any) -> Page:
        """Return an empty page of a browser that has seen nothing yet."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(60_000)  # milliseconds: the machine may be busy
        self._contexts.append(context)
        context.on("page", self._watch)
        return context.new_page()

    def open(self, path: str = "", **options: Any) -> Page:
        """Open a page of the site, given from its root, once its files are there and its scripts have begun."""
        page = self.page(**options)
        self.go(page, path)
        return page

    def go(self, page: Page, path: str) -> None:
        """Go to a page of the site."""
        answer = page.goto(self.root + path)
        assert answer is None or answer.ok, f"{path}: {answer.status}"

    def close(self) -> None:
        """Close all pages, and tell what they did that no page may do."""
        for context in self._contexts:
            context.close()
        self._contexts.clear()
        faults, self.faults = self.faults, []
        if faults:
            raise AssertionError("\n".join(faults))

    def _watch(self, page: Page) -> None:
        page.on("request", lambda request: self._requested(page, request.url))
        page.on("response", lambda answer: self._answered(page, answer))
        page.on("requestfailed", lambda request: self._failed(page, request))
        page.on("pageerror", lambda error: self._tell(page, str(error)))
        page.on("dialog", lambda dialog: self._asked(page, dialog))
        page.on("console", lambda said: self._said(page, said))

    def _tell(self, page: Page, fault: str) -> None:
        self.faults.append(f"{page.url}: {fault}")

    def _requested(self, page: Page, url: str) -> None:
        if not url.startswith((self.root, "data:", "blob:")):
            self._tell(page, f"asks for {url}")

    def _failed(self, page: Page, request: Request) -> None:
        """A reader who follows a link before all has come ends the rest of the loading; that is nobody's fault."""
        if request.failure != "net::ERR_ABORTED":
            self._tell(page, f"{request.url}: {request.failure}")

    def _answered(self, page: Page, answer: Response) -> None:
        self.loaded.append(answer)
        if answer.status >= 400:
            self._tell(page, f"{answer.status} for {answer.url}")

    def _asked(self, page: Page, dialog: Dialog) -> None:
        self._tell(page, f"opens a dialog: {dialog.message}")
        dialog.dismiss()

    def _said(self, page: Page, said: ConsoleMessage) -> None:
        """What the console says; a breach of the Content-Security-Policy is told there too."""
        if said.type in ("error", "warning"):
            self._tell(page, said.text)


@contextmanager
def visiting(browser: Browser, folder: Path, prefix: str = PREFIX) -> Iterator[Visitor]:
    """Serve a site to a visitor, who must not have seen a fault in the end."""
    with served(folder, prefix) as root:
        visitor = Visitor(browser, root)
        try:
            yield visitor
        except BaseException:
            visitor.faults.clear()  # what went wrong first is what the reader of the report wants
            visitor.close()
            raise
        visitor.close()


def texts(page: Page, selector: str) -> list[str]:
    """The texts that a reader sees."""
    return [found.inner_text().strip() for found in page.locator(selector).all() if found.is_visible()]


def rows(page: Page, table: str) -> list[list[str]]:
    """The cells of a table's body, row by row."""
    return [texts_of(row) for row in page.locator(f"{table} tbody tr").all() if row.is_visible()]


def texts_of(row: Locator) -> list[str]:
    """The texts of the cells of a row."""
    return [str(text).strip() for text in row.locator("th, td").all_inner_texts()]


def models_shown(page: Page) -> list[str]:
    """The names that the home page lists."""
    return texts(page, ".mm-models tbody th > a")
