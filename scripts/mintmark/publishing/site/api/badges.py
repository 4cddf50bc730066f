"""SVG badges of what a channel points to: flat, readable without a font that anybody must fetch. Writes no file."""

from __future__ import annotations

import html
import re

_HEIGHT = 20
_PADDING = 6  # pixels left and right of a text
_FONT_SIZE = 11
_LABEL_COLOUR, _HELD_COLOUR, _EMPTY_COLOUR, _ALARM_COLOUR = "#444c56", "#1a7f37", "#57606a", "#b42318"
# Widths in Verdana, in thousandths of the font size; whatever is not here is as wide as a capital M.
_WIDTHS = {
    **dict.fromkeys("0123456789", 636),
    **dict(zip("abcdefghijklm", (601, 623, 521, 623, 596, 352, 623, 633, 274, 344, 592, 274, 973), strict=True)),
    **dict(zip("nopqrstuvwxyz", (633, 607, 623, 623, 427, 521, 394, 633, 592, 818, 592, 592, 525), strict=True)),
    **dict(zip("ABCDEFGHIJKLM", (684, 686, 698, 771, 632, 575, 775, 751, 421, 455, 693, 557, 843), strict=True)),
    **dict(zip("NOPQRSTUVWXYZ", (748, 787, 603, 787, 695, 684, 616, 732, 684, 989, 685, 615, 685), strict=True)),
    " ": 352,
    "-": 454,
    ".": 364,
    "+": 818,
    ",": 364,
}
_WIDEST = 843
_NOT_XML = re.compile("[^\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


def format_badge(
    model: str, channel: str, version: str | None, *, yanked: bool = False, broken: str = "", commit: str | None
) -> str:
    """Return the badge of a channel as an SVG: `breast-cancer production | 1.1.0`.

    A channel that points to nothing shows `none`, a yanked version says so, and so does what cannot be read: `broken`
    tells it in a sentence, for the title. `commit` is the one that last moved the channel; None is written as `none`.
    """
    label = f"{model} {channel}"
    value = f"{version} yanked" if version and yanked else version or "none"
    if broken:
        value = f"{version}, unreadable" if version else "unreadable"
    colour = _ALARM_COLOUR if broken or (version and yanked) else _HELD_COLOUR if version else _EMPTY_COLOUR
    named = commit if commit and _COMMIT.fullmatch(commit) else "none"
    left, right = _text_width(label) + 2 * _PADDING, _text_width(value) + 2 * _PADDING
    title = _escape(f"{label} {broken}" if broken else f"{label}: {value}")
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" \
viewBox="0 0 {left + right} {_HEIGHT}" role="img" aria-label="{title}">
<title>{title}</title>
<metadata>commit {named}</metadata>
<rect width="{left + right}" height="{_HEIGHT}" rx="3" fill="{colour}"/>
<path d="M{left} 0v{_HEIGHT}H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="{_LABEL_COLOUR}"/>
<g fill="#fff" font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="{_FONT_SIZE}">
{_text(label, 0)}
{_text(value, left)}
</g>
</svg>
"""


def _text(text: str, start: int) -> str:
    """Draw a text whose length is given, so that it fills its place in whatever font there is."""
    width = f'textLength="{_text_width(text)}" lengthAdjust="spacingAndGlyphs"'
    return f'<text x="{start + _PADDING}" y="14" {width} aria-hidden="true">{_escape(text)}</text>'


def _text_width(text: str) -> int:
    return round(sum(_WIDTHS.get(letter, _WIDEST) for letter in _clean(text)) * _FONT_SIZE / 1000)


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)


def _escape(text: str) -> str:
    return html.escape(_clean(text))
