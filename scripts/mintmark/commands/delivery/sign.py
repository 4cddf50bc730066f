"""`mintmark sign` and `mintmark verify --signature`: sign the bundle of a version, and check who signed one."""

from __future__ import annotations

import json
from pathlib import Path

from mintmark.errors import UsageError
from mintmark.extras import explain_missing


def sign(root: Path, what: str, *, key: Path | None, sigstore: bool, output: Path | None, at: str | None) -> int:
    """Sign a folder, or the bundle of a version that is written first, and say where the signature is."""
    from mintmark.publishing.release.signing import sign_with_key, sign_with_sigstore

    folder = Path(what)
    if "@" in what and not folder.is_dir():
        folder = _write_bundle(root, what, output, at)
    elif output is not None or at is not None:
        raise UsageError("--output and --at say which bundle to write; a folder is signed where it lies, as it is")
    try:
        signature = sign_with_sigstore(folder) if sigstore or key is None else sign_with_key(folder, key)
    except ModuleNotFoundError as error:
        raise explain_missing(error, "mintmark sign", "sign") from None
    print(f"wrote {signature}")
    return 0


def _write_bundle(root: Path, reference: str, output: Path | None, at: str | None) -> Path:
    from mintmark.publishing.release.bundle import read_bundle, write_folder
    from mintmark.registry.clone import ClonedRegistry

    found = read_bundle(ClonedRegistry(root, at=at), reference)
    folder = output if output is not None else Path(found.name)
    write_folder(found, folder)
    return folder


def verify_signature(folder: Path, *, key: Path | None, identity: str | None, issuer: str | None, as_json: bool) -> int:
    """Check that a folder is what was signed with a key, or by an identity of sigstore; raise where it is not."""
    from mintmark.publishing.release.signing import verify_with_key, verify_with_sigstore

    try:
        if key is not None and identity is None and issuer is None:
            verify_with_key(folder, key)
            signer = str(key)
        elif key is None and identity is not None and issuer is not None:
            verify_with_sigstore(folder, identity, issuer)
            signer = f"{identity} ({issuer})"
        else:
            raise UsageError("--signature needs whom to trust: --key PUBLIC.pem, or --identity NAME and --issuer URL")
    except ModuleNotFoundError as error:
        raise explain_missing(error, "mintmark verify --signature", "sign") from None
    if as_json:
        print(json.dumps({"folder": str(folder), "signer": signer}, indent=2, ensure_ascii=False))
    else:
        print(f"{folder}: every file is as {signer} signed it, and there is no other")
    return 0
