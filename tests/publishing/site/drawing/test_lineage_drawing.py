"""A lineage is drawn whole and readable: what was read and written, in order, with nothing outside its box."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import time
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mintmark.publishing.site.drawing import lineage_drawing
from mintmark.publishing.site.drawing.lineage_drawing import draw_lineage, fit

ROOT = Path(__file__).parents[4]
RECORDS = sorted((ROOT / "models").glob("*/versions/*/version.yaml"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--dump-dom",
)
MEASURE = """<script>
const found = Array.from(document.querySelectorAll("g[clip-path] text"), t => [t.textContent, t.getComputedTextLength()]);
const shown = document.createElement("pre");
shown.id = "widths";
shown.textContent = JSON.stringify(found);
document.body.append(shown);
</script>"""
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script>\"'&amp;]]>\x00\x1b\ud800" + "\ufdfd" * 30
DIGEST = "md5:" + "0" * 32


def record(stages, *, data=(), artifact="model.onnx"):
    return {
        "data": list(data),
        "stages": stages,
        "artifact": {"path": artifact, "format": "onnx", "md5": "0" * 32, "sha256": "0" * 64, "size": 1},
    }


def stage(deps=(), outs=(), params=None, cmd="python run.py"):
    return {
        "cmd": cmd,
        "deps": dict.fromkeys(deps, DIGEST),
        "outs": dict.fromkeys(outs, "md5:1"),
        "params": params or {},
    }


def parsed(drawing):
    return ET.fromstring(drawing.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))


def boxes(root):
    """Each box as its lines and where it stands (left, top, right, bottom), by its first line."""
    shapes = {}
    for rect in root.iter(f"{SVG}rect"):
        x, y, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
        shapes[round(x + width / 2, 1), y] = (x, y, x + width, y + height)
    found = {}
    for label in root.iter(f"{SVG}g"):
        place = re.fullmatch(r"translate\(([\d.]+) ([\d.]+)\)", label.get("transform", ""))
        if place:
            lines = [text.text or "" for text in label]
            middle = min(shapes, key=lambda key: abs(key[0] - float(place[1])) + abs(key[1] - float(place[2])))
            found[lines[0]] = (lines, shapes[middle])
    assert len(found) == len(shapes) or len(shapes) > 20
    return found


def arrows(root):
    """Where each arrow begins and ends."""
    path = next(path for path in root.iter(f"{SVG}path") if "m-4-5" in path.get("d"))
    found = []
    for way in path.get("d").split("m-4-5l4 5 4-5")[:-1]:
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", way)]
        x, y = numbers[0], numbers[1]
        for letter, rest in re.findall(r"([VC])([^VC]*)", way):
            given = [float(number) for number in re.findall(r"-?[\d.]+", rest)]
            x, y = (x, given[0]) if letter == "V" else (given[-2], given[-1])
        found.append(((numbers[0], numbers[1]), (x, y)))
    return found


def links(root):
    """What leads to what, by the first lines of the boxes."""
    placed = boxes(root)

    def at(x, y):
        return next(
            name
            for name, (_, (left, top, right, bottom)) in placed.items()
            if left <= x <= right and min(abs(y - top), abs(y - bottom)) < 0.2
        )

    return {(at(*start), at(*end)) for start, end in arrows(root)}


SMALL = record(
    {
        "prepare@iris": stage(
            ["data/iris.csv", "scripts/prepare.py", "scripts/core/a.py"],
            ["c/train.parquet", "c/evaluation.parquet"],
            {"params.yaml": {"models.iris.seed": 1, "models.iris.split": {}}},
        ),
        "train@iris": stage(["c/train.parquet", "scripts/train.py"], ["c/model.onnx"]),
        "evaluate@iris": stage(
            ["c/model.onnx", "c/evaluation.parquet"], ["c/a.json", "c/b.json", "c/c.json", "c/d/e.csv"]
        ),
    },
    data=[
        {"role": "source", "path": "data/iris.csv", "hash": "x", "rows": 150},
        {"role": "training", "path": "c/train.parquet", "hash": "x", "rows": 1000},
        {"role": "evaluation", "path": "c/evaluation.parquet", "hash": "x", "rows": 1},
    ],
)


def test_data_stages_and_artifact_are_tied_as_they_were_recorded() -> None:
    root = parsed(draw_lineage(SMALL))
    assert links(root) == {
        ("iris.csv", "prepare"),
        ("prepare", "train.parquet"),
        ("prepare", "evaluation.parquet"),
        ("train.parquet", "train"),
        ("train", "model.onnx"),
        ("model.onnx", "evaluate"),
        ("evaluation.parquet", "evaluate"),
        ("evaluate", "a.json"),
    }
    found = {name: lines for name, (lines, _) in boxes(root).items()}
    assert found["iris.csv"] == ["iris.csv", "150 rows"]
    assert found["train.parquet"] == ["train.parquet", "training, 1,000 rows"]
    assert found["prepare"] == ["prepare", "2 scripts, 2 parameters"]
    assert found["train"] == ["train", "1 script"]
    assert found["a.json"] == ["a.json", "b.json", "c.json", "and 1 more"]
    titles = [title.text for title in root.iter(f"{SVG}title")]
    assert "c: a.json, b.json, c.json, d/e.csv" in titles
    assert "python run.py; scripts: prepare.py, a.py" in titles
    assert "train reads train.parquet and writes model.onnx." in root.find(f"{SVG}desc").text


def test_time_runs_from_top_to_bottom() -> None:
    root = parsed(draw_lineage(SMALL))
    assert all(end[1] > start[1] for start, end in arrows(root))
    placed = boxes(root)
    tops = [
        placed[name][1][1]
        for name in ("iris.csv", "prepare", "train.parquet", "train", "model.onnx", "evaluate", "a.json")
    ]
    assert tops == sorted(tops)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: "-".join(path.parts[-4:-1:2]))
def test_the_registrys_own_versions(path: Path) -> None:
    document = yaml.safe_load(path.read_text())
    drawing = draw_lineage(document)
    root = parsed(drawing)
    found = boxes(root)
    assert {"prepare", "tune", "train", "evaluate", "model.skops", "train.parquet", "evaluation.parquet"} <= set(found)
    assert ("train", "model.skops") in links(root)
    assert ("model.skops", "evaluate") in links(root)
    assert any(lines[1:2] == [f"{document['data'][0]['rows']:,} rows"] for lines, _ in found.values())
    assert len(drawing) < 6500
    assert float(root.get("width")) < 700


def check_layout(root):
    width, height = (float(root.get(name)) for name in ("width", "height"))
    placed = [place for _, place in boxes(root).values()]
    for left, top, right, bottom in placed:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
    for one, other in combinations(placed, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart or one == other


def test_nothing_overlaps() -> None:
    for document in [SMALL, *(yaml.safe_load(path.read_text()) for path in RECORDS)]:
        check_layout(parsed(draw_lineage(document)))


names = st.sampled_from([f"f{n}" for n in range(8)] + ["a.py", "d/b.py"])


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.lists(names, max_size=5), st.lists(names, max_size=5)), min_size=1, max_size=15),
    st.lists(st.tuples(st.sampled_from(["source", "training", "evaluation"]), names), min_size=1, max_size=3),
    names,
)
def test_any_pipeline_is_drawn_without_overlap(pipeline, data, artifact) -> None:
    """Cycles, files that two stages write, stages that read nothing, an artifact that nobody wrote."""
    stages = {f"s{n}": stage(deps, outs) for n, (deps, outs) in enumerate(pipeline)}
    about = [{"role": role, "path": path, "hash": "x", "rows": 3} for role, path in data]
    root = parsed(draw_lineage(record(stages, data=about, artifact=artifact)))
    check_layout(root)
    assert all(end[1] > start[1] for start, end in arrows(root))
    assert artifact.rpartition("/")[2] in boxes(root)


def test_a_bundled_data_set_leads_to_the_stage_that_writes_the_training_rows() -> None:
    stages = {"fetch": stage([], ["notes.txt"]), "prepare": stage(["requirements.lock"], ["train.parquet"])}
    data = [
        {"role": "source", "path": "sklearn.datasets/iris", "hash": "x", "rows": 150},
        {"role": "training", "path": "train.parquet", "hash": "x", "rows": 100},
    ]
    assert ("iris", "prepare") in links(parsed(draw_lineage(record(stages, data=data))))


def test_the_artifact_is_never_left_out_for_other_files() -> None:
    stages = {f"s{n}": stage([f"next{n - 1}"], [f"next{n}", f"end{n}", f"late{n}"]) for n in range(12)}
    stages["s11"]["deps"] |= {f"late{n}": DIGEST for n in range(11)}
    stages["s11"]["outs"]["zebra.onnx"] = "md5:1"
    drawing = draw_lineage(record(stages, artifact="zebra.onnx"))
    root = parsed(drawing)
    assert ("s11", "zebra.onnx") in links(root)
    assert len(list(root.iter(f"{SVG}rect"))) == 12 + 24
    assert re.search(r"and more files in \d+ groups<", drawing)


def test_what_is_read_late_stands_beside_who_reads_it() -> None:
    stages = {
        "train": stage(["train.csv"], ["model.onnx"]),
        "evaluate": stage(["model.onnx", "lookup.csv"], ["metrics.json"]),
    }
    placed = boxes(parsed(draw_lineage(record(stages))))
    assert placed["lookup.csv"][1][1] > placed["train"][1][3]


def test_a_file_that_two_stages_write_is_of_the_first() -> None:
    stages = {"one": stage([], ["both.json"]), "two": stage(["both.json"], ["both.json"])}
    found = links(parsed(draw_lineage(record(stages))))
    assert ("one", "both.json") in found
    assert ("two", "both.json") not in found


def test_the_artifact_is_known_by_its_hash_where_its_name_is_another() -> None:
    stages = {"train": {"cmd": "x", "outs": {"c/best.onnx": DIGEST, "c/other.json": "md5:1"}}}
    root = parsed(draw_lineage(record(stages)))
    filled = next(group for group in root if group.get("fill", "").startswith("var(--md-typeset"))
    assert [title.text for title in filled.iter(f"{SVG}title")] == ["c/best.onnx"]


def test_hostile_names_stay_text_and_inside_their_boxes() -> None:
    stages = {
        f"{HOSTILE}{n}": stage([HOSTILE, f"{HOSTILE}{n}.py"], [f"{n}/{HOSTILE}", "W" * 100], {HOSTILE: {HOSTILE: HOSTILE}}, [HOSTILE] * 9)
        for n in range(3)
    }  # fmt: skip
    drawing = draw_lineage(
        record(stages, data=[{"role": "source", "path": HOSTILE, "hash": "x", "rows": 1}], artifact=HOSTILE)
    )
    root = parsed(drawing)
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags == {"svg", "title", "desc", "clipPath", "path", "g", "rect", "text"}
    assert all(character.isprintable() for character in drawing)
    labels = [group for group in root.iter(f"{SVG}g") if group.get("transform")]
    assert labels
    assert all(group.get("clip-path") == "url(#lineage-c)" for group in labels)


def test_thousands_of_stages_and_files_stay_a_small_drawing() -> None:
    stages = {f"s{n}": stage([f"f{i}" for i in range(n % 50)], [f"f{n}", f"g{n}"]) for n in range(3000)}
    stages["s1"]["deps"] = {f"x{n}": DIGEST for n in range(5000)}
    started = time.perf_counter()
    drawing = draw_lineage(record(stages, artifact="f2"))
    assert time.perf_counter() - started < 1
    assert len(drawing) < 40_000
    assert "and 2,988 more stages" in drawing
    assert "f2" in boxes(parsed(drawing))


def test_versions_that_were_made_alike_share_one_drawing() -> None:
    other = yaml.safe_load(yaml.safe_dump(SMALL, sort_keys=False))
    for entry in other["stages"].values():
        entry["deps"] = dict.fromkeys(entry["deps"], "md5:another")
    assert draw_lineage(SMALL) is draw_lineage(other)
    other["data"][0]["rows"] = 151
    assert draw_lineage(SMALL) != draw_lineage(other)


def test_ids_are_kept_apart_by_a_prefix() -> None:
    drawing = draw_lineage(SMALL, prefix="old")
    ids = re.findall(r' id="([^"]+)"', drawing)
    assert ids == ["old-t", "old-d", "old-c"]
    assert set(re.findall(r"url\(#([\w-]+)\)", drawing)) == {"old-c"}


def test_drawing_is_fast() -> None:
    document = yaml.safe_load(RECORDS[0].read_text())
    taken = []
    for _ in range(10):
        lineage_drawing._draw.cache_clear()
        started = time.perf_counter()
        draw_lineage(document)
        taken.append(time.perf_counter() - started)
    assert min(taken) < 0.004  # 0.5 ms on an idle machine, 0.1 ms where another version was made alike


@pytest.mark.parametrize(
    "text", ["evaluation.parquet", "6 scripts, 5 parameters", "W" * 99, "表" * 99, "i" * 99, "", "a" * 23, "é" * 40]
)
def test_a_text_fits_or_ends_in_an_ellipsis(text: str) -> None:
    shown = fit(text, 152)
    assert shown == text or (shown.endswith("…") and text.startswith(shown[:-1]))
    assert len(shown) <= 40


@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="there is no browser to measure letters with")
def test_no_text_is_wider_than_its_box_in_a_browser(tmp_path: Path) -> None:
    many = ["Wide.Mammoth-WOMBAT@100%.parquet", "evaluation_rows_of_2026.parquet", "模型" * 8, "m" * 22, "\ufdfa" * 9]
    stages = {f"{name}@m": stage([f"in-{name}"], [f"out-{name}"]) for name in many}
    page = tmp_path / "page.html"
    page.write_text(
        f"<!doctype html><meta charset=utf-8><body style='font-family:sans-serif'>{draw_lineage(record(stages))}{MEASURE}"
    )
    command = (next(filter(None, map(shutil.which, BROWSERS))), *FLAGS, page.as_uri())
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    widths = json.loads(html.unescape(re.search(r'<pre id="widths">(.*?)</pre>', done.stdout, re.DOTALL)[1]))
    assert len(widths) >= 15
    # A ligature can be wider than any guess; it is cut off at the box.
    assert [entry for entry in widths if entry[1] > 164 and "\ufdfa" not in entry[0]] == []
