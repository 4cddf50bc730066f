"""The comment on a pull request: what it says, in which order, and that nothing in a review can break it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.publishing.on_github import fences
from tests.publishing.review.report_texts import HEADINGS, check_whole, headings, text_of
from tests.publishing.sample_review import (
    BASE,
    HEAD,
    evaluation,
    failed_review,
    metrics,
    rollback_review,
    sample_review,
)

from mintmark.core.judgement.review import LineageStep, Subject, Table
from mintmark.core.statistics.results import PairedDifference, RowsPlan
from mintmark.publishing.review.markdown_report import format_markdown


def test_it_opens_with_the_verdict_and_the_reason() -> None:
    first = format_markdown(sample_review()).splitlines()[2]
    assert first == "## ✅ Pass: `breast-cancer@1.1.0` is no worse than `breast-cancer@1.0.0`"
    assert (
        format_markdown(failed_review()).splitlines()[2].startswith("## ❌ Fail: the lower bound of recall is 0.8133")
    )
    decide = replace(sample_review(), verdict="decide", reason="the evaluation rows change")
    assert format_markdown(decide).splitlines()[2] == "## 🟡 A person must decide: the evaluation rows change"


def test_sections_stand_in_the_order_of_what_a_reader_asks() -> None:
    assert headings(check_whole(format_markdown(sample_review()))) == HEADINGS


def test_it_tells_what_the_change_does_and_how_the_checks_came_out() -> None:
    text = text_of(failed_review())
    assert "Proposes breast-cancer@1.1.0, which enters staging. Checks: 1 failed, 1 open, 1 to note, 8 passed." in text
    assert BASE in text
    assert HEAD in text
    assert "Judged by mintmark 0.1.0 of the base 1a2b3c4d5e" in text


def test_the_primary_metric_has_intervals_and_a_difference() -> None:
    lines = format_markdown(sample_review()).splitlines()
    assert "| `roc_auc`, ↑ more is better | Value | 95% interval |" in lines
    assert "| Candidate `breast-cancer@1.1.0` | 0.9929 | [0.9779, 1] |" in lines
    assert "| Champion `breast-cancer@1.0.0` | 0.9795 | [0.9534, 0.999] |" in lines
    assert "| **Difference** | **+0.0133** | [-0.0012, +0.0321] |" in lines
    assert (
        "**No worse.** The difference is at least -0.0012 with 95% confidence; "
        "it must be no lower than -0.01 to be no worse."
    ) in lines


@pytest.mark.parametrize(
    ("maximize", "rows_needed", "words"),
    [
        (
            True,
            RowsPlan(rows=1240, low=810, high=1904),
            (
                "at least -0.02 with 95% confidence; it must be no lower than -0.01 to be no worse. A plan: if the two are in "
                "truth equal, some 1,200 rows (810 to 1,900) find it no worse, four times in five."
            ),
        ),
        (
            False,
            None,
            ("at most -0.02 with 95% confidence; it must be no higher than +0.01 to be no worse."),
        ),
    ],
)
def test_an_open_difference_says_what_would_decide_it(maximize: bool, rows_needed: RowsPlan | None, words: str) -> None:
    found = PairedDifference(
        value=0.0, low=-0.03, high=0.03, bound=-0.02, margin=0.01, standing="inconclusive", rows_needed=rows_needed
    )
    metric = replace(metrics()[0], maximize=maximize, difference=found)
    text = text_of(replace(sample_review(), evaluations=[replace(evaluation(), metrics=[metric])]))
    assert f"Inconclusive. The difference is {words}" in text


def test_a_first_version_is_compared_with_a_baseline() -> None:
    alone = replace(evaluation(), champion="dummy baseline")
    text = text_of(replace(sample_review(), evaluations=[alone]))
    assert "No champion yet; dummy baseline" in text
    assert "it must be above 0 to be better than a constant answer." in text
    assert "Champion breast" not in text
    assert "to be no worse" not in text


@pytest.mark.parametrize(("number", "words"), [(51, "… and 1 more file, see"), (52, "… and 2 more files, see")])
def test_one_more_and_several_more_are_told_apart(number: int, words: str) -> None:
    outputs = tuple((f"out{place}.json", "md5:0") for place in range(number))
    step = LineageStep(stage="train@iris", command="train", inputs=(), outputs=outputs)
    assert words in text_of(replace(sample_review(), lineage=[step]))


def test_without_a_champion_the_candidate_stands_alone() -> None:
    metric = replace(metrics()[0], champion=None, difference=None)
    page = check_whole(format_markdown(replace(sample_review(), evaluations=[replace(evaluation(), metrics=[metric])])))
    assert "Difference–" not in page.text
    assert "0.9929" in page.text


def test_both_sets_of_evaluation_rows_are_shown_and_told_apart() -> None:
    page = check_whole(format_markdown(failed_review()))
    for section in ("metrics", "slices"):
        assert section.capitalize() in page.text or f"All {section}" in page.text
    assert page.text.count("200 evaluation rows of the base") == 5
    assert page.text.count("200 evaluation rows that the proposal brings") == 5
    assert "sha256 5d41402abc4b" in page.text
    assert len(fences(format_markdown(failed_review()), "mermaid")) == 5


def test_failed_and_open_checks_come_first_and_passed_ones_are_folded() -> None:
    page = check_whole(format_markdown(failed_review()))
    text = page.text
    assert (
        text.index("floor: recall") < text.index("evaluation data") < text.index("slice: clinic") < text.index("owner")
    )
    assert "models/breast-cancer/model.yaml:42" in text
    folded = "".join(data for stack, data in page.texts if "details" in stack)
    assert "8 checks passed" in folded
    assert "4 files match their sha256" in folded
    assert "floor: recall" in folded  # its twin that passed
    assert "at least 0.85 is required" not in folded.replace("is 0.8933 (0.9467); at least 0.85 is required", "")


def test_all_metrics_say_which_way_is_better_and_what_follows() -> None:
    rows = [line for line in format_markdown(sample_review()).splitlines() if line.startswith(("| **↑", "| ↑", "| ↓"))]
    assert rows[0] == (
        "| **↑&nbsp;`roc_auc`** | 0.9929<br>[0.9779,&nbsp;1] | 0.9795<br>[0.9534,&nbsp;0.999] | "
        "+0.0133<br>[-0.0012,&nbsp;+0.0321] | No worse | 0.95 |"
    )
    assert rows[5].startswith("| ↓&nbsp;`log_loss` | 0.075<br>")
    assert rows[5].endswith("| Better | 0.25 |")
    assert rows[1].endswith("| No clear difference | – |")
    assert len(rows) == 7


def test_slices_behaviour_cost_and_the_rest_are_there() -> None:
    text = text_of(sample_review())
    for words in (
        "clinic: 12 rows are too few to judge (50 are needed)",
        "McNemar, exact: p is 0.69. Of 200 rows, only the candidate has 4 right",
        "Where larger-nuclei-raise-suspicion does not hold (2)",
        "906 µs",
        "14.2 kB",
        "200 kB",
        "ROC curve: blue is breast-cancer@1.1.0, orange is breast-cancer@1.0.0.",
        "best.model__C",
        "25 files with hashes, and the commands",
        "python scripts/train.py breast-cancer",
        "3 proposals compared on rows 208305ae82e5: few enough",
        "Same predictions: every prediction is the same; the bytes of plots differ. The first stage that differs is",
        "files: landlock; network: none; memory: 2 GB; time: 60 s.",
        "mintmark promote breast-cancer@1.1.0 production",
        "Ada Lovelace <ada@example.org> writes:",
        "better calibrated probabilities.",
    ):
        assert words in text, words


def test_each_failure_of_a_behaviour_test_shows_its_rows_and_those_of_a_failed_test_are_open() -> None:
    passed, failed = (format_markdown(review) for review in (sample_review(), failed_review()))
    for markdown in (passed, failed):
        assert "| `worst area` | `before` | `after` |" in markdown
        assert "| 512.3 | 0.0312 | 0.0301 |" in markdown
    assert "<details open>" not in passed
    assert failed.count("<details open>") == 1


@pytest.mark.parametrize(
    ("share", "shown"), [(1.0, "100%"), (0.99999, "99.999%"), (0.985, "98.5%"), (None, "–"), (2.0, "2"), (0.0, "0%")]
)
def test_a_share_is_all_of_the_rows_only_where_it_is(share: float | None, shown: str) -> None:
    result = replace(sample_review().behaviour[0], share=share)
    markdown = format_markdown(replace(sample_review(), behaviour=[result]))
    assert f"| ✅ | `clear-cases`<br>minimum-functionality | {shown} | 2 of 2 cases hold |" in markdown


def test_a_handful_of_curves_is_drawn() -> None:
    many = [replace(evaluation(), curves=list(evaluation().curves) * 20)]
    for evaluations, charts in ((many, 4), (many * 2, 4), (many * 50, 5)):
        review = replace(sample_review(), evaluations=evaluations, lineage=[])
        assert len(fences(format_markdown(review), "mermaid")) == charts


def test_a_reproduction_says_which_files_differ() -> None:
    markdown = format_markdown(sample_review())
    assert "| `models/breast-cancer/candidate/plots/roc` | **different** |" in markdown
    assert "| `models/breast-cancer/candidate/model.skops` | the same |" in markdown
    assert "| `numpy` | `2.4.6` | `2.4.7` |" in markdown
    assert "<summary>1 of 2 files have the same bytes</summary>" in markdown


def test_a_rollback_is_short() -> None:
    markdown = format_markdown(rollback_review())
    page = check_whole(markdown)
    assert headings(page) == ["What to do next"]
    assert "Rolls back production of breast-cancer to 1.0.0 instead of 1.1.0." in page.text
    assert len(markdown) < 1_000


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("promote", "Promotes iris@1.2.0 to production instead of 1.1.0."),
        ("withdraw", "Withdraws iris@1.2.0"),
        ("yank", "Yanks iris@1.2.0"),
        ("describe", "Edits the description of iris@1.2.0"),
        ("code", "Changes code, and nothing that is registered."),
        ("nothing", "Changes nothing that a review looks at."),
        ("mixture", "Mixes changes that belong in pull requests of their own: iris@1.2.0"),
    ],
)
def test_each_kind_of_change_has_its_sentence(kind: Any, words: str) -> None:
    subject = Subject(model="iris", version="1.2.0", incumbent="1.1.0", channel="production")
    assert words in text_of(replace(rollback_review(), kind=kind, subjects=[subject]))


def test_a_table_of_before_and_after_is_shown_and_a_long_one_folded() -> None:
    short = Table(title="Gates", header=["gate", "before", "after"], rows=[["margin", "0.01", "0.02"]])
    ragged = Table(title="Ragged", header=["one"], rows=[["1", "2", "3"], []])
    empty = Table(title="Nothing", header=[], rows=[])
    page = check_whole(format_markdown(replace(rollback_review(), kind="describe", tables=[short, ragged, empty])))
    assert page.count("table") == 3
    assert "Nothing: nothing differs." in page.text
    assert page.count("th") == 3 + 3 + 2
    wide = replace(short, rows=[["x"] * 1_000, ["y"]])
    assert "| x | x | x | x | x | x |\n| y |  |  |  |  |  |" in format_markdown(
        replace(rollback_review(), tables=[wide])
    )
    long = replace(short, rows=list(short.rows) * 20)
    page = check_whole(format_markdown(replace(rollback_review(), tables=[long])))
    assert any("details" in stack and "0.02" in data for stack, data in page.texts)


def test_the_words_of_the_author_are_cut() -> None:
    text = text_of(replace(sample_review(), summary="word " * 4_000))
    assert 1_400 < text.count("word ") * 5 <= 1_500
    assert "Cut here; the record has the whole text." in text
    assert "Cut here" not in text_of(sample_review())


def test_it_is_the_same_every_time() -> None:
    assert format_markdown(failed_review()) == format_markdown(failed_review())
