"""Whether the tags and releases that say what was registered and deployed can be moved, deleted or replaced."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from mintmark.forge.checkup.answers import Answer, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mintmark.forge.checkup.answers import Asking

_EXAMPLES = {"*@v*": "refs/tags/iris@v1.4.2", "*#*": "refs/tags/iris#production#7"}
_NEEDED = {"update", "deletion"}


def check_tags(asking: Asking) -> Iterator[Answer]:
    """Yield, for both kinds of tag, whether a ruleset keeps them where they are."""
    address = asking.page("settings/rules")
    listed = asking.ask_all("rulesets", "")
    rulesets = [
        asking.ask(f"rulesets/{entry['id']}")
        for entry in listed.items
        if entry.get("target") == "tag" and entry.get("enforcement") == "active"
    ]
    refused = next((reply for reply in (listed, *rulesets) if reply.refusal), None)
    for pattern, example in _EXAMPLES.items():
        topic = f"tags {pattern}"
        covering = [reply.mapping for reply in rulesets if _covers(reply.mapping, example)]
        types = {rule.get("type") for ruleset in covering for rule in ruleset.get("rules", ())}
        if types >= _NEEDED:
            yield _of_covering(topic, covering, types, address)
        elif refused is not None:
            yield unknown(topic, refused, address)
        else:
            says = f"add a tag ruleset for {pattern} that restricts updates and deletions"
            yield Answer(topic=topic, state="missing", says=says, address=address)


def _of_covering(topic: str, covering: list[Mapping[str, Any]], types: set[Any], address: str) -> Answer:
    if "creation" in types:
        says = "the ruleset also restricts creation, and so keeps the release from making its tags: leave that open"
        return Answer(topic=topic, state="missing", says=says, address=address)
    bypass = [ruleset.get("bypass_actors") for ruleset in covering]
    if [] in bypass:
        return Answer(topic=topic, state="right", says="can be neither moved nor deleted")
    if None in bypass:
        says = "are protected; who may bypass that is told to administrators only"
        return Answer(topic=topic, state="unknown", says=says, address=address)
    says = "are protected, but some may bypass that; empty the bypass list"
    return Answer(topic=topic, state="missing", says=says, address=address)


def _covers(ruleset: Mapping[str, Any], ref: str) -> bool:
    names = (ruleset.get("conditions") or {}).get("ref_name") or {}
    included = any(_matches(pattern, ref) for pattern in names.get("include", ()))
    return included and not any(_matches(pattern, ref) for pattern in names.get("exclude", ()))


def _matches(pattern: str, ref: str) -> bool:
    return pattern == "~ALL" or fnmatchcase(ref, pattern)


def check_releases(asking: Asking) -> Iterator[Answer]:
    """Yield whether the files of a published release can be replaced."""
    topic, address = "immutable releases", asking.page("settings")
    reply = asking.ask_as_administrator("immutable-releases")
    if reply.refusal:
        yield unknown(topic, reply, address)
    elif reply.mapping.get("enabled") is True:
        yield Answer(topic=topic, state="right", says="a published release keeps its files and its tag")
    else:
        says = "files of a release can be replaced: enable release immutability (General, Releases)"
        yield Answer(topic=topic, state="missing", says=says, address=address)
