"""What an edit of model.yaml does to the rules that a candidate is judged by. Reads no files and decides nothing."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from mintmark.core.finding import one_line, shorten
from mintmark.core.model import LEAST_SLICE_ROWS, slice_rows_needed
from mintmark.core.records import parse_size
from mintmark.core.statistics.metric_names import goal_of, greater_is_better

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Entry = Mapping[str, Any]

Effect = Literal["loosened", "tightened", "changed"]
Looser = Literal["up", "down"]

LONGEST: Final = 200
IDENTITY: Final = ("task", "target", "positive_class", "entity_column", "reproduce", "anchor")
GOALPOSTS: Final = frozenset({*IDENTITY, "metric", "owners", "gates", "slices", "behaviour", "personal"})

_ABSENT: Final[dict[Looser, float]] = {"up": math.inf, "down": -math.inf}
_KEEPS: Final = {"drop": 0, "hash": 1, None: 2}  # how much the prediction log keeps of a personal input
_LEAD: Final = 40  # characters that are alike, before a difference that would else be cut off
_AMBIGUOUS: Final = re.compile(r"[-+.]*[0-9][-+.0-9e]*|true|false|none|null|\s*", re.IGNORECASE)
_PUNCTUATION: Final = re.compile(r"[,:{}\[\]\"]")


@dataclass(frozen=True, kw_only=True, slots=True)
class GateChange:
    """One goalpost that moved: `field` as in model.yaml (`gates.floors.mae`), both values as one-line texts."""

    field: str
    before: str
    after: str
    effect: Effect


def goalposts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[GateChange]:
    """Return what an edit of model.yaml (two documents that its schema accepts) does to the goalposts.

    An effect is `loosened` or `tightened` where that is certain, else `changed`; what was added counts as tightened,
    what was removed as loosened. A slice that joins others, or becomes large enough to be judged, dilutes the
    correction of their p-values, and counts as changed. An absent gate is compared as what the judge then does: the
    margin takes the place of `slice_margin`, 50 rows that of a `slice_min_rows` below it, and without the others
    there is no limit. A value that is written differently and means the same is no change. A new model (`before` is
    empty) has no goalposts to move: all of its gates, slices and tests are tightened, and who or what it is about is
    left out. A model that goes is the mirror of that.
    """
    changes = [
        *_gates(_part(before, "gates"), _part(after, "gates"), corrected=bool(before.get("slices"))),
        *_slices(_entries(before, "slices"), _entries(after, "slices")),
        *_behaviour(_entries(before, "behaviour"), _entries(after, "behaviour")),
        *_personal(_part(before, "personal"), _part(after, "personal")),
    ]
    if before and after:
        return [*_identity(before, after), *changes]
    return [replace(change, effect="loosened" if before else "tightened") for change in changes]


def needs_a_person(change: GateChange) -> bool:
    """Whether somebody has to agree: the change lets more through, or it cannot be told whether it does."""
    return change.effect != "tightened"


def described(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return what else differs as (field, before, after): other fields, and the descriptions of slices and tests.

    The texts have one line of at most 200 characters; a difference further on is shown from a little before it.
    """
    names = sorted(name for name in {*before, *after} - GOALPOSTS if before.get(name) != after.get(name))
    found = [(name, *_excerpts(_text(before.get(name)), _text(after.get(name)))) for name in names]
    for part in ("slices", "behaviour"):
        old, new = _entries(before, part), _entries(after, part)
        for name in (name for name in old if name in new):
            texts = (old[name].get("description"), new[name].get("description"))
            if texts[0] != texts[1]:
                found.append((f"{part}.{name}.description", *_excerpts(_text(texts[0]), _text(texts[1]))))
    return found


# -- the parts of model.yaml -----------------------------------------------------------------------------------------


def _identity(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[GateChange]:
    for field in IDENTITY:
        yield from _differs(field, before.get(field), after.get(field))
    old, new = (_metric(_part(document, "metric")) for document in (before, after))
    for key in _names(old, new):
        yield from _differs(f"metric.{key}", old.get(key), new.get(key))
    yield from _owners(before.get("owners") or (), after.get("owners") or ())


def _metric(metric: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a primary metric with its goal, which its name says where model.yaml does not."""
    return {**metric, "goal": metric.get("goal") or goal_of(metric["name"])} if metric else metric


def _owners(before: Sequence[str], after: Sequence[str]) -> Iterator[GateChange]:
    if set(before) != set(after):
        added = [f"added {owner}" for owner in after if owner not in before]
        removed = [f"removed {owner}" for owner in before if owner not in after]
        yield _change("owners", _text(before), f"{', '.join([*added, *removed])}; now {_text(after)}", "changed")


def _gates(before: Mapping[str, Any], after: Mapping[str, Any], *, corrected: bool) -> Iterator[GateChange]:
    """Compare gates; `corrected` says that there were slices, whose p-values are corrected for their number."""
    for key in _names(before, after):
        old, new, field = before.get(key), after.get(key), f"gates.{key}"
        if key == "floors":
            old, new = _part(before, key), _part(after, key)
            for name in _names(old, new):
                yield from _limit(
                    f"{field}.{name}", old.get(name), new.get(name), "down" if greater_is_better(name) else "up"
                )
        elif key == "cost":
            old, new = _part(before, key), _part(after, key)
            for name in _names(old, new):
                yield from _limit(f"{field}.{name}", old.get(name), new.get(name), "up")
        elif key in ("margin", "leak_cap"):
            yield from _limit(field, old, new, "up")
        elif key == "slice_margin":
            yield from _limit(field, old, new, "up", absent=(before.get("margin"), after.get("margin")))
        elif key == "slice_min_rows":
            for change in _slice_rows(field, before, after):
                yield _diluting(change) if corrected else change
        else:
            yield from _differs(field, old, new)


def _personal(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[GateChange]:
    """Compare what the prediction log leaves out or hashes: what it then keeps more of is loosened."""
    for name in _names(before, after):
        old, new = before.get(name), after.get(name)
        if old != new:
            is_looser = _KEEPS[old] < _KEEPS[new]
            yield _change(f"personal.{name}", _text(old), _text(new), "loosened" if is_looser else "tightened")


def _slice_rows(field: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[GateChange]:
    """Compare how many rows a slice needs; what is below 50 means 50."""
    if before and after and slice_rows_needed(before) == slice_rows_needed(after):
        return
    old, new = (gates.get("slice_min_rows") for gates in (before, after))
    yield from _limit(field, old, new, "up", absent=(LEAST_SLICE_ROWS, LEAST_SLICE_ROWS))


def _slices(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> Iterator[GateChange]:
    for name in _names(before, after):
        old, new = (entries[name]["where"] if name in entries else None for entries in (before, after))
        for change in _differs(f"slices.{name}", old, new, listed=True):
            yield _diluting(change) if before else change


def _diluting(change: GateChange) -> GateChange:
    """Return a change that lets more slices be judged as what it is: stricter for those, looser for all others.

    Their p-values are corrected for the number of slices (Holm): 0.002 becomes 0.2 where there are 100.
    """
    return replace(change, effect="changed") if change.effect == "tightened" else change


def _behaviour(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> Iterator[GateChange]:
    for name in _names(before, after):
        old, new, field = _rule(before.get(name)), _rule(after.get(name)), f"behaviour.{name}"
        if old is None or new is None or old.get("kind") != new.get("kind"):
            yield from _differs(field, old, new, listed=True)
            continue
        for key in _names(old, new):
            yield from _test_part(field, key, old.get(key), new.get(key))


def _test_part(test: str, key: str, old: Any, new: Any) -> Iterator[GateChange]:
    field = f"{test}.{key}"
    if key == "tolerance":
        yield from _limit(field, old, new, "up")
    elif key == "share":
        yield from _limit(field, old, new, "down")
    elif key == "inputs":
        lost, gained = set(old) - set(new), set(new) - set(old)
        if lost or gained:
            yield _change(field, _text(old), _text(new), _sum_of(len(lost), len(gained)))
    elif key == "cases":
        yield from _cases(field, old, new)
    else:
        yield from _differs(field, old, new)


def _cases(field: str, before: Sequence[Entry], after: Sequence[Entry]) -> Iterator[GateChange]:
    """Compare the cases that are not in both, those with the same row with each other."""
    old, new = _by_row(before, after), _by_row(after, before)
    effects: list[Effect] = []
    for row in _names(old, new):
        lost, gained = old.get(row, []), new.get(row, [])
        if len(lost) == len(gained) == 1:
            effects.append(_expectation(lost[0], gained[0]))
        else:
            effects.append(_sum_of(len(lost), len(gained)))
    if effects:
        yield _change(field, _texts_of(old), _texts_of(new), _joined(effects))


def _by_row(cases: Sequence[Entry], others: Sequence[Entry]) -> dict[Any, list[Entry]]:
    """Return the cases that the others lack, by their rows."""
    known = {_frozen(case) for case in others}
    found: dict[Any, list[Entry]] = {}
    for case in cases:
        if _frozen(case) not in known:
            found.setdefault(frozenset(case["row"].items()), []).append(case)
    return found


def _frozen(case: Entry) -> Any:
    return frozenset({**case, "row": frozenset(case["row"].items())}.items())


def _expectation(old: Entry, new: Entry) -> Effect:
    """Return what becomes of a case whose row stays: its bounds move, or its label comes, goes or changes."""
    effects = [
        _effect(old.get("at_least"), new.get("at_least"), "down"),
        _effect(old.get("at_most"), new.get("at_most"), "up"),
    ]
    if old.get("expect") != new.get("expect"):
        effects.append("tightened" if "expect" not in old else "loosened" if "expect" not in new else "changed")
    return _joined([effect for effect in effects if effect])


# -- comparisons -----------------------------------------------------------------------------------------------------


def _limit(
    field: str, old: Any, new: Any, looser: Looser, *, absent: tuple[Any, Any] = (None, None)
) -> Iterator[GateChange]:
    """Compare two limits; `absent` has what counts for one that is not there, None where nothing then limits."""
    counts = (absent[0] if old is None else old, absent[1] if new is None else new)
    effect = _effect(*counts, looser)
    if effect:
        texts = (_limit_text(old, counts[0]), _limit_text(new, counts[1]))
        yield _change(field, *texts, effect)


def _limit_text(value: Any, counts: Any) -> str:
    return f"none ({_text(counts)} counts)" if value is None and counts is not None else _text(value)


def _effect(old: Any, new: Any, looser: Looser) -> Effect | None:
    if old == new:
        return None
    first, second = _amount(old, looser), _amount(new, looser)
    if first == second:
        return None
    if math.isnan(first) or math.isnan(second):
        return "changed"
    return "loosened" if (second > first) == (looser == "up") else "tightened"


def _amount(value: Any, looser: Looser) -> float:
    """Return a number, or a size in bytes; no limit is infinitely loose, and what is no number is NaN."""
    if value is None:
        return _ABSENT[looser]
    try:
        return value if isinstance(value, (int, float)) else parse_size(value)
    except (ValueError, OverflowError, TypeError):
        return math.nan


def _differs(field: str, old: Any, new: Any, *, listed: bool = False) -> Iterator[GateChange]:
    """Compare what has no order; an entry of a list (`listed`) can also come or go."""
    if old != new:
        effect: Effect = "tightened" if old is None else "loosened" if new is None else "changed"
        yield _change(field, _text(old), _text(new), effect if listed else "changed")


def _sum_of(lost: int, gained: int) -> Effect:
    return "changed" if lost and gained else "loosened" if lost else "tightened"


def _joined(effects: Iterable[Effect]) -> Effect:
    kinds = set(effects)
    return kinds.pop() if len(kinds) == 1 else "changed"


def _change(field: str, before: str, after: str, effect: Effect) -> GateChange:
    old, new = _excerpts(before, after)
    return GateChange(field=field, before=old, after=new, effect=effect)


# -- documents and texts ---------------------------------------------------------------------------------------------


def _part(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return document.get(key) or {}


def _entries(document: Mapping[str, Any], part: str) -> dict[str, Entry]:
    """Return slices or tests by name; the second of one name is `name (2)`, for nothing must hide behind another."""
    found: dict[str, Entry] = {}
    for entry in document.get(part) or ():
        name, number = entry["name"], 1
        while name in found:
            number += 1
            name = f"{entry['name']} ({number})"
        found[name] = entry
    return found


def _rule(entry: Entry | None) -> dict[str, Any] | None:
    return None if entry is None else {key: entry[key] for key in entry if key not in ("name", "description")}


def _names(old: Mapping[Any, Any], new: Mapping[Any, Any]) -> list[Any]:
    return [*old, *(name for name in new if name not in old)]


def _texts_of(cases: Mapping[Any, Sequence[Entry]]) -> str:
    return "; ".join(_text(case) for same_row in cases.values() for case in same_row) or "none"


def _text(value: Any, *, inside: bool = False) -> str:
    """Return a value of a document as people read it; text that could be taken for something else is in quotes."""
    if value is None or isinstance(value, bool):
        return "none" if value is None else str(value).lower()
    if isinstance(value, str):
        unclear = _AMBIGUOUS.fullmatch(value) or (inside and _PUNCTUATION.search(value))
        return one_line(f'"{value}"' if unclear else value)
    if isinstance(value, dict):
        text = ", ".join(f"{one_line(str(key))}: {_text(inner, inside=True)}" for key, inner in value.items())
        return f"{{{text}}}" if inside else text
    if isinstance(value, (list, tuple)):
        text = ", ".join(_text(inner, inside=True) for inner in value)
        return f"[{text}]" if inside else text
    return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else repr(value)


def _excerpts(before: str, after: str) -> tuple[str, str]:
    """Return both texts with at most 200 characters, from the same place on, so that what differs is in sight."""
    alike = next((i for i, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), None)
    place = min(len(before), len(after)) if alike is None else alike
    start = place - _LEAD if max(len(before), len(after)) > LONGEST and place > LONGEST // 2 else 0
    return _excerpt(before, start), _excerpt(after, start)


def _excerpt(text: str, start: int) -> str:
    text = f"…{text[start:]}" if start else text
    return shorten(text, LONGEST)
