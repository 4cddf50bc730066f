"""Channels that are moved in ways that are no promotion, rollback or entry of the proposed version."""

from __future__ import annotations

from functools import partial

from tests.judging.hostile.harness import VERSION, Family
from tests.scaffold.registry import Scratch

CHANNELS = "models/loans/channels"

pointers = Family("moves of channels")


@pointers.variant(honest=True)
def _the_proposal_enters_staging(registry: Scratch) -> None:
    registry.write(f"{CHANNELS}/staging.yaml", "version: 1.1.0\n")


@pointers.variant()
def _the_proposal_enters_production(registry: Scratch) -> None:
    registry.write(f"{CHANNELS}/production.yaml", "version: 1.1.0\n")


@pointers.variant()
def _both_channels_at_once(registry: Scratch) -> None:
    for name in ("staging", "production"):
        registry.write(f"{CHANNELS}/{name}.yaml", "version: 1.1.0\n")


@pointers.variant()
def _a_channel_that_nobody_declared(registry: Scratch) -> None:
    registry.write(f"{CHANNELS}/canary.yaml", "version: 1.1.0\n")


@pointers.variant()
def _the_record_goes_and_the_pointer_stays(registry: Scratch) -> None:
    registry.write(f"{CHANNELS}/staging.yaml", "version: 1.1.0\n")
    registry.remove(VERSION)


@pointers.variant(start="main")
def _production_is_emptied(registry: Scratch) -> None:
    registry.remove(f"{CHANNELS}/production.yaml")


@pointers.variant(start="main")
def _the_champion_goes(registry: Scratch) -> None:
    registry.remove("models/loans/versions/1.0.0")


@pointers.variant(start="main")
def _a_link_in_place_of_the_channel(registry: Scratch) -> None:
    registry.remove(f"{CHANNELS}/production.yaml")
    registry.path(f"{CHANNELS}/production.yaml").symlink_to("staging.yaml")


def _point(content: str, registry: Scratch) -> None:
    registry.write(f"{CHANNELS}/production.yaml", content)


for _name, _content in {
    "a version that is not there": "version: 9.9.9\n",
    "a range": "version: ^1.0.0\n",
    "latest": "version: latest\n",
    "a channel": "version: staging\n",
    "another path": "version: ../1.0.0\n",
    "a number": "version: 1.0\n",
    "nothing": "version:\n",
    "an empty file": "",
    "a list": "- version: 1.0.0\n",
    "twice": "version: 1.0.0\nversion: 1.1.0\n",
    "an alias": "version: &v 1.0.0\nother: *v\n",
    "two documents": "version: 1.0.0\n---\nversion: 1.1.0\n",
    "build metadata": "version: 1.0.0+other\n",
    "leading zeros": "version: 1.00.0\n",
    "an unknown key": "version: 1.0.0\nnote: x\n",
    "other digits": "version: １.0.0\n",
    "a tag": "version: !!python/object/apply:os.system [id]\n",
}.items():
    pointers.add(_name, partial(_point, _content), start="main")

FAMILIES = [pointers]
