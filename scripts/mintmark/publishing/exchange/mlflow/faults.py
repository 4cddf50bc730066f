"""What Mintmark says, as an error that MLflow's clients and its server pass on. Says nothing itself."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, PERMISSION_DENIED, RESOURCE_DOES_NOT_EXIST

from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def told_to_mlflow() -> Iterator[None]:
    """Turn a `MintmarkError` into MLflow's own, with the same sentence."""
    try:
        yield
    except MintmarkError as error:
        raise MlflowException(str(error), INVALID_PARAMETER_VALUE) from None


def raise_missing(sentence: str) -> NoReturn:
    """Say that something is not there, in the way that MLflow's clients ask for."""
    raise MlflowException(sentence, RESOURCE_DOES_NOT_EXIST)


def refuse_write(command: str) -> NoReturn:
    """Say how what MLflow asked for is done here: by a pull request."""
    raise MlflowException(
        f"MLflow reads this Mintmark registry and does not write to it: open a pull request ({command})",
        PERMISSION_DENIED,
    )
