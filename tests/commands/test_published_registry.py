from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.registry.site_fixture import PREFIX, Site, build_site, change, free_port, put, start_site
from tests.scaffold.registry import Scratch
from tests.scaffold.warm import Result
from tests.test_architecture import HEAVY

import mintmark
from mintmark.errors import InvalidRegistryError, UsageError
from mintmark.registry.opening import open_registry
from mintmark.registry.published import site_documents
from mintmark.registry.stored.streams import ObjectError

CONFIG, MODELS = "config.json", "models.json"
IRIS = "models/iris/index.json"
PRODUCTION = "models/iris/channels/production.json"
VERSION = "models/iris/versions/1.1.0.json"
ARTIFACT = "models/iris/versions/1.1.0/model.skops"


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_documents, "PAUSES", (0.01, 0.01))


@pytest.fixture
def site(scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    scratch.yank("iris", "1.0.0", reason="Wrong\nunits.", replacement="1.1.0")
    build_site(scratch.root, tmp_path / "site")
    site = start_site(tmp_path / "site")
    monkeypatch.chdir(tmp_path)
    yield site
    site.stop()


@pytest.fixture
def run(site: Site, scratch: Scratch, tmp_path: Path) -> Callable[..., Result]:
    """Run a command on the site from a folder that is in no clone."""
    elsewhere = Scratch(tmp_path)

    def run(*arguments: str) -> Result:
        return elsewhere.run(*arguments, "--registry", site.url)

    return run


SAME = [
    ["list"],
    ["list", "--json"],
    ["list", "iris"],
    ["list", "wine"],
    ["list", "--versions"],
    ["show", "iris"],
    ["show", "iris", "--json"],
    ["show", "wine"],
]


@pytest.mark.parametrize("command", SAME, ids=" ".join)
def test_a_site_shows_what_its_clone_shows(run: Callable[..., Result], scratch: Scratch, command: list[str]) -> None:
    result = run(*command)
    assert (result.code, result.err) == (0, "")
    assert result.out == scratch.run(*command).out


@pytest.mark.parametrize(
    "command",
    [["show", "iris@production"], ["show", "iris@1.0.0", "--json"], ["list", "iris", "--json"],
     ["list", "--versions", "--json"]],
    ids=" ".join,
)  # fmt: skip
def test_only_the_mail_of_authors_is_missing(run: Callable[..., Result], scratch: Scratch, command: list[str]) -> None:
    result = run(*command)
    assert (result.code, result.err) == (0, "")
    assert result.out == scratch.run(*command).out.replace(" <ada@example.org>", "")
    assert "Ada Lovelace" in result.out


REQUESTS = {
    "list": [MODELS, CONFIG],
    "list iris": [IRIS, CONFIG],
    "show iris": [IRIS, CONFIG],
    "show iris@production": [CONFIG, IRIS, VERSION],
    "pull iris@production": [PRODUCTION, VERSION, ARTIFACT],
    "pull iris@1.1.0": [VERSION, ARTIFACT],
    "pull iris@latest": [IRIS, "models/iris/versions/1.2.0.json", "models/iris/versions/1.2.0/model.skops"],
}


@pytest.mark.parametrize(("command", "expected"), REQUESTS.items(), ids=REQUESTS)
def test_a_command_asks_for_little_and_the_second_time_only_what_changed(
    run: Callable[..., Result], site: Site, command: str, expected: list[str]
) -> None:
    first = run(*command.split())
    assert first.code == 0
    assert site.asked() == [(path, 200) for path in expected]
    second = run(*command.split())
    assert second.code == 0
    assert site.asked() == [(path, 304) for path in expected if not path.endswith(".skops")]
    put(site.api / "other.json", {})
    change(site.api / expected[0], lambda document: document.update(commit="1" * 40))
    run(*command.split())
    assert site.asked()[0] == (expected[0], 200)


def test_a_list_of_many_models_takes_two_requests(run: Callable[..., Result], site: Site) -> None:
    def grow(document: dict[str, Any]) -> None:
        row = document["models"][0]
        document["models"] = [{**row, "name": f"model-{number}"} for number in range(1000)]

    change(site.api / MODELS, grow)
    result = run("list")
    assert result.code == 0
    assert len(result.out.splitlines()) == 1001
    assert site.asked() == [(MODELS, 200), (CONFIG, 200)]


def test_a_broken_row_costs_itself_alone(run: Callable[..., Result], site: Site) -> None:
    change(site.api / MODELS, lambda document: document["models"][0].update(owners="@ada"))
    change(site.api / IRIS, lambda document: document["versions"][0].update(created=None))
    result = run("list")
    assert result.code == 1
    assert "wine" in result.out
    assert result.err == f"mintmark: {site.url}api/v1/models.json: models.iris: owners is not a list of texts\n"
    result = run("list", "iris")
    assert result.code == 1
    assert [line.split()[0] for line in result.out.splitlines()] == ["VERSION", "1.1.0", "1.0.0"]
    assert "versions.1.2.0: created is not text" in result.err


def test_models_are_listed_by_name_and_numbers_are_numbers(run: Callable[..., Result], site: Site) -> None:
    change(site.api / MODELS, lambda document: document["models"].reverse())
    assert [line.split()[0] for line in run("list").out.splitlines()] == ["MODEL", "iris", "wine"]
    change(site.api / MODELS, lambda document: document["models"][0].update(value=True))
    assert "models.wine: value is no number" in run("list").err


def test_terminal_controls_of_a_site_are_shown_as_text(run: Callable[..., Result], site: Site) -> None:
    change(site.api / MODELS, lambda document: document["models"][0].update(owners=["\x1b[31m\n@ada"]))
    change(site.api / VERSION, lambda document: document.update(version="\x1b[2J"))
    for result in (run("list"), run("show", "iris@1.1.0")):
        assert "\x1b" not in result.text
        assert "\\x1b" in result.text


# Pull


def test_a_pull_writes_the_verified_file(run: Callable[..., Result], tmp_path: Path, artifact: bytes) -> None:
    result = run("pull", "iris@production")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("wrote iris-1.1.0/model.skops (")
    assert (tmp_path / "iris-1.1.0" / "model.skops").read_bytes() == artifact
    result = run("pull", "iris@production", "--all", "-o", "out", "--json")
    assert [Path(file["path"]).name for file in json.loads(result.out)["files"]] == sorted(os.listdir("out"))
    assert len(os.listdir("out")) == 3


def test_a_yanked_version_comes_with_its_warning(run: Callable[..., Result]) -> None:
    assert run("pull", "iris@1.0.0").err == "warning: iris@1.0.0 was yanked: Wrong units.; use iris@1.1.0\n"


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "sha256"),
        (lambda content: content + b"x", "has more than the"),
        (lambda content: content[:-1], "bytes where its record says"),
    ],
    ids=["changed", "longer", "shorter"],
)
def test_other_bytes_than_those_of_the_record_are_never_written(
    run: Callable[..., Result], site: Site, damage: Callable[[bytes], bytes], words: str
) -> None:
    path = site.api / ARTIFACT
    path.write_bytes(damage(path.read_bytes()))
    result = run("pull", "iris@production")
    assert result.code == 1
    assert words in result.err
    assert f"{site.url}api/v1/{ARTIFACT}" in result.err
    assert "tell the maintainers" in result.err
    assert not Path("iris-1.1.0").exists()


def test_a_file_that_is_not_there_is_told(run: Callable[..., Result], site: Site) -> None:
    (site.api / ARTIFACT).unlink()
    result = run("pull", "iris@production")
    assert result.code == 1
    assert f"{site.url}api/v1/{ARTIFACT} is not there; tell the maintainers" in result.err


def test_bytes_come_from_the_store_that_the_site_names(
    scratch: Scratch, tmp_path: Path, artifact: bytes, run: Callable[..., Result], site: Site
) -> None:
    shutil.rmtree(site.folder)
    build_site(scratch.root, site.folder, files=False, store=f"{site.url}store")
    shutil.copytree(scratch.path(".dvc/store"), site.folder / "store")
    result = run("pull", "iris@production", "-o", str(tmp_path / "out"))
    assert (result.code, result.err) == (0, "")
    assert (tmp_path / "out" / "model.skops").read_bytes() == artifact
    asked = [path for path, _ in site.asked()]
    assert asked[:3] == [PRODUCTION, VERSION, CONFIG]
    assert asked[3].startswith("/models/store/files/md5/")


def test_a_site_without_the_bytes_says_where_they_are(scratch: Scratch, run: Callable[..., Result], site: Site) -> None:
    shutil.rmtree(site.folder)
    build_site(scratch.root, site.folder, files=False)
    result = run("pull", "iris@production")
    assert result.code == 1
    assert "publishes what iris@1.1.0 is, and not its bytes; git clone the repository" in result.err


# Without the network


@pytest.mark.parametrize(
    "command", [["list"], ["list", "iris"], ["list", "--versions"], ["show", "iris@production"], ["pull", "iris@production"]],
    ids=" ".join,
)  # fmt: skip
def test_without_the_network_the_last_state_is_shown_with_its_age(
    run: Callable[..., Result], site: Site, command: list[str], tmp_path: Path
) -> None:
    before = run(*command)
    for copy in (Path(os.environ["MINTMARK_CACHE"]) / "sites").rglob("*"):
        os.utime(copy, (0, 1780306200))
    shutil.rmtree(tmp_path / "iris-1.1.0", ignore_errors=True)
    site.stop()
    after = run(*command)
    assert (after.code, after.out) == (0, before.out)
    (line,) = after.err.splitlines()
    assert line.startswith(f"warning: {site.url} cannot be reached: ")
    assert line.endswith("; this is its state of 2026-06-01 09:30 UTC")


def test_a_file_that_was_never_pulled_needs_the_network(run: Callable[..., Result], site: Site, tmp_path: Path) -> None:
    run("pull", "iris@production")
    shutil.rmtree(Path(os.environ["MINTMARK_CACHE"]) / "sha256")
    shutil.rmtree(tmp_path / "iris-1.1.0")
    site.stop()
    result = run("pull", "iris@production")
    assert result.code == 1
    assert result.err.endswith("; run it again when it can be reached\n")
    assert not (tmp_path / "iris-1.1.0").exists()


def test_what_was_never_read_cannot_be_shown_without_the_network(run: Callable[..., Result], site: Site) -> None:
    site.stop()
    result = run("show", "iris@production")
    assert result.code == 1
    assert "no copy of it is here from before; check the address and the network" in result.err


def test_what_the_network_says_counts_again_once_it_is_back(run: Callable[..., Result], site: Site) -> None:
    assert "iris@1.1.0" in run("show", "iris@production").out
    site.stop()
    assert "iris@1.1.0" in run("show", "iris@production").out
    change(site.api / IRIS, lambda document: document["channels"]["production"].update(version="1.2.0"))
    site.start()
    result = run("show", "iris@production")
    assert result.out.startswith("iris@1.2.0\n")
    assert result.err == ""


# Usage


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list", "--candidates"], "does not publish candidates; git clone"),
        (["list", "--at", "HEAD"], "does not publish its past"),
        (["show", "iris@production", "--at", "2026-06-01"], "does not publish its past"),
        (["pull", "iris@candidate"], "does not publish candidates"),
        (["pull", "iris"], "names no version"),
        (["list", "../x"], "cannot be a model"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_a_site_cannot_tell_is_a_usage_error(
    run: Callable[..., Result], site: Site, arguments: list[str], words: str
) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert words in result.err
    assert site.asked() == []


@pytest.mark.parametrize("address", ["somewhere", "/srv/site", "ssh://git@acme.example/x", ""])
def test_a_folder_is_no_site(scratch: Scratch, address: str) -> None:
    result = scratch.run("list", "--registry", address)
    assert result.code == 2
    assert "--registry takes the address of a site, https://...; -C DIR reads a clone" in result.err


@pytest.mark.parametrize("suffix", ["", "api/v1", "api/v1/"])
def test_every_way_to_write_the_root_is_the_same_site(scratch: Scratch, site: Site, suffix: str) -> None:
    scratch.run("list", "--registry", site.url.rstrip("/"))
    site.asked()
    assert scratch.run("list", "--registry", site.url + suffix).code == 0
    assert site.asked() == [(MODELS, 304), (CONFIG, 304)]


def test_a_password_in_the_address_is_never_printed(scratch: Scratch, site: Site) -> None:
    address = site.url.replace("//", "//ada:secret@")
    results = [scratch.run("list", "--registry", address)]
    site.answer = lambda _: web.Response(status=403)
    results.append(scratch.run("list", "--registry", address))
    site.stop()
    results.append(scratch.run("list", "--registry", address))
    results.append(scratch.run("show", "wine", "--registry", address))
    results.append(scratch.run("list", "--registry", address.replace("127.0.0.1", "127.0.0.1:x")))
    assert [result.code for result in results] == [0, 1, 0, 1, 2]
    assert not any("secret" in result.text for result in results)


def test_a_site_behind_a_password_gives_its_files_as_well(scratch: Scratch, site: Site, tmp_path: Path) -> None:
    site.answer = lambda request: None if "Authorization" in request.headers else web.Response(status=401)
    arguments = ("pull", "iris@production", "-o", str(tmp_path / "out"), "--registry")
    assert "USER:PASSWORD" in scratch.run(*arguments, site.url).err
    assert scratch.run(*arguments, site.url.replace("//", "//ada:secret@")).code == 0


@pytest.mark.parametrize("command", [["list"], ["list", "iris"], ["show", "iris@production"], ["pull", "iris@1.1.0"]])
def test_commands_on_a_site_import_nothing_heavy(site: Site, tmp_path: Path, command: list[str]) -> None:
    program = (
        "import sys\nfrom mintmark.cli import main\ncode = main(sys.argv[1:])\n"
        "print(code, *sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    for _ in range(2):
        arguments = (sys.executable, "-c", program, *command, "--registry", site.url)
        done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=True)
        code, *loaded = done.stderr.split()
        assert code == "0"
        assert sorted((HEAVY | {"yaml", "sqlite3", "configobj", "fsspec", "aiohttp"}) & set(loaded)) == []


# Python


def test_a_model_loads_from_a_site_and_again_without_it(site: Site, tmp_path: Path) -> None:
    estimator = mintmark.load("iris@production", path=site.url)
    assert estimator.predict([[0.0, 1.0]]) == [0]
    assert [path for path, _ in site.asked()] == [PRODUCTION, VERSION, ARTIFACT]
    assert mintmark.pull("iris@latest", tmp_path / "out", path=site.url) == tmp_path / "out"
    site.stop()
    with pytest.warns(UserWarning, match="this is its state of"):
        assert mintmark.load("iris@production", path=site.url).predict([[0.0, 1.0]]) == [0]
    site.start()
    with pytest.warns(UserWarning, match="was yanked"):
        mintmark.load("iris@1.0.0", path=site.url)
    with pytest.raises(UsageError, match="candidates"):
        mintmark.load("iris@candidate", path=site.url)
    with pytest.raises(UsageError, match="its past"):
        mintmark.pull("iris@production", path=site.url, at="HEAD")


def test_a_site_does_not_decide_what_is_trusted(
    scratch: Scratch, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mintmark.artifacts.skops.format import dump_canonical

    (tmp_path / "own_models.py").write_text(
        "from sklearn.linear_model import LinearRegression\n\nclass OwnModel(LinearRegression):\n    pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import own_models  # type: ignore[import-not-found]

    scratch.artifact = dump_canonical(own_models.OwnModel().fit([[0.0, 0.0], [1.0, 0.0]], [0.0, 3.0]))
    scratch.add_version("iris", "2.0.0")
    scratch.write_settings(trusted_types=["own_models.OwnModel"])
    build_site(scratch.root, site.folder)
    assert mintmark.load("iris@2.0.0", path=scratch.root).predict([[1.0, 0.0]]) == pytest.approx([3.0])
    with pytest.raises(InvalidRegistryError, match=r"own_models\.OwnModel"):
        mintmark.load("iris@2.0.0", path=site.url)
    trusted = mintmark.load("iris@2.0.0", path=site.url, trusted_types=["own_models.OwnModel"])
    assert trusted.predict([[1.0, 0.0]]) == pytest.approx([3.0])
    assert open_registry(site.url).settings.trusted_types == ("own_models.OwnModel",)


def test_a_store_that_answers_with_other_bytes_is_no_source(site: Site) -> None:
    change(site.api / VERSION, lambda document: document["files"][0].update(url="../../../config.json"))
    with pytest.raises(ObjectError, match=r"config\.json"):
        mintmark.load("iris@1.1.0", path=site.url)


# Another server than that of Python


_NGINX_FOLDERS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_serves_it_as_well(scratch: Scratch, tmp_path: Path) -> None:
    build_site(scratch.root, tmp_path / "web" / PREFIX.strip("/"))
    port = free_port()
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        f"daemon off; master_process off; pid {tmp_path}/nginx.pid; error_log stderr;\nevents {{}}\n"
        f"http {{ gzip on; gzip_types application/json text/plain; gzip_min_length 1; default_type application/json;\n"
        f"log_format short '$request_uri $status $sent_http_content_encoding'; access_log {tmp_path}/access.log short;\n"
        f"{' '.join(f'{kind}_temp_path {tmp_path}/{kind};' for kind in _NGINX_FOLDERS)}\n"
        f"server {{ listen 127.0.0.1:{port}; root {tmp_path}/web; }} }}\n"
    )
    with subprocess.Popen(("nginx", "-p", str(tmp_path), "-c", str(configuration))) as server:
        try:
            _wait_for(port)
            url = f"http://127.0.0.1:{port}{PREFIX}"
            for _ in range(2):
                assert scratch.run("show", "iris@production", "--registry", url).code == 0
        finally:
            server.terminate()
    log = [line.split()[1:] for line in (tmp_path / "access.log").read_text().splitlines()]
    assert log == [["200", "gzip"]] * 3 + [["304", "-"]] * 3


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("nginx does not start")


def test_https_is_read_and_a_certificate_of_nobody_is_refused(site: Site, tmp_path: Path, scratch: Scratch) -> None:
    certificate, proxy = _tls_front(site, tmp_path)
    with proxy as port:
        url = f"https://localhost:{port}{PREFIX}"
        result = scratch.process("list", "--registry", url)
        assert result.code == 1
        assert "certificate" in result.err
        assert "SSL_CERT_FILE" in result.err
        result = scratch.process("list", "--registry", url, SSL_CERT_FILE=str(certificate))
        assert (result.code, result.err) == (0, "")
        site.answer = lambda _: web.Response(status=301, headers={"Location": site.url})
        result = scratch.process("show", "iris", "--registry", url, SSL_CERT_FILE=str(certificate))
        assert result.code == 1
        assert "a redirect to http://, which is not followed" in result.err


def _tls_front(site: Site, tmp_path: Path) -> tuple[Path, Any]:
    """Return a certificate for localhost, and what speaks TLS with it in front of the site while it is open."""
    import ssl
    from contextlib import contextmanager

    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    certificate, key = tmp_path / "localhost.pem", tmp_path / "localhost.key"
    subprocess.run(
        ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)),
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    @contextmanager
    def front() -> Iterator[int]:
        secure = Site(site.folder, free_port(), tls=context)
        secure.answer = lambda request: site.answer(request)
        secure.start()
        try:
            yield secure.port
        finally:
            secure.stop()

    return certificate, front()


def test_what_mintmark_builds_is_what_it_reads(scratch: Scratch, tmp_path: Path, artifact: bytes) -> None:
    scratch.yank("iris", "1.0.0", replacement="1.1.0")
    scratch.commit("Yank")
    built = scratch.run("site", "build", "-o", str(tmp_path / "built"))
    assert built.code == 0, built.err
    site = start_site(tmp_path / "built")
    try:
        for command in (*SAME, ["show", "iris@production"], ["show", "iris@1.0.0", "--json"]):
            result = scratch.run(*command, "--registry", site.url)
            assert (result.code, result.err) == (0, "")
            assert result.out == scratch.run(*command).out.replace(" <ada@example.org>", "")
        assert scratch.run("pull", "iris@staging", "-o", str(tmp_path / "out"), "--registry", site.url).code == 0
    finally:
        site.stop()
    assert (tmp_path / "out" / "model.skops").read_bytes() == artifact
