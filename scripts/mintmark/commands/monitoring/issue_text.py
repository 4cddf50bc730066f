"""The words of issues and requests about alarms, as Markdown: what a log says is escaped. Opens nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mintmark.commands.forge.at_forge import mention
from mintmark.core.finding import one_line, shorten
from mintmark.core.words import numbers
from mintmark.publishing.markdown import bullets, code, escape, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mintmark.commands.monitoring.rollback_evidence import JudgedRollback
    from mintmark.core.model import Model
    from mintmark.monitoring.alarms import Alarm
    from mintmark.monitoring.documents import FindingKind, WindowDocument
    from mintmark.monitoring.measured import Measured

_MOST_WORDS: Final = 500  # characters of a finding
_MOST_WINDOWS: Final = 14
_MOST_ALARMS: Final = 50
_MOST_FAULTS: Final = 50
_CAUSES: Final[Mapping[FindingKind, str]] = {
    "silence": "no request comes",
    "errors": "requests fail",
    "refused": "requests are refused",
    "latency": "the log lacks latencies",
    "unreadable": "files of the log cannot be read",
    "unknown-version": "the registry does not have this version",
    "missing": "values are missing",
    "infinite": "values are infinite",
    "constant": "all values are the same",
    "out-of-range": "values are out of range",
    "unseen": "values are unknown",
    "drift": "an input has drifted",
    "prediction-drift": "predictions have drifted",
    "estimate": "it is worse, as estimated",
    "performance": "it is worse",
}


def issue_title(alarm: Alarm) -> str:
    """Return the title of the issue of an alarm."""
    about = ", ".join(filter(None, (alarm.column, alarm.slice)))
    place = f"{alarm.model}@{alarm.version} in {alarm.channel}"
    return one_line(shorten(f"{place}: {_CAUSES.get(alarm.kind, alarm.kind)}{f' ({about})' if about else ''}", 200))


def issue_body(alarm: Alarm, documents: Sequence[WindowDocument], model: Model, follows: str) -> str:
    """Return what an issue says of an alarm: `documents` are those of its version and channel, in order of time."""
    windows = numbers.count(alarm.windows, "window")
    parts = [
        f"{escape(alarm.words, most=_MOST_WORDS)}",
        (
            f"So it is in {code(alarm.channel)} of {code(f'{alarm.model}@{alarm.version}')} since "
            f"{alarm.since:%Y-%m-%d %H:%M} UTC ({windows}; the last one began {alarm.last:%Y-%m-%d %H:%M})."
        ),
        windows_table([each for each in documents if alarm.since <= each.window.start <= alarm.last]),
        "### What follows\n\n" + follows if follows else "",
        "This issue closes by itself when the alarm is over. Close it to hear no more of this cause in this version.",
        mention(model.owners),
        "<sub>Found by `mintmark monitor`.</sub>",
    ]
    return "\n\n".join(part for part in parts if part)


def fault_title(where: str) -> str:
    """Return the title of the issue about files of a log that cannot be read."""
    return one_line(shorten(f"the prediction log {where}: files cannot be read", 200))


def fault_body(faults: Sequence[str], where: str) -> str:
    """Return what an issue says of files of a log that cannot be read."""
    more = [f"and {len(faults) - _MOST_FAULTS:,} more"] if len(faults) > _MOST_FAULTS else []
    parts = [
        f"What follows of the prediction log {code(where)} is left out, and the rest is counted:",
        bullets([*(escape(fault, most=_MOST_WORDS) for fault in faults[:_MOST_FAULTS]), *more]),
        (
            "Write these files again from a copy, or move them out of the log. This issue closes by itself when every "
            "file can be read. Close it to hear no more of files of this log."
        ),
        "<sub>Found by `mintmark monitor`.</sub>",
    ]
    return "\n\n".join(parts)


def rest_body(alarms: Sequence[Alarm], model: Model) -> str:
    """Return what the issue says that stands for many alarms."""
    return "\n\n".join(filter(None, (alarm_list(alarms), mention(model.owners))))


def alarm_list(alarms: Sequence[Alarm]) -> str:
    """Return alarms as a list, each with its words and since when it is there."""
    lines = [
        f"{escape(each.words, most=_MOST_WORDS)} Since {each.since:%Y-%m-%d %H:%M} UTC "
        f"({numbers.count(each.windows, 'window')})."
        for each in alarms[:_MOST_ALARMS]
    ]
    more = [f"and {len(alarms) - _MOST_ALARMS:,} more"] if len(alarms) > _MOST_ALARMS else []
    return bullets([*lines, *more])


def windows_table(documents: Sequence[WindowDocument]) -> str:
    """Return a row for each of the last windows: what came, and what the primary metric is, beside the registered."""
    rows = []
    for document in documents[-_MOST_WINDOWS:]:
        measured, how = primary_metric(document)
        held = None if measured is None else measured.registered
        rows.append(
            (
                f"{document.window.start:%Y-%m-%d %H:%M}",
                f"{document.traffic.rows:,}",
                "" if measured is None else f"{numbers.interval(measured.value, measured.low, measured.high)} ({how})",
                "" if held is None else numbers.interval(held.value, held.low, held.high),
                document.verdict,
            )
        )
    metric = documents[-1].metric if documents else ""
    if not rows:
        return ""
    grid = table(("Window (UTC)", "Rows", code(metric), "Registered", "Verdict"), rows, numeric=(1,))
    return "\n\n".join([grid, *_assumptions(documents[-_MOST_WINDOWS:])])


def _assumptions(documents: Sequence[WindowDocument]) -> Iterator[str]:
    """Yield what has to hold for the metrics that a table of windows has."""
    told = [(each, primary_metric(each)[1]) for each in documents]
    estimated = [each.estimate.assumption for each, how in told if how == "estimated" and each.estimate is not None]
    labelled = [
        each.performance.assumption for each, how in told if how == "by labels" and each.performance is not None
    ]
    if estimated:
        yield f"What is estimated is {escape(estimated[-1], most=_MOST_WORDS)}."
    if labelled and labelled[-1]:
        yield f"{escape(numbers.capital(labelled[-1]), most=_MOST_WORDS)}."


def primary_metric(document: WindowDocument) -> tuple[Measured | None, str]:
    """Return the primary metric of a window, by labels or else as estimated, and how it was come by."""
    for found, how in ((document.performance, "by labels"), (document.estimate, "estimated")):
        measured = None if found is None else found.metrics.get(document.metric)
        if measured is not None and measured.value is not None:
            return measured, how
    return None, ""


def evidence(judged: JudgedRollback) -> str:
    """Return what the version before does on the same rows."""
    present, before = code(judged.present), code(judged.before)
    heading = (
        f"{before} was asked the logged rows again, in a confined process: "
        f"{numbers.count(judged.rows, 'row')} {'with a label' if judged.with_labels else 'without labels'}."
    )
    rows = [(code(each.name), each.present, each.before, each.difference, each.standing) for each in judged.metrics]
    grid = table(("Metric", present, before, "Difference", ""), rows) if rows else ""
    return "\n\n".join(filter(None, (heading, grid, bullets(escape(note, most=400) for note in judged.notes))))


def request_body(
    alarms: Sequence[Alarm], documents: Sequence[WindowDocument], model: Model, judged: JudgedRollback
) -> str:
    """Return the body of a rollback request: which windows, which columns, what it costs, and what would be."""
    channel = code(documents[-1].channel)
    first, last = documents[0].window.start, documents[-1].window.end
    parts = [
        (
            f"{code(judged.present)} raised an alarm in {channel}, and {code(judged.before)} does better on the same "
            "rows. Merge this to go back. Close it to hear no more of these causes in this version."
        ),
        f"### What was found\n\nFrom {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC:\n\n{alarm_list(alarms)}",
        f"### What it costs\n\n{windows_table(documents)}",
        f"### What the version before does\n\n{evidence(judged)}",
        mention(model.owners),
        "<sub>Proposed by `mintmark monitor`.</sub>",
    ]
    return "\n\n".join(part for part in parts if part)
