"""Ways to damage a registry, and the finding that each must lead to: the section "What bad input gets" as a table."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scaffold.registry import Scratch

FOLDER = "models/iris/versions/1.0.0"
RECORD = f"{FOLDER}/version.yaml"
METRICS = f"{FOLDER}/metrics.json"
POINTER = f"{FOLDER}/model.skops.dvc"
CHANNEL = "models/iris/channels/production.yaml"
MODEL = "models/iris/model.yaml"
STATUS = "models/iris/status/1.0.0.yaml"


@dataclass(frozen=True)
class Damage:
    """What is done, and the file, the line and the words of the finding.

    `ignored`: Git has to be told to add it; `committed`: before it is committed, nothing is to be seen of it.
    """

    do: Callable[[Scratch], object]
    path: str
    line: int | None
    words: str
    ignored: bool = False
    committed: bool = False


def link(scratch: Scratch, path: str, target: str) -> None:
    scratch.remove(path)
    os.symlink(target, scratch.path(path))


def rename(scratch: Scratch, old: str, new: str) -> None:
    scratch.path(old).rename(scratch.path(new))


def submodule(scratch: Scratch, path: str) -> None:
    scratch.remove(path)
    scratch.path(path).mkdir()
    scratch.git("init", "--quiet", path)
    scratch.git("-C", path, "commit", "--quiet", "--allow-empty", "-m", "x")


DAMAGES: dict[str, Damage] = {
    "broken YAML": Damage(lambda s: s.write(RECORD, "a: [1\nb"), RECORD, 3, "is not valid YAML: did not find expected"),
    "duplicate key": Damage(lambda s: s.write(CHANNEL, "version: 1.0.0\nversion: 1.1.0\n"), CHANNEL, 2, "is there twice"),
    "two slices of one name": Damage(
        lambda s: s.add_model("iris", slices=[{"name": "big", "where": {"column": "width", "below": b}} for b in (1, 2)]),
        MODEL,
        22,
        'there is another one called "big"',
    ),
    "alias bomb": Damage(
        lambda s: s.write(MODEL, "a: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n"), MODEL, 1, "anchors are not allowed"
    ),
    "50 MB": Damage(lambda s: s.write(RECORD, b"a: " + b"x" * 50_000_000), RECORD, 1, "is larger than 1,048,576 bytes"),
    "50 MB channel": Damage(lambda s: s.write(CHANNEL, b"a: " + b"x" * 50_000_000), CHANNEL, 1, "is larger than"),
    "50 MB metrics": Damage(lambda s: s.write(METRICS, b'{"a": 1' + b" " * 50_000_000), METRICS, 1, "is larger than"),
    "invalid UTF-8": Damage(lambda s: s.write(MODEL, b"schema: 1\nname: \xff\n"), MODEL, 2, "byte 0xff is not UTF-8"),
    "control character": Damage(lambda s: s.write(MODEL, b"schema: 1\nname: a\x1b[2Jb\n"), MODEL, 2, "0x1b is not allowed"),
    "unknown field": Damage(lambda s: s.edit(MODEL, "owners:", "ownrs:"), MODEL, 6, 'did you mean "owners"?'),
    "missing field": Damage(lambda s: s.edit(MODEL, "licence: Apache-2.0\n", ""), MODEL, 2, 'the field "licence" is missing'),
    "wrong type": Damage(lambda s: s.edit(MODEL, "goal: maximize", "goal: 3"), MODEL, 12, "3 is not one of maximize"),
    "not a mapping": Damage(lambda s: s.write(MODEL, "- a\n"), MODEL, 1, "write a mapping of keys and values"),
    "empty file": Damage(lambda s: s.write(RECORD, ""), RECORD, 1, "is empty"),
    "not a number": Damage(lambda s: s.edit(RECORD, "value: 0.", "value: .nan # 0."), RECORD, 44, "nan is no number"),
    "newer format": Damage(lambda s: s.edit(RECORD, "schema: 1", "schema: 2"), RECORD, 2, "upgrade Mintmark: git pull"),
    "deep JSON": Damage(lambda s: s.write(METRICS, "[" * 500_000), METRICS, 1, "is nested too deep"),
    "huge number": Damage(lambda s: s.edit(METRICS, '"rows": 100', '"rows": ' + "9" * 5000), METRICS, 1, "thousands of digits"),
    "half a character": Damage(lambda s: s.edit(METRICS, '"slices": {}', '"slices": {"\\ud800": 1}'), METRICS, 1, "half of a"),
    "NaN in JSON": Damage(lambda s: s.edit(METRICS, '"rows": 100', '"rows": NaN'), METRICS, 1, "NaN is not a JSON number"),
    "capital in a name": Damage(
        lambda s: s.write("models/Iris/model.yaml", s.read(MODEL)), "models/Iris/model.yaml", 1, '"Iris" cannot name a model'
    ),
    "dots in a name": Damage(
        lambda s: s.write("models/..iris/model.yaml", s.read(MODEL)), "models/..iris/model.yaml", 1, "cannot name a model"
    ),
    "capital in a channel": Damage(
        lambda s: s.write("models/iris/channels/Beta.yaml", "version: 1.0.0\n"),
        "models/iris/channels/Beta.yaml", 1, '"Beta" cannot name a channel',
    ),
    "unknown channel": Damage(
        lambda s: s.write("models/iris/channels/beta.yaml", "version: 1.0.0\n"),
        "models/iris/channels/beta.yaml", 1, "this registry has no channel",
    ),
    "case collision": Damage(
        lambda s: (s.add_version("iris", "2.0.0-rc"), s.add_version("iris", "2.0.0-RC")),
        "models/iris/versions/2.0.0-rc/version.yaml", 1, "2.0.0-rc would pass for 2.0.0-RC",
    ),
    "case collision of two status files": Damage(
        lambda s: (s.yank("iris", "1.0.0-rc"), s.yank("iris", "1.0.0-RC")),
        "models/iris/status/1.0.0-rc.yaml", 1, 'differs from "1.0.0-RC" only in case',
    ),
    "no SemVer folder": Damage(
        lambda s: shutil.copytree(s.path(FOLDER), s.path("models/iris/versions/v2")),
        "models/iris/versions/v2/version.yaml", 1, '"v2" is not a version as Semantic Versioning', ignored=True,
    ),
    "no SemVer record": Damage(lambda s: s.edit(RECORD, "version: 1.0.0", "version: v1.0"), RECORD, 4, "is not a version"),
    "no SemVer status": Damage(
        lambda s: s.write("models/iris/status/new.yaml", "schema: 1\nstate: yanked\nreason: x\n"),
        "models/iris/status/new.yaml", 1, '"new" is not a version; a status file is named 1.4.2.yaml',
    ),
    "status without a version": Damage(
        lambda s: s.yank("iris", "7.0.0"), "models/iris/status/7.0.0.yaml", 1, "iris never had a version 7.0.0"
    ),
    "linked model.yaml": Damage(
        lambda s: link(s, MODEL, "../wine/model.yaml"), MODEL, 1, "is a symbolic link where a file belongs"
    ),
    "linked record": Damage(lambda s: link(s, RECORD, "../1.1.0/version.yaml"), RECORD, 1, "is a symbolic link"),
    "linked channel": Damage(lambda s: link(s, CHANNEL, "staging.yaml"), CHANNEL, 1, "is a symbolic link"),
    "linked pointer": Damage(lambda s: link(s, POINTER, "/etc/passwd"), POINTER, 1, "is a symbolic link"),
    "linked metrics": Damage(lambda s: link(s, METRICS, "/etc/passwd"), METRICS, 1, "is a symbolic link"),
    "linked settings": Damage(
        lambda s: link(s, "models/registry.yaml", "/etc/passwd"), "models/registry.yaml", 1, "is a symbolic link"
    ),
    "linked version folder": Damage(
        lambda s: link(s, FOLDER, "1.1.0"), FOLDER, None, "is a symbolic link where a file belongs", ignored=True
    ),
    "linked channels folder": Damage(
        lambda s: link(s, "models/iris/channels", "../wine/channels"), "models/iris/channels", None, "is a symbolic link"
    ),
    "linked model folder": Damage(lambda s: link(s, "models/wine", "iris"), "models/wine", None, "is a symbolic link"),
    "submodule": Damage(lambda s: submodule(s, CHANNEL), CHANNEL, 1, "is a submodule where a file belongs", committed=True),
    "folder disagrees": Damage(
        lambda s: rename(s, FOLDER, "models/iris/versions/3.0.0"),
        "models/iris/versions/3.0.0/version.yaml", 4, '"1.0.0" disagrees with the folder, which says 3.0.0',
    ),
    "goal turned round": Damage(
        lambda s: s.edit("models/iris/model.yaml", "goal: maximize", "goal: minimize"),
        "models/iris/model.yaml", 12, '"minimize" contradicts roc_auc, of which more is better; write goal: maximize',
    ),
    "floor of the largest error": Damage(
        lambda s: s.edit("models/iris/model.yaml", "roc_auc: 0.7", "max_error: 0.7"),
        "models/iris/model.yaml", 16, "one row decides max_error, so it has no interval to hold against a floor",
    ),
    "model folder disagrees": Damage(
        lambda s: rename(s, "models/wine", "models/rose"), "models/rose/model.yaml", 3, '"wine" is not the name of its folder'
    ),
    "channel points nowhere": Damage(
        lambda s: s.set_channel("iris", "production", "9.9.9"), CHANNEL, 2, "points to 9.9.9, which iris does not have"
    ),
    "channel points to a yanked version": Damage(
        lambda s: s.yank("iris", "1.1.0"), CHANNEL, 2, "points to 1.1.0, which is yanked; mintmark rollback iris production"
    ),
    "order of channels": Damage(
        lambda s: (s.add_version("iris", "2.0.0"), s.set_channel("iris", "production", "2.0.0")),
        CHANNEL, 2, "iris 2.0.0 never held staging",
    ),
    "changed record": Damage(lambda s: s.edit(RECORD, "C: 0.1", "C: 0.2"), RECORD, 1, "was changed, and iris 1.0.0 is registered"),
    "changed metrics": Damage(
        lambda s: s.edit(METRICS, '"value": 0.9', '"value": 0.8'), RECORD, 42, "disagrees with metrics.json beside it"
    ),
    "changed pointer": Damage(
        lambda s: s.edit(POINTER, "size: ", "size: 1"), POINTER, 1, "disagrees with the md5 and size in version.yaml"
    ),
    "added pointer": Damage(
        lambda s: s.write(f"{FOLDER}/more.dvc", "outs: []\n"), f"{FOLDER}/more.dvc", 1, "points to a file that version.yaml"
    ),
    "half-deleted record": Damage(lambda s: s.remove(RECORD), RECORD, 1, "is missing, and its folder is still there"),
    "deleted pointer": Damage(lambda s: s.remove(POINTER), POINTER, 1, "is missing; the record names this file"),
    "deleted metrics": Damage(lambda s: s.remove(METRICS), METRICS, 1, "is missing; git restore it"),
    "deleted model.yaml": Damage(lambda s: s.remove(MODEL), MODEL, 1, "is missing; every model has one"),
    "deleted settings": Damage(
        lambda s: s.remove("models/registry.yaml"), "models/registry.yaml", 1, "is missing; the tutorial shows how"
    ),
    "a pickle": Damage(
        lambda s: s.write(f"{FOLDER}/model.pkl", b"\x80\x04"), f"{FOLDER}/model.pkl", None, "has no place in a record", ignored=True
    ),
    "a file with a line break": Damage(
        lambda s: s.write(f"{FOLDER}/x\n::error::y.dvc", "x"), f"{FOLDER}/x\n::error::y.dvc", 1, "points to a file that"
    ),
    "a name that is not UTF-8": Damage(
        lambda s: open(os.fsencode(s.root) + b"/models/iris/versions/1.0.0/\xff.dvc", "wb").close(),
        f"{FOLDER}/\udcff.dvc", 1, "points to a file that",
    ),
    "missing object": Damage(
        lambda s: s.object_of("iris", "1.0.0", "profile.json").unlink(), RECORD, 18, "profile.json: the object"
    ),
    "truncated object": Damage(
        lambda s: s.object_of("iris", "1.0.0", "profile.json").write_bytes(b"x"), RECORD, 18, "has 1 bytes where the record"
    ),
    "linked object": Damage(
        lambda s: link(s, str(s.object_of("iris", "1.0.0", "profile.json").relative_to(s.root)), "/etc/passwd"),
        RECORD, 18, "is not a plain file",
    ),
    "channel with another ending": Damage(
        lambda s: rename(s, CHANNEL, CHANNEL.replace(".yaml", ".yml")), "models/iris/channels/production.yml", None, "has no place here"
    ),
    "file in place of a model": Damage(
        lambda s: s.write("models/evil.joblib", "x"), "models/evil.joblib", None, "has no place here"
    ),
    "file beside the record of a model": Damage(
        lambda s: s.write("models/iris/README.md", "x"), "models/iris/README.md", None, "has no place here"
    ),
    "other case of a folder": Damage(
        lambda s: s.write("models/iris/Versions/2.0.0/model.skops.dvc", "x"), "models/iris/Versions/2.0.0/model.skops.dvc", 1,
        "has no place here",
    ),
    "file for a version": Damage(
        lambda s: s.write("models/iris/versions/2.0.0", "x"), "models/iris/versions/2.0.0", None, "has no place here", ignored=True
    ),
    "channel twice": Damage(
        lambda s: s.write_settings(channels=[{"name": "staging"}, {"name": "production"}, {"name": "staging"}]),
        "models/registry.yaml", 8, 'the channel "staging" is there twice',
    ),
    "after an unknown channel": Damage(
        lambda s: s.write_settings(channels=[{"name": "staging"}, {"name": "production", "after": "canary"}]),
        "models/registry.yaml", 8, '"canary" is no channel before production; write one of staging',
    ),
}  # fmt: skip
