"""One thing too many in a change of each kind, and models that are deleted or renamed in ways that leave somebody behind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.judging.hostile.harness import Family
from tests.scaffold.registry import Scratch

CHANNELS = "models/loans/channels"
RECORD = "models/loans/versions/1.1.0"
STATUS = "schema: 1\nstate: yanked\nreason: leaked\n"
TEXT = "nothing to see\n"

Step = Callable[[Scratch], object]


def _write(path: str, content: str, registry: Scratch) -> None:
    registry.write(path, content)


def _remove(path: str, registry: Scratch) -> None:
    registry.git("rm", "-rq", "--cached", "--", path)
    registry.remove(path)


def _point(channel: str, version: str, registry: Scratch) -> None:
    registry.write(f"{CHANNELS}/{channel}.yaml", f"version: {version}\n")


def _on(*steps: Step) -> Callable[[Scratch], None]:
    """Let the base go through these steps, each a commit, and begin the attack there."""

    def begin(registry: Scratch) -> None:
        registry.git("switch", "--quiet", "--force", "base")
        for step in steps:
            step(registry)
            registry.git("add", "-A")
            registry.git("commit", "--quiet", "--allow-empty", "-m", "step")
        registry.git("switch", "--quiet", "-C", "attack")

    return begin


def _merge(registry: Scratch) -> None:
    registry.git("merge", "--quiet", "--no-ff", "-m", "Merge", "better")


_staged = _on(_merge, partial(_point, "staging", "1.1.0"))
_deployed = _on(_merge, partial(_point, "staging", "1.1.0"), partial(_point, "production", "1.1.0"))
_registered = _on(_merge)


def _do(*steps: Step) -> Callable[[Scratch], None]:
    def change(registry: Scratch) -> None:
        for step in steps:
            step(registry)

    return change


_loosen = partial(Scratch.edit, name="models/loans/model.yaml", old="accuracy: 0.7", new="accuracy: 0.1")
_data = "data/loans.csv"

# What may come on top of a change of another kind, under the name of the variant.
TOO_MUCH: dict[str, Step] = {
    "a page": partial(_write, "docs/page.md", TEXT),
    "a script": partial(_write, "scripts/more.py", "print()\n"),
    "a gate": lambda registry: _loosen(registry),
    "params": lambda registry: registry.write("params.yaml", registry.read("params.yaml") + "\n# more\n"),
    "data": lambda registry: registry.write(_data, registry.read(_data) + "1,2,3,4,5,6,7\n"),
    "a lock": partial(_write, "requirements.lock", "numpy==1\n"),
    "an object": partial(_write, ".dvc/store/files/md5/ab/" + "0" * 30, TEXT),
    "another channel's remark": lambda registry: _remark(registry),
    "settings": lambda registry: registry.edit("models/registry.yaml", "name:", "name: x #"),
}


def _remark(registry: Scratch) -> None:
    """In the file of a channel that stays."""
    registry.write(f"{CHANNELS}/staging.yaml", registry.read(f"{CHANNELS}/staging.yaml") + "# more\n")


def _link(registry: Scratch) -> None:
    registry.remove("dvc.yaml")
    registry.path("dvc.yaml").symlink_to("params.yaml")


promotions = Family("a promotion and one thing too many")
rollbacks = Family("a rollback and one thing too many")
yanks = Family("a yank and one thing too many")
descriptions = Family("a description and one thing too many")
_promote = _do(_staged, partial(_point, "production", "1.1.0"))
_rollback = _do(_deployed, partial(_point, "production", "1.0.0"))
_yank = _do(_registered, partial(_write, "models/loans/status/1.1.0.yaml", STATUS))
_describe = partial(Scratch.edit, name="models/loans/model.yaml", old="Tells who pays back.", new="Tells who pays.")

for _family, _kind in ((promotions, _promote), (rollbacks, _rollback), (yanks, _yank)):
    _family.add("nothing else", _kind, start="main", honest=True)
    for _name, _more in TOO_MUCH.items():
        _family.add(_name, _do(_kind, _more), start="main")


@rollbacks.variant(start="main")
def _an_object_goes(registry: Scratch) -> None:
    _rollback(registry)
    _remove(registry.git("ls-files", ".dvc/store").splitlines()[0], registry)


promotions.add("a yank", _do(_promote, partial(_write, "models/loans/status/1.0.0.yaml", STATUS)), start="main")
promotions.add("staging goes back", _do(_promote, partial(_point, "staging", "1.0.0")), start="main")
promotions.add("staging is closed", _do(_promote, partial(_remove, f"{CHANNELS}/staging.yaml")), start="main")
promotions.add("a new model", _do(_promote, partial(_write, "models/churn/model.yaml", TEXT)), start="main")
promotions.add("a version goes", _do(_promote, partial(_remove, "models/loans/versions/1.0.0")), start="main")
promotions.add("a note in a record", _do(_promote, partial(_write, f"{RECORD}/version.yaml", TEXT)), start="main")
promotions.add("a placeholder", _do(_promote, partial(_write, "models/loans/status/.gitkeep", "")), start="main")
rollbacks.add("a yank", _do(_rollback, partial(_write, "models/loans/status/1.1.0.yaml", STATUS)), start="main")
rollbacks.add("staging is closed", _do(_rollback, partial(_remove, f"{CHANNELS}/staging.yaml"), partial(
    _remove, f"{CHANNELS}/production.yaml")), start="main")  # fmt: skip
rollbacks.add("the version goes too", _do(_rollback, partial(_remove, RECORD)), start="main")
rollbacks.add("its record is mended", _do(_rollback, partial(_write, f"{RECORD}/version.yaml", TEXT)), start="main")
rollbacks.add("a channel of its own", _do(_rollback, partial(_point, "canary", "1.0.0")), start="main")
rollbacks.add("a promotion of another", _do(_rollback, partial(_point, "staging", "1.2.0")), start="main")
rollbacks.add("a model goes", _do(_rollback, partial(_remove, "models/loans/model.yaml")), start="main")
yanks.add("a promotion", _do(_yank, partial(_point, "staging", "1.1.0")), start="main")
yanks.add("a rollback", _do(_yank, partial(_remove, f"{CHANNELS}/staging.yaml")), start="main")
yanks.add("of the champion", _do(_registered, partial(_write, "models/loans/status/1.0.0.yaml", STATUS)), start="main")
yanks.add("of a version that never was", partial(_write, "models/loans/status/7.0.0.yaml", STATUS), start="main")
yanks.add("the version goes too", _do(_yank, partial(_remove, RECORD)), start="main")
yanks.add("of a model that is not", partial(_write, "models/churn/status/1.0.0.yaml", STATUS), start="main")
yanks.add("with a note in the record", _do(_yank, partial(_write, f"{RECORD}/version.yaml", TEXT)), start="main")

descriptions.add("nothing else", _describe, start="main", honest=True)
for _name, _more in TOO_MUCH.items():
    if _name not in ("params", "data", "a gate"):  # a description may come with the pipeline, and a gate is one itself
        descriptions.add(_name, _do(_describe, _more), start="main")
descriptions.add("a link in place of the pipeline", _do(_describe, lambda registry: _link(registry)), start="main")
descriptions.add("a looser gate", _do(_describe, TOO_MUCH["a gate"]), start="main")
descriptions.add("a yank", _do(_describe, partial(_write, "models/loans/status/1.0.0.yaml", STATUS)), start="main")
descriptions.add("a rollback", _do(_describe, partial(_remove, f"{CHANNELS}/staging.yaml")), start="main")
descriptions.add("a workflow", _do(_describe, partial(_write, ".github/workflows/x.yml", TEXT)), start="main")
descriptions.add("owners", _do(_describe, partial(_write, "CODEOWNERS", "* @mallory\n")), start="main")
descriptions.add("a setting of Git", _do(_describe, partial(_write, ".gitattributes", TEXT)), start="main")
descriptions.add("a script at the root", _do(_describe, partial(_write, "conftest.py", TEXT)), start="main")
descriptions.add("the judge", _do(_describe, partial(_write, "scripts/mintmark/x.py", TEXT)), start="main")
descriptions.add("a proposal", _describe, start="better")
descriptions.add("a pickle among the data", _do(_describe, partial(_write, "data/x.pkl", TEXT)), start="main")

# -- models that are deleted or renamed ------------------------------------------------------------------------------

models = Family("models that are deleted or renamed")
LOANS = "models/loans"


def _rename(old: str, new: str, registry: Scratch) -> None:
    registry.git("mv", old, new)


def _emptied(*channels: str) -> Callable[[Scratch], None]:
    return _on(*(partial(_remove, f"{CHANNELS}/{name}.yaml") for name in channels))


_both = _emptied("staging", "production")
_two_closed = _on(_merge, *(partial(_remove, f"{CHANNELS}/{name}.yaml") for name in ("staging", "production")))
_churn = "models/churn"

models.add("the whole model", partial(_remove, LOANS), start="main")
models.add("the whole model, after staging was closed", _do(_emptied("staging"), partial(_remove, LOANS)), start="main")
models.add(
    "the whole model, after production was closed", _do(_emptied("production"), partial(_remove, LOANS)), start="main"
)
models.add("the whole model, after both were closed", _do(_both, partial(_remove, LOANS)), start="main")
models.add("its description alone", partial(_remove, f"{LOANS}/model.yaml"), start="main")
models.add("its versions alone", partial(_remove, f"{LOANS}/versions"), start="main")
models.add("both versions, after both channels were closed", _do(_two_closed, partial(_remove, f"{LOANS}/versions")), start="main",
           says="withdraw")  # fmt: skip
models.add("its channels alone", partial(_remove, CHANNELS), start="main")
models.add("its description, after both were closed", _do(_both, partial(_remove, f"{LOANS}/model.yaml")), start="main")
models.add(
    "the whole model and its data",
    _do(_both, partial(_remove, LOANS), partial(_remove, "data/loans.csv")),
    start="main",
)
models.add(
    "the whole model and a page", _do(_both, partial(_remove, LOANS), partial(_write, "docs/x.md", TEXT)), start="main"
)
models.add("the whole model and the settings", _do(_both, partial(_remove, "models")), start="main")
models.add("another name", partial(_rename, LOANS, _churn), start="main")
models.add("another name, after both were closed", _do(_both, partial(_rename, LOANS, _churn)), start="main")
models.add(
    "another name for the description", partial(_rename, f"{LOANS}/model.yaml", f"{LOANS}/loans.yaml"), start="main"
)
models.add("another case", partial(_rename, LOANS, "models/Loans"), start="main")
models.add(
    "another number",
    _do(_registered, partial(_rename, f"{LOANS}/versions/1.1.0", f"{LOANS}/versions/1.1.1")),
    start="main",
)
models.add("another channel", partial(_rename, f"{CHANNELS}/production.yaml", f"{CHANNELS}/live.yaml"), start="main")
models.add("swapped channels", _do(_staged, partial(_rename, f"{CHANNELS}/staging.yaml", f"{CHANNELS}/x.yaml"), partial(
    _rename, f"{CHANNELS}/production.yaml", f"{CHANNELS}/staging.yaml")), start="main")  # fmt: skip
models.add("the folder of all models", partial(_rename, "models", "registry"), start="main")
models.add("while it is proposed", partial(_remove, f"{LOANS}/versions/1.0.0"), start="better")

FAMILIES = [promotions, rollbacks, yanks, descriptions, models]
