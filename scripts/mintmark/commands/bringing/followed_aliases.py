"""Which channel an alias of another registry names here, and the commits that enter it. Measures nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mintmark.changing.lock import one_at_a_time
from mintmark.changing.model_state import read_standing
from mintmark.commands.promote import move_channel
from mintmark.core import layout
from mintmark.core.version import parse_version
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.past.history import channel_target
from mintmark.registry.tree import GitTree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mintmark.changing.commits import NewCommit
    from mintmark.core.judgement.rules import ModelState
    from mintmark.core.settings import Settings

_UNMEASURED = "nobody measured it here on rows"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alias:
    """A name that another registry gives a version: the number here (empty: it does not come), and its name there.

    `measured` says whether it was, or will be, measured here.
    """

    name: str
    number: str
    version: str
    measured: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Followed:
    """An alias and the channels that it leads its version through, the last of them its own; none where `why_not`."""

    alias: Alias
    channels: tuple[str, ...] = ()
    why_not: str = ""


def follow_aliases(
    registry: ClonedRegistry, model: str, aliases: Sequence[Alias], named: Mapping[str, str]
) -> list[Followed]:
    """Return what becomes of each alias; `named` says which channel an alias is where it has another name here.

    A channel that the base branch has already stays where it is: since then people here decide about it.
    """
    taken = _taken(registry, model)
    newest: dict[str, Alias] = {}
    for alias in aliases:
        channel = named.get(alias.name, alias.name)
        if alias.measured and (
            channel not in newest or parse_version(newest[channel].number) < parse_version(alias.number)
        ):
            newest[channel] = alias
    return [_follow(registry.settings, model, alias, named, taken, newest) for alias in aliases]


def _follow(
    settings: Settings,
    model: str,
    alias: Alias,
    named: Mapping[str, str],
    taken: Mapping[str, str],
    newest: Mapping[str, Alias],
) -> Followed:
    channel = named.get(alias.name, alias.name)
    if not alias.number:
        return Followed(alias=alias, why_not="enters no channel, because it does not come")
    if not alias.measured:
        return Followed(alias=alias, why_not=f"enters no channel, because {_UNMEASURED}")
    if settings.channel(channel) is None:
        known = ", ".join(rule.name for rule in settings.channels)
        remedy = f"--channel {alias.name}=NAME says which one it is ({known})"
        return Followed(alias=alias, why_not=f"enters no channel, because this registry has no {channel}; {remedy}")
    if newest[channel].number != alias.number:
        return Followed(alias=alias, why_not=f"does not enter {channel}, because {newest[channel].number} does")
    way = tuple(_way(settings, channel))
    held = next((name for name in way if name in taken), None)
    if held is None:
        return Followed(alias=alias, channels=way)
    before = "" if held == channel else f", and {channel} comes after it"
    why_not = (
        f"does not enter {channel}, because {held} points to {taken[held]} on {settings.base_branch}{before}; mintmark "
        f"promote {model}@{alias.number} {held} moves it"
    )
    return Followed(alias=alias, why_not=why_not)


def _way(settings: Settings, channel: str) -> Iterator[str]:
    """Yield the channels that a version holds first, and then the channel itself (R4)."""
    names = [channel]
    while (rule := settings.channel(names[0])) is not None and rule.after is not None and rule.after not in names:
        names.insert(0, rule.after)
    yield from names


def _taken(registry: ClonedRegistry, model: str) -> dict[str, str]:
    """Return what each channel of the model points to on the base branch."""
    if registry.base is None:
        return {}
    tree = GitTree(registry.root, registry.base.require())
    paths = {layout.channel_path(model, rule.name): rule.name for rule in registry.settings.channels}
    contents = tree.read_many(list(paths))
    return {paths[path]: channel_target(content) or "something else" for path, content in contents.items()}


def pending(state: ModelState | None, followed: Iterable[Followed]) -> list[Followed]:
    """Return the aliases whose channel is not where they lead yet."""
    held = state.channels if state is not None else {}
    return [each for each in followed if each.channels and held.get(each.channels[-1]) != each.alias.number]


def in_order(followed: Iterable[Followed]) -> list[Followed]:
    """Return the aliases of the last channels first.

    A version that holds staging on its way to production leaves it to the one that holds staging there.
    """
    return sorted((each for each in followed if each.channels), key=lambda found: -len(found.channels))


def commit_moves(root: Path, model: str, followed: Followed, *, branch: str) -> Iterator[NewCommit]:
    """Commit what an alias leads to, each move by itself; what is there already is not repeated.

    Raises `MintmarkError` for a move that a rule forbids.
    """
    number, own = followed.alias.number, followed.channels[-1]
    for channel in followed.channels:
        with one_at_a_time(root, "import"):
            registry = ClonedRegistry(root)
            state = read_standing(registry, model)
            if state.channels.get(own) == number or (channel != own and state.has_held(channel, number)):
                continue
            if git.current_branch(root) != branch:
                git.run_git("switch", "--quiet", "--create", branch, cwd=root)
            note = f"{followed.alias.name} names it in the registry that it comes from."
            made = move_channel(registry, state, channel, number, here=True, note=note)
        yield made
