"""How a version was made, drawn as SVG: data, stages and files from top to bottom, down to the artifact."""

from __future__ import annotations

import unicodedata
from bisect import bisect
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Final

from mintmark.publishing.markdown import visible
from mintmark.publishing.site.drawing.axes import short
from mintmark.publishing.site.drawing.lineage_steps import Box, Lineage, Stage, read_lineage
from mintmark.publishing.site.drawing.svg import LINE, opening, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_WIDTH: Final = 166.0  # of a box
_LANE: Final = 10.0  # of an arrow that passes a row of boxes
_APART: Final = 16.0  # from one to the next
_BETWEEN: Final = 30.0  # from a row to the next, where arrows run
_LINE_HEIGHT: Final = 17.0
_PADDING: Final = 7.0
_MARGIN: Final = 6.0
_SWEEPS: Final = 4
_HEAD: Final = 5.0
_NARROW: Final = frozenset(".,:;'|!ijltfrI()[] -/")
_ELLIPSIS: Final = 13.0
_BROAD: Final = frozenset("mwMWGOQ@%&")
_FILL: Final = 'fill="var(--md-code-bg-color,transparent)"'
_LOOKS: Final = {
    "stage": f'{_FILL} stroke="{LINE}" stroke-width="1.5"',
    "file": f'{_FILL} stroke="currentColor" stroke-opacity=".5"',
    "data": f'{_FILL} stroke="currentColor" stroke-opacity=".5" stroke-dasharray="4 3"',
    "artifact": f'fill="{LINE}"',
}
_SMALL: Final = ' font-size="12" opacity=".8"'
_BOLD: Final = ' font-weight="700"'
_ON_COLOUR: Final = ' font-weight="700" fill="var(--md-default-bg-color,#fff)"'
_SIZES: Final = {"": 13.0, _SMALL: 12.0, _BOLD: 14.2, _ON_COLOUR: 14.2}  # as wide as letters of so many pixels


@dataclass(slots=True, eq=False)
class _Node:
    """A box, a stage, or (with neither) a place in a row where an arrow passes."""

    content: Stage | Box | None
    width: float
    height: float
    row: int = 0
    x: float = 0.0  # of the middle
    y: float = 0.0  # of the top
    above: list[_Node] = field(default_factory=list)
    below: list[_Node] = field(default_factory=list)


def draw_lineage(record: Mapping[str, Any], *, prefix: str = "lineage") -> str:
    """Return the lineage of a version's record as SVG, as large as it is: a narrow page lets it be scrolled.

    Versions that were made alike share one drawing, which is made once.
    """
    return _draw(read_lineage(record), prefix)


@lru_cache(maxsize=256)
def _draw(lineage: Lineage, prefix: str) -> str:
    stages = [_Node(stage, _WIDTH, 2 * _LINE_HEIGHT + 2 * _PADDING) for stage in lineage.stages]
    boxes = [_Node(box, _WIDTH, len(box.lines) * _LINE_HEIGHT + 2 * _PADDING) for box in lineage.boxes]
    edges = _edges(lineage, stages, boxes)
    _stack([*stages, *boxes], edges)
    chains = [_chain(source, target) for source, target in edges]
    rows = _rows([*stages, *boxes], chains)
    width, height = _arrange(rows)
    named = f' role="img" aria-labelledby="{prefix}-t {prefix}-d"'
    tallest = max(node.height for node in [*stages, *boxes])
    note = f'<text x="{short(_MARGIN)}" y="{short(height + 12)}">and {lineage.more}</text>' if lineage.more else ""
    parts = [
        opening("mm-lineage", width, height + (20 if note else 0), attributes=named, fixed=True),
        f'<title id="{prefix}-t">How this version was made</title>',
        f'<desc id="{prefix}-d">{plain(_describe(lineage), 1000)}</desc>',
        f'<clipPath id="{prefix}-c"><path d="M-{_WIDTH / 2:g} 0h{_WIDTH:g}v{short(tallest)}h-{_WIDTH:g}z"/></clipPath>',
        f'<path d="{"".join(map(_arrow, chains))}" fill="none" stroke="currentColor" opacity=".6"/>',
        *_shapes([*stages, *boxes]),
        '<g text-anchor="middle" pointer-events="none">',
        *(_label(node, prefix) for node in [*stages, *boxes]),
        "</g>",
        note,
        "</svg>",
    ]
    return "".join(parts)


# -- where everything stands -----------------------------------------------------------------------------------------


def _edges(lineage: Lineage, stages: Sequence[_Node], boxes: Sequence[_Node]) -> list[tuple[_Node, _Node]]:
    """Return who leads to whom, without what would lead back to its own beginning."""
    targets: dict[int, list[_Node]] = {id(stage): [] for stage in stages}
    for box, node in zip(lineage.boxes, boxes, strict=True):
        if box.writer is not None:
            targets[id(stages[box.writer])].append(node)
        targets[id(node)] = [stages[reader] for reader in box.readers]
    found: list[tuple[_Node, _Node]] = []
    finished: set[int] = set()
    under: set[int] = set()

    def visit(node: _Node) -> None:
        under.add(id(node))
        for target in targets[id(node)]:
            if id(target) not in under:
                found.append((node, target))
                if id(target) not in finished:
                    visit(target)
        under.discard(id(node))
        finished.add(id(node))

    fed = {id(target) for listed in targets.values() for target in listed}
    for node in sorted([*stages, *boxes], key=lambda node: id(node) in fed):
        if id(node) not in finished:
            visit(node)
    return found


def _stack(nodes: Sequence[_Node], edges: Sequence[tuple[_Node, _Node]]) -> None:
    """Give every node the row below the lowest that leads to it, and what nothing leads to the one above its first."""
    for _ in nodes:
        moved = False
        for source, target in edges:
            if target.row <= source.row:
                target.row, moved = source.row + 1, True
        if not moved:
            break
    fed = {id(target) for _, target in edges}
    for node in nodes:
        rows = [target.row for source, target in edges if source is node]
        if rows and id(node) not in fed:
            node.row = min(rows) - 1


def _chain(source: _Node, target: _Node) -> list[_Node]:
    """Return an arrow as its ends and the places where it passes a row, and tie them together."""
    passing = [_Node(None, _LANE, 0, row=row) for row in range(source.row + 1, target.row)]
    chain = [source, *passing, target]
    for upper, lower in pairwise(chain):
        upper.below.append(lower)
        lower.above.append(upper)
    return chain


def _rows(nodes: Sequence[_Node], chains: Sequence[Sequence[_Node]]) -> list[list[_Node]]:
    rows: list[list[_Node]] = [[] for _ in range(max(node.row for node in nodes) + 1)]
    for node in [*nodes, *(passing for chain in chains for passing in chain[1:-1])]:
        rows[node.row].append(node)
    return [row for row in rows if row]


def _arrange(rows: Sequence[list[_Node]]) -> tuple[float, float]:
    """Give every node its place so that arrows are short and cross little; return the size of it all.

    Rows are ordered by the middle of what they are tied to (Sugiyama et al. 1981), then drawn towards it.
    """
    for row in rows:
        _pack(row)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            wanted = {id(node): _middle(node.above if down else _leading_on(node), node.x) for node in row}
            row.sort(key=lambda node: wanted[id(node)])
            _settle(row, wanted)
    for row in rows:
        _settle(row, {id(node): _near(node) for node in row})
    left = min(node.x - node.width / 2 for row in rows for node in row)
    right = max(node.x + node.width / 2 for row in rows for node in row)
    top = _MARGIN
    for row in rows:
        tall = max(node.height for node in row)
        for node in row:
            node.x += _MARGIN - left
            node.y, node.height = (top + (tall - node.height) / 2, node.height) if node.content else (top, tall)
        top += tall + _BETWEEN
    return right - left + 2 * _MARGIN, top - _BETWEEN + _MARGIN


def _leading_on(node: _Node) -> list[_Node]:
    """Return what is below a node without what ends there, so that the way to the artifact is straight."""
    return [lower for lower in node.below if lower.below] or node.below


def _middle(tied: Sequence[_Node], own: float) -> float:
    return sum(node.x for node in tied) / len(tied) if tied else own


def _near(node: _Node) -> float:
    """Return where a node stands, or beside what it comes from where nothing goes on from it."""
    if node.below or not node.above:
        return node.x
    origin = node.above[0].x
    return origin + min(max(node.x - origin, -_WIDTH - _APART), _WIDTH + _APART)


def _pack(row: Sequence[_Node]) -> None:
    whole = sum(node.width for node in row) + _APART * (len(row) - 1)
    x = -whole / 2
    for node in row:
        node.x = x + node.width / 2
        x += node.width + _APART


def _settle(row: Sequence[_Node], wanted: Mapping[int, float]) -> None:
    """Put the nodes of a row, in their order, as near to where they belong as they fit side by side."""
    clusters: list[tuple[list[_Node], float]] = []  # nodes that touch, and where the middle of the first belongs
    for node in row:
        members, place = [node], wanted[id(node)]
        while clusters and clusters[-1][1] + _span(clusters[-1][0], members[0]) > place:
            others, start = clusters.pop()
            reach = _span(others, members[0])
            place = (start * len(others) + (place - reach) * len(members)) / (len(others) + len(members))
            members = others + members
        clusters.append((members, place))
    for members, place in clusters:
        for number, node in enumerate(members):
            node.x = place if number == 0 else members[number - 1].x + _gap(members[number - 1], node)


def _gap(left: _Node, right: _Node) -> float:
    return (left.width + right.width) / 2 + _APART


def _span(members: Sequence[_Node], following: _Node) -> float:
    return sum(_gap(left, right) for left, right in pairwise([*members, following]))


# -- what is drawn ---------------------------------------------------------------------------------------------------


def _arrow(chain: Sequence[_Node]) -> str:
    """Return the way of an arrow with its head."""
    source, target = chain[0], chain[-1]
    x, y = source.x, source.y + source.height
    way = [f"M{short(x)} {short(y)}"]
    for node in chain[1:]:
        middle = (y + node.y) / 2
        straight = abs(x - node.x) < 0.1
        way.append(
            f"V{short(node.y)}"
            if straight
            else f"C{short(x)} {short(middle)} {short(node.x)} {short(middle)} {short(node.x)} {short(node.y)}"
        )
        x, y = node.x, node.y + node.height
        if node is not target:
            way.append(f"V{short(y)}")
    return f"{''.join(way)}m-4-{_HEAD:g}l4 {_HEAD:g} 4-{_HEAD:g}"


def _shapes(nodes: Sequence[_Node]) -> Iterator[str]:
    """Yield the outlines, those of a kind together, each with all that it stands for as a hint."""
    for kind, look in _LOOKS.items():
        shapes = (_shape(node) for node in nodes if _kind(node) == kind)
        yield f"<g {look}>{''.join(shapes)}</g>"


def _kind(node: _Node) -> str:
    return node.content.kind if isinstance(node.content, Box) else "stage"


def _shape(node: _Node) -> str:
    size = f'width="{short(node.width)}" height="{short(node.height)}" rx="{"24" if _kind(node) == "stage" else "3"}"'
    hint = plain(node.content.whole, 2000) if node.content is not None else ""
    return f'<rect x="{short(node.x - node.width / 2)}" y="{short(node.y)}" {size}><title>{hint}</title></rect>'


def _label(node: _Node, prefix: str) -> str:
    texts = "".join(
        f'<text y="{short(_PADDING + 12.5 + number * _LINE_HEIGHT)}"{style}>'
        f"{escape(fit(text, _WIDTH - 14, _SIZES[style]))}</text>"
        for number, (text, style) in enumerate(_lines(node.content))
    )
    return f'<g transform="translate({short(node.x)} {short(node.y)})" clip-path="url(#{prefix}-c)">{texts}</g>'


def _lines(content: Stage | Box | None) -> list[tuple[str, str]]:
    """Return the lines of a node with their attributes; one that is set in says something about that above it."""
    if isinstance(content, Stage):
        return [(content.name, _BOLD), (content.below, _SMALL)]
    if content is None or content.kind == "artifact":
        return [(line, _ON_COLOUR) for line in content.lines] if content else []
    return [(line, _SMALL if line.startswith("  ") else "") for line in content.lines]


def fit(text: str, room: float, size: float = 13.0) -> str:
    """Return a text that is no wider than `room` in letters of `size` pixels, the last an ellipsis where it was."""
    shown = visible(text[:200]).strip()
    room = room * 13 / size
    ends = list(accumulate(map(_letter_width, shown)))
    if not ends or ends[-1] <= room:
        return shown
    return f"{shown[: bisect(ends, room - _ELLIPSIS)].rstrip()}…"


def _letter_width(character: str) -> float:
    """Return how wide a letter of 13 pixels is in the fonts that pages are read in, rather too much than too little."""
    if character.isascii():
        narrow, broad = character in _NARROW, character in _BROAD
        return 4.6 if narrow else 12.2 if broad else 9.2 if character.isupper() else 7.3
    return 14.0 if unicodedata.east_asian_width(character) in "WF" else 10.0


def _describe(lineage: Lineage) -> str:
    """Say in words what leads to what."""
    sentences = []
    for number, stage in enumerate(lineage.stages):
        reads = [box.lines[0].strip() for box in lineage.boxes if number in box.readers]
        writes = [box.lines[0].strip() for box in lineage.boxes if box.writer == number]
        reading = f"reads {', '.join(reads)}" if reads else "reads nothing"
        sentences.append(f"{stage.name} {reading} and writes {', '.join(writes) or 'nothing'}.")
    return " ".join(sentences)
