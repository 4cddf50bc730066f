"""`mintmark alarms`: keep one open issue for each thing that is wrong with the registry, until it is mended.

What is wrong is found by `mintmark verify` over every version, and by how long ago the versions in channels were made.
A fingerprint says what an alarm is about, and not how the fault shows today: the issue of a lasting fault is updated.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final

from mintmark.commands.forge.at_forge import fit, mention, require_forge
from mintmark.commands.verify import verify_versions
from mintmark.core.finding import Finding, one_line, shorten
from mintmark.core.layout import channel_path, locate, model_path
from mintmark.core.words.numbers import count
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.forge.workflow import run_address
from mintmark.publishing.markdown import bullets, code, escape
from mintmark.registry.clone import ClonedRegistry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mintmark.forge.forge import Forge

LABEL: Final = "mintmark-alarm"
_MOST_NEW: Final = 20  # issues that one run opens; where a whole store is gone, a list says the rest
_MOST_LINES: Final = 100
_VERIFY, _AGE = "verify/", "age/"
_KINDS: Final = (_VERIFY, _AGE)
_REST: Final = "more"
_UNKNOWN: Final = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """One thing that is wrong: by which fingerprint it is known again, and what an issue says of it."""

    fingerprint: str
    title: str
    body: str


def alarms(root: Path, *, stale_after: int) -> int:
    """Open, update and close issues; 1 where there is something wrong, 0 where there is not.

    A version that was made more than `stale_after` days ago should be in no channel. Where the registry cannot be read
    at all, that is an alarm too: it opens its own issue, closes none, and the error rises.
    """
    forge = require_forge(root)
    try:
        found = find_alarms(ClonedRegistry(root), now=datetime.now(UTC), stale_after=timedelta(days=stale_after))
    except MintmarkError as error:
        _open(forge, _blind(error))
        raise
    _tell(forge, found)
    for alarm in found:
        print(alarm.title)
    print(count(len(found), "alarm") if found else "nothing is wrong: every version is as recorded, no channel is old")
    return 1 if found else 0


def find_alarms(registry: ClonedRegistry, *, now: datetime, stale_after: timedelta) -> list[Alarm]:
    """Return what is wrong with a registry; raise `MintmarkError` where that cannot be told."""
    findings = list(verify_versions(registry).findings)
    old = [_old_channels(registry, model, now, stale_after, findings) for model in registry.models()]
    ordered = sorted(dict.fromkeys(findings), key=lambda finding: (_about(finding), finding.sort_key))
    faults = [_fault(registry, about, list(group)) for about, group in groupby(ordered, key=_about)]
    return [*faults, *(alarm for alarm in old if alarm is not None)]


def _about(finding: Finding) -> str:
    """Return what a fault is about: a version (`iris@1.1.0`), else the file."""
    place = locate(finding.path)
    return f"{place.model}@{place.name}" if place.kind in ("version", "metrics", "pointer") else finding.path


def _fault(registry: ClonedRegistry, about: str, findings: Sequence[Finding]) -> Alarm:
    model = locate(findings[0].path).model
    lines = [escape(str(finding), most=500) for finding in findings[:_MOST_LINES]]
    more = [f"and {count(len(findings) - _MOST_LINES, 'more fault')}"] if len(findings) > _MOST_LINES else []
    return Alarm(
        fingerprint=f"{_VERIFY}{about}",
        title=f"{one_line(shorten(about, 150))} is not as recorded",
        body=_paragraphs(
            f"`mintmark verify` finds {count(len(findings), 'fault')}:",
            bullets([*lines, *more]),
            "Nobody can be sure to get the bytes that were approved. Restore them from a backup or a clone that has "
            "them, or revert the commit that changed the record. `mintmark pull` and servers refuse wrong bytes.",
            mention(_owners(registry, model)),
        ),
    )


def _old_channels(
    registry: ClonedRegistry, model: str, now: datetime, stale_after: timedelta, findings: list[Finding]
) -> Alarm | None:
    """Return the alarm for channels of a model that point to something old; what cannot be read becomes a finding."""
    old = []
    for rule in registry.settings.channels:
        created = _made_at(registry, model, rule.name, findings)
        if created is not None and now - created > stale_after:
            old.append(f"{code(rule.name)} points to a version that was made {count((now - created).days, 'day')} ago")
    if not old:
        return None
    return Alarm(
        fingerprint=f"{_AGE}{model}",
        title=f"{model} has not been renewed for more than {count(stale_after.days, 'day')}",
        body=_paragraphs(
            bullets(old),
            "Check that the model still does what it was approved for. Then propose a version, or remove the channel "
            "that nobody uses.",
            mention(_owners(registry, model)),
        ),
    )


def _made_at(registry: ClonedRegistry, model: str, channel: str, findings: list[Finding]) -> datetime | None:
    """Return when the version in a channel was made, None where there is none or where nobody can tell."""
    try:
        version = registry.channel(model, channel)
        return None if version is None else datetime.fromisoformat(registry.record(model, version).created)
    except ValueError:  # what fits the schema may still be in no calendar
        return None
    except InvalidRegistryError as error:
        findings.extend(error.findings)
    except MintmarkError as error:
        findings.append(Finding(path=channel_path(model, channel), message=str(error), rule="R4"))
    return None


def _owners(registry: ClonedRegistry, model: str) -> tuple[str, ...]:
    """Return who owns a model; nobody where its identity cannot be read, which is a fault with an alarm of its own."""
    document = registry.read("model", model_path(model)) if model else None
    data = document.data if document else None
    return tuple(data["owners"]) if data else ()


def _blind(error: MintmarkError) -> Alarm:
    return Alarm(
        fingerprint=_UNKNOWN,
        title="The registry cannot be verified",
        body=_paragraphs(
            "The check of every version stopped, so nobody knows whether they are as recorded:",
            bullets(escape(line, most=500) for line in str(error).splitlines()[:_MOST_LINES]),
        ),
    )


def _tell(forge: Forge, found: Sequence[Alarm]) -> None:
    present = {issue.key: issue for issue in forge.issues(label=LABEL)}
    for issue in forge.issues(label=None):  # a person may have taken the label off
        if _is_key(issue.key):
            present.setdefault(issue.key, issue)
    fresh = [alarm for alarm in found if alarm.fingerprint not in present]
    for alarm in (*(alarm for alarm in found if alarm.fingerprint in present), *fresh[:_MOST_NEW]):
        _open(forge, alarm)
    rest = fresh[_MOST_NEW:]
    if rest:
        titles = bullets(escape(alarm.title, most=200) for alarm in rest[:_MOST_LINES])
        _open(forge, Alarm(fingerprint=_REST, title=f"{count(len(rest), 'more alarm')} without an issue", body=titles))
    standing = {alarm.fingerprint for alarm in found} | ({_REST} if rest else set())
    for key, issue in present.items():
        if key not in standing:
            forge.close_issue(issue.number, reason=_paragraphs("This is no longer so.", _source()))
            print(f"closed: {issue.title}")


def _is_key(key: str) -> bool:
    """Whether a key is of an issue about an alarm; those of others hold no such text."""
    return key in (_REST, _UNKNOWN) or key.startswith(_KINDS)


def _open(forge: Forge, alarm: Alarm) -> None:
    forge.open_issue(
        key=alarm.fingerprint,
        label=LABEL,
        title=alarm.title,
        body=fit(_paragraphs(alarm.body, _source()), run_address()),
    )


def _source() -> str:
    address = run_address()
    return f"<sub>Found by `mintmark alarms` in [this run]({address}).</sub>" if address else ""


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
