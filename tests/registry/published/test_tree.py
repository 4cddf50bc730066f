from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.registry.site_fixture import Site, build_site, change, put, start_site
from tests.scaffold.registry import Scratch

from mintmark.errors import InvalidRegistryError, MintmarkError, UsageError
from mintmark.registry.clone import find_root
from mintmark.registry.opening import open_registry
from mintmark.registry.published import site_documents
from mintmark.registry.published.registry import PublishedRegistry
from mintmark.registry.published.site_documents import SiteError

IRIS = "models/iris/index.json"


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_documents, "PAUSES", (0.01, 0.01))


@pytest.fixture
def site(scratch: Scratch, tmp_path: Path) -> Iterator[Site]:
    scratch.yank("iris", "1.0.0", replacement="1.1.0")
    build_site(scratch.root, tmp_path / "site")
    site = start_site(tmp_path / "site")
    yield site
    site.stop()


def test_a_site_answers_as_its_clone_does(site: Site, scratch: Scratch) -> None:
    published, clone = open_registry(site.url), open_registry(scratch.root)
    assert published.settings == clone.settings
    assert published.models() == clone.models() == ["iris", "wine"]
    for name in clone.models():
        assert published.model(name) == clone.model(name)
        assert published.versions(name) == clone.versions(name)
        assert published.channels(name) == clone.channels(name)
        assert published.latest(name) == clone.latest(name)
        assert published.yanked(name) == clone.yanked(name)
        for version in clone.versions(name):
            theirs, ours = published.record(name, version), clone.record(name, version)
            assert theirs.document == {**ours.document, "author": "Ada Lovelace"}
            assert published.metrics(name, version) == clone.metrics(name, version)
            assert published.status(name, version) == clone.status(name, version)
    for reference in ("iris@production", "iris@staging", "iris@latest", "iris@1.0.0", "wine@staging"):
        assert published.resolve_version(reference) == clone.resolve_version(reference)


@pytest.mark.parametrize("reference", ["rose@1.0.0", "irs@production", "iris@9.0.0", "iris@beta", "wine@production"])
def test_what_is_not_there_is_told_in_the_same_words(site: Site, scratch: Scratch, reference: str) -> None:
    with pytest.raises(MintmarkError) as of_site:
        open_registry(site.url).resolve(reference)
    with pytest.raises(MintmarkError) as of_clone:
        open_registry(scratch.root).resolve(reference)
    assert str(of_site.value) == str(of_clone.value).replace("the work tree", site.url)


def test_what_needs_git_is_refused_with_the_way_to_it(site: Site) -> None:
    registry = open_registry(site.url)
    questions: list[Callable[[], Any]] = [
        lambda: registry.root,
        lambda: registry.history("iris"),
        lambda: registry.resolve("iris@candidate"),
        lambda: registry.require_clone("candidates"),
        lambda: registry.tree.read("dvc.lock"),
        lambda: registry.tree.names(".dvc"),
        lambda: open_registry(site.url, at="HEAD"),
    ]
    for question in questions:
        with pytest.raises(UsageError):
            question()
    with pytest.raises(UsageError, match="git clone the repository"):
        registry.history("iris")


def test_an_address_of_git_is_refused_without_its_password() -> None:
    for address in ("ssh://git:secret@acme.example/models", "git://acme.example/models"):
        with pytest.raises(UsageError, match="git clone it") as caught:
            open_registry(address)
        assert "secret" not in str(caught.value)
    with pytest.raises(UsageError) as caught:
        find_root("https://ada:secret@acme.example")
    assert "secret" not in str(caught.value)


def test_a_long_index_goes_on_in_further_pages(site: Site) -> None:
    rows = json.loads((site.api / IRIS).read_text())["versions"]
    change(site.api / IRIS, lambda index: index.update(versions=rows[:1], older="index-2.json"))
    page = {"$schema": "x", "name": "iris", "moves": []}
    put(site.api / "models/iris/index-2.json", {**page, "versions": rows[1:2], "older": "index-3.json"})
    put(site.api / "models/iris/index-3.json", {**page, "versions": rows[2:], "older": None})
    registry = open_registry(site.url)
    assert [str(version) for version in registry.versions("iris")] == ["1.0.0", "1.1.0", "1.2.0"]
    assert registry.yanked("iris") == {"1.0.0"}
    assert [path for path, _ in site.asked()] == [IRIS, "models/iris/index-2.json", "models/iris/index-3.json"]


@pytest.mark.parametrize(
    "older", ["index-2.json", "index-1.json", "index.json", "../wine/index.json", "index-99999999.json", 3, "", []]
)
def test_pages_that_lead_nowhere_or_back_are_refused(site: Site, older: Any) -> None:
    change(site.api / IRIS, lambda index: index.update(older="index-2.json"))
    put(site.api / "models/iris/index-2.json", {"$schema": "x", "name": "iris", "versions": [], "older": older})
    with pytest.raises(SiteError, match="leads to no further page"):
        open_registry(site.url).versions("iris")


def test_a_page_of_another_model_is_refused_and_a_missing_one_is_told(site: Site) -> None:
    change(site.api / IRIS, lambda index: index.update(older="index-2.json"))
    with pytest.raises(SiteError, match=r"index-2\.json is missing"):
        open_registry(site.url).versions("iris")
    put(site.api / "models/iris/index-2.json", {"$schema": "x", "name": "wine", "versions": []})
    with pytest.raises(SiteError, match=r"index-2\.json: name: says wine, where iris was asked for"):
        open_registry(site.url).versions("iris")


VERSION = "models/iris/versions/1.1.0.json"
PRODUCTION = "models/iris/channels/production.json"
LIES: dict[str, tuple[str, Callable[[dict[str, Any]], Any], str]] = {
    "model": (VERSION, lambda d: d.update(model="wine"), "model: says wine"),
    "version": (VERSION, lambda d: d.update(version="1.2.0"), "version: says 1.2.0"),
    "model of the record": (VERSION, lambda d: d["record"].update(model="wine"), "record.model: says wine"),
    "version of the record": (VERSION, lambda d: d["record"].update(version="9.0.0"), "record.version: says 9.0.0"),
    "kind": (VERSION, lambda d: d.update({"$schema": "x/api-model.schema.json"}), r"\$schema: names api-model"),
    "no schema": (VERSION, lambda d: d.pop("$schema"), r"\$schema"),
    "no record": (VERSION, lambda d: d.update(record=None), "record: is not there"),
    "files": (VERSION, lambda d: d.update(files={}), "files: is not there, or is no list"),
    "bytes": (VERSION, lambda d: d["record"]["artifact"].update(sha256="0" * 64), "record.artifact.sha256: is not"),
    "channel": (PRODUCTION, lambda d: d.update(channel="staging"), "channel: says staging"),
    "model of the channel": (PRODUCTION, lambda d: d.update(model="wine"), "model: says wine"),
    "no version": (PRODUCTION, lambda d: d.update(version=["1.1.0"]), "version: is not there, or is no text"),
}


@pytest.mark.parametrize(("path", "edit", "words"), LIES.values(), ids=LIES)
def test_a_document_that_says_something_else_is_refused(
    site: Site, path: str, edit: Callable[[dict[str, Any]], Any], words: str
) -> None:
    change(site.api / path, edit)
    with pytest.raises(SiteError, match=words) as caught:
        open_registry(site.url).resolve("iris@production")
    assert str(caught.value).startswith(f"{site.url}api/v1/{path if path != PRODUCTION else ''}")


FAULTS: dict[str, tuple[str, Callable[[dict[str, Any]], Any], str]] = {
    "record": (VERSION, lambda d: d["record"].update(format=1), "1.1.0.json: record.format"),
    "digest": (VERSION, lambda d: d["record"]["artifact"].update(md5="0"), "1.1.0.json: record.artifact.md5"),
    "name of a file": (VERSION, lambda d: d["record"]["artifact"].update(path="../x"), "record.artifact.path"),
    "status": (VERSION, lambda d: d.update(status={"reason": ""}), "1.1.0.json: status.reason"),
    "no status": (VERSION, lambda d: d.update(status=[]), "1.1.0.json: status.reason"),
    "metrics": (VERSION, lambda d: d["metrics"].pop("rows"), '1.1.0.json: metrics: the field "rows" is missing'),
    "channel": (PRODUCTION, lambda d: d.update(version="../../wine"), "production.json: version"),
    "model": (IRIS, lambda d: d["model"]["metric"].update(goal="max"), "index.json: model.metric.goal"),
    "settings": ("config.json", lambda d: d["registry"].update(channels=[]), "config.json: registry.channels"),
    "newer": ("config.json", lambda d: d["registry"].update(schema=2), "config.json: registry.schema: is format 2"),
}


@pytest.mark.parametrize(("path", "edit", "words"), FAULTS.values(), ids=FAULTS)
def test_a_record_that_breaks_its_schema_is_told_by_its_address(
    site: Site, path: str, edit: Callable[[dict[str, Any]], Any], words: str
) -> None:
    change(site.api / path, edit)
    registry = open_registry(site.url)
    questions: dict[str, Callable[[], Any]] = {
        VERSION: lambda: (registry.record("iris", "1.1.0"), registry.status("iris", "1.1.0"), registry.metrics("iris", "1.1.0")),
        PRODUCTION: lambda: registry.resolve("iris@production"),
        IRIS: lambda: registry.model("iris"),
        "config.json": lambda: registry.settings,
    }  # fmt: skip
    with pytest.raises(InvalidRegistryError) as caught:
        questions[path]()
    assert str(caught.value).startswith(f"{site.url}api/v1/")
    assert words in str(caught.value)


def test_names_that_are_none_never_reach_the_server(site: Site) -> None:
    tree = open_registry(site.url).tree
    for path in (
        "models/../model.yaml",
        "models/a%2fb/model.yaml",
        "models/iris/versions/../version.yaml",
        "models/iris/versions/1.0/version.yaml",
        "models/iris/channels/a b.yaml",
        "models/iris/status/x.yaml",
    ):
        assert tree.read(path) is None
    assert tree.names("models/iris/versions/..") == []
    assert site.asked() == []


def test_rows_without_a_name_are_left_out(site: Site) -> None:
    change(site.api / "models.json", lambda d: d["models"].extend([1, {}, {"name": "../x"}, {"name": ["iris"]}]))
    change(site.api / IRIS, lambda d: d["versions"].extend([None, {}, {"version": "../x"}, {"version": 1}]))
    change(site.api / IRIS, lambda d: d["channels"].update({"../x": {"version": "1.0.0"}, "production": 1}))
    registry = open_registry(site.url)
    assert registry.models() == ["iris", "wine"]
    assert [str(version) for version in registry.versions("iris")] == ["1.0.0", "1.1.0", "1.2.0"]
    assert registry.channels("iris") == {"staging": "1.2.0"}
    assert registry.tree.names("models/iris/channels") == ["staging.yaml"]


def test_an_address_that_is_no_registry_says_what_to_give(site: Site) -> None:
    for url in (f"{site.url}elsewhere/", site.url.replace("/models/", "/")):
        for question in (lambda r: r.settings, lambda r: r.models(), lambda r: r.resolve("iris@production")):
            with pytest.raises(SiteError, match=r"is no site of a Mintmark registry: .*give the root"):
                question(open_registry(url))


def test_a_newer_api_says_to_upgrade(site: Site) -> None:
    site.api.rename(site.folder / "api" / "v2")
    with pytest.raises(SiteError, match="a newer API than this mintmark reads; upgrade"):
        open_registry(site.url).resolve("iris@production")


def test_a_half_published_site_is_no_empty_registry(site: Site) -> None:
    (site.api / "models.json").unlink()
    with pytest.raises(SiteError, match=r"models\.json is missing"):
        open_registry(site.url).models()


@pytest.mark.parametrize(
    ("url", "store"),
    [
        ("s3://bucket/path", "s3://bucket/path"),
        ("https://acme.example/store", "https://acme.example/store"),
        ("/srv/store", None),
        ("file:///srv/store", None),
        ("simplecache::file:///etc", None),
        ("s3::file:///etc", None),
        ("s3://a::file:///etc", None),
        ("ssh://acme.example/x", None),
        (None, None),
        (7, None),
    ],
)
def test_only_stores_on_the_web_are_taken_from_a_site(site: Site, url: Any, store: str | None) -> None:
    change(site.api / "config.json", lambda d: d.update(store={"url": url}))
    assert PublishedRegistry(site.url).tree.store == store


@pytest.mark.parametrize("url", ["https://elsewhere.example/x", "//elsewhere.example/x", "file:///etc/passwd",
                                 "../../../../../../../x", "/x"])  # fmt: skip
def test_a_file_that_lies_elsewhere_is_refused(site: Site, url: str, tmp_path: Path) -> None:
    change(site.api / VERSION, lambda d: d["files"][0].update(url=url))
    import mintmark

    with pytest.raises(SiteError, match="leads out of the site"):
        mintmark.pull("iris@1.1.0", tmp_path / "out", path=site.url)
    assert not (tmp_path / "out").exists()


def test_a_registry_warns_in_python_when_a_copy_has_to_do(site: Site) -> None:
    before = open_registry(site.url).resolve("iris@production")
    site.stop()
    with pytest.warns(UserWarning, match="cannot be reached: .* this is its state of"):
        assert open_registry(site.url).resolve("iris@production") == before
