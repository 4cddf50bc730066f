"""`mintmark doctor`: what it prints, its exit codes, and the CODEOWNERS that it writes."""

from __future__ import annotations

import json

import pytest
from tests.core.test_codeowners import owners_of
from tests.forge.checkup.settings import PAGE, Told, right
from tests.scaffold.registry import Scratch

from mintmark.commands.forge.doctor import doctor
from mintmark.core.codeowners import CODEOWNERS
from mintmark.core.layout import model_path
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.forge import opening
from mintmark.forge.checkup.answers import Answer
from mintmark.forge.checkup.automation import SHIPPED


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, scratch: Scratch) -> dict[str, object]:
    """A forge that says of every setting that it is right, and a clone in which everything is too."""
    said = right()
    said["environments"]["environments"] += [
        {**entry, "name": entry["name"].replace("iris", "wine")} for entry in said["environments"]["environments"]
    ]
    for name in SHIPPED:
        scratch.write(f".github/workflows/{name}", "on:\n  push:\n    branches: [main]\n")
    scratch.write_settings(addresses={"repository": PAGE, "site": "https://acme.github.io/models/"})
    doctor(scratch.root, write=True, as_json=False)
    monkeypatch.setattr(opening, "open_forge", lambda _: Told(said))
    monkeypatch.setattr("mintmark.forge.checkup.clone._lock", lambda _: Answer(topic="lock", state="right", says="ok"))
    return said


def test_all_right_is_0(scratch, told, capsys):
    assert doctor(scratch.root, write=False, as_json=False) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("right, 0 missing, 0 advice, 0 not known")


def test_something_missing_is_1_and_comes_with_its_address(scratch, told, capsys):
    told["immutable-releases"] = None
    told["pages"] = "GET pages: 403 Resource not accessible"
    assert doctor(scratch.root, write=False, as_json=False) == 1
    lines = capsys.readouterr().out.splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("missing    immutable releases: "))
    assert lines[place + 1] == f"{'':<9}  {PAGE}/settings"
    assert "not known  Pages: GET pages: 403 Resource not accessible" in lines


def test_something_not_known_is_42(scratch, told):
    told["pages"] = "GET pages: 403 Resource not accessible"
    assert doctor(scratch.root, write=False, as_json=False) == 42


def test_advice_alone_is_0(scratch, told):
    told["actions/variables/MINTMARK_APP_ID"] = told["actions/secrets/MINTMARK_APP_KEY"] = None
    assert doctor(scratch.root, write=False, as_json=False) == 0


def test_json_has_every_answer(scratch, told, capsys):
    told["pages"] = None
    assert doctor(scratch.root, write=False, as_json=True) == 1
    document = json.loads(capsys.readouterr().out)
    (pages,) = (answer for answer in document["answers"] if answer["topic"] == "Pages")
    assert (document["forge"], pages["state"], pages["address"]) == (True, "missing", f"{PAGE}/settings/pages")


def test_without_a_site_nobody_asks_for_pages(scratch, told, capsys):
    scratch.remove(".github/workflows/pages.yml")
    told["pages"] = None
    assert doctor(scratch.root, write=False, as_json=False) == 0
    assert "Pages:" not in capsys.readouterr().out


@pytest.mark.parametrize("said", [None, "GET : 401 Bad credentials"])
def test_a_repository_that_cannot_be_seen_leaves_the_clone_to_check(scratch, told, said, capsys):
    told[""] = said
    assert doctor(scratch.root, write=False, as_json=False) == 42
    assert "not known  repository: " in capsys.readouterr().out


def test_what_the_forge_says_cannot_steer_the_terminal(scratch, told, capsys):
    told["codeowners/errors?ref=main"] = {"errors": [{"line": 1, "kind": "\x1b[2J\n::error::x"}]}
    doctor(scratch.root, write=False, as_json=False)
    output = capsys.readouterr().out
    assert "\x1b" not in output
    assert "\n::error" not in output


def test_without_a_forge_the_clone_is_checked(scratch, capsys):
    done = scratch.run("doctor")
    assert done.code == 1
    assert done.out.startswith("The remote is no forge that Mintmark knows, so only the clone is checked.\n")
    assert "missing    .github/CODEOWNERS: is not there; mintmark doctor --write writes it" in done.out


def test_write_names_the_owners_and_changes_nothing_the_second_time(scratch):
    scratch.write(CODEOWNERS, "* @everybody\n")
    assert scratch.run("doctor", "--write").code == 0
    text = scratch.read(CODEOWNERS)
    assert owners_of(text, "README.md") == ["@everybody"]
    assert owners_of(text, model_path("iris")) == ["@ada"]
    again = scratch.run("doctor", "--write")
    assert (again.code, again.out) == (0, f"{CODEOWNERS} says already who owns each model\n")
    assert scratch.read(CODEOWNERS) == text


def test_write_refuses_an_owner_that_is_none(scratch):
    scratch.edit(model_path("iris"), "owners:\n- '@ada'", 'owners:\n- "@ada\\n* @eve"')
    with pytest.raises(InvalidRegistryError, match="a GitHub user or team"):
        doctor(scratch.root, write=True, as_json=False)
    assert not scratch.path(CODEOWNERS).exists()


def test_write_hides_no_file_of_people(scratch):
    scratch.write("CODEOWNERS", "* @everybody\n")
    with pytest.raises(MintmarkError, match=r"git mv CODEOWNERS \.github/CODEOWNERS"):
        doctor(scratch.root, write=True, as_json=False)


def test_write_follows_no_link(scratch, tmp_path):
    scratch.path(".github").mkdir(exist_ok=True)
    scratch.path(CODEOWNERS).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MintmarkError, match="symbolic link"):
        doctor(scratch.root, write=True, as_json=False)
    assert not (tmp_path / "elsewhere").exists()


def test_write_leaves_a_damaged_block_alone(scratch):
    scratch.run("doctor", "--write")
    text = scratch.read(CODEOWNERS).rstrip().rpartition("\n")[0] + "\n"
    scratch.write(CODEOWNERS, text)
    with pytest.raises(MintmarkError, match="its block is damaged"):
        doctor(scratch.root, write=True, as_json=False)
    assert scratch.read(CODEOWNERS) == text


def test_github_answers_each_question(scratch, on_github, capsys):
    """Every question and answer is held against GitHub's description of its API."""
    on_github.settings = {path: value for path, value in right().items() if path and "?" not in path}
    on_github.settings["codeowners/errors"] = {"errors": []}
    scratch.write(".github/workflows/pages.yml", "on: push\n")
    on_github.settings["environments"]["environments"] *= 60
    on_github.settings["environments"]["total_count"] = 120
    assert doctor(scratch.root, write=False, as_json=True) == 1
    answers = {answer["topic"]: answer for answer in json.loads(capsys.readouterr().out)["answers"]}
    assert answers["branch main: code owners"]["state"] == answers["tags *@v*"]["state"] == "right"
    assert answers["environments of production"]["says"].count("wine/production") == 1
    assert answers["Pages"]["state"] == "right"
