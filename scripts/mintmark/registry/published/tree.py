"""A published site as the tree of files that it was made from. Knows nothing of Git, and believes little."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urljoin

from mintmark.about import UPGRADE
from mintmark.core.events import Registration
from mintmark.core.finding import Finding
from mintmark.core.layout import METRICS_RECORD, MODELS, VERSION_RECORD, locate
from mintmark.core.reference import is_name
from mintmark.core.version import is_version
from mintmark.errors import UsageError
from mintmark.registry.published.site_documents import NEXT_API, HttpDocuments, SiteError, parse_site_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


_CONFIG = "config.json"
_MODELS = "models.json"
_FURTHER_PAGE = re.compile(r"index-([0-9]{1,6})\.json\Z")
_MOST_PAGES = 1000  # of an index; each holds a thousand versions
_AT_ONCE = 8  # requests
_STORES = ("http", "https", "s3", "gs", "azure")


class SiteTree:
    """The records of a registry as its site publishes them, by the paths that they have in Git.

    Each document is asked for once. Names and shapes are checked here, what the records say is checked by whoever
    reads the files of any other tree.
    """

    def __init__(self, address: str, on_warning: Callable[[str], None]) -> None:
        from mintmark.registry.stored.pull_cache import cache_folder

        self.address = parse_site_address(address)
        self.label = self.address.root
        self.folder = cache_folder() / "sites" / hashlib.sha256(self.label.encode()).hexdigest()[:32]
        self._documents = HttpDocuments(self.address, self.folder, on_warning)
        self._channel_digests: dict[tuple[str, str], str] = {}

    def read(self, path: str) -> bytes | None:
        """See `Files`."""
        place = locate(path)
        model, name = place.model, place.name
        data: Any = None
        match place.kind:
            case "registry":
                data = self.config["registry"]
            case "model":
                index = self.index(model)
                data = index.get("model") if index else None
            case "channel":
                target = self._channel(model, name)
                data = {"version": target} if target is not None else None
            case "version" | "metrics":
                version = self.version(model, name)
                data = version.get("record" if place.kind == "version" else "metrics") if version else None
            case "status":
                data = self._status(model, name)
            case _:
                self.refuse(path)
        return None if data is None else json.dumps(data, ensure_ascii=False).encode()

    def read_many(self, paths: list[str]) -> dict[str, bytes]:
        """See `Files`."""
        found = {path: self.read(path) for path in paths}
        return {path: content for path, content in found.items() if content is not None}

    def names(self, folder: str) -> list[str]:
        """See `Files`."""
        root, model, kind, version = (*folder.split("/", 3), "", "", "")[:4]
        if root != MODELS:
            self.refuse(folder)
        if not model:
            named = (str(entry.get("model")) for entry in self.all_broken())
            return sorted({*(str(row["name"]) for row in self.rows()), *filter(is_name, named)})
        if kind == "versions" and version:
            return [METRICS_RECORD, VERSION_RECORD] if self.version(model, version) else []
        if kind == "channels":
            named = (str(entry["channel"]) for entry in self.broken(model) if entry.get("channel"))
            return sorted({f"{name}.yaml" for name in (*self.channels(model), *named)})
        if kind not in ("versions", "status"):
            return []
        yanked = {row["version"]: row.get("yanked") is not None for row in self.version_rows(model)}
        for version in self._unreadable(model) - yanked.keys():
            document = self.version(model, version) if kind == "status" else None
            yanked[version] = document is not None and document.get("status") is not None
        return sorted(yanked if kind == "versions" else (f"{name}.yaml" for name, is_so in yanked.items() if is_so))

    def refuse(self, what: str) -> NoReturn:
        """Raise `UsageError`: what was asked for is in the repository alone."""
        raise UsageError(f"{self.label} does not publish {what}; git clone the repository, and run this in the clone")

    @property
    def config(self) -> Mapping[str, Any]:
        """What the site says of itself."""
        document = self._documents.get(_CONFIG, _check("api-config", registry=dict))
        if document is None:
            self._raise_no_site()
        return document

    def rows(self) -> list[Mapping[str, Any]]:
        """Return what the list of models says of each model that has a name."""
        document = self._documents.get(_MODELS, _check("api-models", models=list))
        if document is None:
            self.config  # noqa: B018 - which tells what is wrong with the address as a whole
            self._raise_incomplete(_MODELS)
        rows: list[Any] = document["models"]
        return [row for row in rows if isinstance(row, dict) and is_name(str(row.get("name")))]

    def index(self, model: str) -> Mapping[str, Any] | None:
        """Return the index of a model, None when there is no such model."""
        if not is_name(model):
            return None
        checked = _check("api-model", {"name": model}, {"model": dict}, channels=dict, versions=list)
        return self._documents.get(f"models/{model}/index.json", checked)

    def broken(self, model: str) -> list[Mapping[str, Any]]:
        """Return what the index of a model says of files that cannot be read."""
        return _broken_entries(self.index(model))

    def _unreadable(self, model: str) -> set[str]:
        """Return the versions of a model whose folder holds a file that cannot be read."""
        places = (locate(entry["path"]) for entry in self.broken(model))
        return {
            place.name for place in places if place.kind in ("version", "metrics", "pointer") and is_version(place.name)
        }

    def all_broken(self) -> list[Mapping[str, Any]]:
        """Return what the list of models says of files that cannot be read."""
        return _broken_entries(self._documents.get(_MODELS, _check("api-models", models=list)))

    def faults(self, path: str) -> list[Mapping[str, Any]]:
        """Return what the document that a path is read from says of that very file."""
        place = locate(path)
        known: Mapping[str, Any] | None = None
        if place.kind == "channel" and not self._documents.known(f"models/{place.model}/index.json"):
            known = self._channel_document(place.model, place.name)
        elif place.kind in ("model", "channel"):
            known = self.index(place.model)
        elif place.kind in ("version", "metrics", "status"):
            known = self.version(place.model, place.name)
        return [entry for entry in _broken_entries(known) if entry["path"] == path]

    def read_indexes(self, models: list[str]) -> None:
        """Ask for the indexes of many models, several at once: most of the time goes by in waiting."""
        from concurrent.futures import ThreadPoolExecutor

        pool = ThreadPoolExecutor(max_workers=_AT_ONCE)
        try:
            for _ in pool.map(self.index, models):
                pass
        finally:
            pool.shutdown(cancel_futures=True)

    def version_rows(self, model: str) -> list[Mapping[str, Any]]:
        """Return what the index of a model, with its further pages, says of each version."""
        rows = (row for page in self._pages(model) for row in page["versions"])
        return [row for row in rows if isinstance(row, dict) and is_version(str(row.get("version")))]

    def registrations(self, model: str) -> dict[str, Registration]:
        """Return when each version came that was ever registered, and as which; raise `SiteError` where nobody says."""
        withdrawn = (self.index(model) or {}).get("withdrawn")
        rows = [*self.version_rows(model), *(withdrawn if isinstance(withdrawn, list) else ())]
        found = {}
        for row in rows:
            version, number, registered = (row.get(key) for key in ("version", "number", "registered"))
            if registered is None:
                continue
            if not is_version(str(version)) or not isinstance(number, int) or not isinstance(registered, dict):
                raise SiteError(
                    f"{self.address.of(f'models/{model}/index.json')}: does not number its versions; "
                    "its maintainers can publish the site again, with a newer Mintmark"
                )
            found[str(version)] = Registration(number, str(registered.get("time")))
        return found

    def _pages(self, model: str) -> Iterator[Mapping[str, Any]]:
        page, number = self.index(model), 1
        while page is not None:
            yield page
            if page.get("older") is None:
                return
            name = str(page["older"])
            match = _FURTHER_PAGE.match(name)
            # Pages that lead back would never end.
            if match is None or not number < int(match[1]) <= _MOST_PAGES:
                raise SiteError(f"{self.address.of(f'models/{model}/index.json')}: older: leads to no further page")
            number = int(match[1])
            checked = _check(None, {"name": model}, versions=list)
            page = self._documents.get(f"models/{model}/{name}", checked)
            if page is None:
                self._raise_incomplete(f"models/{model}/{name}")

    def channels(self, model: str) -> dict[str, str]:
        """Return the version in each channel of a model that its index names."""
        index = self.index(model)
        channels = index["channels"] if index else {}
        return {
            name: str(move["version"])
            for name, move in channels.items()
            if is_name(name) and isinstance(move, dict) and "version" in move
        }

    def _channel(self, model: str, channel: str) -> str | None:
        """Return what a channel points to: from the index where it was read before, else from its own document."""
        if not is_name(model) or not is_name(channel):
            return None
        if self._documents.known(f"models/{model}/index.json"):
            return self.channels(model).get(channel)
        document = self._channel_document(model, channel)
        if document is None or "version" not in document:
            return None
        if "sha256" in document:
            self._channel_digests[model, document["version"]] = document["sha256"]
        return str(document["version"])

    def _channel_document(self, model: str, channel: str) -> Mapping[str, Any] | None:
        if not is_name(model) or not is_name(channel):
            return None
        own = {"model": model, "channel": channel}
        checked = _check("api-channel", own, {"version": str, "sha256": str})
        return self._documents.get(f"models/{model}/channels/{channel}.json", checked)

    def version(self, model: str, version: str) -> Mapping[str, Any] | None:
        """Return all that is published of a version, None when there is no such version."""
        if not is_name(model) or not is_version(version):
            return None
        own = {"model": model, "version": version}
        checked = _check("api-version", own, {"record": dict, "files": list})
        path = f"models/{model}/versions/{version}.json"
        document = self._documents.get(
            path,
            lambda data: checked(data) or ("record" in data and _disagreement(data["record"], own, "record.")) or None,
        )
        if document is not None and "record" in document:
            self._check_digest(path, model, version, document["record"])
        return document

    def _check_digest(self, path: str, model: str, version: str, record: Mapping[str, Any]) -> None:
        """Hold a record against the channel that led to it: a version never changes, so both name the same bytes."""
        wanted, artifact = self._channel_digests.get((model, version)), record.get("artifact")
        if wanted is not None and (not isinstance(artifact, dict) or artifact.get("sha256") != wanted):
            raise SiteError(
                f"{self.address.of(path)}: record.artifact.sha256: is not the {wanted} of the channel that points to "
                "it; tell the maintainers of the site"
            )

    def _status(self, model: str, version: str) -> dict[str, Any] | None:
        document = self.version(model, version)
        status = document.get("status") if document else None
        if status is None:
            return None
        known = status if isinstance(status, dict) else {}
        data = {"schema": 1, "state": "yanked", "reason": known.get("reason")}
        return data if known.get("replacement") is None else {**data, "replacement": known["replacement"]}

    def file_addresses(self, model: str, version: str) -> dict[str, str]:
        """Return where the site publishes the files of a version, by name; raises `SiteError` for a place elsewhere."""
        document = self.version(model, version) or {}
        address = self.address.of(f"models/{model}/versions/{version}.json")
        found = {}
        for file in document.get("files", ()):
            if not isinstance(file, dict) or not isinstance(file.get("url"), str):
                continue
            place = urljoin(address, file["url"])
            if not place.startswith(self.address.root):
                raise SiteError(f"{address}: files: the url of {file.get('name')} leads out of the site")
            found[str(file.get("name"))] = place
        return found

    @property
    def store(self) -> str | None:
        """The address of the store that has what the site does not publish, None where it names none that is public.

        A folder on this machine is not taken from a site, nor a kind of address that would run a program.
        """
        store = self.config.get("store")
        url = store.get("url") if isinstance(store, dict) else None
        return url if isinstance(url, str) and url.partition("://")[0] in _STORES and "::" not in url else None

    def _raise_incomplete(self, path: str) -> NoReturn:
        raise SiteError(f"{self.address.of(path)} is missing; its maintainers can publish the site again")

    def _raise_no_site(self) -> NoReturn:
        if self._documents.is_there(f"{NEXT_API}{_CONFIG}"):
            raise SiteError(f"{self.label} publishes a newer API than this mintmark reads; {UPGRADE}")
        raise SiteError(
            f"{self.label} is no site of a Mintmark registry: {self.address.of(_CONFIG)} is not there; "
            "give the root of the site, or git clone a repository"
        )

    def address_of(self, path: str) -> tuple[str, str]:
        """Return the document that a path was read from, and where in it; for messages."""
        place = locate(path)
        name = place.name
        match place.kind:
            case "registry":
                return self.address.of(_CONFIG), "registry"
            case "model":
                return self.address.of(f"models/{place.model}/index.json"), "model"
            case "channel":
                known = self._documents.known(f"models/{place.model}/index.json")
                file = "index.json" if known else f"channels/{name}.json"
                return self.address.of(f"models/{place.model}/{file}"), f"channels.{name}" if known else ""
            case kind:
                part = {"version": "record"}.get(kind, kind)
                return self.address.of(f"models/{place.model}/versions/{name}.json"), part


def _check(
    schema: str | None,
    names: Mapping[str, str] | None = None,
    unless_broken: Mapping[str, type] | None = None,
    **shapes: type,
) -> Callable[[Mapping[str, Any]], str | None]:
    """Return what says whether a document is of a kind, is about what it was asked for, and has what is read of it.

    A document that says itself that what it was made from cannot be read may lack what `unless_broken` names.
    """

    def fault(document: Mapping[str, Any]) -> str | None:
        kind = str(document.get("$schema")).rpartition("/")[2].removesuffix(".schema.json")
        if schema is not None and kind != schema:
            return f"$schema: names {kind[:60]}, where {schema} belongs, so this is no such document"
        wanted = {**shapes, **(unless_broken or {})}
        if unless_broken and _broken_entries(document):
            wanted = {key: shape for key, shape in wanted.items() if key in shapes or key in document}
        for key, shape in wanted.items():
            if not isinstance(document.get(key), shape):
                return f"{key}: is not there, or is no {_SHAPES[shape]}"
        return _disagreement(document, names or {})

    return fault


def broken_finding(entry: Mapping[str, Any]) -> Finding:
    """Return a fault that a document names as one of the file in Git, which is where it can be mended."""
    line = entry.get("line")
    return Finding(
        path=str(entry["path"]), line=line if isinstance(line, int) else None, message=str(entry.get("message"))
    )


def _broken_entries(document: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """Return the faults that a document names; older sites name none."""
    found = (document or {}).get("broken")
    entries = found if isinstance(found, list) else []
    return [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("path"), str)]


_SHAPES: dict[type, str] = {dict: "object", list: "list", str: "text"}


def _disagreement(document: Mapping[str, Any], names: Mapping[str, str], where: str = "") -> str | None:
    for key, name in names.items():
        if document.get(key) != name:
            return f"{where}{key}: says {str(document.get(key))[:80]}, where {name} was asked for"
    return None
