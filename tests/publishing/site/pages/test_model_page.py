"""The page of one model, read as a reader would, and used in a browser."""

from __future__ import annotations

import itertools
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.publishing.site.browsing.in_a_browser import ASSETS, use_page
from tests.publishing.site.pages.model_pages import MOVES, content, page, sample
from tests.publishing.site.pages.test_version_page import hostile_model, hostile_version
from tests.publishing.site.samples.sample_versions import (
    HOSTILE,
    assert_safe,
    config,
    event,
    held,
    index,
    model,
    move,
    row,
    version,
)
from tests.scaffold.work import calls_at_most

from mintmark.publishing.site.drawing.channel_timeline import draw_timeline


def test_what_the_model_is_for_and_not_for_folds_behind_its_first_sentence() -> None:
    made = page()
    text = made.text("about")
    for part in ("Tells irises apart.", "What it is for Teaching.", "What it is not for Gardening.", "Few flowers."):
        assert part in text
    for part in ("None are hurt.", "Fisher's.", "@acme/ml", "CC0-1.0", "flowers", "roc_auc, more is better"):
        assert part in text
    assert "Kinds of iris" in made.text()
    assert made.text("").endswith("Tells irises apart. More about it On this page Channels Change Timeline Versions "
                                  "Metrics over versions Compare versions About")  # fmt: skip
    sections = [attributes["id"] for tag, attributes in made.elements if tag == "h2"]
    linked = [link[1:] for link in made.links() if link.startswith("#")]
    assert linked[1 : len(sections) + 1] == sections  # after the one to what it is for


def test_a_bare_model_has_a_page() -> None:
    bare = {
        key: value
        for key, value in model().items()
        if key in ("name", "task", "owners", "purpose", "licence", "metric", "gates")
    }
    made = page(index(model=bare), charts={})
    assert "iris" in made.text("")
    assert "No version is registered yet." in made.text("versions")
    assert "It points to no version." in made.text("channels")
    assert "No channel has moved" in made.text("timeline")
    assert "There are no two versions" in made.text("compare")


# -- channels --------------------------------------------------------------------------------------------------------


def test_the_board_says_who_moved_what_when_and_where() -> None:
    made = page()
    text = made.text("channels")
    assert "staging 1.1.0 yanked Since 2026-06-07, moved by Ada in 7777777 (#47). Before it: 1.0.0." in text
    assert "Before it: 1.1.0, which is yanked. There is no version to roll back to." in text
    assert "Where a version is tried." in text
    assert "https://github.com/acme/models/pull/47" in made.links()
    assert "1.1.0/" in made.links()


def test_what_nobody_committed_was_moved_by_nobody() -> None:
    nobody = dict.fromkeys(("commit", "by", "time", "subject", "pull_request"))
    shown = sample(channels={"staging": held("1.1.0", None, nobody)}, moves=[])
    assert "staging 1.1.0 yanked Not committed yet." in page(shown).text("channels")


def test_links_to_write_stand_once_and_come_with_the_line_to_write() -> None:
    made = page()
    text = made.text("change")
    staging = "https://github.com/acme/models/edit/main/models/iris/channels/staging.yaml"
    assert staging in made.links()
    assert "Propose a version of iris" in text
    assert "Promote 1.2.0 to staging Ask for it: Promote 1.2.0 to staging Open the file" in text
    assert "and write version: 1.2.0" in text
    assert "mintmark promote iris@1.2.0 staging" in text
    assert "Promote" not in made.text("channels")  # the first block and the section Change have them


def test_a_channel_whose_file_cannot_be_read_is_no_new_file_to_github() -> None:
    """GitHub's address of a new file would be refused: the file is there."""
    fault = {"path": "p", "line": 1, "message": "m", "model": "iris", "version": None, "channel": "production"}
    fault |= {"cause": {"kind": "damage", **event(8)}}
    holding = {"staging": held("1.2.0", None, event(7))}
    assert "Damaged by Ada on" in page(sample(channels=holding, broken=[fault])).text("channels")
    for broken, place in (([], "/new/main?"), ([fault], "/edit/main/models/iris/channels/production.yaml")):
        links = [link for link in page(sample(channels=holding, broken=broken)).links() if "production" in link]
        editors = [link for link in links if "/issues/new" not in link]
        assert len(editors) == 4  # the button, and the three versions of the section Change
        assert all(place in link for link in editors), (place, editors)


def test_what_is_refused_says_why_and_is_no_link() -> None:
    choices = {"production": [{"version": "1.1.0", "kind": "promote", "refused": "was never in staging"}]}
    made = page(sample(choices=choices))
    assert "Promote 1.1.0 to production : no, 1.1.0 was never in staging." in made.text("change")
    assert "Ask for it" not in made.text("change")


def test_without_a_repository_there_is_nothing_to_write() -> None:
    text = page(config=config(repository=None)).text("channels")
    assert "Promote" not in text
    assert "Propose" not in text
    assert "7777777" in text


# -- timeline --------------------------------------------------------------------------------------------------------


def test_the_timeline_tells_promotions_rollbacks_and_closures_newest_first() -> None:
    moves = [move("staging", "close", "1.1.0", None, 12), *MOVES]
    text = page(sample(moves=moves)).text("timeline")
    assert "✕ closed; it pointed to 1.1.0 2026-06-12" in text
    assert "↩ rolled back to 1.0.0 2026-06-09 Ada, 9999999 (#49)" in text
    assert "▲ promoted to 1.1.0 2026-06-08" in text
    assert text.index("rolled back to 1.0.0") < text.index("promoted to 1.1.0 2026-06-08")


def test_versions_without_a_page_are_not_linked_from_the_timeline() -> None:
    made = page(sample(moves=[move("staging", "promote", None, "0.8.9", 2)]))
    assert "promoted to 0.8.9" in made.text("timeline")
    assert "0.8.9/" not in made.links()


def test_a_long_history_leads_to_the_audit_log() -> None:
    moves = [move("staging", "promote", f"1.{n}.0", f"1.{n + 1}.0", 1 + n % 28) for n in range(60, 0, -1)]
    made = page(sample(moves=moves))
    assert "40 earlier moves" in made.text("timeline").lower()
    assert "../../audit/" in made.links()


def test_the_drawing_holds_each_stay_in_a_channel_in_proportion() -> None:
    drawn = draw_timeline(config(), sample())
    shape = r'<title>([^<]*?)(, and it holds the channel still)?</title><rect x="[\d.]+" y="\d+" width="([\d.]+)"'
    bars = [(name, float(width)) for name, _, width in re.findall(shape, drawn)]
    assert [bool(still) for _, still, _ in re.findall(shape, drawn)] == [False, True, False, False, True]
    assert [name for name, _ in bars] == ["1.0.0", "1.1.0 yanked", "1.0.0", "1.1.0", "↩ 1.0.0"]
    assert bars[0][1] == bars[2][1]  # three days in either
    assert bars[0][1] > 2 * bars[3][1]
    assert 'class="mm-held mm-held--rollback"' in drawn
    assert draw_timeline(config(), index()) == ""


def test_moves_of_one_day_stand_at_equal_steps() -> None:
    moves = [{**made, "time": f"2026-06-01T09:30:0{number // 2}Z"} for number, made in enumerate(reversed(MOVES))]
    drawn = draw_timeline(config(), sample(moves=moves[::-1]))
    widths = [float(width) for width in re.findall(r'<rect x="[\d.]+" y="\d+" width="([\d.]+)"', drawn)]
    assert len(widths) == 5
    assert min(widths) > 100  # of 720: none is a mere line
    assert drawn.count("2026-06-01") == 4  # in the label, and at both ends of the axis


def test_a_rollback_goes_elsewhere_than_to_what_was_there_before_and_both_are_told() -> None:
    rows = [
        row(version("1.2.0")),
        row(version("1.1.0"), "production"),
        row(version("1.0.0")) | {"missed": ["too slow"]},
    ]
    back = move("production", "rollback", "1.2.0", "1.1.0", 9)
    channels = {"production": held("1.1.0", "1.0.0", event(9), "1.2.0")}
    text = page(index(*rows, channels=channels, moves=[back])).text("channels")
    assert "Before it: 1.2.0, which was rolled back from. A rollback goes to 1.0.0." in text
    assert "1.0.0 misses a gate of today: too slow." in text
    shut = move("production", "close", "1.1.0", None, 10)
    shown = page(index(*rows, moves=[shut, back]))
    assert "It was closed by Ada on 2026-06-10" in shown.text("channels")
    assert "In production closed" in shown.text("")
    assert "nothing yet" not in shown.text("")


def test_a_busy_channel_leaves_no_time_blank_on_its_axis() -> None:
    moves = [move("staging", "promote", f"1.{n}.0", f"1.{n + 1}.0", 1 + n % 28) for n in range(60, 0, -1)]
    moves = [
        {**made, "time": f"2026-{1 + n // 10:02d}-{1 + 2 * (n % 10):02d}T00:00:00Z"}
        for n, made in enumerate(moves[::-1])
    ]
    drawn = draw_timeline(config(), index(moves=moves[::-1]))
    assert "<title>21 earlier</title>" in drawn
    bars = [(float(x), float(w)) for x, w in re.findall(r'<rect x="([\d.]+)" y="\d+" width="([\d.]+)"', drawn)]
    assert len(bars) == 40
    assert bars[0][0] == 8
    assert all(abs(x + w - y) < 4.5 for (x, w), (y, _) in itertools.pairwise(bars))


def test_a_closed_channel_holds_nothing() -> None:
    moves = [
        move("staging", "promote", None, "1.1.0", 20),
        move("staging", "close", "1.0.0", None, 5),
        move("staging", "promote", None, "1.0.0", 4),
    ]
    places = [
        tuple(map(float, found))
        for found in re.findall(
            r'<rect x="([\d.]+)" y="\d+" width="([\d.]+)"', draw_timeline(config(), index(moves=moves))
        )
    ]
    assert len(places) == 2
    assert places[0][0] + places[0][1] < places[1][0] / 2


# -- versions --------------------------------------------------------------------------------------------------------


def test_yanked_and_withdrawn_versions_stand_in_their_place_with_the_reason() -> None:
    made = page()
    text = made.text("versions")
    assert "1.1.0 yanked staging" in text
    assert "Yanked. Use 1.2.0 instead. Labels leaked." in text
    assert "1.1.1 withdrawn" in text
    assert "Withdrawn by Ada on 2026-06-11 in bbbbbbb (#51): withdraw iris 1.1.1: wrong file (#51)" in text
    assert (
        text.index("1.2.0")
        < text.index("1.1.1 withdrawn")
        < text.index("1.1.0 yanked")
        < text.index("1.0.0 production")
    )
    assert "1.1.1/" in made.links()  # its page says what became of it
    assert "1.2.0 latest 2026-06-01 Ada roc_auc 0.95 [0.93, 0.97] 4 kB Trained again." in text


def test_an_index_in_several_pages_says_so() -> None:
    made = page(sample(older="index-2.json"))
    assert "Older versions are in index-2.json" in made.text("versions")
    assert "../../api/v1/models/iris/index-2.json" in made.links()
    assert "Older versions" not in page().text("versions")


def many(count: int) -> dict[str, Any]:
    rows = [
        row(version(f"1.{number}.0", summary="Trained again on the data of one more week. " * 3))
        for number in range(count, 0, -1)
    ]
    moves = [move("staging", "promote", f"1.{n - 1}.0", f"1.{n}.0", 1 + n % 28) for n in range(count, 0, -1)]
    return index(*rows, moves=moves, channels={"staging": held(f"1.{count}.0", f"1.{count - 1}.0", event(3))})


def test_a_model_of_a_hundred_versions_is_light_and_quick() -> None:
    made = content(many(100))
    assert len(made.encode()) < 120_000
    versions = many(100)
    with calls_at_most(100_000):
        content(versions)


def test_versions_past_a_hundred_are_still_linked() -> None:
    made = page(many(130))
    assert "30 further versions" in made.text("versions")
    assert {f"1.{number}.0/" for number in range(1, 131)} <= set(made.links())


# -- metrics, hostile texts ------------------------------------------------------------------------------------------


def test_the_primary_metric_is_drawn_and_the_others_are_linked() -> None:
    made = page()
    assert "metric" in made.ids()
    assert [link for link in made.links() if link.startswith("metrics/")] == ["metrics/log_loss.svg"]


def test_nothing_that_anybody_wrote_runs() -> None:
    moved = event(7, HOSTILE, by=HOSTILE)
    shown = index(
        row(hostile_version()),
        row(version("1.0.0", parent=None, summary=HOSTILE, author=HOSTILE), "staging"),
        model=hostile_model(),
        channels={"staging": held("1.0.0", "1.1.0", moved)},
        moves=[{**move("staging", "promote", None, "1.0.0", 2), **moved}],
        withdrawn=[{"version": "0.1.0", **moved}],
    )
    channels = [{"name": "staging", "after": None, "description": HOSTILE}]
    made = content(shown, config=config(channels=channels))
    assert_safe(made)
    assert made.count("&lt;script&gt;") > 15


# -- in a browser ----------------------------------------------------------------------------------------------------


def use(
    tmp_path: Path,
    script: str,
    *,
    at: str = "",
    files: dict[str, Any] | None = None,
    texts: dict[str, str] | None = None,
) -> Any:
    folder = tmp_path / "site"
    (folder / "metrics").mkdir(parents=True)
    shutil.copy(ASSETS / "model.js", folder / "model.js")
    for path, text in (texts or {}).items():
        (folder / path).write_text(text)
    made = content().replace('data-folder="metrics/"', 'data-folder="../metrics/"')
    return use_page(folder, made + '<script src="/model.js" defer></script>', script, at=at, files=files or {})


@pytest.mark.slow
def test_versions_are_found_and_put_in_order_and_the_address_keeps_it(tmp_path: Path) -> None:
    seen = use(
        tmp_path,
        """const shown = () => seen(".mm-versions tbody tr th > a, .mm-versions tbody tr th s > a").map((a) => a.textContent).join();
        const all = shown();
        tell($("[name=find]"), "yanked");
        const found = [shown(), $("#versions-status").textContent, location.search];
        tell($("[name=find]"), "");
        $("#versions-form [name=sort]").value = "measured"; $("#versions-form [name=sort]").dispatchEvent(new Event("change"));
        return {all, found, ordered: shown(), address: location.search};""",
    )
    assert seen["all"] == "1.2.0,1.1.1,1.1.0,1.0.0"
    assert seen["found"] == ["1.1.0", "1 of 4 versions", "?versions=yanked"]
    assert seen["ordered"] == "1.2.0,1.1.0,1.0.0,1.1.1"  # a withdrawn one has no number
    assert seen["address"] == "?order=measured"


@pytest.mark.slow
def test_another_metric_is_drawn_from_its_file_and_nothing_in_it_runs(tmp_path: Path) -> None:
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" class="mm-chart" onload="alert(1)"><style>*{display:none}</style>'
        '<script>alert(2)</script><a href="../1.0.0/"><title>1.0.0</title><circle r="3" onclick="alert(3)"/></a>'
        '<a href="javascript:alert(4)"><text>x</text></a><foreignObject><b xmlns="http://www.w3.org/1999/xhtml">y</b></foreignObject></svg>'
    )
    seen = use(
        tmp_path,
        """const select = $("[name=metric]");
        select.value = "log_loss"; select.dispatchEvent(new Event("change"));
        await wait(() => $("#metric-chart svg.mm-chart"));
        const svg = $("#metric-chart svg");
        const first = {tags: [...svg.querySelectorAll("*")].map((e) => e.localName), links: [...svg.querySelectorAll("a")].map((a) => a.getAttribute("href")),
          handlers: svg.outerHTML.includes("alert"), name: $(".mm-metric-name").textContent, address: location.search};
        select.value = "roc_auc"; select.dispatchEvent(new Event("change"));
        await wait(() => $("#metric-chart svg#metric"));
        return {...first, back: $(".mm-metric-name").textContent, links_left: $$(".mm-metric-links").length, end: location.search};""",
        texts={"metrics/log_loss.svg": drawing},
    )
    assert seen["tags"] == ["a", "title", "circle", "a", "text"]
    assert seen["links"][0].endswith("/1.0.0/")
    assert seen["links"][1] is None
    assert not seen["handlers"]
    assert (seen["name"], seen["back"]) == ("log_loss", "roc_auc")
    assert (seen["address"], seen["end"], seen["links_left"]) == ("?metric=log_loss", "", 0)
