"""The pages of a model or version that cannot be read: what is broken, and what is known all the same (R10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mintmark.core.layout import locate, version_folder
from mintmark.core.version import parse_version
from mintmark.publishing.site.pages.templating import render
from mintmark.publishing.site.pages.write_links import file_link

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Document = Mapping[str, Any]


class BrokenFile(NamedTuple):
    """A file that cannot be read, where it is shown, why, and whose commit made it so, where Git knows that.

    `url` is empty where the repository is not known.
    """

    place: str
    url: str
    message: str
    did: str
    cause: Document | None


_DID: Final = {
    "damage": "Damaged",
    "remove": "Removed",
    **dict.fromkeys(("promote", "rollback", "close"), "Last moved"),
}


def broken_files(config: Document, entries: Iterable[Document]) -> list[BrokenFile]:
    """Return faults with links to the lines in question."""
    return [
        BrokenFile(
            place=f"{entry['path']}, line {entry['line']}",
            url=file_link(config, entry["path"], entry["line"]),
            message=entry["message"],
            did=_DID.get(entry["cause"]["kind"], "Last changed") if entry["cause"] else "",
            cause=entry["cause"],
        )
        for entry in entries
    ]


def broken_model_page(config: Document, index: Document, documents: Mapping[str, Document]) -> str:
    """Return the page of a model whose model.yaml cannot be read, one folder below `models/`."""
    versions = sorted(documents, key=lambda version: parse_version(version).order, reverse=True)
    return render(
        "broken.html",
        config=config,
        name=index["name"],
        version=None,
        title=index["name"],
        lead="This model.yaml cannot be read, so nothing is said here of what the model is for and how good it is.",
        broken=broken_files(config, index["broken"]),
        channels=channel_sentences(config, index),
        versions=versions,
        registered=None,
        touched=None,
        restore="",
        document=f"../../api/v1/models/{index['name']}/index.json",
    )


def broken_version_page(config: Document, index: Document, document: Document) -> str:
    """Return the page of a version that cannot be read, or whose model cannot, two folders below `models/`."""
    version, whole = document["version"], "record" in document
    own = [entry for entry in index["broken"] if locate(entry["path"]).kind == "model"] if whole else []
    what = "The model.yaml of this model" if whole else "The record of this version"
    channels = {name: text for name, text in channel_sentences(config, index).items() if _holds(index, name, version)}
    return render(
        "broken.html",
        config=config,
        name=index["name"],
        version=version,
        title=f"{index['name']} {version}",
        lead=f"{what} cannot be read, so nothing is said here of how good it is.",
        broken=broken_files(config, [*own, *document["broken"]]),
        channels=channels,
        versions=[],
        registered=document["registered"],
        touched={"commit": document["commit"], "pull_request": None} if document["commit"] and not whole else None,
        restore="" if whole else _restoring(index["name"], document),
        document=f"../../../api/v1/models/{index['name']}/versions/{version}.json",
    )


def _restoring(model: str, document: Document) -> str:
    """Return the command that brings the files of a version back, an empty text where Git never had them."""
    registered = document["registered"]
    folder = version_folder(model, document["version"])
    return f"git restore --source={registered['commit'][:10]} -- {folder}" if registered else ""


def _holds(index: Document, channel: str, version: str) -> bool:
    held = index["channels"].get(channel)
    return held is not None and held["version"] == version


def channel_sentences(config: Document, index: Document) -> dict[str, str]:
    """Return what each channel does: `points to 1.0.0`, `cannot be read`, `points to no version`."""
    return dict(_channel_sentences(config, index))


def _channel_sentences(config: Document, index: Document) -> Iterator[tuple[str, str]]:
    unreadable = {entry["channel"] for entry in index["broken"] if entry["channel"]}
    for rule in config["channels"]:
        held = index["channels"].get(rule["name"])
        if held is not None:
            yield rule["name"], f"points to {held['version']}"
        elif rule["name"] in unreadable:
            yield rule["name"], "has a file that cannot be read"
        else:
            yield rule["name"], "points to no version"
