"""What a model card says of a version, read by a renderer of CommonMark."""

from __future__ import annotations

import re
from html import unescape

import pytest
from tests.publishing.card.shown_cards import SHIPPED, Page, a_source, rows_of, section, shipped

from mintmark.core.finding import Finding
from mintmark.core.records import Status
from mintmark.core.version import parse_version
from mintmark.publishing.card.annex_iv import POINTS
from mintmark.publishing.card.model_card import format_card

EXPLANATION = {
    "by": "probability",
    "background": 100,
    "curves": [
        {"input": "worst texture", "class": "malignant", "values": [16, 20.5, 37], "answers": [0.2, 0.3, 0.6]},
    ],
    "rows": [
        {
            "row": "lowest",
            "class": "malignant",
            "answer": 0.3,
            "base": 0.3,
            "inputs": {
                "worst texture": {"value": 0.1, "error": 0.02, "below": 0.93},
                "worst area": {"value": -0.2, "error": 0.01},
            },
            "others": {"value": 0.1, "error": 0.01},
        }
    ],
    "left_out": {"mean area": "it has the same value in every row"},
}


# -- what the card says ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reference", SHIPPED)
def test_a_card_of_each_shipped_model(reference: str) -> None:
    source = shipped(reference)
    card = format_card(source)
    assert card == format_card(shipped(reference))
    assert card.endswith("|\n")
    assert not card.endswith("\n\n")
    assert "Nobody has written" not in card
    page = Page(card)
    assert page.headings == ["h1", *["h2"] * 20]
    assert source.record.artifact.sha256 in page.text
    for field in ("purpose", "intended_use", "out_of_scope", "limitations", "ethics", "training_data"):
        assert " ".join(source.model.document[field].split()) in page.text, field


def test_the_opening_says_where_the_version_stands() -> None:
    facts = dict(rows_of(format_card(a_source(channels=("staging", "production")))))
    assert facts["channels"] == "`staging`, `production`"
    assert facts["task"] == "binary classification of `diagnosis`, positive class `malignant`"
    assert facts["primary metric"] == "`roc_auc` 0.9929 [0.9779, 1], more is better"
    assert dict(rows_of(format_card(a_source(channels=()))))["channels"] == "none"
    assert "warning" not in format_card(a_source()).lower()


def test_the_author_is_named_without_the_address() -> None:
    card = format_card(shipped("breast-cancer@1.1.0"))
    assert dict(rows_of(card))["made"] == "2026-11-21 by Mintmark maintainers"
    assert "maintainers&#64;" not in card
    assert dict(rows_of(format_card(a_source(record={"author": "<ada@example.org>"}))))["made"].endswith("mple.org&gt;")


def test_texts_of_nothing_but_spaces() -> None:
    slices = [{"name": "none", "where": {"column": " ", "in": ["", "a"]}}]
    card = format_card(a_source(model={"title": " ", "slices": slices}, record={"summary": " \n "}))
    assert Page(card).text.startswith("breast-cancer version")
    assert rows_of(section(card, "Slices"))[0][1] == "(blank) is one of (blank), `a`"
    assert section(card, "Changes").splitlines()[2] == "(blank)"


def test_a_yanked_version_says_so_before_all_else() -> None:
    status = Status(reason="Leaked\nlabels.", replacement=parse_version("1.0.0"))
    card = format_card(a_source(status=status))
    opening = card.split("\n---\n", 1)[1].split("\n| ")[0].strip().splitlines()
    assert opening == [
        "# Malignancy of a breast mass from a fine needle aspirate",
        "",
        "> **Warning: this version was yanked. Do not use it.**",
        ">",
        "> Leaked labels.",
        ">",
        "> Use `breast-cancer@1.0.0` instead.",
    ]
    assert "instead." not in format_card(a_source(status=Status(reason="Leaked labels.")))


def test_a_standing_that_cannot_be_read_is_told() -> None:
    fault = Finding(path="models/breast-cancer/status/1.1.0.yaml", message="is not valid YAML", line=1)
    opening = format_card(a_source(unread=(fault,))).split("| version")[0]
    assert "where this version stands is not fully known" in opening
    assert "`models/breast-cancer/status/1.1.0.yaml`" in opening


@pytest.mark.parametrize(
    ("title", "field"),
    [
        ("Intended use", "intended_use"),
        ("Out of scope", "out_of_scope"),
        ("Limitations", "limitations"),
        ("Ethics", "ethics"),
        ("Data", "training_data"),
        ("Behaviour tests", "behaviour"),
        ("Monitoring", "monitoring"),
    ],
)
@pytest.mark.parametrize("nothing", [None, " \n "])
def test_a_gap_is_seen(title: str, field: str, nothing: str | None) -> None:
    if nothing is not None and field in ("behaviour", "monitoring"):
        nothing = None
    card = format_card(a_source(model={field: nothing}))
    gap = f"Nobody has written this yet: add `{field}:` to `models/breast-cancer/model.yaml`."
    assert section(card, title).split("\n")[0] == gap
    assert card.count("Nobody has written") == 1
    anchor = f"[{title}](#{title.lower().replace(' ', '-')})"
    table = section(card, "EU AI Act, Annex IV")
    assert table.count(f"{anchor} (not written yet)") == table.count(anchor) > 0


def test_metrics_have_the_primary_first_and_say_which_way_is_better() -> None:
    rows = rows_of(section(format_card(shipped("breast-cancer@1.1.0")), "Metrics"))
    assert rows[0][:4] == ["`roc_auc` (primary)", "0.9929", "[0.9779, 1]", "more"]
    assert {row[0]: row[3] for row in rows[1:]} == {
        "`accuracy`": "more",
        "`balanced_accuracy`": "more",
        "`precision`": "more",
        "`recall`": "more",
        "`f1`": "more",
        "`average_precision`": "more",
        "`log_loss`": "less",
        "`brier`": "less",
    }
    text = section(format_card(shipped("diabetes-progression@1.0.0")), "Metrics")
    assert rows_of(text)[0][0] == "`mae` (primary)"
    assert rows_of(text)[0][3] == "less"
    assert "155 evaluation rows" in text
    assert "2,000 bootstrap resamples" in text


def test_a_primary_metric_that_the_version_lacks_is_told() -> None:
    card = format_card(
        a_source(model={"metric": {"name": "f1", "goal": "maximize"}}, measured={"metrics": {"recall": {"value": 1}}})
    )
    assert "The primary metric is `f1`, which this version was not measured by." in section(card, "Metrics")
    assert dict(rows_of(card))["primary metric"] == "`f1` (not measured), more is better"


def test_whose_precision_it_is() -> None:
    assert "are those of the class `malignant`." in section(format_card(shipped(SHIPPED[0])), "Metrics")
    assert "are averages over the classes" in section(format_card(shipped("digits@1.0.0")), "Metrics")


def test_slices() -> None:
    text = section(format_card(shipped("breast-cancer@1.1.0")), "Slices")
    assert "`roc_auc` (primary) | `recall` | `log_loss`" in text
    name, where, rows, roc_auc, recall, log_loss = rows_of(text)[0]
    assert (name, rows) == ("`medium-nuclei`", "87")
    assert where.endswith("<br>`mean radius` is at least 12 and below 15")
    assert (roc_auc, recall) == ("0.9974 [0.9894, 1]", "0.875 [0.6875, 1]")
    assert log_loss.startswith("0.06103")
    assert "fewer than 50 rows" in text
    digits = rows_of(section(format_card(shipped("digits@1.0.0")), "Slices"))
    assert digits[0][1].endswith("<br>`digit` is one of 0, 6, 8, 9")
    diabetes = rows_of(section(format_card(shipped("diabetes-progression@1.0.0")), "Slices"))
    assert diabetes[0][1].endswith("<br>`sex` is 1")


def test_a_slice_that_only_one_side_knows_is_told() -> None:
    declared = [{"name": "new-one", "where": {"column": "worst area", "at_least": 700}}]
    found = {"old-one": {"rows": 1200, "metrics": {"roc_auc": {"value": 0.9}}}}
    text = section(format_card(a_source(model={"slices": declared}, measured={"slices": found})), "Slices")
    assert rows_of(text) == [
        ["`new-one`", "`worst area` is at least 700", "not measured", "", "", ""],
        ["`old-one`", "(no longer declared)", "1,200", "0.9", "not defined", "not defined"],
    ]
    none = format_card(a_source(model={"slices": []}, measured={"slices": {}}))
    assert section(none, "Slices").startswith("Nobody has written this yet: add `slices:`")


def test_what_has_no_value_says_why() -> None:
    reasons = {"average_precision": "every row has the class 'no'", "slices.old-one.recall": "it is <b>*odd*</b>"}
    found = {"old-one": {"rows": 1200, "metrics": {"roc_auc": {"value": 0.9}}}}
    card = format_card(a_source(measured={"slices": found, "undefined": reasons, "metrics": {}}))
    row = next(row for row in rows_of(section(card, "Metrics")) if row[0] == "`average_precision`")
    assert row[1:4] == ["not defined: every row has the class 'no'", "", "more"]
    (row,) = [row for row in rows_of(section(card, "Slices")) if row[0] == "`old-one`"]
    assert "not defined: it is" in row[4]
    assert "<b>" not in row[4]
    assert row[5] == "not defined"


def test_behaviour_tests_say_what_is_held_and_claim_no_outcome() -> None:
    text = section(format_card(shipped("breast-cancer@1.1.0")), "Behaviour tests")
    held = {name: (kind, what) for name, kind, what in rows_of(text)}
    assert held["`clear-cases`"][0] == "minimum functionality"
    assert held["`clear-cases`"][1].endswith("`worst concave points` 0.04: `benign`")
    assert held["`noise-in-symmetry`"][1].endswith(
        "<br>`mean symmetry` with noise of 0.002: the probability of `malignant` moves by at most 0.03 in at least 99% of the rows"
    )
    assert held["`more-concave-points-raise-suspicion`"][1] == (
        "`worst concave points` plus 0.03: the probability of `malignant` does not fall in at least 99% of the rows, and "
        "rises in some"
    )
    assert held["`refuses-malformed-rows`"][1].endswith(
        "a missing column, NaN, a value of the wrong type, no rows: an error"
    )
    assert "how this version did in them is not in its record" in text
    digits = section(format_card(shipped("digits@1.0.0")), "Behaviour tests")
    assert "a row with 64 given columns: 7" in digits
    assert "`pixel_0_0` plus 2: each probability moves by at most 0.05" in digits
    diabetes = section(format_card(shipped("diabetes-progression@1.0.0")), "Behaviour tests")
    assert "`bmi` 25.5, `bp` 93, `s5` 4.6: at least 110 and at most 190" in diabetes
    assert "`age` plus 1: the prediction moves by at most 2 in at least 95% of the rows" in diabetes


def test_behaviour_tests_of_the_other_kinds() -> None:
    rules = [
        {
            "name": "down",
            "kind": "direction",
            "change": {"column": "x", "multiply": 2},
            "expect": "decrease",
            "share": 0.5,
        },
        {"name": "set", "kind": "invariance", "change": {"column": "x", "set": None}, "tolerance": 0, "share": 0.995},
        {"name": "lenient", "kind": "malformed", "inputs": ["nan"], "expect": "prediction"},
    ]
    text = section(format_card(a_source(model={"behaviour": rules, "positive_class": None})), "Behaviour tests")
    assert [row[2] for row in rows_of(text)] == [
        "`x` times 2: the probability of the second class does not rise in at least 50% of the rows, and falls in some",
        "`x` set to none: the probability of the second class moves by at most 0 in at least 99.5% of the rows",
        "NaN: a prediction for each row",
    ]


def test_gates_hold_the_bound_of_the_interval() -> None:
    metrics = {
        "roc_auc": {"value": 0.99, "low": 0.9, "high": 1.0},
        "recall": {"value": 0.8, "low": 0.85, "high": 0.9},
        "log_loss": {"value": 0.2, "low": 0.1, "high": 0.3},
        "f1": {"value": 1},
    }
    floors = {"roc_auc": 0.95, "recall": 0.85, "log_loss": 0.25, "f1": 0.5, "brier": 0.1}
    cost = {"size": 10_000, "load_seconds": 1, "latency_row_seconds": 1}  # the size is that of the artifact
    gates = {
        "margin": 0.02,
        "floors": floors,
        "cost": {"size": "15 kB", "load_seconds": 0.5, "latency_batch_seconds": 3},
    }
    card = format_card(a_source(model={"gates": gates}, measured={"metrics": metrics, "cost": cost}))
    assert [[unescape(cell) for cell in row] for row in rows_of(section(card, "Gates"))] == [
        ["margin", "`roc_auc` at most 0.02 worse than the champion's", "its record alone cannot tell"],
        ["slice margin", "in no slice more than 0.02 worse", "its record alone cannot tell"],
        [
            "floor: roc_auc",
            "roc_auc 0.99 [0.9, 1]: the lower bound is 0.9, and at least 0.95 is required",
            "**not met**",
        ],
        ["floor: recall", "recall 0.8 [0.85, 0.9]: the lower bound is 0.85, and at least 0.85 is required", "met"],
        [
            "floor: log_loss",
            "log_loss 0.2 [0.1, 0.3]: the upper bound is 0.3, and at most 0.25 is required",
            "**not met**",
        ],
        [
            "floor: f1",
            "f1 has no interval on these rows, so its floor of 0.5 is not reached; it needs more rows",
            "**not met**",
        ],
        ["floor: brier", "brier has a floor and cannot be measured for this model", "**not met**"],
        ["cost: size", "size 14.2 kB; at most 15 kB is allowed", "met"],
        ["cost: load_seconds", "time to load it 1 s; at most 500 ms is allowed", "**not met**"],
        ["cost: latency_batch_seconds", "time to predict a batch has a limit and was not measured", "**not met**"],
    ]
    assert "`roc_auc` at most 0.05 better; more may be a leak" in section(format_card(a_source()), "Gates")


@pytest.mark.parametrize("rest", [{}, {"std": 0}], ids=["as now", "as once recorded"])
def test_importance_of_one_shuffle_has_no_deviation(rest: dict[str, float]) -> None:
    measured = {"importance": {"petal": {"mean": 0.2, **rest}, "sepal": {"mean": 0.0, **rest}}}
    text = section(format_card(a_source(measured=measured)), "Explanation")
    assert rows_of(text)[:2] == [["`petal`", "0.2"], ["`sepal`", "0"]]
    assert "deviation" not in text


def test_importances_have_the_largest_first() -> None:
    text = section(format_card(shipped("breast-cancer@1.1.0")), "Explanation")
    assert rows_of(text)[:2] == [
        ["`worst texture`", "0.008949", "0.002904"],
        ["`radius error`", "0.003307", "0.001687"],
    ]
    assert len(rows_of(text)) == 10
    assert text.count("<summary>The other 20</summary>") == 1
    assert text.rindex("`texture error` | -0.001765") > text.index("<details>")
    assert "by how much `roc_auc` drops" in text
    assert "It does not say that the input causes anything" in text
    assert "by how much `mae` rises" in section(format_card(shipped("diabetes-progression@1.0.0")), "Explanation")
    assert "was not measured" in section(format_card(a_source(measured={"importance": {}})), "Explanation")


def test_what_moves_the_answers_is_told_with_the_largest_contribution_first() -> None:
    text = section(format_card(a_source(measured={"importance": None, "explanation": EXPLANATION})), "Explanation")
    assert rows_of(text) == [["`worst texture`", "probability of `malignant`", "0.2 at 16", "0.6 at 37"]]
    assert rows_of(text[text.index("The lowest answer") :]) == [
        ["`worst area`", "missing", "-0.2 ± 0.01"],
        ["`worst texture`", "above 93% of the rows", "+0.1 ± 0.02"],
        ["all others together", "", "+0.1"],
    ]
    assert "No curve of `mean area`: it has the same value in every row." in text
    assert "The lowest answer: the probability of `malignant` is 0.3, and 0.3 on average:" in text
    assert "Partial dependence" not in section(format_card(shipped("breast-cancer@1.1.0")), "Explanation")


def test_data_environment_cost_and_monitoring() -> None:
    card = format_card(shipped("breast-cancer@1.1.0"))
    evaluation = rows_of(section(card, "Data"))[2]
    assert evaluation[:2] == ["evaluation", "200"]
    assert evaluation[2].startswith("`models/breast-cancer/candidate/evaluation.parquet`<br>`sha256:208305ae")
    assert ["`scikit-learn`", "1.9.1"] in rows_of(section(card, "Environment"))
    assert rows_of(section(card, "Cost"))[3] == ["time to predict a batch of 1,000 rows", "918 µs"]
    monitoring = dict(rows_of(section(card, "Monitoring")))
    assert monitoring["what is judged"] == "windows of 1 day, from 100 rows on"
    assert monitoring["drift"] == "a distance of more than 0.1, and more than chance"
    assert monitoring["performance"] == "`roc_auc` worse than registered by more than 0.01"
    assert monitoring["what follows an alarm"] == "an issue"
    assert section(format_card(a_source(model={"monitoring": {"columns": []}})), "Monitoring").startswith("Nobody has")


def test_inputs_outputs_and_classes() -> None:
    card = format_card(shipped("breast-cancer@1.1.0"))
    text = section(card, "Inputs and outputs")
    assert "The 30 inputs, in order" in text
    assert "| `probabilities` | `float64` | rows × 2 |" in text
    assert "Classes, in the order of the probabilities: `benign`, `malignant`." in text
    few = section(format_card(shipped("diabetes-progression@1.0.0")), "Inputs and outputs")
    assert rows_of(few)[0] == ["`age`", "`float64`"]
    assert "Classes" not in few


def test_lineage_and_changes() -> None:
    card = format_card(shipped("breast-cancer@1.1.0"))
    text = section(card, "How it was made")
    assert rows_of(text)[0] == ["`prepare@breast-cancer`", "`python scripts/prepare.py breast-cancer`"]
    assert "  model__C: 1\n" in text
    assert "| wrote | `models/breast-cancer/candidate/model.skops` | `md5:d2fb511f66b60e39a71ca3ff6775f8ea` |" in text
    assert "    models.breast-cancer.tune:\n      search: grid" in text
    changes = section(card, "Changes")
    assert changes.startswith("Since `breast-cancer@1.0.0`:\n\nC is now chosen by 5-fold cross-validation")
    assert section(format_card(shipped("digits@1.0.0")), "Changes").startswith("This is the first version.")


# -- Annex IV --------------------------------------------------------------------------------------------------------


def test_every_point_of_annex_iv_is_there_once() -> None:
    letters = "abcdefgh"
    wanted = ["1", *(f"1({x})" for x in letters), "2", *(f"2({x})" for x in letters), *"3456789"]
    assert [point.number for point in POINTS] == wanted
    rows = rows_of(section(format_card(shipped(SHIPPED[0])), "EU AI Act, Annex IV"))
    assert [row[0].strip("*") for row in rows] == wanted


def test_what_nothing_answers_is_said_to_be_elsewhere() -> None:
    rows = rows_of(section(format_card(shipped(SHIPPED[0])), "EU AI Act, Annex IV"))
    elsewhere = {number.strip("*") for number, _, answer in rows if answer == "Not here: your organisation keeps it."}
    assert elsewhere == {"1(b)", "1(f)", "1(g)", "5", "7", "8"}
    assert {number.strip("*") for number, _, answer in rows if not answer} == {"1", "2"}


def test_the_table_leads_to_sections_that_are_there() -> None:
    card = format_card(shipped(SHIPPED[0]))
    titles = re.findall(r"^## (.+)$", card, flags=re.M)
    anchors = {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in titles}
    links = re.findall(r"\]\(#([^)]+)\)", section(card, "EU AI Act, Annex IV"))
    assert len(links) > 30
    assert set(links) <= anchors
