"""Build a site again, and tell what changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.scaffold.registry import Scratch

from mintmark.publishing.site import build
from mintmark.publishing.site.build import build_site
from mintmark.registry.clone import ClonedRegistry


def rebuild(scratch: Scratch, output: Path, **options: Any) -> build.Built:
    return build_site(ClonedRegistry(scratch.root), output, **options)
