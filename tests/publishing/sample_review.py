"""A review as it comes out of the proposal of breast-cancer 1.1.0 against 1.0.0, and hostile texts to put into one."""

from __future__ import annotations

from dataclasses import replace

from mintmark.core.judgement.checks import Check
from mintmark.core.judgement.review import (
    BehaviourResult,
    CarriedFile,
    CostResult,
    Evaluation,
    LineageStep,
    Reproduction,
    Review,
    SliceResult,
    Subject,
    Table,
    Uses,
)
from mintmark.core.records import Interval
from mintmark.core.statistics.results import CrossCheck, Curve, MetricResult, PairedDifference

BASE = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
HEAD = "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c"
ROWS = "208305ae82e543f0e0fcd73f0184a055d1c41c601d3cba617cae65d8020a019e"
OTHER_ROWS = "5d41402abc4b2a76b9719d911017c592aa11bb22cc33dd44ee55ff6677889900"
RECORD = "models/breast-cancer/versions/1.1.0/version.yaml"
FOLDER = "models/breast-cancer/candidate"

# name, more is better, candidate, champion, difference with its interval
METRICS = (
    ("roc_auc", True, (0.9928533333, 0.97792, 1.0), (0.97952, 0.953384, 0.99904), (0.01333333, -0.0012, 0.0321)),
    ("accuracy", True, (0.98, 0.96, 0.995), (0.97, 0.945, 0.99), (0.01, -0.005, 0.03)),
    ("precision", True, (1.0, 1.0, 1.0), (0.985915493, 0.9571428571, 1.0), (0.014084507, 0.0, 0.0428571429)),
    ("recall", True, (0.9466666667, 0.8933333333, 0.9866666667), (0.9333333333, 0.8666666667, 0.9866666667),
     (0.0133333334, -0.0266666667, 0.0533333333)),
    ("f1", True, (0.9726027397, 0.9436619718, 0.9932885906), (0.9589041096, 0.9219858156, 0.9864864865),
     (0.0136986301, -0.0081, 0.0389)),
    ("log_loss", False, (0.07499695181, 0.03232060503, 0.1415517295), (0.3270184691, 0.05193984191, 0.6994442736),
     (-0.2520215173, -0.5912, -0.0103)),
    ("brier", False, (0.01685311341, 0.00623293426, 0.03048932782), (0.02917345814, 0.01023626549, 0.05192003468),
     (-0.0123203447, -0.0274, 0.0011)),
)  # fmt: skip
FLOORS = {"roc_auc": 0.95, "recall": 0.85, "log_loss": 0.25}


def interval(bounds: tuple[float, float, float]) -> Interval:
    return Interval(value=bounds[0], low=bounds[1], high=bounds[2])


def metrics() -> list[MetricResult]:
    return [
        MetricResult(
            name=name,
            maximize=maximize,
            primary=name == "roc_auc",
            candidate=interval(candidate),
            champion=interval(champion),
            difference=PairedDifference(
                value=value,
                low=low,
                high=high,
                bound=low if maximize else high,
                margin=0.01 if name == "roc_auc" else 0.0,
                standing="no worse" if name == "roc_auc" else "better" if name == "log_loss" else "inconclusive",
            ),
            floor=FLOORS.get(name),
        )
        for name, maximize, candidate, champion, (value, low, high) in METRICS
    ]


def slices() -> list[SliceResult]:
    judged = PairedDifference(value=0.0125, low=-0.004, high=0.04, bound=-0.0021, margin=0.05, standing="no worse")
    return [
        SliceResult(
            name="medium-nuclei",
            rows=87,
            verdict="pass",
            message="not shown to be worse by more than 0.05 (+0.0125, p is 1 after Holm)",
            candidate=interval((0.9973591549, 0.9894366197, 1.0)),
            champion=interval((0.984859, 0.9577, 1.0)),
            difference=judged,
            p_value=1.0,
        ),
        SliceResult(
            name="smooth-contour",
            rows=89,
            verdict="pass",
            message="not shown to be worse by more than 0.05 (+0.0125, p is 0.21 after Holm)",
            candidate=interval((0.9, 0.7, 1.0)),
            champion=interval((0.8875, 0.68, 1.0)),
            difference=judged,
            p_value=0.21,
        ),
        SliceResult(name="clinic", rows=12, verdict="warn", message="12 rows are too few to judge (50 are needed)"),
    ]


def roc(sharpness: float) -> list[float]:
    return [round(1 - (1 - step / 20) ** sharpness, 4) for step in range(21)]


def curves() -> list[Curve]:
    return [
        Curve(
            title="ROC curve",
            x_label="False positive rate",
            y_label="True positive rate",
            start=0,
            end=1,
            lines=[("breast-cancer@1.1.0", roc(28)), ("breast-cancer@1.0.0", roc(14))],
        ),
        Curve(
            title="Precision and recall",
            x_label="Recall",
            y_label="Precision",
            start=0,
            end=1,
            lines=[
                ("breast-cancer@1.1.0", [1.0] * 18 + [0.98, 0.91, 0.61]),
                ("breast-cancer@1.0.0", [1.0] * 14 + [0.99, 0.98, 0.98, 0.97, 0.95, 0.8, 0.4]),
            ],
        ),
    ]


def evaluation(source: str = "base", sha256: str = ROWS) -> Evaluation:
    return Evaluation(
        candidate="breast-cancer@1.1.0",
        champion="breast-cancer@1.0.0",
        source=source,
        sha256=sha256,
        rows=200,
        metrics=metrics(),
        slices=slices(),
        cross_checks=[
            CrossCheck(
                name="McNemar, exact",
                p_value=0.6875,
                message="Of 200 rows, only the candidate has 4 right and only the champion 2.",
            ),
            CrossCheck(
                name="DeLong",
                p_value=0.0712,
                message="ROC AUC 0.9929 against the champion's 0.9795: a difference of +0.0133 [-0.0011, +0.0278].",
            ),
        ],
        curves=curves(),
    )


def lineage() -> list[LineageStep]:
    def files(*names: str) -> list[tuple[str, str]]:
        return [(f"{FOLDER}/{name}", f"md5:{len(name):032x}") for name in names]

    def code(*names: str) -> list[tuple[str, str]]:
        return [(f"scripts/{name}", f"md5:{len(name):032x}") for name in names]

    return [
        LineageStep(
            stage="prepare@breast-cancer",
            command="python scripts/prepare.py breast-cancer",
            inputs=[("requirements.lock", "md5:95cb9fb319bf122e27ac39020395f7e8"), *code("prepare.py")],
            outputs=files("data.json", "evaluation.parquet", "train.parquet"),
        ),
        LineageStep(
            stage="tune@breast-cancer",
            command="python scripts/tune.py breast-cancer",
            inputs=[*files("data.json", "train.parquet"), *code("tune.py")],
            outputs=files("best.json", "trials.csv"),
        ),
        LineageStep(
            stage="train@breast-cancer",
            command="python scripts/train.py breast-cancer",
            inputs=[*files("best.json", "data.json", "train.parquet"), *code("train.py")],
            outputs=files("model.skops"),
        ),
        LineageStep(
            stage="evaluate@breast-cancer",
            command="python scripts/evaluate.py breast-cancer",
            inputs=[*files("data.json", "evaluation.parquet", "model.skops", "train.parquet"), *code("evaluate.py")],
            outputs=files("metrics.json", "predictions.parquet", "profile.json", "signature.json", "plots/roc"),
        ),
    ]


def behaviour() -> list[BehaviourResult]:
    rows = [
        {"worst area": 512.3, "before": 0.0312, "after": 0.0301},
        {"worst area": 498.0, "before": 0.0275, "after": 0.0270},
    ]
    return [
        BehaviourResult(
            name="clear-cases",
            kind="minimum-functionality",
            verdict="pass",
            message="2 of 2 cases hold",
            description="Large, irregular nuclei are malignant, small and smooth ones benign.",
            share=1.0,
        ),
        BehaviourResult(
            name="larger-nuclei-raise-suspicion",
            kind="direction",
            verdict="pass",
            message="198 of 200 rows do not fall (99% are needed); 198 rise",
            description="The worst area grows by 200 and nothing else changes.",
            share=0.99,
            failures=rows,
        ),
        BehaviourResult(
            name="refuses-malformed-rows",
            kind="malformed",
            verdict="pass",
            message="4 of 4 malformed inputs end in an error",
            share=1.0,
        ),
    ]


def checks() -> list[Check]:
    passed = [
        ("owner", "@ada is in @mintmark/ml, which owns breast-cancer"),
        ("dvc.lock", "the record, dvc.lock and the files at the head agree"),
        ("bytes", "4 files match their sha256"),
        ("claims", "9 metrics were computed again and are as the record says"),
        ("champion", "no worse than breast-cancer@1.0.0: roc_auc +0.0133 [-0.0012, +0.0321], margin 0.01"),
        ("floor: roc_auc", "the lower bound of roc_auc is 0.9779 (0.9929); at least 0.95 is required"),
        ("floor: recall", "the lower bound of recall is 0.8933 (0.9467); at least 0.85 is required"),
        ("leak cap", "roc_auc does not improve by more than 0.05"),
    ]
    return [
        *(Check(name=name, verdict="pass", message=message, path=RECORD) for name, message in passed),
        Check(
            name="slice: clinic",
            verdict="warn",
            message="12 rows are too few to judge (50 are needed)",
            path="models/breast-cancer/model.yaml",
            line=52,
        ),
    ]


def sample_review() -> Review:
    """A proposal that passes, with everything a review can hold."""
    return Review(
        verdict="pass",
        reason="breast-cancer@1.1.0 is no worse than breast-cancer@1.0.0",
        kind="propose",
        base=BASE,
        head=HEAD,
        judge="mintmark 0.1.0 of the base 1a2b3c4d5e",
        subjects=[Subject(model="breast-cancer", version="1.1.0", incumbent="1.0.0", channel="staging")],
        author="Ada Lovelace <ada@example.org>",
        summary="C is now chosen by 5-fold cross-validation among 0.1, 1, 10 and 100, on the log loss:\n"
        "better calibrated probabilities.\n\nNothing else changed.",
        checks=checks(),
        files=[
            CarriedFile(path="dvc.lock", change="changed", what="it is the pipeline"),
            CarriedFile(path="data/[x](y)`|\n.csv", change="added", what="a stage reads it"),
        ],
        evaluations=[evaluation()],
        behaviour=behaviour(),
        cost=[
            CostResult(name="size", value=14223, verdict="pass", limit=200_000, champion=14222),
            CostResult(name="load_seconds", value=0.0035, verdict="pass", limit=1, champion=0.0034),
            CostResult(name="latency_row_seconds", value=0.000906, verdict="pass", limit=0.05, champion=0.000911),
            CostResult(name="latency_batch_seconds", value=0.000918, verdict="pass", limit=0.25),
        ],
        tables=[
            Table(
                title="Parameters",
                header=["name", "1.0.0", "1.1.0"],
                rows=[["best.model__C", "", "1"], ["estimator.parameters.steps.model.parameters.C", "100", ""]],
            ),
            Table(
                title="Code",
                header=["file", "1.0.0", "1.1.0"],
                rows=[
                    [f"scripts/{name}.py", f"md5:{n:032x}", f"md5:{n + 9:032x}"] for n, name in enumerate("abcdefghij")
                ],
            ),
        ],
        lineage=lineage(),
        uses=[
            Uses(sha256=ROWS, proposals=3, verdict="pass", message="few enough for the intervals to mean what they say")
        ],
        isolation={"files": "landlock", "network": "none", "memory": "2 GB", "time": "60 s"},
        reproduction=Reproduction(
            outcome="same predictions",
            message="every prediction is the same; the bytes of plots differ",
            parts_at="evaluate@breast-cancer",
            files=[(f"{FOLDER}/model.skops", True), (f"{FOLDER}/plots/roc", False)],
            environment=[("numpy", "2.4.6", "2.4.7")],
        ),
        next_steps=[
            "Merge it: breast-cancer@1.1.0 enters staging.",
            "Then promote it: mintmark promote breast-cancer@1.1.0 production",
        ],
    )


def failed_review() -> Review:
    """A proposal that fails on one floor, brings rows of its own and has behaviour tests that do not hold."""
    sample = sample_review()
    failed = Check(
        name="floor: recall",
        verdict="fail",
        message="the lower bound of recall is 0.8133 (0.8933); at least 0.85 is required",
        path="models/breast-cancer/model.yaml",
        line=42,
    )
    asked = Check(
        name="evaluation data", verdict="decide", message="the proposal changes the evaluation rows", path="dvc.lock"
    )
    wrong = replace(sample.behaviour[1], verdict="fail", share=0.91)
    return replace(
        sample,
        verdict="fail",
        reason="the lower bound of recall is 0.8133, and at least 0.85 is required",
        checks=[*sample.checks, asked, failed],
        evaluations=[evaluation(), evaluation("proposal", OTHER_ROWS)],
        behaviour=[sample.behaviour[0], wrong],
        next_steps=["Raise the recall, or lower the floor in a pull request of its own."],
    )


def rollback_review() -> Review:
    return Review(
        verdict="pass",
        reason="production goes back to breast-cancer@1.0.0, which it held before",
        kind="rollback",
        base=BASE,
        head=HEAD,
        judge="mintmark 0.1.0 of the base 1a2b3c4d5e",
        subjects=[Subject(model="breast-cancer", version="1.0.0", incumbent="1.1.0", channel="production")],
        checks=[Check(name="bytes", verdict="pass", message="4 files match their sha256")],
        next_steps=["Merge it."],
    )


HOSTILE = (
    "[x](javascript:alert(1))",
    "![pixel](https://evil.example/p.png)",
    "[ref]: https://evil.example",
    "# heading\n## another",
    "- item\n* item\n1. item\n2) item",
    "    indented code",
    "| a | b |\n|---|---|\n| c | d |",
    ":-:\n--- | ---\n===",
    "```\nfence\n```",
    "~~~mermaid\nfence",
    "`code` ``code`` ```",
    "**bold** _em_ ~~gone~~ __bold__",
    "www.evil.example and WWW.evil.example",
    "https://evil.example/a?b=c&d ftp://evil.example HTTP://EVIL.EXAMPLE",
    "mailto:ada@evil.example ada@evil.example xmpp:ada@evil.example/x",
    "#123 org/repo#1 GH-1 gh-22 org/repo@1234567",
    "@everyone @org/team @ada, (@ada) .@ada _@ada",
    ":tada: :+1: :rocket::rocket:",
    "begins:tada",
    "$x^2$ and $$y$$ and $`z`$",
    "[^1] and\n\n[^1]: footnote",
    "> quote\n> [!WARNING]\n> alert",
    "[!NOTE] x",
    "- [ ] task\n[x] done",
    "</details></summary></table></sub>",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)> <b>bold</b> <a href='https://evil.example'>x</a>",
    "<!-- comment --> <!-- mintmark-review -->",
    "--> %%{init: {\"theme\": \"forest\"}}%%",
    "&lt;b&gt; &#64;everyone &commat;everyone &nbsp;",
    'n0"]; click n0 href "https://evil.example"',
    "click n0 call alert()",
    '"`**markdown** string`"',
    "end",
    "1. one",
    "#34; #quot; ﬂ°°34¶ß",
    "ﬂ°°60¶ßimg src=x onerror=alert(1)ﬂ°°62¶ß",
    "fa:fa-car",
    "trailing \\",
    "\\| \\` \\@ada",
    "\u202egnp.exe\u2066 x \u200b\u200d\u2060\ufeff",
    "line\u2028separator\u2029paragraph\x85next\x0bvertical\x0cfeed",
    "\x1b[31mred\x1b[0m\x07\x00\x7f",
    "\ud800 half",
    "Z\u0351\u0352\u0353\u0354\u0355\u0356\u0357\u0358\u0359algo",
    "%0A::error::x",
    "::set-output name=x::y",
    "",
    "   ",
    "ü é 漢字 😀 עברית",
)  # fmt: skip
