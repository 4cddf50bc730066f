"""A common axis of time for all drawings of a channel's windows, with days below it. Draws no data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from mintmark.publishing.site.drawing.axes import short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.monitoring.documents import WindowDocument

WIDTH: Final = 720.0
LEFT, RIGHT = 60.0, 712.0
_LABEL: Final = 92.0  # what a day takes
_MOST_LABELS: Final = 7


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Moments from the start of the first window to the end of the last, in seconds."""

    first: float
    last: float

    @classmethod
    def of(cls, windows: Sequence[WindowDocument]) -> TimeAxis:
        """Return the axis that all of some windows lie on."""
        first = min(each.window.start for each in windows).timestamp()
        return cls(first, max(max(each.window.end for each in windows).timestamp(), first + 1))

    def place(self, moment: datetime) -> float:
        """Return where a moment lies; what is outside lies at the edge."""
        share = (moment.timestamp() - self.first) / (self.last - self.first)
        return LEFT + min(max(share, 0.0), 1.0) * (RIGHT - LEFT)

    def middle(self, window: WindowDocument) -> float:
        """Return the middle of a window."""
        return (self.place(window.window.start) + self.place(window.window.end)) / 2

    def days(self, y: float) -> str:
        """Return the days below the axis: as many as there is room for, the first and the last among them."""
        length = self.last - self.first
        number = max(2, min(_MOST_LABELS, int((RIGHT - LEFT) / _LABEL), int(length / 86_400) + 1))
        texts = []
        for step in range(number):
            share = step / (number - 1)
            moment = datetime.fromtimestamp(self.first + share * length, UTC)
            anchor = "start" if step == 0 else "end" if step == number - 1 else "middle"
            x = LEFT + share * (RIGHT - LEFT)
            form = "%Y-%m-%d" if step == 0 else "%m-%d"
            texts.append(f'<text x="{short(x)}" y="{short(y)}" text-anchor="{anchor}">{moment:{form}}</text>')
        return f'<g font-size="12" opacity=".85">{"".join(texts)}</g>'
