"""The pages of the site that a site builder makes empty, for content of our own: where they lie and what marks them."""

from __future__ import annotations

from typing import Literal

FrameKind = Literal["home", "audit", "compare", "lineage", "model", "version"]

# The underscore keeps the frames of many pages apart from any model, whose name begins with a letter.
LOCATIONS: dict[FrameKind, str] = {
    "home": "",
    "audit": "audit/",
    "compare": "compare/",
    "lineage": "lineage/",
    "model": "models/_model/",
    "version": "models/_model/_version/",
}
SHARED_FOLDER = "models/_model"

TITLE = "mintmark-frame-title"
DESCRIPTION = "mintmark-frame-description"
MODEL = "mintmark-frame-model"
CONTENT = "<h1>mintmark-frame-content</h1>"  # a heading, because the theme would otherwise add one of its own

# These stand for texts of the registry in what the builder gets, since themes do not always escape what they print.
SITE_NAME = "mintmark-site-name"
SITE_DESCRIPTION = "mintmark-site-description"
SITE_COPYRIGHT = "mintmark-site-copyright"


def is_frame(location: str) -> bool:
    """Whether a location that a builder lists, with or without an anchor, is a frame's."""
    return location.partition("#")[0] in LOCATIONS.values()
