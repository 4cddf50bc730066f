"""What a version is made of, as rows for its page: commands, files, data, stages, changes since its parent. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.comparison import PARTS, Comparison, Difference, compare_records
from mintmark.core.layout import version_folder
from mintmark.core.provenance.inputs import inputs_of, is_code
from mintmark.core.words.comparisons import relation
from mintmark.core.words.demands import value_in_words
from mintmark.core.words.numbers import capital, interval_of, signed
from mintmark.publishing.site.pages.templating import address, lineage_search

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

Row = tuple[str, ...]
_DIGEST: Final = 12
_SHORT_DIGEST: Final = 8
_MOST_NAMES: Final = 3
_MOST_TIES: Final = 12
_DEEPEST: Final = 20  # folders of a path


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """One way to get a version. `url` is an address inside the site, which stands in `text` where the site has none."""

    label: str
    text: str
    after: str = ""
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One stage: its command, what it reads and writes, and how it hangs together with others.

    `writes` are `(path, digest)`. `reads` and `code` also have the search of the lineage page that finds the file,
    which is empty for what stages hand to each other.

    `sources` are the stages that wrote what it reads, as `(name, anchor)`. `data` are the first names of what it reads
    that no stage wrote, `made` those of what it writes, and `more_made` counts the rest.
    """

    name: str
    anchor: str
    command: str
    reads: list[Row]
    code: list[Row]
    writes: list[Row]
    sources: list[Row]
    data: list[str]
    made: list[str]
    more_made: int
    makes_artifact: bool


def commands(config: Mapping[str, Any], version: Mapping[str, Any], documents: str) -> list[Command]:
    """Return the ways to get a version; `documents` is the folder of its document, relative to the page."""
    reference, artifact, url = version["reference"], version["record"]["artifact"], version["files"][0]["url"]
    site, repository = address(config["site"]), address(config["repository"])
    found = [Command(label="In a clone", text=f"mintmark pull {reference}")]
    if site:
        text = f"mintmark pull {reference} --registry {shlex.quote(site)}"
        found.append(Command(label="Without a clone", text=text))
    if artifact["format"] != "data":
        text = f'import mintmark\n\nmodel = mintmark.load("{reference}")'
        found.append(Command(label="Python", text=text))
    if repository:
        path = f"{version_folder(version['model'], version['version'])}/{artifact['path']}"
        found.append(Command(label="DVC", text=f"dvc get {shlex.quote(repository)} {path}"))
    if url:
        found.append(download(site, artifact, f"{documents}{url}"))
    return found


def download(site: str, artifact: Mapping[str, Any], url: str, *, label: str = "HTTPS") -> Command:
    """Return the command that fetches an artifact and checks it; `url` leads to it from the page."""
    check = f'\necho "{artifact["sha256"]}  {artifact["path"]}" | sha256sum -c'
    if not site:
        return Command(label=label, text="curl -fLO ", url=url, after=check)
    whole = f"{site.rstrip('/')}/{url.replace('../', '')}"
    return Command(label=label, text=f"curl -fLO {shlex.quote(whole)}{check}")


def steps(record: Mapping[str, Any]) -> list[Step]:
    """Return the stages in their order, with code apart from data, each tied to those whose files it reads."""
    names = list(record["stages"])
    writers: dict[str, dict[int, None]] = {}  # by path, and by each folder that the path lies in
    for number, stage in enumerate(record["stages"].values()):
        for path in stage.get("outs", {}):
            for place in (path, *_folders(path)):
                writers.setdefault(place, {})[number] = None
    outs = {path for stage in record["stages"].values() for path in stage.get("outs", {})}
    made_of = f"md5:{record['artifact']['md5']}"
    found = {key[:2] for part, key in inputs_of(record) if part != "packages"}

    def written_by(path: str) -> list[int]:
        return [
            number for place in (path, *(f for f in _folders(path) if f in outs)) for number in writers.get(place, ())
        ]

    return [
        _step(
            number,
            name,
            stage,
            [[n for n in written_by(path) if n != number] for path in stage.get("deps", {})],
            names,
            made_of,
            found,
        )
        for number, (name, stage) in enumerate(record["stages"].items())
    ]


def _folders(path: str) -> list[str]:
    parts = path.split("/")[:_DEEPEST]
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _step(
    number: int,
    name: str,
    stage: Mapping[str, Any],
    writers: list[list[int]],
    names: list[str],
    artifact: str,
    found: Collection[tuple[str, ...]],
) -> Step:
    command, outs = stage["cmd"], stage.get("outs", {})
    deps = [
        (path, _short(digest), lineage_search((path, digest)) if (path, digest) in found else "")
        for path, digest in stage.get("deps", {}).items()
    ]
    sources = dict.fromkeys(writer for each in writers for writer in each)
    data = [_name(row[0]) for row, each in zip(deps, writers, strict=True) if not each and not is_code(row[0])]
    return Step(
        name=name,
        anchor=f"stage-{number + 1}",
        command=command if isinstance(command, str) else " && ".join(map(str, command)),
        reads=[row for row in deps if not is_code(row[0])],
        code=[row for row in deps if is_code(row[0])],
        writes=[(path, _short(digest)) for path, digest in outs.items()],
        sources=[(names[source], f"stage-{source + 1}") for source in sorted(sources)[:_MOST_TIES]],
        data=data[:_MOST_NAMES],
        made=[_name(path) for path in outs][:_MOST_NAMES],
        more_made=max(len(outs) - _MOST_NAMES, 0),
        makes_artifact=artifact in outs.values() and artifact not in stage.get("deps", {}).values(),
    )


def _name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2] or path


def _short(digest: str) -> str:
    return digest.partition(":")[2][:_SHORT_DIGEST]


def flat_parameters(record: Mapping[str, Any]) -> list[Row]:
    """Return parameters as dotted names with values: `estimator.class`, `sklearn.pipeline.Pipeline`."""
    return list(_flat(record.get("parameters") or {}, ""))


def _flat(value: Any, name: str) -> Iterator[Row]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif name:
        yield name, value_in_words(value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What differs from another version: rows `(metric, before, after, difference, words)`, and the rest.

    `parts` are `(title, [(name, before, after)])`.
    """

    metrics: list[Row]
    parts: list[tuple[str, list[Row]]]


def changes(before: Mapping[str, Any], after: Mapping[str, Any], primary: str) -> Changes:
    """Compare two version documents; the primary metric comes first."""
    found = compare_records(before["record"], after["record"], measured=(before["metrics"], after["metrics"]))
    parts = [(capital(title), list(_rows(getattr(found, key)))) for key, title in PARTS.items()]
    return Changes(metrics=_metric_rows(found, primary), parts=[(title, rows) for title, rows in parts if rows])


def _metric_rows(found: Comparison, primary: str) -> list[Row]:
    return [
        (
            change.name,
            interval_of(change.first),
            interval_of(change.second),
            signed(change.difference),
            relation(found.basis, None, primary=False) if change.first and change.second else "",
        )
        for change in sorted(found.metrics, key=lambda change: change.name != primary)
    ]


def _rows(found: Iterable[Difference]) -> Iterator[Row]:
    for difference in found:
        yield difference.name, _told(difference.first), _told(difference.second)


def _told(value: Any) -> str:
    """Return a value for a narrow column: of a digest its beginning."""
    text = value_in_words(value)
    kind, _, digest = text.partition(":")
    if kind in ("md5", "sha256") and digest:
        return f"{kind}:{digest[:_DIGEST]}…"
    return f"{text[:_DIGEST]}…" if len(text) in (32, 64) and text.isalnum() else text
