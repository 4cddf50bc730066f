"""Files that come along where they have no place: with a proposal, with what governs, below models/, under odd names."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from functools import partial

import numpy as np
import yaml
from tests.judging.hostile.harness import Family
from tests.scaffold.registry import Scratch

TEXT = "nothing to see\n"


def write(path: str, content: str | bytes, registry: Scratch) -> None:
    """Also where .gitignore would keep it out."""
    registry.write(path, content)
    registry.git("add", "--force", "--", f":(literal){path}")


def _link(path: str, registry: Scratch) -> None:
    registry.path(path).parent.mkdir(parents=True, exist_ok=True)
    registry.path(path).unlink(missing_ok=True)
    registry.path(path).symlink_to("/etc/passwd")


def _submodule(path: str, registry: Scratch) -> None:
    """A repository inside, which `git add` takes for one."""
    registry.git("init", "--quiet", path)
    registry.git("-C", path, "-c", "user.name=x", "-c", "user.email=x", "commit", "--quiet", "--allow-empty", "-m", "x")
    registry.git("add", "--force", path)


def _files(family: Family, paths: dict[str, str | bytes], *, start: str, honest: bool = False) -> None:
    for path, content in paths.items():
        family.add(ascii(path), partial(write, path, content), start=start, honest=honest)


# -- extra files with a proposal -------------------------------------------------------------------------------------

extra = Family("extra files with a proposal")

_files(
    extra,
    {
        "sitecustomize.py": "import os\n",
        "conftest.py": "import os\n",
        "evil.pth": "import os; os.getuid()\n",
        "pyproject.toml": "[tool.pytest.ini_options]\n",
        "CODEOWNERS": "* @mallory\n",
        "docs/CODEOWNERS": "* @mallory\n",
        ".gitattributes": "*.yaml -diff\n",
        ".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = https://example.org/x\n',
        ".dvcignore": "data\n",
        "Makefile": "all:\n\tid\n",
        "mkdocs.yml": "hooks: [docs/hook.py]\n",
        ".envrc": "export PATH=/tmp\n",
        ".pre-commit-config.yaml": "repos: []\n",
        "tests/test_pass.py": "def test_nothing(): ...\n",
        "scripts/more.py": "print()\n",
        "scripts/sitecustomize.py": "import os\n",
        "scripts/__pycache__/fit.cpython-311.pyc": b"\xa7\r\r\n",
        "docs/notes.md": TEXT,
        "data/other.csv": "a\n1\n",
        "README.md": TEXT,
        "package.json": '{"scripts": {"postinstall": "id"}}\n',
        "models/loans/README.md": TEXT,
        "models/churn/channels/.gitkeep/x": TEXT,
        "params.yml": "models: {}\n",
        "pipeline/dvc.yaml": "stages: {}\n",
    },
    start="better",
)
extra.add("a link among the scripts", partial(_link, "scripts/more.py"))
extra.add("a link in place of a script", partial(_link, "scripts/fit.py"))
extra.add("a submodule", partial(_submodule, "vendor"))


def _declare(path: str, registry: Scratch) -> None:
    """As a dependency of the stage, in dvc.yaml and dvc.lock: that makes it nobody's own."""
    content = TEXT.encode()
    write(path, content, registry)
    registry.edit("dvc.yaml", "deps: [", f"deps: [{path}, ")
    lock = yaml.safe_load(registry.read("dvc.lock"))
    lock["stages"]["fit@loans"]["deps"].append({"path": path, "hash": "md5", "md5": "0" * 32, "size": len(content)})
    registry.write("dvc.lock", yaml.safe_dump(lock, sort_keys=False))


for _path in ("conftest.py", "CODEOWNERS", ".github/workflows/x.yml", "scripts/mintmark/x.py", ".dvc/config.d"):
    extra.add(f"{_path} that a stage declares", partial(_declare, _path))


@extra.variant()
def _an_executable_pipeline(registry: Scratch) -> None:
    registry.path("dvc.yaml").chmod(0o755)


@extra.variant()
def _everything_that_a_stage_names_is_the_whole_repository(registry: Scratch) -> None:
    registry.write("tools/x.py", TEXT)
    registry.edit("dvc.yaml", "deps: [", "deps: [., ")
    registry.edit("dvc.lock", "    deps:\n", f"    deps:\n    - path: .\n      hash: md5\n      md5: {'0' * 32}.dir\n")


_files(
    extra, {"models/loans/status/.gitkeep": "", "models/loans/candidate/.gitignore": "*\n"}, start="better", honest=True
)

# -- what governs, in a change of code -------------------------------------------------------------------------------

governing = Family("what governs, in a change of code")

_files(
    governing,
    {
        "CODEOWNERS": "* @mallory\n",
        ".github/CODEOWNERS": "* @mallory\n",
        "docs/CODEOWNERS": "* @mallory\n",
        "docs/codeowners": "* @mallory\n",
        ".gitattributes": "* -diff\n",
        "models/.gitattributes": "* -diff\n",
        "data/.gitattributes": "* filter=x\n",
        ".dvcignore": "*\n",
        "data/.dvcignore": "*\n",
        ".dvc/config": "[core]\n    remote = other\n",
        ".dvc/config.local": "[core]\n    remote = other\n",
        ".dvc/plots/default.json": "{}\n",
        "pyproject.toml": "[project]\n",
        "tools/setup.py": "import os\n",
        "requirements.lock": "numpy==1\n",
        "docs/requirements.txt": "evil\n",
        ".github/workflows/pr.yml": "on: push\n",
        ".github/actions/x/action.yml": "runs: {}\n",
        "scripts/mintmark/core/judgement/gates.py": TEXT,
        "schemas/model.schema.json": "{}\n",
        ".gitmodules": '[submodule "x"]\n',
        "Makefile": "all:\n",
        "conftest.py": TEXT,
        "scripts/conftest.py": TEXT,
        "scripts/usercustomize.py": TEXT,
        "scripts/x.pth": "import os\n",
        "scripts/fit.cpython-311-x86_64-linux-gnu.so": b"\x7fELF",
        "random.py": "print()\n",
        ".vscode/tasks.json": "{}\n",
    },
    start="main",
)
governing.add("a link among the documents", partial(_link, "docs/page.md"), start="main")
governing.add("a submodule", partial(_submodule, "vendor"), start="main")
governing.variant(start="main")(lambda registry: registry.edit("models/registry.yaml", "name:", "name: x #"))
_files(
    governing,
    {
        "docs/page.md": TEXT,
        "README.md": TEXT,
        "scripts/tool.py": "print()\n",
        "tests/test_x.py": TEXT,
        "docs/.gitignore": "*.tmp\n",
    },
    start="main",
    honest=True,
)

# -- below models/, and what passes for it ---------------------------------------------------------------------------

below = Family("files below models/, and twins of it")

_files(
    below,
    {
        "models/evil.joblib": TEXT,
        "models/loans/model.pkl": TEXT,
        "models/loans/candidate/evil.bin": TEXT,
        "models/loans/candidate/metrics.json": "{}\n",
        "models/loans/README.md": TEXT,
        "models/loans/model.yml": TEXT,
        "models/loans/MODEL.yaml": TEXT,
        "models/loans/Versions/1.1.0/version.yaml": TEXT,
        "models/loans/versions\u200b/1.1.0/version.yaml": TEXT,
        "models/loans/channels./production.yaml": "version: 1.0.0\n",
        "models/loans/channels /production.yaml": "version: 1.0.0\n",
        "models/loans/channels/Production.yaml": "version: 1.0.0\n",
        "models/loans/channels/production.yaml.orig": "version: 1.0.0\n",
        "models/loans/channels/deep/production.yaml": "version: 1.0.0\n",
        "models/loans/status/latest.yaml": "state: yanked\n",
        "models/loans/versions/latest/version.yaml": TEXT,
        "models/loans/versions/1.0.0/notes.txt": TEXT,
        "models/loans/versions/.hidden": TEXT,
        "models/loan\u017f/model.yaml": TEXT,
        "models/registry.yml": TEXT,
        "models/.gitkeep/x": TEXT,
        "Models/loans/channels/production.yaml": "version: 1.0.0\n",
        "MODELS/x.txt": TEXT,
        "models./x.txt": TEXT,
        "models /x.txt": TEXT,
        "m\u043edels/loans/model.yaml": TEXT,
        "mode\u200bls/loans/model.yaml": TEXT,
        "\uff4dodels/loans/model.yaml": TEXT,
        "MODELS~1/loans/model.yaml": TEXT,
    },
    start="main",
)
below.add("a link in place of a model", partial(_link, "models/churn"), start="main")
below.add("a submodule in place of a model", partial(_submodule, "models/churn"), start="main")
_files(
    below,
    {"models/loans/status/.gitkeep": "", "models/loans/candidate/plots/.gitignore": "/roc\n", "models/.gitkeep": ""},
    start="main",
    honest=True,
)

# -- pickles under any name ------------------------------------------------------------------------------------------

pickles = Family("pickles under any name")


class Runs:
    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.system, ("true",)


BOMB = pickle.dumps(Runs(), protocol=4)


def zipped(name: str, content: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(name, content)
    return target.getvalue()


def _tarred(name: str, content: bytes, mode: str) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return target.getvalue()


def _numpy(array: object, *, packed: bool = False) -> bytes:
    target = io.BytesIO()
    (np.savez if packed else np.save)(target, np.asarray(array, dtype=object) if packed else array, allow_pickle=True)
    return target.getvalue()


_files(
    pickles,
    {
        "docs/picture.png": BOMB,
        "docs/page.md": pickle.dumps(Runs(), protocol=0),
        "docs/one.md": pickle.dumps(Runs(), protocol=1),
        "data/two.csv": pickle.dumps(Runs(), protocol=2),
        "data/three.parquet": pickle.dumps({"a": [1, 2]}, protocol=3),
        "scripts/five.py": pickle.dumps(Runs(), protocol=5),
        "data/a.pkl": TEXT,
        "data/a.PICKLE": TEXT,
        "data/a.joblib": b"\x28\xb5\x2f\xfd",
        "data/a.gz": gzip.compress(BOMB),
        "data/a.bz2": bz2.compress(BOMB),
        "data/a.xz": lzma.compress(BOMB),
        "data/a.lzma": lzma.compress(BOMB, format=lzma.FORMAT_ALONE),
        "data/a.z": zlib.compress(BOMB, 3),
        "data/a.lz4": b"\x04\x22\x4d\x18\x64\x40\xa7\x10\x00\x00\x00\xf0\x01" + BOMB,
        "data/weights.zip": zipped("archive/data.pkl", TEXT.encode()),
        "data/hidden.zip": zipped("page.txt", BOMB),
        "data/twice.zip": zipped("inner.gz", gzip.compress(BOMB)),
        "data/all.tar": _tarred("page.txt", BOMB, "w"),
        "data/all.tar.gz": _tarred("page.txt", BOMB, "w:gz"),
        "data/objects.npy": _numpy(np.array([Runs()], dtype=object)),
        "data/objects.npz": _numpy([Runs()], packed=True),
        "data/reference.txt": b"cposix\nsystem\n(S'true'\ntR.",
        "data/named.txt": b"cos\nsystem\n.",
        "LICENSE": BOMB,
    },
    start="main",
)
_files(
    pickles,
    {
        "data/table.csv.gz": gzip.compress(b"a,b\n1,2\n"),
        "data/numbers.npy": _numpy(np.arange(9.0)),
        "data/pages.zip": zipped("page.txt", TEXT.encode()),
        "docs/pages.md": "cat\ndog\n.\n",
        "docs/more.md": "(the end\n",
    },
    start="main",
    honest=True,
)

# -- names that no clone holds as they are ---------------------------------------------------------------------------

names = Family("names that no clone holds as they are")

_files(
    names,
    {
        "docs/two\nlines.md": TEXT,
        "docs/tab\t.md": TEXT,
        "docs/red\x1b[31m.md": TEXT,
        "docs/dm.\u202elmth": TEXT,
        "docs/zero\u200bwidth.md": TEXT,
        "docs/joined\u00ad.md": TEXT,
        "docs/cafe\u0301.md": TEXT,
        "docs/\udcff.md": TEXT,
        "docs/page.": TEXT,
        "docs/page ": TEXT,
        "docs/folder./page.md": TEXT,
        "docs/CON.md": TEXT,
        "docs/aux": TEXT,
        "docs/com1.tar.gz": TEXT,
        "docs/a:b.md": TEXT,
        "docs/what?.md": TEXT,
        "docs/back\\slash.md": TEXT,
        "PROGRA~1/x.txt": TEXT,
        "Scripts/fit.py": TEXT,
        "SCRIPTS/fit.py": TEXT,
        "scripts/Fit.py": TEXT,
        "DVC.yaml": TEXT,
        "dvc.LOCK": TEXT,
        "Params.yaml": TEXT,
        "\u0440arams.yaml": TEXT,
        "Schemas/x.json": "{}\n",
        ".GitHub/workflows/x.yml": "on: push\n",
        ".git\u200bignore": TEXT,
    },
    start="main",
)


@names.variant(start="main")
def _two_pages_that_macos_takes_for_one(registry: Scratch) -> None:
    registry.write("docs/page.md", TEXT)
    registry.write("docs/Page.md", TEXT)


_files(
    names,
    {
        "docs/caf\u00e9.md": TEXT,
        "docs/\u65e5\u672c.md": TEXT,
        "docs/a page.md": TEXT,
        "docs/.gitkeep": "",
        "docs/console.md": TEXT,
    },
    start="main",
    honest=True,
)

FAMILIES = [extra, governing, below, pickles, names]
