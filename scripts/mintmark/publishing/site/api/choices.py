"""The versions that each channel of a model may be pointed to, and why not the others: `choices` of its index. Pure.

The rules are those that the commands ask (R4, R5). What a review would find out is not known here.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.judgement.rules import ModelState
from mintmark.core.settings import ChannelRule
from mintmark.publishing.site.api.model_documents import missed_gates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mintmark.publishing.site.api.json_text import Document
    from mintmark.publishing.site.api.model_facts import ModelFacts

MOST: Final = 20  # versions, the highest


def choices(facts: ModelFacts, channels: Iterable[Mapping[str, Any]]) -> dict[str, list[Document]]:
    """Return, for each channel of the settings, its highest versions and the one to roll back to.

    A version that misses a gate of today may come back by a rollback (R5), and no promotion takes it.
    """
    source = facts.source
    rules = [ChannelRule(name=channel["name"], after=channel.get("after")) for channel in channels]
    state = ModelState(
        model=source.name,
        versions={version: {} for version in source.versions},
        channels=source.channels,
        yanked=frozenset(source.statuses),
        held={rule.name: facts.chronicle.history.holders(rule.name) for rule in rules},
    )
    missed = cache(lambda version: missed_gates(source, version))
    found = {}
    for rule in rules:
        target = state.rollback_target(rule.name)
        shown = dict.fromkeys([*source.versions[:MOST], *([target] if target else [])])
        found[rule.name] = [_choice(state, rule.name, version, rules, missed(version)) for version in shown]
    return found


def _choice(state: ModelState, channel: str, version: str, rules: list[ChannelRule], missed: list[str]) -> Document:
    kind = state.move_kind(channel, version)
    refused = state.refusal(channel, version, rules)
    if refused is None and missed and kind == "promote":
        refused = f"misses a gate: {missed[0]}"
    return {"version": version, "kind": kind, "refused": refused}
