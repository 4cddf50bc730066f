"""The page of one version, read as a reader would."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.publishing.sample_review import sample_review
from tests.publishing.site.in_a_browser import ASSETS, use_page
from tests.publishing.site.sample_versions import (
    HOSTILE,
    Page,
    assert_safe,
    config,
    event,
    held,
    index,
    measured,
    metrics,
    model,
    review,
    row,
    summaries,
    version,
)

from mintmark.publishing.site.pages.version_facts import steps
from mintmark.publishing.site.pages.version_page import version_page

SECTIONS = [
    *("verdict", "gates", "behaviour", "try", "metrics", "slices", "curves", "importance", "explanation", "tuning"),
    *("get", "changes", "signature", "lineage", "files", "environment", "said", "card", "record", "change"),
]


def content(document: dict[str, Any] | None = None, **options: Any) -> str:
    document = document or version()
    settings = options.pop("config", config())
    shown = options.pop("index", index(row(document), row(version("1.0.0", parent=None))))
    return version_page(settings, shown, document, **{"parent": None, "champion": None, **options})


def page(document: dict[str, Any] | None = None, **options: Any) -> Page:
    made = Page(content(document, **options))
    assert made.faults == []
    return made


def test_what_moves_the_answers_is_drawn_on_one_scale() -> None:
    row = {"row": "lowest", "class": HOSTILE, "answer": 0.1, "base": 0.5, "others": {"value": -0.6, "error": 0.01},
           "inputs": {HOSTILE: {"value": 0.3, "error": 0.01, "same": 0.5}, "sepal": {"value": -0.1, "error": 0.0}}}  # fmt: skip
    curves = [
        {"input": "sepal", "class": HOSTILE, "values": [1, 2.5, 4], "answers": [0.2, 0.4, 0.8]},
        {"input": HOSTILE, "class": HOSTILE, "values": [HOSTILE, "b", "c"], "answers": [0.1, 0.2, 0.3]},
    ]
    found = {"by": "probability", "background": 100, "curves": curves, "rows": [row], "left_out": {HOSTILE: HOSTILE}}
    document = version()
    document["metrics"]["explanation"] = found
    text = content(document)
    assert_safe(text)
    made = page(document)
    assert "-0.6 ± 0.01" in made.text()
    assert "as 50% of the rows" in made.text()
    assert "missing" in made.text()
    bars = [a for tag, a in made.elements if tag == "rect"]
    assert [(bar["x"], bar["width"]) for bar in bars[-3:]] == [("0.0", "133.3"), ("133.3", "66.7"), ("111.1", "22.2")]
    assert re.findall(r"highest ([\d.]+) at", text) == ["0.8", "0.3"]


def test_numbers_that_cannot_be_drawn_leave_the_rest_of_the_page() -> None:
    row = {"row": "lowest", "answer": 10**400, "base": 1, "inputs": {"sepal": {"value": 10**400, "error": 0.0}}}
    curve = {"input": "sepal", "values": [1, 10**400], "answers": [1, 10**400]}
    document = version()
    document["metrics"]["explanation"] = {"by": "prediction", "background": 1, "curves": [curve], "rows": [row]}
    assert "Shapley" not in page(document).text()


def test_an_older_version_says_that_nothing_of_this_was_measured() -> None:
    assert "Partial dependence and contributions were not measured for this version." in page().text()


def test_every_section_is_there_and_listed_at_the_top() -> None:
    made = page()
    headings = [attributes["id"] for tag, attributes in made.elements if tag == "h2"]
    assert headings == ["status", *SECTIONS]
    listed = [link for link in made.links() if link.startswith("#") and not link.startswith("#stage-")]
    assert listed == [*(f"#{name}" for name in SECTIONS), "#files"]
    assert [tag for tag, _ in made.elements].count("h1") == 1


def test_every_table_is_captioned_or_labelled_and_can_be_scrolled() -> None:
    made = content(parent=version("1.0.0", parent=None, parameters={"C": 2}), champion=version("1.0.0"))
    for table in re.findall(r"<div class=\"mm-scroll\"[^>]*><table.*?</table>", made, re.S):
        assert 'tabindex="0" role="region" aria-label="' in table
        assert re.search(r'<th scope="col">', table)
    assert made.count("<table") == made.count('<div class="mm-scroll"')


# -- status ----------------------------------------------------------------------------------------------------------


def test_a_yanked_version_says_why_and_what_to_use_instead() -> None:
    status = {"reason": "Labels **leaked**.", "replacement": "1.2.0", **event(5, "yank iris")}
    made = page(version(status=status))
    assert "Yanked. Use this one instead: 1.2.0. Done by Ada on 2026-06-05 in 5555555 (#45)." in made.text("status")
    assert "Labels leaked." in made.text("status")
    assert "../1.2.0/" in made.links()
    without = page(version(status={**status, "replacement": None}))
    assert "Nobody has named a version to use instead." in without.text("status")


def test_the_gravest_comes_first() -> None:
    status = {"reason": "x", "replacement": None, **event(5)}
    text = page(
        version(status=status, reproduced={"time": "2026-06-02T00:00:00Z", "by": "CI", "identical": True})
    ).text("status")
    assert text.index("Yanked") < text.index("Reproduced")


def test_a_newer_version_is_named() -> None:
    newest, older = version("1.1.0"), version("1.0.0", parent=None)
    both = index(row(newest), row(older))
    assert "newer" not in page(newest, index=both).text("status")
    made = page(older, index=both)
    assert "There is a newer version: 1.1.0." in made.text("status")
    assert "../1.1.0/" in made.links()


def test_a_pre_release_beyond_the_latest_is_not_called_old() -> None:
    document = version("2.0.0-rc.1")
    text = page(document, index=index(row(document), row(version("1.1.0")), latest="1.1.0")).text("status")
    assert "Pre-release" in text
    assert "newer version" not in text


def test_channels_commits_and_reproductions_are_told() -> None:
    channels = {"staging": held("1.1.0", "1.0.0", event(7))}
    reproduced = {"time": "2026-06-02T00:00:00Z", "by": "CI", "identical": False}
    document = version(registered=None, reproduced=reproduced)
    text = page(document, index=index(row(document), channels=channels)).text("status")
    assert "In staging. Moved there by Ada on 2026-06-07" in text
    assert "Not committed" in text
    assert "by CI on 2026-06-02, and the bytes were not the same" in text


# -- how to get it ---------------------------------------------------------------------------------------------------


def test_every_way_to_get_it_can_be_copied() -> None:
    text = page().text("get")
    assert "mintmark pull iris@1.1.0" in text
    assert "mintmark pull iris@1.1.0 --registry https://acme.github.io/models/" in text
    assert 'mintmark.load("iris@1.1.0")' in text
    assert "dvc get https://github.com/acme/models models/iris/versions/1.1.0/model.skops" in text
    url = "https://acme.github.io/models/api/v1/models/iris/versions/1.1.0/model.skops"
    assert f'curl -fLO {url} echo "{"b" * 64} model.skops" | sha256sum -c' in text
    assert content().count("<dt>") >= 5
    assert content().split('id="get"')[1].split("<details")[0].count("data-copy=") == 5


def test_without_addresses_only_what_works_is_shown() -> None:
    made = content(config=config(site=None, repository=None))
    assert "--registry" not in made
    assert "dvc get" not in made
    assert '<span data-address="../../../api/v1/models/iris/versions/1.1.0/model.skops">' in made


def test_files_that_the_site_does_not_hold_are_not_linked() -> None:
    document = version()
    document["files"] = [{**file, "url": None} for file in document["files"]]
    made = page(document)
    assert "curl" not in made.text("get")
    assert not any(link.endswith("model.skops") for link in made.links())
    assert "DVC store" in made.text("files")


def test_data_is_not_loaded_as_a_model() -> None:
    artifact = {**version()["record"]["artifact"], "format": "data", "path": "table.parquet"}
    assert "mintmark.load" not in page(version(artifact=artifact)).text("get")


# -- the verdict of its review ---------------------------------------------------------------------------------------


def test_the_verdict_of_the_review_comes_first_with_its_difference() -> None:
    made = page(version(review=review()))
    text = made.text("verdict")
    assert f"Pass {sample_review().reason}" in text
    assert "Paired difference +0.0133 [-0.0012, +0.0321], margin 0.01. A paired test says: no worse" in text
    assert "Request #12, approved by ada and grace · its check ended with success" in text
    assert "as the tag iris@v1.1.0 says: whoever may push tags may write that" in text
    assert {"https://github.com/acme/models/pull/12", "https://github.com/acme/models/actions/runs/77/job/5"} <= set(
        made.links()
    )
    drawn = content(version(review=review())).split('class="mm-chart mm-difference"')[1].split("</svg>")[0]
    assert all(word in drawn for word in ("no difference", "margin -0.01", "this version minus breast-cancer@1.0.0"))
    assert "mm-better" not in content(version(review=review()))


def test_behaviour_tests_show_how_they_came_out() -> None:
    told = review()
    told["report"]["behaviour"] = [
        {"name": "longer-is-surer", "verdict": "fail", "message": "It fell.", "share": 0.5},
        {"name": "gone", "verdict": "pass", "message": "Fine.", "share": None},
    ]
    text = page(version(review=told)).text("behaviour")
    assert "longer-is-surer direction ✗ failed 50% It fell." in text
    assert "broken malformed not kept" in text
    assert "gone no longer declared ✓ held Fine." in text


def told_as(standing: str, **bounds: float | None) -> dict[str, Any]:
    """A review whose paired test is said to have come out so."""
    told = review()
    told["report"]["verdict"] = "pass"
    told["report"]["comparison"]["difference"] |= {"standing": standing, **bounds}
    return told


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (None, "No review kept: no tag tells of this version."),
        (
            review(fault="it is a lightweight tag, which has no message", report=None, outcome=None, approvers=[]),
            "No review kept: the tag iris@v1.1.0 is not believed, as it is a lightweight tag",
        ),
        (review(report=None), "No review kept: the tag iris@v1.1.0 names the change and holds no report."),
        (review(outcome="failure"), "The tag does not agree with itself: the check ended with failure"),
        (told_as("worse"), 'The tag does not agree with itself: it says "worse", which does not follow from'),
        (told_as("worse", low=-0.5, high=-0.3, bound=-0.4), "its report says pass, and its paired test says worse"),
        (told_as("better", low=-0.5, high=-0.3, bound=-0.4), 'it says "better", which does not follow from'),
        (told_as("no worse", low=None, high=None, bound=None), 'it says "no worse", which does not follow from'),
    ],
)
def test_what_a_tag_does_not_tell_is_said(told: dict[str, Any] | None, said: str) -> None:
    assert said in page(version(review=told)).text("verdict")


def test_what_a_tag_says_is_only_text() -> None:
    told = review(approvers=[HOSTILE], outcome=HOSTILE, run="https://evil.example/" + HOSTILE)
    for part in told["report"]["checks"] + told["report"]["behaviour"]:
        part |= {"name": HOSTILE, "message": HOSTILE}
    told["report"] |= {"reason": HOSTILE, "judge": HOSTILE}
    told["report"]["comparison"] |= {"against": HOSTILE, "metric": HOSTILE}
    made = content(version(review=told))
    assert_safe(made)
    assert "https://evil.example" not in [link for link in Page(made).links() if link.startswith("https")]


# -- evidence --------------------------------------------------------------------------------------------------------


def test_metrics_stand_beside_the_champion_without_a_verdict() -> None:
    document = version(metrics=metrics(roc_auc=0.96, log_loss=0.3))
    text = page(document, champion=version("1.0.0", metrics=metrics(roc_auc=0.95, log_loss=0.2))).text("metrics")
    assert "roc_auc primary 0.96 [0.94, 0.98] more 0.95 [0.93, 0.97] +0.01 not tested" in text
    assert "log_loss 0.3 [0.28, 0.32] less 0.2 [0.18, 0.22] +0.1 not tested" in text
    assert text.index("roc_auc") < text.index("log_loss")
    assert "measured on the same evaluation rows" in text
    assert not {"mm-better", "mm-worse"} & set(content(document, champion=version("1.0.0")).split('"'))


def test_other_evaluation_rows_are_pointed_out() -> None:
    data = [{"role": "evaluation", "path": "data/evaluation.parquet", "hash": "sha256:" + "0" * 64, "rows": 400}]
    text = page(champion=version("1.0.0", data=data, metrics=metrics(roc_auc=0.5))).text("metrics")
    assert "measured on other evaluation rows" in text
    assert "0.5 [0.48, 0.52] – measured on other rows" in text, "both values, and no difference"


def test_the_champion_is_not_compared_with_itself() -> None:
    made = page(version(), champion=version())
    assert "This version is the champion." in made.text("metrics")
    assert "Difference" not in made.text("metrics")
    assert "There is no champion" in page(version()).text("metrics")


def test_a_floor_of_an_error_is_an_upper_limit_and_bounds_count() -> None:
    text = page(version(metrics=metrics(roc_auc=0.91, log_loss=0.22, reach=0.02))).text("gates")
    assert "floor: roc_auc ✗ not met" in text  # the value reaches 0.9, its lower bound does not
    assert "floor: log_loss ✓ met" in text
    high = page(version(metrics=metrics(log_loss=0.24, reach=0.02))).text("gates")
    assert "floor: log_loss ✗ not met" in high
    assert "floor: roc_auc ✓ met" in high
    assert "cost: size ✓ met" in text
    assert "Judged in review: margin, roc_auc at most 0.01 worse" in text


def test_slices_show_their_rows_and_which_are_few() -> None:
    text = page().text("slices")
    assert "all rows 400" in text
    assert "small petal is below 2 Short petals. 20 few 0.95 [0.93, 0.97] 0.2 [0.18, 0.22]" in " ".join(text.split())


def test_what_has_no_value_says_why() -> None:
    document = version()
    document["metrics"]["slices"]["small"]["metrics"] = {}
    document["metrics"]["undefined"] = {"brier": HOSTILE, "slices.small.roc_auc": "every row has the class 'no'"}
    made = content(document)
    assert_safe(made)
    assert "not defined: every row has the class 'no'" in page(document).text("slices")
    assert "brier not defined: " in " ".join(page(document).text("metrics").split())


def test_what_was_not_measured_is_said() -> None:
    document = version()
    document["metrics"] = None
    made = page(document)
    assert "Its metrics.json cannot be read." in made.text("metrics")
    assert "Its metrics.json cannot be read." in made.text("slices")
    assert "was not measured" in made.text("importance")


def test_importances_are_bars_on_one_scale() -> None:
    made = content()
    assert "sepal0.2 ± 0.02" in re.sub(r"<[^>]*>|\n", "", made)
    bars = [tuple(map(float, found)) for found in re.findall(r'<rect x="([\d.]+)" y="2" width="([\d.]+)"', made)]
    (sepal, petal) = bars
    assert sepal[1] == pytest.approx(20 * petal[1], rel=0.02)  # 0.2 and -0.01
    assert petal[0] + petal[1] == pytest.approx(sepal[0], abs=0.1)  # one grows to the left of 0, one to the right
    assert max(map(float, re.findall(r"6H([\d.]+)", made))) == 200


def test_importance_of_one_shuffle_has_no_deviation() -> None:
    document = version()
    document["metrics"] = {**document["metrics"], "importance": {"sepal": {"mean": 0.2}, "petal": {"mean": -0.01}}}
    text = page(document).text("importance")
    assert "sepal 0.2" in text
    assert "±" not in text
    assert "deviation" not in text


def test_behaviour_tests_are_told_in_sentences_with_the_review() -> None:
    made = page()
    text = made.text("behaviour")
    assert "longer-is-surer direction Petals grow." in text
    assert (
        "petal plus 1: the probability of setosa does not fall in at least 99% of the rows, and rises in some" in text
    )
    assert "NaN: an error" in text
    assert "How they came out is not kept: the review was in #41." in text
    assert "https://github.com/acme/models/pull/41" in made.links()


def test_curves_are_shown_or_why_there_are_none() -> None:
    drawn = content(curves=[("ROC <curve>", "<svg id='roc'><path d='M0 0'/></svg>")])
    assert "<svg id='roc'>" in drawn
    assert "ROC &lt;curve&gt;" in drawn
    assert "Predictions are in another store." in page(no_curves="Predictions are in another store.").text("curves")


def test_classes_and_trials_are_told_where_the_files_are_here() -> None:
    made = page(version(**summaries()))
    assert "93 of 100 rows are answered right, 93%" in made.text("classes")
    assert "setosa 50 0.9057 0.96 0.932" in made.text("classes")
    assert "setosa 48 2" in made.text("classes")
    assert "1 1 0.92 ± 0.01 C 1.0" in made.text("tuning")
    without = page()
    assert "not kept" in without.text("tuning")
    assert "#classes" not in without.links()


# -- what it is made of ----------------------------------------------------------------------------------------------


def test_lineage_is_a_list_of_stages_tied_by_links() -> None:
    made = page()
    assert "lineage" in made.ids()
    text = made.text("lineage")
    assert "evaluation data/evaluation.parquet 400" in text
    assert "python train.py" in text
    for line in ("reads data/train.parquet 22222222", "runs train.py 11111111", "writes model.skops aaaaaaaa"):
        assert line in text
    assert "estimator.class sklearn.linear_model.LogisticRegression" in text


def stage(deps=(), outs=(), cmd="python run.py"):
    return {"cmd": cmd, "deps": dict.fromkeys(deps, "md5:1"), "outs": {path: f"md5:{path}" for path in outs}}


def test_each_stage_says_where_its_inputs_come_from() -> None:
    record = {
        "artifact": {"md5": "m/model.onnx"},
        "stages": {
            "prepare": stage(["raw/a.csv", "prepare.py"], ["m/train", "m/data.json"]),
            "tune": stage(["m/train/part-1"], ["m/best.json"]),  # a file inside what a stage wrote as a folder
            "train": stage(["m", "train.R"], ["m/model.onnx"]),  # a folder that stages wrote into
            "measure": stage(["measure.py"], []),
        },
    }
    prepare, tune, train, measure = steps(record)
    assert (prepare.data, prepare.sources, prepare.made) == (["a.csv"], [], ["train", "data.json"])
    assert tune.sources == [("prepare", "stage-1")]
    assert train.sources == [("prepare", "stage-1"), ("tune", "stage-2")]
    assert [step.makes_artifact for step in (prepare, tune, train, measure)] == [False, False, True, False]
    assert (measure.data, measure.sources, measure.made) == ([], [], [])
    shown = page(version(stages=record["stages"]))
    text = shown.text("lineage")
    assert "prepare reads a.csv. It writes train, data.json." in text
    assert "train reads what prepare and tune wrote. It writes model.onnx." in text
    assert "measure reads nothing. It writes nothing." in text
    assert {"#stage-1", "#stage-2"} <= set(shown.links())


def test_thousands_of_stages_that_read_each_other_stay_quick_to_tell() -> None:
    outs = [f"m/{number}/out" for number in range(2000)]
    stages = {f"s{n}": stage(outs[:n][-30:], [out]) for n, out in enumerate(outs)}
    told = steps({"artifact": {"md5": "none"}, "stages": stages})
    assert len(told[-1].sources) == 12
    assert told[-1].sources[0] == ("s1969", "stage-1970")


def test_files_have_digests_to_copy_and_a_download() -> None:
    made = page()
    assert "model.skops 2 kB " + "b" * 64 + " " + "a" * 32 in made.text("files")
    assert "../../../api/v1/models/iris/versions/1.1.0/model.skops" in made.links()
    assert content().count('data-copy="sha256 of') == 2


def test_a_long_signature_is_folded() -> None:
    inputs = {f"column {number}": "float64" for number in range(40)}
    made = content(
        version(signature={"inputs": inputs, "outputs": {"scores": {"type": "float64", "shape": [None, 3]}}})
    )
    assert re.search(
        r'<details class="mm-fold"><summary><h2 id="signature">Signature</h2> <span[^>]*>40 inputs</span>', made
    )
    assert "float64, shape (any, 3)" in made


def test_changes_since_the_parent_are_told() -> None:
    parent = version("1.0.0", parent=None, parameters={"C": 5}, metrics=metrics(roc_auc=0.9))
    made = page(parent=parent)
    text = made.text("changes")
    assert "roc_auc 0.9 [0.88, 0.92] 0.95 [0.93, 0.97] +0.05 not tested" in text
    assert "C 5 1" in text
    assert "Data" not in text
    assert "../../../compare/?v=iris@1.0.0&v=iris@1.1.0" in made.links()
    assert "no longer registered" in page(parent=None).text("changes")
    assert "has no parent" in page(version(parent=None)).text("changes")


def test_a_card_that_is_not_there_is_not_linked() -> None:
    assert "card.md" in page(has_card=True).links()
    made = page()
    assert "card.md" not in made.links()
    assert "mintmark card iris@1.1.0" in made.text("card")
    assert "What it is not for Gardening." in made.text("card")


# -- hostile texts, size ---------------------------------------------------------------------------------------------


def hostile_version() -> dict[str, Any]:
    stage = {"cmd": HOSTILE, "deps": {HOSTILE: "md5:" + HOSTILE}, "outs": {HOSTILE: "md5:x"}}
    found = metrics()
    document = version(
        author=HOSTILE,
        summary=HOSTILE,
        signature={
            "inputs": {HOSTILE: HOSTILE},
            "outputs": {HOSTILE: {"type": HOSTILE, "shape": [None]}},
            "classes": [HOSTILE],
        },
        parameters={HOSTILE: HOSTILE, "list": [HOSTILE]},
        data=[{"role": "source", "path": HOSTILE, "hash": HOSTILE, "rows": 1}],
        stages={HOSTILE: stage},
        environment={"python": HOSTILE, "platform": HOSTILE, "packages": {HOSTILE: HOSTILE}, "lock": HOSTILE},
        status={"reason": HOSTILE, "replacement": None, **event(5, HOSTILE, by=HOSTILE)},
        registered=event(1, HOSTILE, by=HOSTILE),
        reproduced={"time": "2026-06-02T00:00:00Z", "by": HOSTILE, "identical": False},
    )
    document["metrics"] = {**measured(found), "importance": {HOSTILE: {"mean": 1, "std": 0}}}
    return document


def hostile_model() -> dict[str, Any]:
    texts = ("title", "purpose", "intended_use", "out_of_scope", "limitations", "ethics", "training_data", "licence")
    where = {"column": HOSTILE, "equals": HOSTILE}
    change = {"column": HOSTILE, "set": HOSTILE}
    return model(
        **dict.fromkeys((*texts, "target", "positive_class", "entity_column"), HOSTILE),
        owners=[HOSTILE],
        tags=[HOSTILE],
        slices=[{"name": "small", "description": HOSTILE, "where": where}],
        behaviour=[
            {
                "name": "a",
                "kind": "minimum-functionality",
                "description": HOSTILE,
                "cases": [{"row": {HOSTILE: HOSTILE}, "expect": HOSTILE}],
            },
            {"name": "b", "kind": "invariance", "change": change, "tolerance": 1, "share": 1},
        ],
    )


def test_nothing_that_anybody_wrote_runs() -> None:
    document = hostile_version()
    channels = {"staging": held("1.1.0", "1.0.0", event(7, HOSTILE, by=HOSTILE))}
    shown = index(row(document), model=hostile_model(), channels=channels)
    made = content(document, index=shown, parent=version("1.0.0", parent=None), no_curves=HOSTILE)
    assert_safe(made)
    assert made.count("&lt;script&gt;") > 30


def test_hostile_addresses_are_not_linked() -> None:
    made = page(config=config(repository="javascript:alert(1)", site="https://a b"))
    assert not any(link.startswith("javascript") for link in made.links())
    assert "dvc get" not in made.text()


def test_a_typical_page_is_small() -> None:
    made = content(parent=version("1.0.0", parent=None), champion=version("1.0.0"))
    assert len(made.encode()) < 24_000


# -- in a browser ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_addresses_and_the_raw_record_are_filled_in_by_the_script(tmp_path: Path) -> None:
    document = version(summary=HOSTILE)
    (tmp_path / "site").mkdir()
    shutil.copy(ASSETS / "model.js", tmp_path / "site" / "model.js")
    made = content(document, config=config(site=None)) + '<script src="/model.js" defer></script>'
    seen = use_page(
        tmp_path / "site",
        made,
        """$(".mm-record").open = true;
        await wait(() => $(".mm-record code").textContent.length > 10);
        return {command: $("[data-address]").closest("code").textContent, host: location.host,
          record: $(".mm-record code").textContent, elements: $(".mm-record code").children.length};""",
        files={"api/v1/models/iris/versions/1.1.0.json": document},
    )
    assert f"curl -fLO http://{seen['host']}/api/v1/models/iris/versions/1.1.0/model.skops\necho" in seen["command"]
    assert json.loads(seen["record"])["record"]["summary"] == HOSTILE
    assert seen["elements"] == 0
