"""The rules of the design that only the source itself can show: imports, sizes, words at the top, schemas."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "scripts" / "mintmark"
MODULES = sorted(PACKAGE.rglob("*.py"))
STAGES = sorted((ROOT / "scripts").glob("*.py"))
SCHEMAS = sorted((ROOT / "schemas").glob("*.schema.json"))

# Which layers each layer may import, besides itself. The package's own __init__ is the public API, a thin front.
_BELOW = {"about", "core", "errors", "extras", "artifacts", "registry"}
ALLOWED = {
    "about": set(),
    "errors": {"core"},
    "extras": {"about", "errors"},
    "core": {"errors"},
    "artifacts": {"about", "core", "errors", "extras"},
    "registry": {"about", "core", "errors", "extras", "artifacts"},
    "training": _BELOW,
    "judging": _BELOW,
    "changing": _BELOW,
    "publishing": _BELOW | {"changing"},
    "commands": _BELOW | {"training", "judging", "changing", "publishing"},
    "arguments": {"about", "commands"},
    "cli": {"about", "arguments", "commands", "errors", "extras"},
    "__init__": _BELOW,
}
PURE = {
    "os",
    "pathlib",
    "subprocess",
    "shutil",
    "tempfile",
    "sqlite3",
    "socket",
    "urllib",
    "time",
    "glob",
    "random",
    "sys",
}
HEAVY = {
    "numpy",
    "pandas",
    "sklearn",
    "scipy",
    "skops",
    "dvc",
    "pyarrow",
    "joblib",
    "rich",
    "dask",
    "mkdocs",
    "jinja2",
    "markdown_it",
    "shtab",
    "jsonschema",
}


def layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path, *, top_level: bool = False) -> Iterator[tuple[str, int]]:
    """Each module that a file imports; those only for type checkers are left out."""
    tree = ast.parse(path.read_text())
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in tree.body if top_level else ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the whole name of the module"
            yield from ((f"{node.module}.{alias.name}" if node.module == "mintmark" else str(node.module), node.lineno)
                        for alias in node.names)  # fmt: skip


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 40
    assert len(STAGES) >= 4
    assert len(SCHEMAS) >= 6


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    own = layer(path)
    for name, line in imports(path):
        parts = name.split(".")
        if parts[0] != "mintmark":
            continue
        other = parts[1] if len(parts) > 1 else "__init__"
        if other not in ALLOWED:  # a name of the package itself, such as __version__
            other = "__init__"
        assert other == own or other in ALLOWED[own], f"{path}:{line}: {own} must not import {name}"


def test_commands_do_not_import_the_command_line() -> None:
    for path in MODULES:
        if layer(path) not in ("cli", "arguments"):
            assert not [name for name, _ in imports(path) if name.startswith(("mintmark.cli", "mintmark.arguments"))]


@pytest.mark.parametrize("path", [path for path in MODULES if layer(path) == "core"], ids=lambda path: path.stem)
def test_the_core_is_pure(path: Path) -> None:
    found = [(name, line) for name, line in imports(path) if name.split(".")[0] in PURE]
    assert not found, f"{path}: {found}"
    calls = [
        node.func.id
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert not {"print", "open", "input"} & set(calls)
    assert "datetime.now" not in path.read_text()


@pytest.mark.parametrize("path", STAGES, ids=lambda path: path.name)
def test_stage_scripts_import_little_of_the_package(path: Path) -> None:
    if path.name == "repro.py":  # what `make repro` runs around the stages
        return
    allowed = (
        "mintmark.core",
        "mintmark.artifacts",
        "mintmark.errors",
        "mintmark.extras",
        "mintmark.registry.files",
        "mintmark.training",
    )
    for name, line in imports(path):
        assert not name.startswith("mintmark") or name.startswith(allowed), f"{path}:{line}: {name}"


def test_nothing_imports_a_stage_script() -> None:
    stages = {path.stem for path in STAGES}
    for path in MODULES:
        assert not {name for name, _ in imports(path)} & stages


@pytest.mark.parametrize(
    "command",
    [["--version"], ["list"], ["list", "--versions"], ["list", "--at", "HEAD"], ["show", "iris@production"], ["show", "iris"],
     ["card", "iris@production"], ["history", "iris"], ["compare", "iris@1.0.0", "iris@1.1.0"], ["validate"]],
    ids=" ".join,
)  # fmt: skip
def test_light_commands_import_nothing_heavy(scratch: object, command: list[str]) -> None:
    program = (
        "import sys\nfrom mintmark.cli import main\ncode = main(sys.argv[1:])\n"
        "print(code, *sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    root = scratch.root  # type: ignore[attr-defined]
    for _ in range(2):  # without a cache and with one
        done = subprocess.run(
            (sys.executable, "-c", program, *command), cwd=root, capture_output=True, text=True, check=True
        )
        code, *loaded = done.stderr.split()
        assert code == "0"
        assert not HEAVY & set(loaded)


def test_importing_the_package_is_cheap() -> None:
    program = "import sys, mintmark\nprint(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, check=True)
    assert not (HEAVY | {"yaml", "sqlite3", "argparse", "subprocess"}) & set(done.stdout.split())


@pytest.mark.parametrize("path", [*MODULES, *STAGES], ids=lambda path: str(path.relative_to(ROOT / "scripts")))
def test_modules_are_short_and_open_with_a_sentence(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) < 400
    tree = ast.parse(text)
    opening = (ast.get_docstring(tree) or "").splitlines()
    assert opening, f"{path} opens without a sentence"
    assert opening[0].endswith((".", ":")), opening[0]
    if len(tree.body) > 1:
        assert "from __future__ import annotations" in text


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_is_public_says_what_it_does(path: Path) -> None:
    tree = ast.parse(path.read_text())
    public = [tree.body]
    public += [node.body for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    for body in public:
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path}:{node.lineno}: {node.name} has no docstring"


def test_names_say_something() -> None:
    vague = re.compile(r"(^|_)(utils?|helpers?|managers?|handlers?|misc|common|base)($|_)")
    assert not [path for path in MODULES if vague.search(path.stem)]


def test_only_the_command_line_catches_what_a_user_can_mend() -> None:
    """Commands let MintmarkError go up; `cli.main` alone turns it into an exit code."""
    for path in MODULES:
        if layer(path) in ("cli", "commands"):
            continue
        assert "sys.exit" not in path.read_text(), path


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name.partition(".")[0])
def test_schemas_are_of_2020_12_and_closed(path: Path) -> None:
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for place, part in _objects(schema):
        if place.endswith("/extra"):
            continue
        if "properties" in part:
            assert part.get("additionalProperties") is False or "$ref" in part, f"{path.name}: {place} is open"
            assert set(part.get("required", ())) <= set(part["properties"]), f"{path.name}: {place}"


def _objects(part: object, place: str = "") -> Iterator[tuple[str, dict[str, object]]]:
    if isinstance(part, dict):
        if part.get("type") == "object" and "properties" in part:
            yield place, part
        for key, inner in part.items():
            yield from _objects(inner, f"{place}/{key}")
    elif isinstance(part, list):
        for number, inner in enumerate(part):
            yield from _objects(inner, f"{place}/{number}")


def _committed_yaml() -> list[Path]:
    folders = (ROOT / "models").glob("**/*.yaml")
    return sorted([ROOT / "params.yaml", *(path for path in folders if "candidate" not in path.parts)])


def test_every_record_names_its_schema_in_its_first_line() -> None:
    files = _committed_yaml()
    assert len(files) >= 4
    for path in files:
        first = path.read_text().splitlines()[0]
        match = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert match, f"{path}: the first line names no schema"
        assert (path.parent / match[1]).resolve() in [schema.resolve() for schema in SCHEMAS], f"{path}: {match[1]}"


def test_every_record_keeps_to_its_schema() -> None:
    from mintmark.core.layout import locate
    from mintmark.registry.documents import parse_document

    for path in _committed_yaml():
        name = path.relative_to(ROOT).as_posix()
        kind = "params" if name == "params.yaml" else locate(name).kind
        assert [str(finding) for finding in parse_document(kind, path.read_bytes(), name).findings] == []
