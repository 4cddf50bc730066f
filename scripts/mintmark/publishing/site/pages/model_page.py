"""The page of one model, made from its index. Reads no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup

from mintmark.core.finding import shorten
from mintmark.core.statistics.metric_names import greater_is_better
from mintmark.core.words.demands import value_in_words
from mintmark.core.words.numbers import better
from mintmark.publishing.site.drawing.channel_timeline import draw_timeline
from mintmark.publishing.site.monitored.model_windows import NOTHING_SEEN, ModelWindows
from mintmark.publishing.site.monitored.pages import summary_of
from mintmark.publishing.site.pages.answer import answer_of, is_answered
from mintmark.publishing.site.pages.changes import channel_changes
from mintmark.publishing.site.pages.channel_board import channel_cards, timelines
from mintmark.publishing.site.pages.model_texts import described
from mintmark.publishing.site.pages.templating import render
from mintmark.publishing.site.pages.texts import plain_text
from mintmark.publishing.site.pages.version_table import SHOWN_ROWS, version_lines
from mintmark.publishing.site.pages.whole.compare_page import comparison_link
from mintmark.publishing.site.pages.write_links import propose_link

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Document = Mapping[str, Any]

_SECTIONS: Final[tuple[tuple[str, str], ...]] = (
    ("channels", "Channels"),
    ("change", "Change"),
    ("timeline", "Timeline"),
    ("monitoring", "Monitoring"),
    ("versions", "Versions"),
    ("metrics", "Metrics over versions"),
    ("compare", "Compare versions"),
    ("about", "About"),
)
_PURPOSE: Final = 160
_FACTS: Final = (
    ("task", "Task"),
    ("target", "Target"),
    ("positive_class", "Positive class"),
    ("entity_column", "One row is one"),
    ("licence", "Licence"),
)


def model_page(
    config: Document,
    index: Document,
    charts: Mapping[str, str],
    seen: ModelWindows = NOTHING_SEEN,
    *,
    tradeoffs: Sequence[str] = (),
) -> str:
    """Return the content of a model's page, which lies one folder below `models/`.

    `charts` are finished SVG by metric. The primary one stands in the page; the others lie beside it, in
    `metrics/<metric>.svg`. `seen` is what was seen of it in production. `tradeoffs` are finished SVG of what versions
    cost against the primary metric.
    """
    model = index["model"]
    lines = version_lines(index)
    primary, last = model["metric"]["name"], config["channels"][-1]["name"]
    return render(
        "model.html",
        config=config,
        index=index,
        answer=answer_of(config, index, seen),
        seen=bool(seen),
        summary=summary_of(config, index, seen),
        attention=[entry for entry in index["attention"] if not is_answered(entry, last)],
        waits=next(
            (entry["since"] for entry in index["attention"] if entry["kind"] == "waiting" and is_answered(entry, last)),
            None,
        ),
        purpose=_first_sentence(model["purpose"]),
        model=model,
        primary=primary,
        sections=[each for each in _SECTIONS if seen or each[0] != "monitoring"],
        facts=_facts(model),
        texts=described(model),
        cards=channel_cards(config, index),
        propose=propose_link(config, index["name"]),
        wanted=channel_changes(config, index),
        timelines=timelines(config, index),
        drawing=Markup(draw_timeline(config, index)),  # noqa: S704 - our own drawing
        chart=Markup(charts.get(primary, "")),  # noqa: S704 - our own drawing
        tradeoffs=[Markup(svg) for svg in tradeoffs],  # noqa: S704 - our own drawing
        metrics=sorted(charts, key=lambda name: (name != primary, name)),
        no_version="Every version was withdrawn." if index["withdrawn"] else "No version is registered yet.",
        known_versions=sum(not line.withdrawn for line in lines),
        lines=lines[:SHOWN_ROWS],
        more=lines[SHOWN_ROWS:],
        compared=(compared := _compared(index)),
        compared_at=comparison_link("../../", index["name"], *compared) if compared else "",
    )


def _first_sentence(purpose: str) -> str:
    text = plain_text(purpose)
    first, stop, _ = text.partition(". ")
    return first + stop.strip() if len(first) <= _PURPOSE else shorten(text, _PURPOSE)


def _facts(model: Document) -> list[tuple[str, str]]:
    metric = model["metric"]["name"]
    found = [(title, value_in_words(model[key])) for key, title in _FACTS if model.get(key) is not None]
    found.insert(1, ("Metric", f"{metric}, {better(maximize=greater_is_better(metric))}"))
    found.append(("Owners", ", ".join(model["owners"])))
    if model.get("tags"):
        found.append(("Tags", ", ".join(model["tags"])))
    return found


def _compared(index: Document) -> tuple[str, str] | None:
    """Return the two versions that are compared before the reader chooses: the highest, and the champion or the next.

    A yanked version is only chosen where there is no other.
    """
    rows = index["versions"]
    if len(rows) < 2:
        return None
    order = [row["version"] for row in rows]
    usable = [row["version"] for row in rows if row["yanked"] is None]
    champion = next(
        (held["version"] for held in reversed(index["channels"].values()) if held["version"] in order), None
    )
    wanted = dict.fromkeys([*usable[:1], *([champion] if champion else []), *usable, *order])
    second, first = sorted(list(wanted)[:2], key=order.index)
    return first, second
