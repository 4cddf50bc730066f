"""The page of one version, made from its document and those of its parent and of the champion. Reads no files."""

from __future__ import annotations

import json
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from mintmark.core.comparison import basis_of
from mintmark.core.provenance.said import said_by_author
from mintmark.core.provenance.training import ELSEWHERE_TOLD, is_trained_elsewhere
from mintmark.core.statistics.metric_names import greater_is_better
from mintmark.core.words.demands import value_in_words
from mintmark.core.words.explained import has_spread
from mintmark.core.words.numbers import how_measured, share
from mintmark.publishing.site.drawing.trials_chart import trials_chart
from mintmark.publishing.site.pages import version_evidence as evidence
from mintmark.publishing.site.pages import version_facts as facts
from mintmark.publishing.site.pages.changes import version_changes
from mintmark.publishing.site.pages.lost.broken_page import broken_files
from mintmark.publishing.site.pages.model_texts import described
from mintmark.publishing.site.pages.templating import address, pull_request_link, render, shown, template
from mintmark.publishing.site.pages.texts import render_text
from mintmark.publishing.site.pages.version_classes import accuracy_sentence, class_names, class_rows
from mintmark.publishing.site.pages.version_explained import explained
from mintmark.publishing.site.pages.version_requests import (
    EXAMPLE_SERVER,
    presets,
    requests,
    server_address,
    typical_row,
)
from mintmark.publishing.site.pages.version_status import badges, status_notes
from mintmark.publishing.site.pages.version_verdict import behaviour_results, verdict_of
from mintmark.publishing.site.pages.whole.compare_page import comparison_link

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Document = Mapping[str, Any]

_SECTIONS: Final[tuple[tuple[str, str], ...]] = (
    ("verdict", "Verdict"),
    ("gates", "Gates"),
    ("behaviour", "Behaviour tests"),
    ("try", "Try it"),
    ("metrics", "Metrics"),
    ("classes", "Classes"),
    ("slices", "Slices"),
    ("curves", "Curves"),
    ("importance", "Permutation importance"),
    ("explanation", "What moves its answers"),
    ("tuning", "Tuning"),
    ("get", "Get it"),
    ("changes", "Changes since its parent"),
    ("signature", "Signature"),
    ("lineage", "Lineage"),
    ("files", "Files"),
    ("environment", "Environment"),
    ("said", "Said by the author"),
    ("card", "Card"),
    ("record", "Record"),
    ("change", "Change it"),
)
_BEST_TRIALS: Final = 10
_NO_METRICS: Final = "Its metrics.json cannot be read."
_NO_CURVES: Final = "The curves are drawn from the predictions, which were not there when this site was built."


def version_page(
    config: Document,
    index: Document,
    version: Document,
    *,
    parent: Document | None,
    champion: Document | None,
    older: str | None = None,
    newer: str | None = None,
    curves: Sequence[tuple[str, str]] = (),
    no_curves: str = _NO_CURVES,
    has_card: bool = False,
) -> str:
    """Return the content of a version's page, which lies two folders below `models/`.

    `older` and `newer` are the versions beside it. `parent` and `champion` are version documents, None where there is
    none (or it is withdrawn). `curves` are captions with finished SVG, `no_curves` says why there are none.
    `has_card` tells whether card.md lies beside the page; without it the command that makes one is shown.
    """
    is_champion = champion is not None and champion["version"] == version["version"]
    return render(
        "version.html",
        config=config,
        model=index["model"],
        v=version,
        record=version["record"],
        documents=f"../../../api/v1/models/{index['name']}/versions/",
        contents=_contents(has_classes=version["outcomes"] is not None),
        summary=render_text(version["record"]["summary"]),
        badges=badges(index, version),
        notes=status_notes(index, version),
        broken=broken_files(config, version["broken"]),
        is_champion=is_champion,
        wanted=version_changes(config, index, version),
        older=older,
        beside_champion="" if champion is None or is_champion else _beside(version, champion["version"]),
        beside_older=_beside(version, older) if older else "",
        newer=newer,
        curves=[(caption, Markup(svg)) for caption, svg in curves],  # noqa: S704 - our own drawing
        no_curves=no_curves,
        has_card=has_card,
        said=[(each.name, each.why) for each in said_by_author(version["record"], version["metrics"])],
        **_evidence(index["model"], version, None if is_champion else champion),
        **_stored(version),
        **_requests(config, index["model"], version),
        **_judged(config, index["model"], version),
        **_made_of(config, index, version),
        **_changes(config, version, parent, index["model"]["metric"]["name"]),
    )


@cache
def _contents(*, has_classes: bool) -> Markup:
    """Return the list of sections, which is the same on ten thousand pages."""
    macros: Any = template("macros.html").module
    sections = [section for section in _SECTIONS if has_classes or section[0] != "classes"]
    return Markup(macros.on_this_page(sections))  # noqa: S704 - rendered by a template


@lru_cache(maxsize=64)
def _input_rows(inputs: tuple[tuple[str, str], ...]) -> Markup:
    """Return the inputs as rows of a table: most versions of a model have those of the one before."""
    row = Markup("<tr><td>{}</td><td>{}</td></tr>\n")
    return Markup("").join(row.format(shown(name), shown(kind)) for name, kind in inputs)


def _evidence(model: Document, version: Document, champion: Document | None) -> dict[str, Any]:
    measured: Document = version["metrics"] or {}
    shown = evidence.slice_metrics(model)
    bars = evidence.importance_bars(measured)
    return {
        "champion": champion,
        "champion_same_rows": champion is not None and basis_of(version["record"], champion["record"]) == "same rows",
        "metrics": evidence.metric_rows(model, version, champion),
        "measured_on": _measured_on(measured),
        "confidence": share(measured.get("confidence", 0.95)),
        "costs": list(evidence.costs(evidence.cost_of(version))),
        "gates": evidence.gate_checks(model, version),
        "comparison_gates": evidence.comparison_gates(model),
        "slice_metrics": shown,
        "slices": evidence.slice_rows(model, measured, shown) if measured else [],
        "no_slices": "model.yaml declares no slices." if measured else _NO_METRICS,
        "bars": bars[: evidence.SHOWN_IMPORTANCES],
        "more_bars": bars[evidence.SHOWN_IMPORTANCES :],
        "importance_spread": has_spread(measured.get("importance") or {}),
        "importance_verb": "drops" if greater_is_better(model["metric"]["name"]) else "rises",
        **explained(measured),
    }


def _stored(version: Document) -> dict[str, Any]:
    """Return what the stored files of a version come to."""
    outcomes, trials = version["outcomes"], version["trials"]
    told = trials["trials"] if trials else []
    return {
        "classes_told": accuracy_sentence(outcomes) if outcomes else "",
        "class_names": class_names(outcomes) if outcomes else [],
        "class_rows": class_rows(outcomes) if outcomes else [],
        "trials_drawing": Markup(trials_chart(told)),  # noqa: S704 - our own drawing
        "best_trials": sorted(told, key=lambda trial: (trial["rank"], trial["trial"]))[:_BEST_TRIALS],
    }


def _requests(config: Document, model: Document, version: Document) -> dict[str, Any]:
    """Return what asks a server: the first preset in a request, and all of them for the form."""
    known = presets(model, version)
    row = {**typical_row(version), **(known[0].values if known else {})}
    return {
        "server": server_address(config),
        "example_server": EXAMPLE_SERVER,
        "presets": known,
        "preset_data": json.dumps(known, separators=(",", ":")),
        "requests": requests(config, version, row),
    }


def _measured_on(measured: Document) -> str:
    if not measured:
        return f"How it was measured is not known. {_NO_METRICS}"
    return how_measured(measured)


def _judged(config: Document, model: Document, version: Document) -> dict[str, Any]:
    registered = version["registered"]
    tests = behaviour_results(model, version)
    return {
        "verdict": verdict_of(config, version),
        "behaviour": tests,
        "tests_kept": any(test.result is not None for test in tests),
        "review": pull_request_link(registered["pull_request"], config) if registered else "",
    }


def _made_of(config: Document, index: Document, version: Document) -> dict[str, Any]:
    record = version["record"]
    signature = record["signature"]
    return {
        "commands": facts.commands(config, version, f"../../../api/v1/models/{index['name']}/versions/"),
        "input_count": len(signature["inputs"]),
        "input_rows": _input_rows(tuple(signature["inputs"].items())),
        "outputs": [(name, _output(entry)) for name, entry in signature["outputs"].items()],
        "class_count": len(signature.get("classes", ())),
        "classes": ", ".join(value_in_words(name) for name in signature.get("classes", ())),
        "steps": facts.steps(record),
        "elsewhere": ELSEWHERE_TOLD if is_trained_elsewhere(record) else "",
        "parameters": facts.flat_parameters(record),
        "texts": described(index["model"]),
    }


def _output(entry: Document) -> str:
    shape = entry.get("shape")
    if shape is None:
        return str(entry.get("type", ""))
    return f"{entry.get('type', 'any')}, shape ({', '.join('any' if size is None else str(size) for size in shape)})"


def _beside(version: Document, other: str) -> str:
    return comparison_link("../../../", version["model"], other, version["version"])


def _commits_compared(config: Document, before: Document | None, after: Document | None) -> str:
    """Return where the repository compares two commits, an empty text where that is not known or they are one."""
    repository = address(config["repository"]).rstrip("/")
    if not repository or not before or not after or before["commit"] == after["commit"]:
        return ""
    return f"{repository}/compare/{before['commit']}...{after['commit']}"


def _changes(config: Document, version: Document, parent: Document | None, primary: str) -> dict[str, Any]:
    before = version["record"]["parent"]
    if before is None:
        return {"changes": None, "no_changes": "It is the first of its line and has no parent.", "parent": None}
    if parent is None:
        return {"changes": None, "no_changes": f"Its parent, {before}, is no longer registered.", "parent": None}
    beside = _beside(version, before)
    return {
        "beside_parent": beside,
        "commits_compared": _commits_compared(config, parent["registered"], version["registered"]),
        "changes": facts.changes(parent, version, primary),
        "no_changes": "",
        "parent": parent,
    }
