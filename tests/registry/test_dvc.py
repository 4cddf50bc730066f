from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.scaffold.registry import Scratch, begin_committed

from mintmark.errors import MintmarkError
from mintmark.registry.dvc import DvcError, Remote, read_config, run_dvc


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    monkeypatch.setenv("DVC_SYSTEM_CONFIG_DIR", str(tmp_path / "system"))
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "global"))
    return begin_committed(tmp_path / "registry")


def test_a_refusal_is_one_sentence_in_the_words_of_dvc(made: Scratch) -> None:
    with pytest.raises(DvcError) as caught:
        run_dvc("push", "models/nothing.dvc", cwd=made.root)
    message = str(caught.value)
    assert message.startswith("dvc push: ")
    assert "models/nothing.dvc" in message
    assert "\n" not in message
    assert "\x1b" not in message
    assert "dvc.org" not in message


def test_a_remote_without_its_plugin_says_what_to_install(made: Scratch) -> None:
    made.configure("[core]\n    remote = a\n['remote \"a\"']\n    url = ssh://example.invalid/x\n")
    made.write("x.dvc", "outs:\n- md5: d41d8cd98f00b204e9800998ecf8427a\n  size: 0\n  hash: md5\n  path: x\n")
    with pytest.raises(DvcError, match=r"dvc fetch: ssh is supported, but requires 'dvc-ssh'"):
        run_dvc("fetch", "x.dvc", cwd=made.root)


def test_a_module_in_the_registry_is_not_run_instead_of_dvc(made: Scratch) -> None:
    made.write("dvc.py", "open('ran', 'w')\n")
    made.write("json.py", "open('ran', 'w')\n")
    assert "3." in run_dvc("--version", cwd=made.root)
    assert not (made.root / "ran").exists()


CONFIGS = {
    "one default": "[core]\nremote = store\n['remote \"store\"']\nurl = store\n",
    "outside": "[core]\nremote = far\n['remote \"far\"']\nurl = ../../far\n",
    "absolute": "[core]\nremote = far\n['remote \"far\"']\nurl = /srv/models\n",
    "home": "[core]\nremote = far\n['remote \"far\"']\nurl = ~/models\n",
    "capitals": "[core]\nremote = Far\n['remote \"Far\"']\nURL = s3://Bucket/Path\n",
    "quoted": "[core]\nremote = far\n['remote \"far\"']\nurl = \"s3://bucket/a b\" # a comment\nprofile = 'x'\n",
    "options": (
        "[core]\nremote = far\n['remote \"far\"']\nurl = s3://bucket/x\nendpointurl = http://localhost:1\n"
        "region = eu\ncredentialpath = ../secrets\nprofile = p\n"
    ),
    "two": "[core]\nremote = b\n['remote \"a\"']\nurl = /a\n['remote \"b\"']\nurl = https://example.org/b\n",
    "no default": "['remote \"a\"']\nurl = /a\n",
    "cache": "[cache]\ndir = ../elsewhere\n[core]\nremote = store\n['remote \"store\"']\nurl = store\n",
}


@pytest.mark.parametrize("text", CONFIGS.values(), ids=CONFIGS)
def test_a_config_is_read_as_dvc_reads_it(made: Scratch, text: str) -> None:
    from dvc.config import Config

    made.configure(text)
    made.configure("['remote \"local\"']\nurl = https://example.org/x\npassword = p\n", local=True)
    made.write("../global/config", "['remote \"shared\"']\nurl = shared-folder\n[core]\nremote = shared\n")
    theirs = Config(str(made.root / ".dvc"))
    ours = read_config(made.root)
    assert {remote.name: remote.url for remote in ours.remotes} == {
        name: values["url"] for name, values in theirs["remote"].items()
    }
    for remote in ours.remotes:
        expected = {k: v for k, v in theirs["remote"][remote.name].items() if k != "url"}
        assert {k: expected[k] for k in remote.options} == dict(remote.options)
    assert ours.default is not None
    assert ours.default.name == theirs["core"]["remote"]
    assert ours.remotes[0] is ours.default
    assert str(ours.cache) == theirs["cache"].get("dir", str(made.root / ".dvc" / "cache"))


def test_the_default_folders_of_config_files_are_those_of_dvc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from dvc.dirs import global_config_dir, system_config_dir

    from mintmark.registry.dvc import _config_files

    for name in ("DVC_SYSTEM_CONFIG_DIR", "DVC_GLOBAL_CONFIG_DIR", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"):
        monkeypatch.delenv(name, raising=False)
    for variables in ({}, {"XDG_CONFIG_HOME": str(tmp_path), "XDG_CONFIG_DIRS": f"{tmp_path}/a:{tmp_path}/b"}):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        system, user, *_ = _config_files(tmp_path)
        assert [str(system), str(user)] == [f"{system_config_dir()}/config", f"{global_config_dir()}/config"]


def test_the_local_config_wins_over_the_committed_one(made: Scratch) -> None:
    made.configure("['remote \"store\"']\nurl = /mine\n", local=True)
    config = read_config(made.root)
    assert config.default == Remote(name="store", url="/mine")


def test_a_remote_may_build_on_another(made: Scratch) -> None:
    made.configure(
        "[core]\nremote = images\n['remote \"server\"']\nurl = s3://bucket/base\nprofile = one\nregion = eu\n"
        "['remote \"images\"']\nurl = remote://server/pictures\nprofile = two\n"
    )
    default = read_config(made.root).required_default
    assert default.url == "s3://bucket/base/pictures"
    assert dict(default.options) == {"profile": "two", "region": "eu"}


FAULTS = {
    "unknown default": ("[core]\nremote = nowhere\n", "no remote of that name"),
    "no url": ("[core]\nremote = a\n['remote \"a\"']\nprofile = x\n", "has no url"),
    "circle": ("['remote \"a\"']\nurl = remote://b/x\n['remote \"b\"']\nurl = remote://a/x\n", "has no url"),
    "broken": ("[core\nremote = a\n", "is not a DVC config"),
}


@pytest.mark.parametrize(("text", "words"), FAULTS.values(), ids=FAULTS)
def test_a_config_that_means_nothing_is_one_sentence(made: Scratch, text: str, words: str) -> None:
    made.configure(text)
    with pytest.raises(MintmarkError, match=words) as caught:
        read_config(made.root)
    assert "\n" not in str(caught.value)


def test_without_any_config_there_is_no_default(made: Scratch) -> None:
    (made.root / ".dvc" / "config").unlink()
    config = read_config(made.root)
    assert (config.default, config.remotes) == (None, ())
    with pytest.raises(MintmarkError, match="dvc remote add -d"):
        _ = config.required_default


def test_where_a_remote_lies(made: Scratch) -> None:
    root = made.root
    assert Remote(name="a", url=str(root / ".dvc/store")).embedded_in(root) == ".dvc/store"
    assert Remote(name="a", url="/srv/models").embedded_in(root) is None
    assert Remote(name="a", url=f"file://{root}/x").folder == root / "x"
    assert Remote(name="a", url="s3://bucket/x").folder is None


def test_reading_a_config_imports_no_dvc(made: Scratch) -> None:
    code = (
        "import sys; from pathlib import Path; from mintmark.registry.dvc import read_config; "
        "read_config(Path.cwd()); heavy = ('dvc', 'fsspec', 'platformdirs'); "
        "print([name for name in sys.modules if name.split('.')[0] in heavy])"
    )
    command = (sys.executable, "-c", code)
    result = subprocess.run(command, cwd=made.root, env=os.environ, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
