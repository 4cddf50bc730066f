"""The wheel, built from this checkout: it works where no checkout is, with each extra alone and without any."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.registry.site_fixture import build_site, start_site

from mintmark.about import DISTRIBUTION, __version__
from mintmark.core.provenance.pins import read_pins
from mintmark.extras import EXTRAS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.scaffold.registry import Scratch

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder))
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package alone, and its console script."""
    target = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    (target / "bin").mkdir()
    script = "import sys\nfrom mintmark.cli import main\nsys.exit(main())\n"
    (target / "bin" / "mintmark").write_text(script)
    return target


def run(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the console script with the installed package in front of this checkout's."""
    return subprocess.run(
        (sys.executable, str(installed / "bin" / "mintmark"), *arguments), cwd=cwd, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )  # fmt: skip


def test_the_wheel_carries_the_package_and_the_schemas_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    schemas = {name for name in names if name.startswith("mintmark/schemas/")}
    assert schemas == {f"mintmark/schemas/{path.name}" for path in (ROOT / "schemas").glob("*.json")}
    sources = {path.relative_to(ROOT / "scripts").as_posix() for path in (ROOT / "scripts" / "mintmark").rglob("*.py")}
    assert sources <= set(names)
    assert "mintmark/py.typed" in names
    rest = {name for name in names if not name.startswith("mintmark/") and ".dist-info/" not in name}
    assert rest == set()
    assert not [name for name in names if "__pycache__" in name]


def test_the_wheel_carries_what_init_writes_as_the_repository_has_it(installed: Path) -> None:
    folder = installed / "mintmark" / "template"
    for file in (path for path in folder.rglob("*") if path.is_file()):
        assert file.read_bytes() == (ROOT / file.relative_to(folder)).read_bytes(), file
    code = (
        "import sys; from mintmark.beginning import template; "
        "files = template.render(template.Wanted(name='X', branch='main', tool='')); "
        "print(template.template_folder()); sys.stdout.write(repr(sorted(files.items())))"
    )
    told = [
        subprocess.run((sys.executable, "-c", code), env={**os.environ, "PYTHONPATH": str(path)}, cwd=installed,
                       capture_output=True, text=True, check=True).stdout.partition("\n")
        for path in (installed, ROOT / "scripts")
    ]  # fmt: skip
    assert told[0][0] == str(folder)
    assert told[0][2] == told[1][2]


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        folder = f"mintmark_registry-{__version__}.dist-info"
        metadata = archive.read(f"{folder}/METADATA").decode()
        assert f"Version: {__version__}\n" in metadata
        assert "License-Expression: Apache-2.0\n" in metadata
        assert "Requires-Python: >=3.11\n" in metadata
        assert "mintmark = mintmark.cli:main" in archive.read(f"{folder}/entry_points.txt").decode()
        assert f"{folder}/licenses/LICENSE" in archive.namelist()


@pytest.mark.slow
def test_it_runs_on_a_registry_that_has_no_copy_of_it(installed: Path, scratch: Scratch) -> None:
    where = run(installed, scratch.root, "--version")
    assert (where.returncode, where.stderr) == (0, "")
    place = subprocess.run(
        (sys.executable, "-c", "import mintmark; print(mintmark.__file__)"), cwd=scratch.root, capture_output=True, text=True,
        check=True, env={**os.environ, "PYTHONPATH": str(installed)},
    )  # fmt: skip
    assert place.stdout.strip() == str(installed / "mintmark" / "__init__.py")
    listed = run(installed, scratch.root, "list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "iris" in listed.stdout
    assert run(installed, scratch.root, "validate").stdout == "2 models, 4 versions: nothing is wrong\n"
    assert run(installed, scratch.root, "site", "build").returncode == 0
    assert (scratch.root / "site" / "models" / "iris" / "1.1.0" / "index.html").is_file()
    assert list((scratch.root / "site" / "assets").glob("registry.*"))
    scratch.edit("models/iris/model.yaml", "owners:", "ownrs:")
    explained = run(installed, scratch.root, "validate")
    assert explained.returncode == 1
    assert 'did you mean "owners"?' in explained.stdout


# -- each extra alone, in an environment of its own ----------------------------------------------------------------------


class Environment:
    """A virtual environment with the wheel, one extra or none, and the versions of requirements.lock."""

    def __init__(self, folder: Path, wheel: Path, extra: str) -> None:
        self.folder = folder
        subprocess.run((sys.executable, "-m", "venv", "--without-pip", str(folder)), check=True)
        pins = [
            pin
            for pin in read_pins((ROOT / "requirements-dev.lock").read_bytes())
            if pin.marker is None or pin.marker.evaluate()
        ]
        (folder / "pins.txt").write_text("".join(f"{pin.name}=={pin.version}\n" for pin in pins))
        uv = Path(sys.executable).parent / "uv"
        target = f"{DISTRIBUTION}{f'[{extra}]' if extra else ''} @ {wheel.as_uri()}"
        with_uv = (str(uv), "pip", "install", "--python", self.python)
        with_pip = (sys.executable, "-m", "pip", "--python", self.python, "install", "--no-compile")
        command = (*(with_uv if uv.exists() else with_pip), "--quiet", "--constraint", str(folder / "pins.txt"), target)
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)

    @property
    def python(self) -> str:
        return str(self.folder / "bin" / "python")

    def packages(self) -> list[str]:
        return sorted(
            path.name.partition("-")[0].lower() for path in self.folder.glob("lib/*/site-packages/*.dist-info")
        )

    def megabytes(self) -> float:
        return sum(path.lstat().st_size for path in (self.folder / "lib").rglob("*") if path.is_file()) / 1e6

    def compile(self) -> None:
        subprocess.run((self.python, "-m", "compileall", "-q", str(self.folder / "lib")), check=True)

    def run(self, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run(cwd, str(self.folder / "bin" / "mintmark"), *arguments)

    def execute(self, cwd: Path, code: str) -> subprocess.CompletedProcess[str]:
        return self._run(cwd, self.python, "-c", code)

    def _run(self, cwd: Path, *command: str) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=clean)


@pytest.fixture
def environment(wheel: Path, tmp_path: Path) -> Callable[[str], Environment]:
    def build(extra: str) -> Environment:
        made = Environment(tmp_path / "environment", wheel, extra)
        print(f"{extra or 'no extra'}: {made.megabytes():.1f} MB, {len(made.packages())} packages:", *made.packages())
        return made

    return build


@pytest.fixture
def site(scratch: Scratch, tmp_path: Path) -> Iterator[str]:
    build_site(scratch.root, tmp_path / "site")
    site = start_site(tmp_path / "site")
    yield site.url
    site.stop()


REFUSED = [
    ("registry", "reproduce", "iris@1.1.0"),
    ("registry", "review", "--base", "main~1", "--head", "main"),
    ("site", "site", "build"),
]


@pytest.mark.slow
def test_the_client_alone_lists_shows_and_pulls(
    environment: Callable[[str], Environment], site: str, scratch: Scratch, tmp_path: Path
) -> None:
    client = environment("")
    client.compile()  # as pip does
    assert client.megabytes() <= 32  # jsonschema-rs alone takes 15
    assert not {"numpy", "pandas", "scikit_learn", "dvc", "pyarrow", "mkdocs"} & set(client.packages())
    for cwd, options in ((tmp_path, ("--registry", site)), (scratch.root, ())):
        listed = client.run(cwd, "list", *options)
        assert (listed.returncode, listed.stderr) == (0, "")
        assert "iris" in listed.stdout
        shown = client.run(cwd, "show", "iris@production", *options)
        assert (shown.returncode, shown.stderr) == (0, "")
        assert "1.1.0" in shown.stdout
        pulled = client.run(cwd, "pull", "iris@production", "--output", "here", *options)
        assert (pulled.returncode, pulled.stderr) == (0, "")
        assert (cwd / "here" / "model.skops").read_bytes() == scratch.artifact
    assert client.run(scratch.root, "validate").returncode == 0
    for extra, *arguments in REFUSED:
        refused = client.run(scratch.root, *arguments)
        assert refused.returncode == 1, arguments
        assert refused.stderr.startswith(f"mintmark: mintmark {arguments[0]} needs the extra `{extra}` ("), (
            refused.stderr
        )
        assert refused.stderr.count("\n") == 1
        assert f"mintmark_registry-{__version__}-py3-none-any.whl" in refused.stderr  # from where this one came
    loading = client.execute(tmp_path, f"import mintmark; mintmark.load('iris@production', path={site!r})")
    assert "MissingExtraError: mintmark.load needs the extra `load` (" in loading.stderr.splitlines()[-1]


@pytest.mark.long
def test_what_loads_also_predicts(environment: Callable[[str], Environment], site: str, tmp_path: Path) -> None:
    loader = environment("load")
    assert loader.megabytes() <= 320
    assert not {"dvc", "pyarrow", "mkdocs"} & set(loader.packages())
    code = f"import mintmark; print(mintmark.load('iris@production', path={site!r}).predict([[0.0, 1.0], [1.0, 0.0]]))"
    loaded = loader.execute(tmp_path, code)
    assert (loaded.stdout, loaded.stderr) == ("[0 1]\n", "")
    assert "iris" in loader.run(tmp_path, "list", "--registry", site).stdout


# Where extras are needed that name themselves: `site`, `mlflow` and `serve`.
OF_OTHER_EXTRAS = ("publishing.site", "commands.site", "publishing.exchange.mlflow", "serving")


@pytest.mark.long
def test_the_extra_registry_has_what_every_module_needs_that_has_no_extra_of_its_own(
    environment: Callable[[str], Environment], scratch: Scratch
) -> None:
    registry = environment("registry")
    assert not {"mkdocs", "jinja2", "onnx", "dask"} & set(registry.packages())
    code = """
import importlib, pathlib, mintmark
folder = pathlib.Path(mintmark.__file__).parent
for path in sorted(folder.rglob("*.py")):
    name = ".".join(path.relative_to(folder.parent).with_suffix("").parts)
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        print(name, error.name)
"""
    lacking = dict(line.split() for line in registry.execute(scratch.root, code).stdout.splitlines())
    others = {name for extra, names in EXTRAS.items() if extra != "registry" for name in names}
    assert {name.partition(".")[0] for name in lacking.values()} <= others - set(EXTRAS["registry"])
    assert not [name for name in lacking if not name.removeprefix("mintmark.").startswith(OF_OTHER_EXTRAS)]
    assert registry.run(scratch.root, "verify", "iris@1.1.0").returncode == 0


@pytest.mark.long
def test_the_extra_site_builds_a_site(environment: Callable[[str], Environment], scratch: Scratch) -> None:
    publisher = environment("site")
    assert not {"dvc", "scikit_learn", "onnx", "dask"} & set(publisher.packages())
    built = publisher.run(scratch.root, "site", "build", "--repository", "https://github.com/acme/models")
    assert (built.returncode, built.stderr) == (0, "")
    assert (scratch.root / "site" / "models" / "iris" / "1.1.0" / "index.html").is_file()
    listed = publisher.run(scratch.root, "list")
    assert "iris" in listed.stdout


@pytest.mark.long
@pytest.mark.parametrize("extra", ["onnx", "dask", "safetensors"])
def test_the_other_extras_bring_what_is_said_of_them(
    environment: Callable[[str], Environment], site: str, tmp_path: Path, extra: str
) -> None:
    made = environment(extra)
    assert made.execute(tmp_path, f"import {', '.join(EXTRAS[extra])}").stderr == ""
    code = f"import mintmark; print(mintmark.load('iris@production', path={site!r}).predict([[0.0, 1.0]]))"
    assert made.execute(tmp_path, code).stdout == "[0]\n"
