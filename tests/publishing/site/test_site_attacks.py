"""Attacks on the site and on those who read it: hostile texts, damaged trees, lying servers, requests from elsewhere."""

from __future__ import annotations

import copy
import gzip
import http.client
import json
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.scaffold.marks import first_quick
from tests.scaffold.registry import Scratch, begin

from mintmark.core import layout
from mintmark.publishing.site.build import build_site
from mintmark.publishing.site.preview import Rebuild, open_server
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.files import format_yaml

Answer = bytes | Callable[[BaseHTTPRequestHandler], None]

TEXTS = (
    "<script>alert(1)</script>",
    "<img src=//evil.example/x onerror=alert(2)>",
    '"><svg onload=alert(3)>',
    "' onmouseover=alert(4) x='",
    "[x](javascript:alert(5)) [y](data:text/html,<script>alert(6)</script>) [z](&#106;avascript:alert(7))",
    "![p](https://evil.example/p.png) <https://evil.example/auto>",
    "</textarea></script></title></style></svg><script>alert(8)</script>",
    "[a][b] <!-- ]]> {{ 7*7 }} ${alert(9)}\n\n[b]: javascript:alert(10)",
    '<a href="javascript:alert(11)" ping=//evil.example>z</a><meta http-equiv=refresh content="0;url=//evil.example">',
    "\u202ereversed\u2066 \u0007",
)
TEXT = "\n\n".join(TEXTS)
LINES = [text.replace("\n", " ") for text in TEXTS]
LINE = " ".join(LINES)


def _hostile(root: Path) -> Scratch:
    """A registry whose every free text, name and key is hostile, and accepted by its schema."""
    scratch = begin(root, b"an artifact\n")
    scratch.write_settings(
        name=LINE[:200], description=TEXT, channels=[{"name": "production", "description": TEXT}], extra={TEXT: TEXT}
    )
    scratch.add_model("evil", **_hostile_model())
    scratch.commit(LINE)
    scratch.environment = {"GIT_AUTHOR_NAME": LINES[0] + LINES[1]}
    record = scratch.add_version("evil", "1.0.0", summary=TEXT, author=f"{LINE[:250]} <a@example.org>")
    record |= _hostile_parts()
    scratch.write(layout.version_path("evil", "1.0.0"), format_yaml(record))
    measured = json.loads(scratch.read(layout.metrics_path("evil", "1.0.0")))
    measured |= {"importance": {line: {"mean": 0.1, "std": 0.1} for line in LINES}, "extra": {TEXT: TEXT}}
    scratch.write(layout.metrics_path("evil", "1.0.0"), json.dumps(measured))
    scratch.set_channel("evil", "production", "1.0.0")
    scratch.commit(f"{LINE} (#3)")
    scratch.yank("evil", "1.0.0", TEXT)
    scratch.commit(LINES[1])
    return scratch


def _hostile_model() -> dict[str, Any]:
    texts = dict.fromkeys(("purpose", "intended_use", "out_of_scope", "limitations", "ethics", "training_data"), TEXT)
    where = [{"column": LINE[:200], "equals": TEXT}, {"column": LINE[:200], "in": [TEXT, 1, True]}]
    change = {"column": LINE[:200], "set": TEXT}
    return texts | {
        "title": LINE[:200],
        "positive_class": TEXT,
        "slices": [{"name": f"s{n}", "description": TEXT, "where": condition} for n, condition in enumerate(where)],
        "behaviour": [{"name": "b", "kind": "direction", "change": change, "expect": "increase", "share": 0.5}],
        "extra": {TEXT: TEXT},
    }


def _hostile_parts() -> dict[str, Any]:
    data = [{"role": "source", "path": line, "hash": TEXT, "rows": 1} for line in LINES]
    system = {"python": LINE[:200], "platform": LINE[:200]}
    return {
        "signature": {
            "inputs": dict.fromkeys(LINES, TEXT),
            "outputs": {TEXT: {"type": TEXT, "shape": [None]}},
            "classes": LINES,
        },
        "parameters": {TEXT: {TEXT: [TEXT, {TEXT: TEXT}]}},
        "data": [*data, {"role": "training", "path": "javascript:alert(12)", "hash": "x", "rows": 1}],
        "stages": {
            line: {"cmd": [TEXT, line], "deps": {f"{line}.py": f"md5:{line}"}, "outs": {line: "md5:1"}}
            for line in LINES
        },
        "environment": system | {"packages": dict.fromkeys(LINES, TEXT), "lock": f"sha256:{'0' * 64}"},
        "extra": {TEXT: TEXT},
    }


class _Dangers(HTMLParser):
    """Collects what would run, load or lead where no text may."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: (value or "").strip().lower() for name, value in attrs}
        if tag in ("iframe", "object", "embed", "base") or "ping" in values or "srcset" in values:
            self.found.append(tag)
        if tag == "meta" and values.get("http-equiv") == "refresh":
            self.found.append(tag)
        self.found += [f"{tag} {name}" for name, value in values.items() if name.startswith("on") and "alert" in value]
        for name in ("href", "src", "action", "formaction", "data", "xlink:href"):
            loads = tag not in ("a", "area") and "evil.example" in values.get(name, "")
            if loads or values.get(name, "").startswith(("javascript:", "data:text", "vbscript:")):
                self.found.append(f"{tag} {name}={values[name]}")


def test_no_text_of_a_record_runs_loads_or_leads_astray(tmp_path: Path) -> None:
    scratch = _hostile(tmp_path / "registry")
    done = build_site(ClonedRegistry(scratch.root), tmp_path / "site")
    assert (done.findings, done.versions) == ((), 1)
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) >= 5
    for path in pages:
        page, dangers = path.read_text(), _Dangers()
        dangers.feed(page)
        assert dangers.found == [], path
        assert page.index("Content-Security-Policy") < page.index("<script"), path
        assert not set(page) & {"\u202e", "\u2066", "\u0007"}, path


@pytest.mark.slow
def test_what_does_not_belong_in_the_tree_costs_itself_alone(scratch: Scratch, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("a secret of this machine")
    for place in (layout.version_path("iris", "1.0.0"), layout.channel_path("iris", "staging"), "docs/secret.md"):
        scratch.path(place).unlink(missing_ok=True)
        scratch.path(place).parent.mkdir(parents=True, exist_ok=True)
        scratch.path(place).symlink_to(tmp_path / "secret.yaml")
    scratch.path("models/elsewhere").symlink_to(tmp_path)
    scratch.write(f"{layout.MODELS}/iris/versions/foo/version.yaml", "x")
    scratch.write("docs/index.md", "# Docs\n")
    scratch.write("docs/a\x1b[31m.md", "# A page that no page can have the name of\n")
    scratch.write(layout.status_path("iris", "9.9.9"), "[" * 500)
    scratch.write(layout.channel_path("ghost", "production"), "version: 1.0.0\n")
    record = scratch.git("rev-parse", f"HEAD:{layout.version_path('iris', '1.1.0')}")
    scratch.git("notes", "--ref=refs/notes/mintmark/reproduced", "add", "-F", "-", record, data=b"[" * 3000)
    scratch.git("update-index", "--add", "--cacheinfo", f"160000,{scratch.head},models/sub")
    scratch.commit(f"\x1b[31m (#{'9' * 60})", paths=("-f", "-A", "--", "models", "docs"))
    result = scratch.process("site", "build", "-o", str(tmp_path / "site"))
    assert (result.code, "Traceback" in result.text) == (1, False), result.text
    assert layout.version_path("iris", "1.0.0") in result.err
    assert "is no name that a page can have" in result.err
    assert "3 models and 4 versions" in result.out
    assert not any(b"a secret of this" in path.read_bytes() for path in tmp_path.glob("site/**/*") if path.is_file())


@pytest.mark.parametrize("folder", first_quick([".", "..", "models", "models/iris", ".git", ".dvc", "/dev/null", "/"]))
def test_no_folder_that_holds_anything_else_is_replaced(scratch: Scratch, folder: str) -> None:
    before = sorted(scratch.root.rglob("*"))
    result = scratch.process("site", "build", "-o", folder)
    assert (result.code, "Traceback" in result.text) == (2, False), result.text
    assert sorted(scratch.root.rglob("*")) == before


# -- those who read a site -------------------------------------------------------------------------------------------


class Liar:
    """A server of a real site that gives other answers at the paths of `lies`."""

    def __init__(self, site: Path) -> None:
        files = (path for path in site.rglob("*") if path.is_file())
        self.files = {path.relative_to(site).as_posix(): path.read_bytes() for path in files}
        self.lies: dict[str, Answer] = {}
        liar = self

        class Request(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.lstrip("/")
                found = liar.lies.get(path, liar.files.get(path))
                if callable(found):
                    found(self)
                else:
                    answer(200 if found is not None else 404, found or b"")(self)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign] # who was lied to hangs up
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture(scope="module")
def liar(built: Path) -> Iterator[Liar]:
    found = Liar(built)
    yield found
    found.server.shutdown()


def answer(code: int, body: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def send(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return send


CONFIG, INDEX = "api/v1/config.json", "api/v1/models/iris/index.json"
VERSION, CHANNEL = "api/v1/models/iris/versions/1.1.0.json", "api/v1/models/iris/channels/production.json"
FILE = "api/v1/models/iris/versions/1.1.0/model.skops"
LIES: dict[str, tuple[str, Answer, str]] = {
    "a file of this machine": (FILE, answer(302, Location="file:///etc/passwd"), "not allowed"),
    "no end": (FILE, b"x" * 5_000_000, "more than"),
    "nothing": (FILE, b"", "has 0 bytes"),
    "a bomb": (VERSION, answer(200, gzip.compress(b" " * 100_000_000, 1), Content_Encoding="gzip"), "larger than"),
    "a depth": (VERSION, b'{"a":' * 500 + b"1" + b"}" * 500, "too deep"),
    "nothing new, at first": (CHANNEL, answer(304), "304"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_an_error_and_no_file(lie: str, liar: Liar, scratch: Scratch, tmp_path: Path) -> None:
    path, told, words = LIES[lie]
    liar.lies = {path: told}
    result = scratch.run("pull", "iris@production", "-o", str(tmp_path / "out"), "--registry", liar.url)
    assert result.code == 1
    assert result.err.startswith("mintmark: ")
    assert words in result.err
    assert [path for path in tmp_path.glob("out/**/*") if path.is_file()] == []


def test_a_file_lies_in_its_site(built: Path, liar: Liar, scratch: Scratch, tmp_path: Path) -> None:
    elsewhere = Liar(built)
    document = json.loads(liar.files[VERSION])
    document["files"][0]["url"] = f"{elsewhere.url}{FILE}"
    liar.lies = {VERSION: json.dumps(document).encode()}
    result = scratch.run("pull", "iris@1.1.0", "-o", str(tmp_path / "out"), "--registry", liar.url)
    elsewhere.server.shutdown()
    assert (result.code, "leads out of the site" in result.err) == (1, True)
    assert not list(tmp_path.glob("out/*.skops"))


VALUES: list[Any] = [
    None, True, -5.5, 1e308, 10**17, "", "x" * 3000, "\u202e\x1b[31m\x07", "1.0.0", "../../x", "wine", "index-1.json",
    "9999-99-99T99:99:99Z", "s3://b/x", [], {}, [None], {"a": None}, [[]],
]  # fmt: skip


def _place(chance: random.Random, value: Any) -> tuple[Any, Any]:
    """Return a place in a document, rather one near its top, as what holds it and the key."""
    key = chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
    inner = value[key]
    return _place(chance, inner) if isinstance(inner, dict | list) and inner and chance.random() < 0.6 else (value, key)


@pytest.mark.parametrize("seed", range(60))
def test_a_document_may_say_anything(seed: int, liar: Liar, scratch: Scratch, tmp_path: Path) -> None:
    chance = random.Random(seed)
    names = [name for name in liar.files if name.startswith(("api/v1/models", CONFIG)) and name.endswith(".json")]
    liar.lies = {}
    for name in chance.sample([name for name in names if "hostile" not in name and "price" not in name], 3):
        document = copy.deepcopy(json.loads(liar.files[name]))
        place, key = _place(chance, document)
        place[key] = chance.choice(VALUES)
        liar.lies[name] = json.dumps(document).encode()
    out = str(tmp_path / "deep" / "out")
    for command in (["list"], ["list", "iris"], ["show", "iris@production"], ["pull", "iris@production", "-o", out]):
        result = scratch.run(*command, "--registry", liar.url)  # whose exceptions are not caught here
        assert result.code in (0, 1)
        assert not set(result.text) & {"\u202e", "\x1b", "\x07"}
    assert {path.name for path in tmp_path.glob("deep/**/*") if path.is_file()} <= {"model.skops"}


# -- the preview -----------------------------------------------------------------------------------------------------


def test_the_preview_gives_its_folder_to_this_machine_alone(built: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("a secret")
    shutil.copytree(built, tmp_path / "site")
    server = open_server(tmp_path / "site", 0, Rebuild(lambda: None, lambda: 1))
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def status(path: str, host: str = "localhost") -> int:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        connection.putrequest("GET", path, skip_host=True)
        connection.putheader("Host", host)
        connection.endheaders()
        return connection.getresponse().status

    escapes = ("/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "//secret.txt", "/x/../../secret.txt")
    assert {path: status(path) for path in escapes} == dict.fromkeys(escapes, 404)
    strangers = ("evil.example", "localhost.evil.example", "localhost@evil.example", "127.0.0.1.nip.io", "0.0.0.0", "")
    assert {host: status("/", host) for host in strangers} == dict.fromkeys(strangers, 403)
    assert {status("/", host) for host in ("localhost:1", "127.0.0.1", "[::1]:80")} == {200}
    server.shutdown()
