"""The door to Git in a subfolder: paths are the registry's, and what lies outside begins with `../`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scaffold.registry import Scratch, begin

from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry, find_root
from mintmark.registry.repository.prefix import mark_of, prefix_of, to_registry, to_repository


@pytest.fixture
def there(tmp_path: Path) -> Scratch:
    scratch = begin(tmp_path / "mono", prefix="ml/registry")
    scratch.add_model("iris")
    (scratch.top / "app.py").write_text("1\n")
    scratch.commit("Begin", paths=(":/",))
    return scratch


def test_paths_lead_in_and_out(there: Scratch, tmp_path: Path) -> None:
    assert prefix_of(there.root) == "ml/registry/"
    assert prefix_of(there.top) == prefix_of(tmp_path) == ""
    inside = to_registry(there.root)
    for path, seen in (("ml/registry/a/b", "a/b"), ("app.py", "../../app.py"), ("ml/a", "../../ml/a"), ("ml/registry2/a", "../../ml/registry2/a")):  # fmt: skip
        assert inside(path) == seen
        assert to_repository(there.root, "a/b") == "ml/registry/a/b"
    assert to_repository(there.root, "../../app.py") == "app.py"
    assert mark_of(there.top) == ""
    assert mark_of(there.root) != mark_of(there.root / "models")


def test_git_answers_with_the_registrys_paths(there: Scratch) -> None:
    root, head = there.root, there.head
    assert find_root(root / "models") == root
    files = git.list_tree(root, head)
    assert "models/iris/model.yaml" in files
    assert not [path for path in files if path.startswith(("ml/", "../", "app"))]
    assert set(git.list_folder(root, head, "models")) == {"iris", "registry.yaml"}
    assert "models" in git.list_folder(root, head, "")
    there.edit("models/iris/model.yaml", "iris", "rose")
    (there.top / "app.py").write_text("2\n")
    there.write("models/new.yaml", "1\n")
    assert git.changed_paths(root, []) == {"models/iris/model.yaml", "models/new.yaml"}
    there.commit("Change", paths=(":/",))
    assert {entry.path for entry in git.diff(root, head, "HEAD")} == {"../../app.py", "models/iris/model.yaml", "models/new.yaml"}  # fmt: skip
    assert {entry.path for entry in git.diff(root, head, "HEAD", ["models"])} == {"models/iris/model.yaml", "models/new.yaml"}  # fmt: skip
    ((_, changes),) = git.start_first_parent_log(root, "HEAD", ["models"], since=head)()
    assert {change.path for change in changes} == {"models/iris/model.yaml", "models/new.yaml"}


def test_a_registry_is_read_there_at_any_revision(there: Scratch) -> None:
    there.git("mv", "models/iris", "models/rose")
    there.commit("Rename", paths=(":/",))
    assert ClonedRegistry(there.root).models() == ["rose"]
    assert ClonedRegistry(there.root, at="HEAD~1").models() == ["iris"]
