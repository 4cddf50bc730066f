"""Changes as their paths, for tests of what kind they are."""

from __future__ import annotations

from mintmark.core.judgement.carried import Sources
from mintmark.core.judgement.kinds import PathChange, Shift, classify

CODE = ("dvc.lock", "params.yaml", "scripts/train.py")
JUDGES = (
    "scripts/mintmark/core/judgement/gates.py",
    "schemas/model.schema.json",
    ".github/workflows/review.yml",
    ".dvc/config",
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-uv.lock",
    "models/registry.yaml",
)
STORED = ".dvc/store/files/md5/ab/cdef"
MODEL = "models/iris/model.yaml"
YANK = "models/iris/status/1.0.0.yaml"


def folder(model, version):
    return [f"models/{model}/versions/{version}/{file}" for file in ("version.yaml", "metrics.json", "model.skops.dvc")]


READ = Sources.of(["scripts/train.py", "data/iris.csv", "config.csv"])


def change(added=(), removed=(), *, paths=(), deleted=(), edited=(), shifts=(), held=(), kept=(), reads=READ):
    """Classify a change that adds, removes and edits versions (`iris 1.0.0`) and touches further paths.

    Models in `kept` have versions that the change does not touch.
    """
    before, after = ({tuple(name.split(" ")) for name in (*part, *edited)} for part in (removed, added))
    touched = [PathChange(path, "changed") for path in paths]
    touched += [PathChange(path, "deleted") for path in deleted]
    for how, folders in (("added", after - before), ("deleted", before - after), ("changed", after & before)):
        touched += [PathChange(path, how) for model, version in folders for path in folder(model, version)]
    moves = [Shift(*move) for move in shifts]
    touched += [PathChange(f"models/{move.model}/channels/{move.channel}.yaml", "changed") for move in moves]
    return classify(
        touched,
        moves,
        versions=lambda model, version: ((model, version) in before, (model, version) in after),
        remains=lambda model: model in kept or any(name == model for name, _ in after),
        holders=lambda model, channel: [version for *place, version in held if place == [model, channel]],
        reads=lambda model: reads,
        first_channel="staging",
    )


def parts(found):
    return [(part.kind, part.what) for part in found.parts]
