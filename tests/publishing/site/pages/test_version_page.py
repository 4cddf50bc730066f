"""The page of one version, read as a reader would."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.publishing.site.browsing.in_a_browser import ASSETS, use_page
from tests.publishing.site.pages.version_pages import content, page
from tests.publishing.site.samples.sample_versions import (
    HOSTILE,
    assert_safe,
    config,
    event,
    held,
    index,
    measured,
    metrics,
    model,
    row,
    version,
)

from mintmark.publishing.site.pages.version_facts import steps

SECTIONS = [
    *("verdict", "gates", "behaviour", "try", "metrics", "slices", "curves", "importance", "explanation", "tuning"),
    *("get", "changes", "signature", "lineage", "files", "environment", "said", "card", "record", "change"),
]


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
