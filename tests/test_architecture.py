"""The rules of the design that only the source itself can show: imports, sizes, who catches what."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "scripts"
PACKAGE = SCRIPTS / "mintmark"
MODULES = sorted(PACKAGE.rglob("*.py"))
STAGES = sorted(SCRIPTS.glob("*.py"))
MOST_LINES = 400
MOST_MODULES = 20  # in a folder

# Which rooms each room may import, besides itself. The package's own __init__ is the public API, a thin front.
_BELOW = {"about", "errors", "extras", "temporary", "core", "artifacts", "registry"}
_SIBLINGS = {"training", "judging", "changing", "serving", "monitoring"}
ALLOWED = {
    "about": set(),
    "core": set(),
    "errors": {"core"},
    "extras": {"about", "errors"},
    "temporary": {"errors"},
    "terminal": set(),
    "artifacts": {"about", "core", "errors", "extras", "temporary"},
    "registry": _BELOW - {"registry"},
    **dict.fromkeys(_SIBLINGS, _BELOW),
    "forge": _BELOW | _SIBLINGS,
    "publishing": _BELOW | _SIBLINGS,
    "beginning": _BELOW | {"training"},
    "commands": _BELOW | _SIBLINGS | {"beginning", "forge", "publishing", "terminal"},
    "suggestions": {"core"},
    "arguments": {"about", "commands", "suggestions"},
    "cli": {"about", "errors", "extras", "temporary", "terminal", "arguments", "commands"},
    "__init__": _BELOW,
}
# Rooms inside a room that have a direction of their own.
FORBIDDEN = [
    ("core.statistics", "core.judgement"),
    ("registry.stored", "registry.published"),
    ("registry.yaml", "registry.stored"),
    ("registry.yaml", "registry.published"),
    ("publishing.card", "publishing.site"),
    ("publishing.review", "publishing.site"),
]
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
HEAVY = {"numpy", "pandas", "sklearn", "scipy", "skops", "dvc", "pyarrow", "joblib", "tqdm", "dask", "mkdocs", "jinja2",
         "markdown_it", "shtab", "jsonschema"}  # fmt: skip

# Who may catch a MintmarkError, and why it does not rise to cli.py. Nobody else does.
CATCHERS = {
    "registry.repository.merge_result: _write": "a conflict is the answer, and a refusal gets its remedy",
    "commands.bringing.import_models: _commit_moves": "a channel that cannot be entered is told, and the others are",
    "commands.bringing.imported_versions: _converted": "a fault names the file as it is called there, not the copy",
    "commands.monitoring.label_files: read_labels": "a fault names the file as it is called there, not the copy",
    "commands.bringing.import_models: _commit_versions": "why a version cannot come is told, and the others come",
    "registry.repository.line_merge: merge_lines": "a conflict is the answer",
    "cli: _run_and_tell": "turns it into one sentence and an exit code",
    "judging.hearing: heard": "turns it into a failed check, or into a question for a person",
    "judging.reproducing.reproduction: reproduce_version": "a version that cannot be made again is what was asked",
    "artifacts.confined.model_worker: answer_or_refusal": "what a model's process refuses is what it answers",
    # R10: one broken entry never hides the others.
    "changing.candidate_record: _measured_cost": "a broken file beside the outputs is told, and the proposal goes on",
    "commands.compare: _pair": "what keeps two versions from a paired test is told below both values",
    "commands.candidates: show_candidates": "a candidate that cannot be read is told below the table of the others",
    "commands.show: Faults.keep": "a broken channel or status file is told below what was asked for",
    "commands.forge.run_report: read_report": "why an artifact cannot be read is what the comment then says",
    "commands.verify: _wanted_versions": "a broken model is a finding, and the others are verified",
    "commands.verify: _check_objects.fault": "what is wrong with each object is the answer of this command",
    "forge.checkup.answers: Asking._ask": "what may not be asked is not known, and the other settings are asked for",
    "forge.checkup.clone: _remote": "bytes that cannot be had are the answer about the store",
    "forge.checkup.clone: _some_record": "a broken record does not hide the next one",
    "forge.checkup.clone: _codeowners": "owners that cannot be read are the answer about CODEOWNERS",
    "forge.checkup.clone: read_owners": "every broken model.yaml is told, not only the first",
    "publishing.exchange.mlflow.faults: told_to_mlflow": "MLflow passes on its own errors alone",
    "publishing.exchange.mlflow.store: MintmarkStore._model": "a broken model.yaml does not hide the versions",
    "publishing.card.model_card: _noting": "a card says which file beside the record is broken",
    "publishing.site.drawing.stored_curves: read_line": "a page is built without curves that cannot be drawn",
    "publishing.site.drawing.stored_curves: paired_standing": "a page is built without a comparison that cannot be made",
    "publishing.site.stored.class_counts: class_counts": "a page is built without counts that predictions do not give",
    "publishing.site.embedded_files: EmbeddedFiles.read": "a page is built without bytes that are not right",
    "publishing.site.embedded_files: EmbeddedFiles.read_anywhere": "a page is built without bytes that cannot be had",
    "publishing.site.embedded_files: EmbeddedFiles._paths": "a page is built without a file whose address is none",
    "publishing.site.preview: _PageRequest.do_GET": "the site before is shown, with why it is old",
    "training.brought.answers: ask": "what a model says of the rows gets the name of its file",
    "training.brought.worker: _fits": "an answer that does not fit the truth is told by who measures it",
    "training.quantisation: quantised": "what ONNX does not carry is a fault of params.yaml, with what to write instead",
    "training.brought.answers: _shares": "an ONNX model without probabilities is measured by its labels",
    "registry.declared_columns: _mapping": "a file of the pipeline that cannot be read names no columns; its faults are told",
    "registry.listing: _metric": "a model without a readable identity still has versions to list",
    "registry.published.listing: list_versions": "a model that the site has not whole costs its own rows",
    "registry.past.model_log: _find_way": "a commit that is gone is no place to go on from; all is read again",
    "registry.stored.proof: prove_bytes": "what is wrong with each file is the answer",
    "registry.snapshot: with_lines": "a finding about a file that cannot be read has no line",
    "registry.stored.pulling: yanked_note": "a broken status file does not keep anybody from pulling",
    "registry.tree: read_each": "one file that cannot be read does not hide the others",
    "registry.validation: base_revision": "settings that cannot be read are a finding, and say nothing of the branch",
    "commands.measuring.explain: _read": "the file that the rows came from is named",
    "commands.measuring.predict: _answer": "says which file does not fit",
    "training.estimator_check: estimator_faults": "an estimator that cannot be stored is a fault of its key in params.yaml",
    "training.recipes: read_both": "the faults of both files are told together",
    "registry.validation: _check_stored_files": "bytes that cannot be had are a finding of R9",
    "registry.stored.naming: _in_lock": "a dvc.lock that cannot be read names nothing; who judges it says why",
    "commands.forge.alarms: _made_at": "a channel that cannot be read is an alarm, and the others are looked at",
    "commands.forge.incident: _record": "a version that is gone is said to be, beside the one that is there",
    "commands.monitoring.rollback_requests: propose_rollback": "why a rollback cannot be judged is told in the issue",
    "commands.forge.retrain: retrain": "a model that cannot be trained is told, and the others are trained",
    # A server goes on with what it has, and says what keeps it from more.
    "serving.app: App._model_ready": "that nothing is ready is the answer",
    "serving.following.follower: Follower.poll": "the slot, or the server, says what the registry does not give",
    "commands.measuring.replay: _find_version": "where the commit of then is gone, the registry of now is asked",
    "commands.measuring.replay: _replay": "why it cannot be told is the answer",
    "serving.following.follower: Follower._read_personal": "what was known to be personal stays so",
    "serving.log.personal: check_needs_no_key": "of a registry that cannot be read, nothing is known yet",
    "serving.following.follower: Follower._recall": "the slot says why what was served last cannot be",
    "serving.following.memory: _write": "a cache that cannot be written is none",
    "serving.following.proving: _fetched": "says that this is what a proof lacks",
    "serving.following.sources: RemoteSource.read": "takes the password out of Git's words",
    # What is not there, or cannot be read, is part of what is judged.
    "judging.fetched: _readable_rows": "a dvc.lock that cannot be read names no rows: a change may mend it",
    "judging.reproducing.stage_runs: Workshop.read": "what a stage made may be no plain file",
    "judging.worked_out: _work_out": "that the training rows of a version stay unknown is told with the verdict",
    "judging.reproducing.training_table: dispute_training": "of another training table, nobody can tell; the report says it",
    "commands.reproduce: _question": "a model.yaml of then that cannot be read leaves the training rows unchecked",
    "judging.span: Span.reads": "a link in place of dvc.yaml names nothing; what judges links reports it",
    "judging.span: Span._locks": "a dvc.lock that cannot be read names no sources; what judges a proposal reports it",
    "judging.span: Span.channel_targets": "a link in place of a channel file names no version; the rules report it",
    # One source of several: the next is asked, and the most telling fault raised in the end.
    "judging.reproducing.source_data: _copy": "the next remote is asked",
    "judging.reproducing.source_data: _fetch_through_dvc": "the next remote is asked",
    "registry.repository.running: ask_git": "the door for questions that Git may answer with no",
    "registry.repository.running: try_git": "the door for what may fail without harm",
    "changing.commits: read_author": "says what to do, with Git's words",
    "registry.git: start_changed_paths.wait": "before the first commit there is no HEAD to compare with",
    "registry.repository.running: in_background.drain": "carries it to the thread that waits",
    "registry.published.last_good_copies: LastGoodCopies.write": "what cannot be kept is asked for again",
    "registry.stored.remotes: _fetched_by_dvc": "says that DVC was asked",
    "registry.stored.store: Store.read_object": "the same, for a file that only dvc.lock names",
    "registry.stored.store: Store.copy": "the cache lacks the bytes, so the remotes are asked",
    "registry.stored.store: Store.check": "the next remote is asked",
    "registry.stored.store: Store._fill": "the next remote is asked",
    "registry.stored.store: Store._open_current": "a server that does not answer is not asked again",
    "registry.repository.names: find_commit": "Git has no word for an entry that a reflog lacks",
    "registry.stored.missing_objects: _missing_in_commit": "an address that is none is what is wrong with the file",
    "registry.stored.missing_objects: _object_fault": "an address that is none is what is wrong with the file",
    "registry.stored.streams: holds": "asks whether, so wrong bytes are a no",
    # It is said what the fault means for what was asked.
    "publishing.release.remote: Remote.add_tag": "another run may have won, else it says how to go on",
    "publishing.release.remote: Remote.advance": "another run may have won, else it says how to go on",
    "commands.delivery.versions: _publish": "one version that cannot be bundled does not keep the others from a release",
    "commands.delivery.hosting: _reports": "a tag without the report of its review still says how its gate ended",
    "commands.delivery.release: _deploy": "tells the forge that the deployment failed, and raises it again",
    "commands.pull_request: _push": "says that the commit stays, and how to go on",
    "commands.forge.alarms: alarms": "not to know is an alarm too; then it rises",
    "commands.forge.request: request": "whoever asked is told in the issue; then it rises",
    "forge.github: GitHub.open_pull_request": "says under which setting GitHub allows it",
    "forge.github: GitHub._login": "the token of a workflow may not ask whose it is: it is a bot's",
    "forge.releases: Releases.publish": "another run may have published it, or the answer alone was lost",
    # The confined process: its answer is all that gets out of it.
    "artifacts.confined.conversion_worker: _convert": "says of which file",
    "artifacts.confined.model_worker: _probabilities": "an ONNX model may have none",
    # The server: what keeps a model from being ready is no fault of who asks whether it is.
    "serving.grpc.service: Service._model_ready": "the answer is: not ready",
}


class Import(NamedTuple):
    """One import statement, lazy and for type checkers alike; or a text such as `mintmark.commands.list:list_registry`."""

    name: str
    line: int


def module_name(path: Path) -> str:
    """The name of a module below the package: `registry.git`; `__init__` for the package itself."""
    name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    return name if name == "__init__" else name.removesuffix(".__init__")


NAMES = {module_name(path): path for path in MODULES}
_FUNCTION_IN_TEXT = re.compile(r"mintmark((?:\.\w+)+):\w+\Z")


def room(name: str) -> str:
    return name.partition(".")[0]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> tuple[Import, ...]:
    """Everything that a file imports, wherever the statement stands, by the full name."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[Import]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the whole name of the module"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                is_module = inner.removeprefix("mintmark.") in NAMES
                yield Import(inner if is_module or node.module == "mintmark" else str(node.module), node.lineno)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            match = _FUNCTION_IN_TEXT.match(node.value)
            if match and match[1][1:] in NAMES:
                yield Import(f"mintmark{match[1]}", node.lineno)


def own_imports(path: Path) -> Iterator[Import]:
    """The modules of the package that a file imports; `__init__` for a name of the package itself."""
    for name, line in imports(path):
        if name == "mintmark" or name.startswith("mintmark."):
            inner = name.removeprefix("mintmark").removeprefix(".")
            yield Import(inner if inner in NAMES else "__init__", line)


def find_circle(graph: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 40
    assert len(STAGES) >= 4
    assert ("commands.list" in {name for name, _ in own_imports(PACKAGE / "arguments/registry_commands.py")}) is True
    assert find_circle({"a": {"b"}, "b": {"a"}}) != []


def test_no_circle_of_imports() -> None:
    """Lazy ones counted, those for type checkers too, and functions that are named in a text, to be imported later."""
    graph = {name: {other for other, _ in own_imports(path) if other != name} for name, path in NAMES.items()}
    assert find_circle(graph) == []


def test_imports_point_one_way() -> None:
    assert {room(name) for name in NAMES} <= ALLOWED.keys(), (
        "a room that the design lacks; say above what it may import"
    )
    assert [fault for name, path in NAMES.items() for fault in wrong_imports(name, path)] == []


def wrong_imports(name: str, path: Path) -> Iterator[str]:
    own = room(name)
    for other, line in own_imports(path):
        if room(other) != own and room(other) not in ALLOWED[own]:
            yield f"{path}:{line}: {own} must not import {other}"
        for above, below in FORBIDDEN:
            if f"{name}.".startswith(f"{above}.") and f"{other}.".startswith(f"{below}."):
                yield f"{path}:{line}: {above} must not import {other}"


def test_the_core_is_pure() -> None:
    core = [path for name, path in NAMES.items() if room(name) == "core"]
    assert [f"{path}: {what}" for path in core for what in impure(path)] == []


def impure(path: Path) -> Iterator[str]:
    yield from (f"{line}: imports {name}" for name, line in imports(path) if name.split(".")[0] in PURE)
    for node in ast.walk(parsed(path)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("print", "open", "input")
        ):
            yield f"{node.lineno}: calls {node.func.id}"
    if "datetime.now" in path.read_text():
        yield "looks at the clock"


@pytest.mark.parametrize("path", STAGES, ids=lambda path: path.name)
def test_stage_scripts_import_little_of_the_package(path: Path) -> None:
    if path.name == "repro.py":  # what `make repro` runs around the stages
        return
    for name, line in own_imports(path):
        assert room(name) in ("core", "artifacts", "errors", "extras", "training") or name == "registry.files", (
            f"{path}:{line}: {name}"
        )


def test_nothing_imports_a_stage_script() -> None:
    stages = {path.stem for path in STAGES}
    for path in MODULES:
        assert not {name for name, _ in imports(path)} & stages


def test_only_the_command_line_ends_the_process() -> None:
    for name, path in NAMES.items():
        ends = [ast.unparse(node.func) for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)]
        assert name == "cli" or not {"sys.exit", "exit", "quit"} & set(ends), path


# Who catches what.


def _base_names(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(parent).rpartition(".")[2] for parent in node.bases}


@cache
def errors_of_ours() -> set[str]:
    """MintmarkError and every class that derives from it."""
    classes = [node for path in MODULES for node in ast.walk(parsed(path)) if isinstance(node, ast.ClassDef)]
    known = {"MintmarkError"}
    while more := {node.name for node in classes if _base_names(node) & known} - known:
        known |= more
    return known


def catches(node: ast.AST, inside: str = "") -> Iterator[str]:
    """The functions below a node that catch one of our errors, by an except clause or by `suppress`."""
    for child in ast.iter_child_nodes(node):
        named = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        place = f"{inside}.{child.name}".removeprefix(".") if named else inside  # type: ignore[attr-defined]
        caught: list[ast.expr] = []
        if isinstance(child, ast.ExceptHandler) and child.type is not None:
            caught = list(child.type.elts) if isinstance(child.type, ast.Tuple) else [child.type]
        elif isinstance(child, ast.Call) and ast.unparse(child.func).rpartition(".")[2] == "suppress":
            caught = child.args
        if {ast.unparse(one).rpartition(".")[2] for one in caught} & errors_of_ours():
            yield place
        yield from catches(child, place)


def test_the_search_for_catchers_finds_them() -> None:
    text = (
        "def one():\n try: pass\n except MintmarkError: pass\n"
        "class A:\n def two(self):\n  try: pass\n  except (ValueError, git.GitError): pass\n"
        "def three():\n with contextlib.suppress(ObjectError): pass\n"
        "def four():\n try: pass\n except ValueError: pass\n"
    )
    assert list(catches(ast.parse(text))) == ["one", "A.two", "three"]


def test_only_those_that_have_a_reason_catch_what_a_user_can_mend() -> None:
    """Errors rise to cli.py, or to the one place of judging. The list above is closed, and holds nothing needless."""
    found = {f"{name}: {place}" for name, path in NAMES.items() for place in catches(parsed(path))}
    assert found - CATCHERS.keys() == set(), "let it rise, or say above why not"
    assert CATCHERS.keys() - found == set(), "these catch nothing any more: take them off the list"


# A server goes on, whatever happens, and a copy of a process has nobody above it: who is told of an error there.
TOLD = {
    "commands.measuring.deadline": "the copy of a process that it ends prints it, as Python does",
    "serving.app": "the caller is answered with it",
    "serving.batching": "each request that waits gets it",
    "serving.following.follower": "the slot says it, and the version before goes on",
    "serving.served_version": "the table is asked, which raises it again",
    "serving.beside.shadowing": "the log and a count say it; no caller is hurt",
    "serving.log.journal": "it is told, and tried again; no request may fail for it",
    "serving.processes.workers": "the process ends with it, and another is begun",
    "serving.grpc.service": "the caller is answered with it",
}


def test_who_catches_everything_passes_on_what_is_ours() -> None:
    """`except Exception` around a library of others is no place where an error of ours could come from, or raises."""
    for name, path in NAMES.items():
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.ExceptHandler):
                continue
            everything = node.type is None or ast.unparse(node.type) in ("Exception", "BaseException")
            raises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            allowed = raises or name.startswith("artifacts.") or name in TOLD
            assert not everything or allowed, f"{path}:{node.lineno}: catches everything and passes nothing on"


# Weight.


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


# Sizes and words.


def test_folders_are_small() -> None:
    for folder in {path.parent for path in MODULES}:
        modules = [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
        assert len(modules) <= MOST_MODULES, f"{folder} holds {len(modules)} modules; make rooms in it"


def test_modules_are_short_and_open_with_a_sentence() -> None:
    assert [f"{path}: {fault}" for path in (*MODULES, *STAGES) for fault in wrong_form(path)] == []


def wrong_form(path: Path) -> Iterator[str]:
    text, tree = path.read_text(), parsed(path)
    if len(text.splitlines()) >= MOST_LINES:
        yield f"has {len(text.splitlines())} lines"
    if not (ast.get_docstring(tree) or "").split("\n")[0].endswith((".", ":")):
        yield "opens without a sentence"
    if len(tree.body) > 1 and "from __future__ import annotations" not in text:
        yield "has no `from __future__ import annotations`"


def test_what_is_public_says_what_it_does() -> None:
    assert [f"{path}:{place} has no docstring" for path in MODULES for place in undocumented(path)] == []


def undocumented(path: Path) -> Iterator[str]:
    tree = parsed(path)
    public = [tree.body]
    public += [node.body for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    for body in public:
        for node in body:
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.name.startswith("_"):
                continue
            if not ast.get_docstring(node):
                yield f"{node.lineno}: {node.name}"


def test_names_say_something() -> None:
    vague = re.compile(r"(^|_)(utils?|helpers?|managers?|handlers?|misc|common|base)($|_)")
    assert not [path for path in MODULES if vague.search(path.stem)]
