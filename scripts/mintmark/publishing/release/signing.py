"""Sign a folder and check its signature, with model-signing. Decides nothing about whose key is trusted.

A signature covers every file of the folder by its sha256, so it also tells of a file that was added. It is in the
format of the OpenSSF, and `python -m model_signing` reads and writes the same.
"""

from __future__ import annotations

import ast
import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.finding import one_line, shorten
from mintmark.errors import MintmarkError
from mintmark.publishing.release.bundle import SIGNATURE
from mintmark.registry.files import write_atomically
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from collections.abc import Callable

PASSWORD_VARIABLE: Final = "MINTMARK_KEY_PASSWORD"  # noqa: S105 - where the password is, not the password
_LARGEST_SIGNATURE: Final = 16 << 20
_MOST_CHARACTERS: Final = 2000


def sign_with_key(folder: Path, key: Path) -> Path:
    """Sign a folder with a private key on an elliptic curve, without a network; return where the signature is.

    The password of a key that has one is in the environment variable `MINTMARK_KEY_PASSWORD`.
    """
    from model_signing import signing

    _require_file(key, "openssl ecparam -name prime256v1 -genkey -noout -out key.pem makes a private key")
    given = os.environ.get(PASSWORD_VARIABLE)
    password: Any = given.encode() if given else None  # cryptography takes bytes alone, whatever model-signing says

    def with_key() -> Any:
        return signing.Config().use_elliptic_key_signer(private_key=key, password=password)

    what = f"{key}: is not a private key on an elliptic curve, in PEM, that {PASSWORD_VARIABLE} opens"
    return _sign(folder, _ask(what, with_key))


def sign_with_sigstore(folder: Path) -> Path:
    """Sign a folder through sigstore's servers, as whoever the workflow or the browser logs in."""
    from model_signing import signing

    def with_identity() -> Any:
        return signing.Config().use_sigstore_signer(use_ambient_credentials=True)

    return _sign(folder, _ask("sigstore's servers cannot be had", with_identity))


def verify_with_key(folder: Path, key: Path) -> None:
    """Check that the owner of a public key signed the folder as it is; raise `MintmarkError` where not."""
    from model_signing import verifying

    _require_file(key, "openssl ec -in key.pem -pubout -out key.pub makes the public key of key.pem")

    def with_key() -> Any:
        return verifying.Config().use_elliptic_key_verifier(public_key=key)

    _verify(folder, _ask(f"{key}: is not a public key on an elliptic curve, in PEM", with_key))


def verify_with_sigstore(folder: Path, identity: str, issuer: str) -> None:
    """Check that an identity, of whom `issuer` says so, signed the folder as it is; raise `MintmarkError` where not."""
    from model_signing import verifying

    def with_identity() -> Any:
        return verifying.Config().use_sigstore_verifier(identity=identity, oidc_issuer=issuer)

    _verify(folder, _ask("sigstore's servers cannot be had", with_identity))


def _sign(folder: Path, config: Any) -> Path:
    signature = _signature_of(folder)
    if signature.is_dir():
        raise MintmarkError(f"{signature}: is a folder where the signature is to be written; move it away")
    with TemporaryFolder("sign") as temporary:
        unfinished = temporary / SIGNATURE
        config.set_hashing_config(_hashing(signature))
        _ask(f"{folder}: cannot be signed", lambda: config.sign(folder, unfinished))
        write_atomically(signature, unfinished.read_bytes())
    return signature


def _verify(folder: Path, config: Any) -> None:
    signature = _signature_of(folder)
    _require_file(signature, f"mintmark sign {folder} writes it")
    if signature.stat().st_size > _LARGEST_SIGNATURE:
        raise MintmarkError(f"{signature}: is larger than any signature; get the folder again from where it was made")
    config.set_hashing_config(_hashing(signature))
    _ask(f"{folder}: is not what was signed", lambda: config.verify(folder, signature))
    if unsigned := sorted(_files(folder) - _signed_names(signature) - {SIGNATURE}):
        raise MintmarkError(
            f"{folder}: is not what was signed: {shorten(', '.join(unsigned), _MOST_CHARACTERS)} is not signed"
        )


def _signed_names(signature: Path) -> set[str]:
    """Return the files that a signature, already checked, is of: it may also say which others it leaves out."""
    statement = json.loads(base64.b64decode(json.loads(signature.read_bytes())["dsseEnvelope"]["payload"]))
    return {resource["name"] for resource in statement["predicate"]["resources"]}


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}


def _hashing(signature: Path) -> Any:
    """Return how a folder is hashed: every file of it but the signature, and those of Git too. A link is refused."""
    from model_signing import hashing

    return hashing.Config().set_ignored_paths(paths=[signature.name], ignore_git_paths=False)


def _signature_of(folder: Path) -> Path:
    if not folder.is_dir():
        raise MintmarkError(f"{folder}: is no folder; mintmark bundle MODEL@VERSION -o {folder} makes one to sign")
    return folder / SIGNATURE


def _require_file(path: Path, remedy: str) -> None:
    if not path.is_file():
        raise MintmarkError(f"{path}: there is no such file; {remedy}")


def _ask(what: str, question: Callable[[], Any]) -> Any:
    """Return what model-signing answers; its refusals come as almost any exception, and become one of ours."""
    try:
        return question()
    except Exception as error:
        told = _in_words(str(error)) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise MintmarkError(f"{what}: {shorten(one_line(told), _MOST_CHARACTERS)}") from error


def _in_words(told: str) -> str:
    """Return what model-signing says, without the digests in the list of what differs."""
    what, _, listed = told.partition(": ")
    if what != "Signature mismatch":
        return told
    differences = ast.literal_eval(listed)
    return "; ".join(difference.partition(": Expected ")[0] for difference in differences)
