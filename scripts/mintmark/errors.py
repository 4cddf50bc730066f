"""What can go wrong in a way that a user can mend. Only `cli.py` catches these."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.core.finding import Finding


class MintmarkError(Exception):
    """Something that the user can mend; the message says where, what and what to do."""

    exit_code = 1


class MintmarkWarning(UserWarning):
    """What an answer rests on that its reader may not expect; `cli.py` prints it in one line."""


class UsageError(MintmarkError):
    """A command was called in a way that cannot mean anything (exit code 2)."""

    exit_code = 2


class InvalidRegistryError(MintmarkError):
    """Files of the registry are at fault; `findings` names each fault."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = tuple(findings)


class InputError(MintmarkError, ValueError):
    """Rows do not fit the signature of the model that is asked; `columns` are those they are about."""

    def __init__(self, message: str, columns: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.columns = tuple(columns)


class ForgeError(MintmarkError):
    """The forge refused a request or did not answer it."""


class ArtifactError(ForgeError):
    """The artifact of a workflow's run is none that an upload of plain files makes."""
