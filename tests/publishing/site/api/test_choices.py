"""What a page offers for a channel is what the command would do, and what it refuses the command refuses too."""

from __future__ import annotations

import json
from pathlib import Path

from tests.scaffold.registry import Scratch


def test_choices_say_what_the_command_does(lively: Scratch, built: Path, tmp_path: Path) -> None:
    index = json.loads((built / "api/v1/models/iris/index.json").read_text())
    assert set(index["choices"]) == {"staging", "production"}
    told = {
        (channel, choice["version"]): (choice["kind"], choice["refused"])
        for channel, entries in index["choices"].items()
        for choice in entries
    }
    assert {version for _, version in told} == {row["version"] for row in index["versions"]}
    assert any(refused is None for _, refused in told.values())
    assert any(refused and "yanked" in refused for _, refused in told.values())
    assert any(refused and "was never in staging" in refused for _, refused in told.values())
    copy = Scratch(tmp_path / "copy")
    lively.git("clone", "--quiet", str(lively.root), str(copy.root))
    for (channel, version), (kind, refused) in told.items():
        copy.git("switch", "--quiet", "--force", "main")
        done = copy.mintmark("promote", f"iris@{version}", channel)
        if refused is None or "gate" in refused:  # gates are for the review
            assert "yanked" not in done.text
            assert "never held" not in done.text
            assert ("this is a rollback" in done.text) == (kind == "rollback") or done.code
        elif "now" in refused:
            assert "nothing to do" in done.text
        else:
            assert done.code == 1
            assert ("yanked" in done.text) == ("yanked" in refused)
