"""What a caller is told of a fault, in whatever protocol: the status that HTTP has for it, and one sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mintmark.core.signature.inputs import InputFault
from mintmark.errors import MintmarkError
from mintmark.serving.batching import LateError, OverloadedError
from mintmark.serving.slots import NothingServedError, UnknownModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.serving.served_version import ServedVersion


class RefusedError(MintmarkError):
    """A request that is answered with an error; `code` is the status of HTTP."""

    def __init__(self, code: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.code, self.headers = code, dict(headers or {})


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    """A status of HTTP, a message, and the columns that are at fault where the rows are."""

    code: int
    message: str
    columns: tuple[str, ...] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def explain(error: Exception, version: ServedVersion | None) -> Explanation:
    """Return what a caller is told of a fault in a request to `version`, None where none was found."""
    soon = {"retry-after": "1"}
    match error:
        case InputFault():
            return Explanation(code=400, message=str(error), columns=error.columns)
        case RefusedError():
            return Explanation(code=error.code, message=str(error), headers=error.headers)
        case UnknownModelError():
            return Explanation(code=404, message=str(error))
        case NothingServedError():
            return Explanation(code=503, message=str(error), headers=soon)
        case LateError():
            return Explanation(code=504, message=str(error))
        case OverloadedError():
            return Explanation(code=429, message=str(error), headers=soon)
    return _explain_model(error, version)


def _explain_model(error: Exception, version: ServedVersion | None) -> Explanation:
    """What a model raised. Where rows lack values, which most estimators refuse, they are at fault and named first."""
    notes = getattr(error, "__notes__", [])
    name = version.reference if version is not None else "the server"
    words = "; ".join([*notes, " ".join(str(error).split())[:300] or type(error).__name__])
    return Explanation(code=400 if notes else 500, message=f"{name} does not answer these rows: {words}")
