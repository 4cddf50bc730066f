"""The home page of the site: every model in one table, from two documents of the API. Opens no files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import quote

from mintmark.core.reference import is_name
from mintmark.core.words.comparisons import BASIS_WORDS, NO_VERDICT
from mintmark.core.words.numbers import number, signed, size
from mintmark.publishing.site.pages.lost.broken_page import broken_files
from mintmark.publishing.site.pages.templating import render
from mintmark.publishing.site.pages.version_verdict import LOOKS
from mintmark.publishing.site.pages.write_links import file_link, new_model_link

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

API: Final = "api/v1/"


class Badge(NamedTuple):
    """A word beside a model's name, its colour, and what it means."""

    text: str
    kind: str
    meaning: str


class Facet(NamedTuple):
    """A property by which models can be chosen; the browser reads its values from the table."""

    name: str
    label: str


class Mend(NamedTuple):
    """Where something can be mended: an address, and what is done there."""

    url: str
    label: str


class Delta(NamedTuple):
    """The difference to the version before in words: "▲ 0.003", "better", "than 1.0.0"; `gain` puts rows in order.

    Only a standing has an arrow, a colour and a gain: without one, two numbers stand beside each other.
    """

    amount: str
    word: str
    than: str
    look: str
    gain: str


BADGES: Final = {
    "reproduced": Badge("reproduced", "good", "Somebody ran the champion's recipe again and got the same bytes."),
}
# What the list `attention` of models.json may hold, the gravest first.
HEALTH: Final[dict[str, Badge]] = {
    "yanked": Badge("yanked", "bad", "A channel points to a version that should no longer be used."),
    "unreadable": Badge("unreadable", "bad", "A file of the model cannot be read. What it says is shown nowhere."),
    "unverified": Badge("not verified", "bad", "Stored files are missing, or are not the bytes that the record names."),
    "alarm": Badge("alarm", "bad", "Monitoring has an alarm of a version in a channel that lasts."),
    "silent": Badge("silent", "bad", "No request came to a channel that had some before."),
    "drifting": Badge("drifting", "bad", "What comes in or goes out is not as in the rows that the version knows."),
    "gates": Badge("misses a gate", "bad", "A version in a channel misses a gate that model.yaml has today."),
    "worse": Badge(
        "worse",
        "bad",
        "On the same rows, a paired test finds the champion worse than the version that a rollback goes to.",
    ),
    "inconclusive": Badge(
        "inconclusive",
        "note",
        "On the same rows, the champion is neither better nor surely no worse than the one a rollback goes to.",
    ),
    "stale": Badge("stale", "warn", "The champion was made more than 180 days before the registry last changed."),
    "waiting": Badge("waiting", "note", "A version came into a channel, and was never in the next one."),
}
FINE: Final = "nothing found"
WATCHED: Final = Badge("watched", "good", "Monitoring looked at what the last channel serves, and no alarm lasts.")
SHOWN_ROWS: Final = 30
SHOWN_NEEDS: Final = 6
FACETS: Final = (
    Facet("health", "Health"),
    Facet("task", "Task"),
    Facet("owner", "Owner"),
    Facet("framework", "Framework"),
    Facet("tag", "Tag"),
    Facet("channel", "Channel"),
)
_NEUTRAL: Final = "aside"


def home_page(config: Mapping[str, Any], models: Mapping[str, Any]) -> str:
    """Return the content of the home page, from the documents `config.json` and `models.json`."""
    needs = models["attention"]
    troubles: dict[str, dict[str, None]] = {}
    for entry in needs:
        troubles.setdefault(entry["model"], {})[entry["kind"]] = None
    lost = {(entry["model"], entry["version"]) for entry in models["broken"] if not entry["channel"]}
    known = {row["name"] for row in models["models"]} | {entry["model"] for entry in models["broken"]}
    return render(
        "home.html",
        config=config,
        models=models,
        broken=broken_files(config, (e for e in models["broken"] if not is_name(e["model"] or ""))),
        problems={e["model"]: _problem(e, lost) for e in models["broken"] if e["channel"] == last_channel(config)},
        rows=[
            (row, describe_change(row.get("compared_with")), list(troubles.get(row["name"], ())))
            for row in models["models"]
        ],
        needs=needs,
        mend=lambda entry: where_to_mend(config, entry, known),
        grave=lambda kinds: max((len(HEALTH) - list(HEALTH).index(kind) for kind in kinds), default=0),
        known=known,
        health=HEALTH,
        fine=FINE,
        shown_rows=SHOWN_ROWS,
        shown_needs=SHOWN_NEEDS,
        last=last_channel(config),
        totals=list(_totals(config, models)),
        facets=FACETS,
        badges=BADGES,
        watched=WATCHED,
        is_watched=lambda row: is_watched(row, last_channel(config)),
        explained=[*HEALTH.values(), WATCHED, *BADGES.values()],
        new_model=new_model_link(config),
        api=API,
    )


def is_watched(row: Mapping[str, Any], channel: str) -> bool:
    """Whether monitoring judged the version that is in the last channel now, and found nothing to worry about."""
    seen = row["monitored"]
    return not seen["alarms"] and seen["verdict"] in ("ok", "note") and seen["version"] == row["channels"].get(channel)


def where_to_mend(config: Mapping[str, Any], entry: Mapping[str, Any], known: Collection[str]) -> Mend | None:
    """Return where an entry of `attention` can be mended; None where no page and no editor is known."""
    if entry["kind"] == "unreadable":
        url = file_link(config, entry["file"], entry["line"] or 1)
        return Mend(url, "Open the file") if url else None
    if entry["model"] not in known:
        return None
    model = f"models/{quote(entry['model'])}/"
    if entry["kind"] in ("alarm", "silent", "drifting"):
        return Mend(f"{model}monitoring/", "See what was seen")
    if entry["kind"] == "unverified":
        return Mend(f"{model}{quote(entry['version'])}/#files", "See its files")
    label = {"waiting": "Promote", "stale": "Propose a version"}.get(entry["kind"], "Roll back or promote")
    if entry["kind"] == "stale":
        return Mend(f"{model}#change", label)
    return Mend(f"{model}#{'answer' if entry['channel'] == last_channel(config) else 'change'}", label)


def last_channel(config: Mapping[str, Any]) -> str:
    """Return the channel whose version is the champion: the last one."""
    return str(config["channels"][-1]["name"]) if config["channels"] else "production"


def describe_change(other: Mapping[str, Any] | None) -> Delta | None:
    """Return how a model's value stands to that of the version a rollback goes to; None where there is none.

    The arrow follows the number, the word says whether that is good. `gain` is the difference as a part of the other
    value, positive where a test found an improvement: the one scale on which models with different metrics can be
    ordered. It is 0 for everything that was not found better or worse.
    """
    if other is None:
        return None
    version, value, difference, standing = (other[key] for key in ("version", "value", "difference", "standing"))
    if difference is None:
        than = f"in {version}, {BASIS_WORDS['other rows']}"
        return Delta(amount=number(value), word="", than=than, look=_NEUTRAL, gain="0")
    if standing is None:
        return Delta(
            amount=signed(difference), word="", than=f"against {version}, {NO_VERDICT}", look=_NEUTRAL, gain="0"
        )
    sign = {"better": 1, "worse": -1}.get(standing, 0)
    gain = sign * abs(difference) / max(abs(float(value or 0)), 1e-9)
    arrow = "▲" if difference > 0 else "▼" if difference < 0 else "="
    return Delta(
        amount=f"{arrow} {signed(abs(difference)).removeprefix('+')}" if difference else arrow,
        word=standing,
        than=f"{'against' if standing == 'inconclusive' else 'than'} {version}",
        look=LOOKS[standing],
        gain=f"{gain:.6g}",
    )


def _problem(entry: Mapping[str, Any], lost: Collection[tuple[str, str]]) -> str:
    """Return what of a channel cannot be read, in short: what needs attention has the file and the line.

    `lost` are the models and versions with a file that cannot be read.
    """
    if entry["version"] is None:
        return "its file cannot be read"
    known = (entry["model"], entry["version"]) in lost
    return f"points to {entry['version']}, which {'cannot be read' if known else 'does not exist'}"


def _lost(number: int) -> Iterator[tuple[str, str]]:
    """Yield how many of what was just counted cannot be read, where there are any."""
    if number:
        yield "of them cannot be read", f"{number:,}"


def _totals(config: Mapping[str, Any], models: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a registry has of each kind, as label and value; what there is none of but may be is left out."""
    totals, last = models["totals"], last_channel(config)
    yield ("model" if totals["models"] == 1 else "models"), f"{totals['models']:,}"
    yield from _lost(totals["models_unreadable"])
    yield ("version" if totals["versions"] == 1 else "versions"), f"{totals['versions']:,}"
    yield f"in {last}", f"{totals['champions']:,}"
    yield from _lost(totals["champions_unreadable"])
    yield from ((kind, f"{totals[kind]:,}") for kind in ("yanked", "withdrawn") if totals[kind])
    yield "of files", size(totals["files_size"])
