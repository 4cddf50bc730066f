"""Who asks and how a request is named: bearer tokens, and ids that a header can carry."""

from __future__ import annotations

import hmac
import random
import re
from typing import Final
from urllib.parse import quote

from mintmark.core.signature.inputs import InputFault
from mintmark.serving.faults import RefusedError

LONGEST_ID: Final = 200
_ID: Final = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_ID}}}\Z")
_PLAIN: Final = "".join(map(chr, range(0x21, 0x7F)))


class Tokens:
    """The tokens of which a caller has to show one; where there are none, everybody may ask."""

    def __init__(self, tokens: tuple[str, ...]) -> None:
        self._tokens = tuple(token.encode() for token in tokens)

    def __bool__(self) -> bool:
        return bool(self._tokens)

    def check(self, authorization: bytes) -> None:
        """Raise `RefusedError` where a token is needed and an `Authorization` header holds none of ours."""
        if not self._tokens:
            return
        scheme, _, given = authorization.partition(b" ")
        # All are compared, so that the time tells nothing.
        matches = [hmac.compare_digest(given.strip(), token) for token in self._tokens]
        if scheme.lower() != b"bearer" or not any(matches):
            raise RefusedError(401, "send a token: Authorization: Bearer TOKEN", {"www-authenticate": "Bearer"})


def request_id(given: str) -> str:
    """Return the id that a header gave to a request, or a new one where that is none."""
    return given if _ID.match(given) else f"{random.getrandbits(64):016x}"


def check_id(given: str) -> str:
    """Return the id that a body gave to a request; raise `InputFault` where it is too long."""
    if len(given) > LONGEST_ID:
        raise InputFault([f"id has {len(given):,} characters; it may have {LONGEST_ID}"])
    return given


def as_header(identity: str) -> str:
    """Return an id as a header carries it: what is not printable ASCII is written as in an address (%0A)."""
    return identity if _ID.match(identity) else quote(identity, safe=_PLAIN, errors="surrogatepass")
