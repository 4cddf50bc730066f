"""What Git needs to push from a workflow whose checkout kept no credentials. Asks the forge nothing."""

from __future__ import annotations

import base64
import os


def push_environment() -> dict[str, str]:
    """Return variables with which Git sends the workflow's token to the workflow's own server, and nowhere else.

    Pass them to the one Git command that pushes. They are empty on a laptop, where Git has credentials of its own.
    """
    token = os.environ.get("GITHUB_TOKEN", "")
    server = os.environ.get("GITHUB_SERVER_URL", "").rstrip("/")
    if not token or not server:
        return {}
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    given = os.environ.get("GIT_CONFIG_COUNT", "")
    place = int(given) if given.isdecimal() else 0
    return {
        "GIT_CONFIG_COUNT": str(place + 1),
        f"GIT_CONFIG_KEY_{place}": f"http.{server}/.extraheader",
        f"GIT_CONFIG_VALUE_{place}": f"AUTHORIZATION: basic {basic}",
    }
