"""A registry in which every model but two is in some trouble that its site must tell."""

from __future__ import annotations

from tests.publishing.site.samples.lively_registry import REPOSITORY, SITE, write_version
from tests.scaffold.registry import Scratch

from mintmark.core import layout


def make_troubled(scratch: Scratch) -> Scratch:
    """Fill an empty registry; commits are one day apart, from 1 January 2026."""
    scratch.write_settings(name="Troubled models", addresses={"repository": REPOSITORY, "site": SITE})
    _healthy(scratch)
    _in_trouble(scratch)
    scratch.commit("Let things go wrong")
    return scratch


def _healthy(scratch: Scratch) -> None:
    for name in ("fine", "new", "missing-a-gate", "lost-bytes", "broken", "gone", "old", "recalled"):
        scratch.add_model(name)
    scratch.commit("Begin the registry")
    for name in ("fine", "missing-a-gate", "lost-bytes", "broken", "gone"):
        scratch.register(name, "1.0.0")
        scratch.promote(name, "1.0.0")
    scratch.register("broken", "1.1.0", parent="1.0.0")
    scratch.promote("broken", "1.1.0")
    scratch.register("old", "1.0.0", created="2024-01-02T09:30:00Z")
    scratch.promote("old", "1.0.0")
    scratch.register("recalled", "1.0.0")
    scratch.promote("recalled", "1.0.0")
    scratch.register("recalled", "1.1.0", parent="1.0.0")
    scratch.promote("recalled", "1.1.0")
    scratch.add_model("unsure", target="kind", positive_class=1)
    for version, quality, parent in (("1.0.0", 2.0, None), ("1.1.0", 1.98, "1.0.0"), ("1.2.0", 2.1, "1.1.0")):
        write_version(scratch, "unsure", version, quality=quality, parent=parent)
        scratch.set_channel("unsure", "staging", version)
        scratch.commit(f"Propose unsure {version}")
        if version != "1.2.0":  # which waits in staging
            scratch.promote("unsure", version)


def _in_trouble(scratch: Scratch) -> None:
    scratch.add_model("missing-a-gate", gates={"margin": 0.01, "floors": {"roc_auc": 0.999}})
    scratch.object_of("lost-bytes", "1.0.0", "predictions.parquet").unlink()
    scratch.edit(layout.version_path("broken", "1.1.0"), "version: 1.1.0", "version: [1.1.0")
    scratch.edit(layout.model_path("gone"), "task:", "tasks:")
    scratch.yank("recalled", "1.1.0", "It was trained on *leaked* labels.", replacement="1.0.0")
