"""Edits of model.yaml that seem to be stricter and dilute, and stores or limits that move."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import yaml
from tests.judging.hostile.harness import Family
from tests.scaffold.registry import Scratch

from mintmark.registry.files import format_yaml

MODEL = "models/loans/model.yaml"
CONFIG = ".dvc/config"


def _describe(change: Callable[[dict[str, Any]], object], registry: Scratch) -> None:
    document = yaml.safe_load(registry.read(MODEL))
    change(document)
    registry.write(MODEL, format_yaml(document, schema="../../schemas/model.schema.json"))


def _slices(*added: dict[str, Any]) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["slices"].extend(
        {"name": f"new-{number}", "where": where} for number, where in enumerate(added)
    )


goalposts = Family("goalposts that dilute")
for _name, _change in {
    "one more slice": _slices({"column": "age", "at_least": 60}),
    "a hundred more slices": _slices(*({"column": "age", "at_least": age / 2} for age in range(40, 140))),
    "the same slice again": _slices({"column": "age", "below": 35}),
    "a slice with nobody in it": _slices({"column": "age", "below": 0}),
    "a slice with everybody in it": _slices({"column": "age", "above": 0}),
    "a slice of a label": _slices({"column": "paid", "equals": "yes"}),
    "a smaller least size": lambda d: d["gates"].update(slice_min_rows=10),
    "the least size is one": lambda d: d["gates"].update(slice_min_rows=1),
    "no least size": lambda d: d["gates"].pop("slice_min_rows"),
    "a smaller least size and a stricter margin": lambda d: d["gates"].update(slice_min_rows=10, slice_margin=0.0),
    "a slice and a stricter floor": lambda d: (
        d["gates"]["floors"].update(accuracy=0.75),
        d["slices"].append({"name": "new", "where": {"column": "age", "at_least": 60}}),
    ),
    "a slice in place of another": lambda d: d["slices"].__setitem__(
        0, {"name": "old", "where": {"column": "age", "at_least": 60}}
    ),
    "a slice that becomes wider": lambda d: d["slices"][0]["where"].update(below=79),
    "a slice that becomes narrower": lambda d: d["slices"][0]["where"].update(below=19),
    "a slice of another column": lambda d: d["slices"][1]["where"].update(column="age", equals=20),
    "a slice goes": lambda d: d["slices"].pop(),
    "a larger least size": lambda d: d["gates"].update(slice_min_rows=500),
    "entities in place of rows": lambda d: d.update(entity_column="region"),
}.items():
    goalposts.add(_name, partial(_describe, _change), start="main", says="changed" if "more" in _name else "")
for _name, _change in {
    "a stricter margin of slices": lambda d: d["gates"].update(slice_margin=0.04),
    "a stricter margin": lambda d: d["gates"].update(margin=0.01),
    "a further behaviour test": lambda d: d["behaviour"].append({**d["behaviour"][1], "name": "again"}),
    "a further floor": lambda d: d["gates"]["floors"].update(recall=0.1),
    "a slice is described": lambda d: d["slices"][0].update(description="Those below 35."),
}.items():
    goalposts.add(_name, partial(_describe, _change), start="main", honest=True)


addresses = Family("stores and limits that move")


def _configure(text: str, registry: Scratch) -> None:
    registry.write(CONFIG, registry.read(CONFIG) + text)


def _replace(old: str, new: str, registry: Scratch) -> None:
    registry.edit(CONFIG, old, new)


for _name, _new in {
    "another host": "url = https://evil.example/store",
    "a bucket": "url = s3://evil/store",
    "another machine": "url = ssh://evil.example/store",
    "a folder elsewhere": "url = /srv/store",
    "a folder beside": "url = ../elsewhere",
    "a share": "url = //evil.example/store",
    "a folder named like the store": "url = Store",
    "a file address": "url = file:///srv/store",
    "no address": "url =",
}.items():
    addresses.add(f"the store is at {_name}", partial(_replace, "url = store", _new), start="main")
for _name, _text in {
    "a second remote": "['remote \"other\"']\n    url = https://evil.example/store\n",
    "a second remote that is the default": "['remote \"other\"']\n    url = https://evil.example/\n[core]\n    remote = other\n",
    "certificates that nobody checks": "    ssl_verify = false\n",
    "a password": "    password = secret\n",
    "another cache": "[cache]\n    dir = /srv/cache\n",
    "links in place of copies": "[cache]\n    type = symlink\n",
    "an option of core": "[core]\n    autostage = true\n",
    "what is no config": "[core\n",
}.items():
    addresses.add(f"{_name} in the config", partial(_configure, _text), start="main")


@addresses.variant(start="main")
def _a_local_config_that_is_committed(registry: Scratch) -> None:
    registry.write(".dvc/config.local", "['remote \"store\"']\n    url = https://evil.example/store\n")
    registry.git("add", "--force", ".dvc/config.local")


@addresses.variant(start="main")
def _no_config(registry: Scratch) -> None:
    registry.remove(CONFIG)


@addresses.variant(start="main")
def _a_config_that_is_a_link(registry: Scratch) -> None:
    registry.remove(CONFIG)
    registry.path(CONFIG).symlink_to("/etc/hostname")


def _settings(changes: dict[str, Any], registry: Scratch) -> None:
    settings = yaml.safe_load(registry.read("models/registry.yaml"))
    text = format_yaml({**settings, **changes}, schema="../schemas/registry.schema.json")
    registry.write("models/registry.yaml", text)


for _name, _changes in {
    "a larger file": {"limits": {"file": "1 GB"}},
    "a larger store": {"limits": {"store": "1 GB"}},
    "a smaller store": {"limits": {"store": "1 kB"}},
    "further operators": {"trusted_operators": ["com.microsoft.Gelu"]},
    "further types": {"trusted_types": ["os.system"]},
}.items():
    addresses.add(_name, partial(_settings, _changes), start="main")


@addresses.variant()
def _a_proposal_that_moves_the_store(registry: Scratch) -> None:
    registry.edit(CONFIG, "url = store", "url = https://evil.example/store")


@addresses.variant()
def _a_proposal_that_raises_a_limit(registry: Scratch) -> None:
    _settings({"limits": {"file": "1 GB"}}, registry)


FAMILIES = [goalposts, addresses]
