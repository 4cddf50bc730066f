"""The index of the search and the sitemap: generated pages are in them, frames are not, and a browser finds them."""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.publishing.site.samples.sample_docs import BUILDERS, NAME, SITE, build

from mintmark.errors import MintmarkError
from mintmark.publishing.site.frames.frames import read_frames
from mintmark.publishing.site.frames.search import SearchEntry, add_entries, write_sitemap

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--dump-dom"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--virtual-time-budget=20000"),
    *("--enable-logging=stderr", "--log-level=0"),
)
ENTRIES = (
    SearchEntry(location="", title=NAME, text="All models"),
    SearchEntry(
        location="models/breast-cancer/", title="breast-cancer", text="Finds malignant <script>tumours</script> & more"
    ),
    SearchEntry(location="models/breast-cancer/1.0.0+b/", title="breast-cancer 1.0.0+b", text="quagga"),
)


@pytest.fixture(scope="module", params=BUILDERS)
def site(request, tmp_path_factory):
    output = build(tmp_path_factory.mktemp(request.param), request.param)
    frames = read_frames(output)
    add_entries(output, ENTRIES)
    write_sitemap(output, SITE, [entry.location for entry in ENTRIES])
    for entry in ENTRIES[1:]:
        page = output / entry.location / "index.html"
        page.parent.mkdir(parents=True)
        content = f"<h1>{entry.title}</h1><pre><code>mintmark list</code></pre>"
        kind = "model" if entry.location.count("/") == 2 else "version"
        page.write_text(frames[kind].fill(title=entry.title, description="", content=content, location=entry.location))
    return output


def index_of(site: Path) -> list[dict[str, str]]:
    mkdocs = site / "search" / "search_index.json"
    if mkdocs.is_file():
        return json.loads(mkdocs.read_bytes())["docs"]
    return json.loads((site / "search.json").read_bytes())["items"]


def test_generated_pages_are_in_the_index_as_text(site):
    found = {entry["location"]: entry for entry in index_of(site)}
    assert found[""]["title"] == 'Models of &lt;b&gt;Acme&lt;/b&gt; &amp; "Co"'
    assert found["models/breast-cancer/"]["text"] == "Finds malignant &lt;script&gt;tumours&lt;/script&gt; &amp; more"
    assert found["models/breast-cancer/1.0.0+b/"]["title"] == "breast-cancer 1.0.0+b"
    assert "docs/how-to/start/#words" in found


def test_entries_look_like_those_of_the_builder(site):
    entries = index_of(site)
    own = next(entry for entry in entries if entry["location"] == "models/breast-cancer/")
    of_builder = next(entry for entry in entries if entry["location"] == "docs/")
    assert {key: type(value) for key, value in own.items()} == {key: type(value) for key, value in of_builder.items()}


def test_frames_are_in_neither(site):
    locations = [entry["location"] for entry in index_of(site)]
    assert sorted(set(locations)) == sorted(locations)
    assert not [location for location in locations if "_model" in location or location == "audit/"]
    assert "mintmark-frame" not in json.dumps(index_of(site))
    assert "_model" not in (site / "sitemap.xml").read_text()


def test_the_sitemap_lists_every_page_once_and_no_day(site):
    text = (site / "sitemap.xml").read_text(encoding="utf-8")
    addresses = re.findall(r"<loc>(.*?)</loc>", text)
    assert {f"{SITE}/", f"{SITE}/docs/how-to/start/", f"{SITE}/models/breast-cancer/1.0.0+b/"} <= set(addresses)
    assert addresses == sorted(set(addresses))
    assert "lastmod" not in text
    assert not (site / "sitemap.xml.gz").exists()


def test_a_site_without_an_address_has_no_sitemap(tmp_path):
    (tmp_path / "sitemap.xml").write_text("<urlset></urlset>")
    (tmp_path / "sitemap.xml.gz").write_bytes(b"")
    write_sitemap(tmp_path, None, ["models/a/"])
    assert list(tmp_path.iterdir()) == []


def test_a_sitemap_escapes_what_it_lists(tmp_path):
    write_sitemap(tmp_path, "https://a.example/x", ["models/a&b<c/"])
    assert "<loc>https://a.example/x/models/a%26b%3Cc/</loc>" in (tmp_path / "sitemap.xml").read_text()


def test_a_site_without_an_index_is_refused(tmp_path):
    with pytest.raises(MintmarkError, match="no search index"):
        add_entries(tmp_path, [])


# While a request waits, a browser's virtual time stands still and a Web Worker can do its work.
USE = """(async () => {
  const done = async (look) => { for (let n = 0; n < 100 && !look(); n++) await fetch("/wait"); return look(); };
  const $ = (selector) => document.querySelector(selector);
  const seen = {}, query = $(".md-search__input");
  $("#__search").click();
  query.focus();
  query.value = "malignant";
  query.dispatchEvent(new Event("keyup"));
  await done(() => $(".md-search-result__link"));
  seen.found = [...document.querySelectorAll(".md-search-result__link")].map((link) => new URL(link.href).pathname);
  const scheme = document.body.dataset.mdColorScheme;
  $("form[data-md-component=palette] label:not([hidden])").click();
  seen.switched = Boolean(await done(() => document.body.dataset.mdColorScheme !== scheme));
  seen.copy = Boolean(await done(() => $("pre button")));
  const results = document.createElement("pre");
  results.id = "results";
  results.textContent = JSON.stringify(seen);
  document.body.append(results);
})();"""


class _Server(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/wait":
            time.sleep(0.05)
            self.send_response(204)
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None: ...


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Server, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def test_a_browser_finds_a_generated_page_and_the_policy_stops_nothing(site, tmp_path):
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"there is no browser; install one of {', '.join(BROWSERS)}")
    if not (site / "search" / "search_index.json").is_file():
        pytest.skip("this uses the search of Material")
    copy = tmp_path / "site"
    shutil.copytree(site, copy)
    (copy / "use.js").write_text(USE)
    page = copy / "models" / "breast-cancer" / "1.0.0+b" / "index.html"
    page.write_text(page.read_text().replace("</body>", '<script src="/use.js" defer></script></body>'))
    with served(copy) as address:
        done = subprocess.run(
            (
                browser,
                *FLAGS,
                f"--user-data-dir={tmp_path}/profile",
                f"{address}{page.parent.relative_to(copy)}/",
            ),
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
    results = re.search(r'<pre id="results">(.*?)</pre>', done.stdout, re.S)
    assert results, done.stderr
    assert json.loads(results[1]) == {"found": ["/models/breast-cancer/"], "switched": True, "copy": True}
    assert "Content Security Policy" not in done.stderr
