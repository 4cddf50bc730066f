"""Which versions of a model are drawn by what they cost: those that were measured on the rows of the newest one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mintmark.core.comparison import basis_of
from mintmark.core.cost import recorded_cost
from mintmark.core.words.numbers import seconds, size
from mintmark.publishing.site.drawing.tradeoff_chart import Priced, tradeoff_chart

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COSTS: Final = (
    ("size", "size of the model file", size),
    ("latency_row_seconds", "time to answer one row, where each version was made", seconds),
)


def tradeoff_charts(
    records: Mapping[str, Mapping[str, Any]],
    measured: Mapping[str, Mapping[str, Any]],
    order: Sequence[str],
    *,
    metric: str,
    champion: str | None,
    yanked: Mapping[str, Any],
) -> list[str]:
    """Return the charts that can be drawn of versions in `order`, the newest first; yanked ones are left out.

    Metrics of other rows say nothing beside these, so versions that were measured on others are left out as well.
    """
    usable = [version for version in order if version not in yanked]
    beside = records[champion] if champion in usable and champion else records[usable[0]] if usable else None
    if beside is None:
        return []
    same = [version for version in reversed(usable) if basis_of(records[version], beside) == "same rows"]
    charts = []
    for name, what, in_words in _COSTS:
        found = []
        for version in same:
            record = records[version]
            interval = record["metrics"].get(metric)
            cost = recorded_cost(record["artifact"]["size"], record.get("cost"), measured.get(version)).get(name)
            if interval is not None and cost is not None:
                found.append(
                    Priced(version=version, cost=cost, href=f"{version}/", champion=version == champion, **interval)
                )
        charts.append(tradeoff_chart(found, metric=metric, what=what, in_words=in_words, prefix=f"tradeoff-{name[:4]}"))
    return [chart for chart in charts if chart]
