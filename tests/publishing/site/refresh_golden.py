"""Write the golden documents again, after somebody looked at why they changed."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tests.publishing.site.test_build import GOLDEN, golden_text, make_golden
from tests.scaffold.registry import begin

from mintmark.publishing.site.build import build_site
from mintmark.registry.clone import ClonedRegistry

NAMES = (
    "index.html",
    "models/iris/index.html",
    "models/iris/1.0.0/index.html",
    "models/iris/1.1.0/card.md",
    "models/iris/metrics/log_loss.svg",
    "api/v1/config.json",
    "api/v1/models.json",
    "api/v1/audit.json",
    "api/v1/feed.xml",
    "api/v1/badges/iris/production.svg",
    "api/v1/models/iris/index.json",
    "api/v1/models/iris/channels/production.json",
    "api/v1/models/iris/versions/1.1.0.json",
)


def main() -> None:
    """Build the golden registry and keep the files that are compared."""
    for name in ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"):
        os.environ[name] = "Ada Lovelace"
    for name in ("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"):
        os.environ[name] = "ada@example.org"
    os.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    with tempfile.TemporaryDirectory() as folder:
        scratch = make_golden(begin(Path(folder) / "registry"))
        build_site(ClonedRegistry(scratch.root), Path(folder) / "site")
        for name in NAMES:
            (GOLDEN / name).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / name).write_text(golden_text(Path(folder) / "site", name))


if __name__ == "__main__":
    main()
