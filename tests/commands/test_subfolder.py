"""A registry in a subfolder of a repository: every command says what it says of one that is the whole of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.commands.writing_fixture import change_slope, make_candidate, release_twice
from tests.scaffold.once import Once
from tests.scaffold.pipeline import TINY, open_toy
from tests.scaffold.registry import Scratch

from mintmark.registry.clone import find_root

PREFIX = "ml/registry"
pytestmark = pytest.mark.slow  # tests/registry/test_prefix.py is the quick one
_CHANGING = re.compile(r"\b[0-9a-f]{7,40}\b|\d{4}-\d\d-\d\dT[\d:.]+Z|\d+ ms|\"seconds\": [\d.]+|/\S*/(?:here|there)\S*")


def _build(folder: Path) -> None:
    for name, prefix in (("here", ""), ("there", PREFIX)):
        scratch = make_candidate(folder / name, prefix)
        for place, content in (("app/a.py", "1\n"), ("models/b.yaml", "1\n"), ("z.txt", "1\n")):
            target = (scratch.top if prefix else scratch.top / "others") / place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
        scratch.git("add", "--", ":/")
        scratch.git("commit", "-qm", "Others")
        scratch.propose()
        change_slope(scratch, "2.0", "2.5")
        release_twice(scratch)


@pytest.fixture(scope="session")
def _both(once: Once) -> Path:
    return once.build("subfolder", _build)


@pytest.fixture
def here(_both: Path, tmp_path: Path) -> Scratch:
    return open_toy(TINY, _both / "here").copy(tmp_path / "here")


@pytest.fixture
def there(_both: Path, tmp_path: Path) -> Scratch:
    """The registry in the subfolder."""
    return open_toy(TINY, _both / "there", PREFIX).copy(tmp_path / "there")


def said(scratch: Scratch, *arguments: str) -> tuple[int, str]:
    arguments = tuple(
        str(scratch.root / part.removeprefix("OUT/")) if part.startswith("OUT/") else part for part in arguments
    )
    done = scratch.run(*arguments)
    return done.code, _CHANGING.sub("…", done.text)


@pytest.mark.parametrize(
    "command",
    [
        "list", "list tiny", "list --at HEAD~1", "list --versions --json", "show tiny@production", "show tiny",
        "history tiny", "history tiny --channel production", "compare tiny@1.0.0 tiny@1.1.0", "card tiny@production",
        "validate", "validate --base HEAD~2", "validate --base HEAD~4 --steps", "validate --staged", "validate --at HEAD~1",
        "verify", "verify tiny@1.1.0", "pull tiny@1.0.0 -o OUT/pulled", "pull tiny@production --at HEAD~1 -o OUT/pulled",
        "review --base HEAD~2 --head HEAD~1", "review --base HEAD~1 --head HEAD", "resolve", "site build -o OUT/site",
    ],
)  # fmt: skip
def test_it_says_the_same(here: Scratch, there: Scratch, command: str) -> None:
    assert said(there, *command.split()) == said(here, *command.split())


def test_it_is_found_from_the_folders_in_it(there: Scratch) -> None:
    assert find_root(there.root / "models/tiny") == there.root
    assert find_root(there.top) == there.top


def test_a_life_goes_on_there(there: Scratch) -> None:
    assert there.run("rollback", "tiny", "--here").code == 0
    assert there.git("show", "--name-only", "--format=") == f"{PREFIX}/models/tiny/channels/production.yaml"
    assert there.run("rollback", "tiny", "staging", "--here").code == 0
    assert there.run("yank", "tiny@1.1.0", "--reason", "wrong", "--replacement", "1.0.0", "--here").code == 0
    assert there.run("promote", "tiny@1.1.0", "staging", "--here").code == 1
    assert there.git("status", "--porcelain") == ""
    assert there.run("validate").out == "1 model, 2 versions: nothing is wrong\n"
    assert (there.top / "models/b.yaml").read_text() == "1\n"


def test_uncommitted_changes_are_seen_where_they_are(there: Scratch) -> None:
    (there.top / "z.txt").write_text("2\n")
    there.edit("models/tiny/channels/production.yaml", "1.1.0", "9.9.9")
    found = there.run("validate")
    assert found.code == 1
    assert found.out.startswith("models/tiny/channels/production.yaml:")
    there.git("add", "--", "models")
    assert there.run("validate", "--staged").code == 1
    there.git("restore", "--staged", "--worktree", "--", "models")
    assert there.run("rollback", "tiny", "--here").code == 0, "what others change is no obstacle"
    assert (there.top / "z.txt").read_text() == "2\n"


def outside(there: Scratch, **contents: bytes) -> None:
    there.git("switch", "--quiet", "-c", "change")
    for name, content in contents.items():
        path = there.top / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def test_what_others_change_is_none_of_its_business(there: Scratch) -> None:
    outside(there, app__a_py=b"2\n", app__x_pkl=b"\x80\x04}.")
    there.commit("Others", paths=(":/",))
    found = there.review()
    assert (found.code, found.kind) == (0, "code"), found.text
    assert there.run("validate", "--base", "main").code == 0


@pytest.mark.parametrize("name", ["_github__workflows__pr_yml", "_github__CODEOWNERS", "_gitattributes"])
def test_what_the_whole_repository_goes_by_is_for_a_person(there: Scratch, name: str) -> None:
    outside(there, **{name: b"* @mallory\n"})
    there.commit("Govern", paths=(":/",))
    assert there.review().code == 42


def test_a_promotion_with_a_file_of_others_is_a_mixture(there: Scratch) -> None:
    assert there.run("rollback", "tiny", "--here").code == 0
    outside(there, app__a_py=b"2\n")
    there.write("models/tiny/channels/production.yaml", "version: 1.1.0\n")
    there.commit("Both", paths=(":/",))
    found = there.review()
    assert found.code == 1
    assert "../../app/a.py" in found.text


def test_a_conflict_outside_is_named_so(there: Scratch) -> None:
    outside(there, app__a_py=b"2\n")
    there.commit("One", paths=(":/",))
    there.git("switch", "--quiet", "main")
    (there.top / "app/a.py").write_text("3\n")
    there.commit("Other", paths=(":/",))
    found = there.run("validate", "--base", "main", "--at", "change")
    assert found.code == 1
    assert "../../app/a.py: conflicts with main" in found.out


def test_two_registries_in_one_repository_know_nothing_of_each_other(there: Scratch) -> None:
    other = there.top / "other"
    (other / "models").mkdir(parents=True)
    (other / "models/registry.yaml").write_text(there.read("models/registry.yaml"))
    (other / "models/tiny").mkdir()
    (other / "models/tiny/model.yaml").write_text(there.read("models/tiny/model.yaml"))
    there.commit("Another registry", paths=(":/",))
    assert there.run("history", "tiny").code == 0  # and remembers it
    second = Scratch(other, prefix="other")
    assert "No channel of tiny was ever moved." in second.run("history", "tiny").text
    assert second.run("validate").out == "1 model, no versions: nothing is wrong\n"
    assert there.run("validate").out == "1 model, 2 versions: nothing is wrong\n"


def test_the_site_links_to_files_where_they_are(there: Scratch) -> None:
    assert (
        there.run("site", "build", "-o", str(there.path("site")), "--repository", "https://github.com/acme/mono").code
        == 0
    )
    config = json.loads(there.read("site/api/v1/config.json"))
    assert config["folder"] == f"{PREFIX}/"
    page = there.read("site/models/tiny/index.html")
    assert f"https://github.com/acme/mono/edit/main/{PREFIX}/models/tiny/channels/" in page
    assert "/edit/main/models/" not in page


def test_a_version_is_made_again_there(there: Scratch) -> None:
    done = there.run("reproduce", "tiny@1.0.0")
    assert done.code == 0, done.text


def test_doctor_reads_and_writes_what_lies_at_the_root_of_the_repository(there: Scratch) -> None:
    lacking = there.run("doctor")
    assert ".github/CODEOWNERS: is not there; mintmark doctor --write writes it" in lacking.text
    written = there.run("doctor", "--write")
    assert (written.code, written.out) == (
        0,
        "wrote ../../.github/CODEOWNERS; next: git add ../../.github/CODEOWNERS, commit it, and open a pull request\n",
    )
    owners = there.top / ".github/CODEOWNERS"
    assert f"\n/{PREFIX}/models/tiny/ @ada\n" in owners.read_text()
    assert there.run("doctor", "--write").out == ".github/CODEOWNERS says already who owns each model\n"
    workflows = there.top / ".github/workflows"
    workflows.mkdir()
    (workflows / "release.yml").write_text("on: {push: {branches: [trunk]}}\n")
    found = there.run("doctor").text
    assert "right      .github/CODEOWNERS: names the owners of every model" in found
    assert "missing    .github/workflows/release.yml: does not run on main alone" in found
