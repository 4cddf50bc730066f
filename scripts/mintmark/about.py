"""The version of Mintmark: a leaf, so that everything may name it."""

from __future__ import annotations

__version__ = "0.1.0"
DISTRIBUTION = "mintmark-registry"  # on PyPI, mintmark is another project
UPGRADE = "upgrade Mintmark: git pull in its clone, then pip install ."
