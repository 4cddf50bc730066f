"""Edits of model.yaml that move the anchor to where small losses could start over."""

from __future__ import annotations

from functools import partial

from tests.judging.hostile.harness import Family
from tests.scaffold.registry import Scratch

MODEL = "models/loans/model.yaml"
MOVES = "anchor may move to"


def _write(line: str, registry: Scratch) -> None:
    registry.write(MODEL, f"{registry.read(MODEL)}{line}\n")


def _on_base(registry: Scratch, *channels: str, line: str = "", status: str = "") -> None:
    """Let 1.1.0 enter channels of the base, declare an anchor there, and come back to a branch that leaves it."""
    registry.git("switch", "--quiet", "--force", "base")
    registry.git("merge", "--quiet", "--no-ff", "--no-edit", "better")
    for channel in channels:
        registry.write(f"models/loans/channels/{channel}.yaml", "version: 1.1.0\n")
        registry.commit(f"promote to {channel}")
    if line:
        _write(line, registry)
        registry.commit("describe")
    if status:
        registry.write(f"models/loans/status/{status}.yaml", "schema: 1\nstate: yanked\nreason: It leaks.\n")
        registry.commit("yank")
    registry.git("switch", "--quiet", "--force", "-C", "attack", "base")


anchors = Family("anchors that move")
for _name, _line, _says in (
    ("a version that is not there", "anchor: 9.9.9", MOVES),
    ("a version that is proposed elsewhere", "anchor: 1.1.0", MOVES),
    ("build metadata", "anchor: 1.0.0+1", MOVES),
    ("a pre-release", "anchor: 1.0.0-rc.1", MOVES),
    ("a text with a line break", 'anchor: "1.0.0\\n"', "anchor"),
    ("a blank before it", 'anchor: " 1.0.0"', "anchor"),
    ("a leading zero", "anchor: 1.0.00", "anchor"),
    ("wide digits", "anchor: \uff11.\uff10.\uff10", "anchor"),
    ("digits of another script", "anchor: \u0661.0.0", "anchor"),
    ("a tag", "anchor: v1.0.0", "anchor"),
    ("two parts", 'anchor: "1.0"', "anchor"),
    ("a number", "anchor: 1.0", "anchor"),
    ("nothing", "anchor:", "anchor"),
    ("a list", "anchor: [1.0.0]", "anchor"),
    ("a channel", "anchor: production", "anchor"),
    ("a reference", "anchor: loans@1.0.0", "anchor"),
    ("twice", "anchor: 1.0.0\nanchor: 1.1.0", "anchor"),
    ("another spelling of the key", "Anchor: 1.0.0", "Anchor"),
):
    anchors.add(_name, partial(_write, _line), start="main", says=_says)


@anchors.variant(says="this mixes")
def _the_candidate_itself_in_one_request(registry: Scratch) -> None:
    _write("anchor: 1.1.0", registry)


@anchors.variant(start="main", says=MOVES)
def _a_version_that_is_only_in_staging(registry: Scratch) -> None:
    _on_base(registry, "staging")
    _write("anchor: 1.1.0", registry)


@anchors.variant(start="main", says=MOVES)
def _the_key_is_removed_again(registry: Scratch) -> None:
    _on_base(registry, "staging", "production", line="anchor: 1.1.0")
    registry.edit(MODEL, "anchor: 1.1.0\n", "")


@anchors.variant(start="main", says=MOVES)
def _back_to_the_weaker_first_champion(registry: Scratch) -> None:
    _on_base(registry, "staging", "production", line="anchor: 1.1.0")
    registry.edit(MODEL, "anchor: 1.1.0", "anchor: 1.0.0")


@anchors.variant(start="main", says="anchor is changed")
def _to_the_champion_is_for_a_person(registry: Scratch) -> None:
    _on_base(registry, "staging", "production")
    _write("anchor: 1.1.0", registry)


FAMILIES = [anchors]
