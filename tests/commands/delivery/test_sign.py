"""Signatures, held against model-signing's own client: it verifies what we sign, and we what it signs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.scaffold.registry import Scratch

CURVES = [
    "prime256v1",
    pytest.param("secp384r1", marks=pytest.mark.slow),
    pytest.param("secp521r1", marks=pytest.mark.slow),
]


def make_key(folder: Path, curve: str = "prime256v1", password: str | None = None) -> tuple[Path, Path]:
    private, public = folder / f"{curve}.pem", folder / f"{curve}.pub"
    run = ("openssl", "ecparam", "-name", curve, "-genkey", "-noout", "-out", str(private))
    subprocess.run(run, check=True, capture_output=True)
    subprocess.run(
        ("openssl", "ec", "-in", str(private), "-pubout", "-out", str(public)), check=True, capture_output=True
    )
    if password is not None:
        locked = (
            "openssl",
            "pkcs8",
            "-topk8",
            "-in",
            str(private),
            "-out",
            f"{private}8",
            "-passout",
            f"pass:{password}",
        )
        subprocess.run(locked, check=True, capture_output=True)
        private = Path(f"{private}8")
    return private, public


def client(*arguments: str | Path) -> int:
    command = (sys.executable, "-m", "model_signing", *map(str, arguments))
    return subprocess.run(command, capture_output=True, check=False).returncode


@pytest.fixture
def bundle(scratch: Scratch, tmp_path: Path) -> Path:
    assert scratch.run("bundle", "iris@1.1.0", "-o", str(tmp_path / "bundle")).code == 0
    return tmp_path / "bundle"


@pytest.mark.slow
@pytest.mark.parametrize("curve", CURVES)
def test_its_own_client_verifies_what_we_sign(scratch: Scratch, bundle: Path, tmp_path: Path, curve: str) -> None:
    private, public = make_key(tmp_path, curve)
    result = scratch.run("sign", str(bundle), "--key", str(private))
    assert (result.code, result.out, result.err) == (0, f"wrote {bundle}/model.sig\n", "")
    checked = ("verify", "key", bundle, "--signature", bundle / "model.sig", "--public_key", public)
    assert client(*checked) == 0
    (bundle / "metrics.json").write_text("{}")
    assert client(*checked) != 0


def test_we_verify_what_its_own_client_signs(scratch: Scratch, bundle: Path, tmp_path: Path) -> None:
    private, public = make_key(tmp_path)
    assert client("sign", "key", bundle, "--signature", bundle / "model.sig", "--private_key", private) == 0
    result = scratch.run("verify", "--signature", str(bundle), "--key", str(public))
    assert (result.code, result.err) == (0, "")
    assert result.out == f"{bundle}: every file is as {public} signed it, and there is no other\n"
    (bundle / ".gitattributes").write_text("* -text")  # which that client leaves out, unless told
    result = scratch.run("verify", "--signature", str(bundle), "--key", str(public))
    assert (result.code, result.out) == (1, "")
    assert result.err == f"mintmark: {bundle}: is not what was signed: .gitattributes is not signed\n"


@pytest.fixture
def signed(scratch: Scratch, bundle: Path, tmp_path: Path) -> tuple[Path, Path]:
    private, public = make_key(tmp_path)
    assert scratch.run("sign", str(bundle), "--key", str(private)).code == 0
    return bundle, public


def test_a_bundle_that_moved_is_still_signed(scratch: Scratch, signed: tuple[Path, Path], tmp_path: Path) -> None:
    bundle, public = signed
    bundle.rename(tmp_path / "moved")
    result = scratch.run("verify", "--signature", str(tmp_path / "moved"), "--key", str(public), "--json")
    assert (result.code, json.loads(result.out)) == (0, {"folder": str(tmp_path / "moved"), "signer": str(public)})


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (lambda folder: (folder / "model.skops").write_bytes(b"other"), "Hash mismatch for 'model.skops'"),
        (lambda folder: (folder / "CARD.md").unlink(), "Missing files in model 'bundle': CARD.md"),
        (lambda folder: (folder / "extra.py").write_text(""), "Extra files found in model 'bundle': extra.py"),
        (lambda folder: (folder / ".gitignore").write_text("*"), ".gitignore"),
        (lambda folder: (folder / "link").symlink_to("/etc/passwd"), "link"),
        (lambda folder: (folder / "\x1b[31m").write_text(""), r"\x1b[31m"),
        (lambda folder: (folder / "model.sig").write_text("{}"), "KeyError: 'verificationMaterial'"),
        (lambda folder: (folder / "model.sig").write_text("[" * 100_000), "model.sig"),
        (lambda folder: (folder / "model.sig").write_bytes(b"\xff"), "can't decode byte"),
        (lambda folder: (folder / "model.sig").unlink(), "there is no such file; mintmark sign"),
    ],
    ids=["changed", "removed", "added", "of git", "link", "ansi", "no signature", "deep", "binary", "unsigned"],
)
def test_what_was_tampered_with_is_named(
    scratch: Scratch, signed: tuple[Path, Path], tamper: object, named: str
) -> None:
    bundle, public = signed
    tamper(bundle)  # type: ignore[operator]
    result = scratch.run("verify", "--signature", str(bundle), "--key", str(public))
    assert (result.code, result.out) == (1, "")
    assert named in result.err or (named == "model.sig" and "is not what was signed" in result.err)
    assert len(result.err.splitlines()) == 1
    assert "\x1b" not in result.err


def test_another_key_did_not_sign_it(scratch: Scratch, signed: tuple[Path, Path], tmp_path: Path) -> None:
    bundle, _ = signed
    _, other = make_key(tmp_path, "secp384r1")
    result = scratch.run("verify", "--signature", str(bundle), "--key", str(other))
    assert result.code == 1
    assert "Key mismatch" in result.err


def test_a_reference_is_bundled_and_signed(scratch: Scratch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    private, public = make_key(tmp_path)
    assert scratch.run("sign", "iris@production", "--key", str(private)).out == "wrote iris-1.1.0/model.sig\n"
    assert scratch.run("verify", "--signature", "iris-1.1.0", "--key", str(public)).code == 0
    assert "is up to date" in scratch.run("bundle", "iris@production").out
    assert scratch.run("verify", "--signature", "iris-1.1.0", "--key", str(public)).code == 0


def test_a_key_with_a_password(scratch: Scratch, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private, public = make_key(tmp_path, password="open sesame")
    refused = scratch.run("sign", str(bundle), "--key", str(private))
    assert refused.code == 1
    assert "is not a private key on an elliptic curve, in PEM, that MINTMARK_KEY_PASSWORD opens" in refused.err
    monkeypatch.setenv("MINTMARK_KEY_PASSWORD", "open sesame")
    result = scratch.run("sign", str(bundle), "--key", str(private))
    assert result.code == 0
    assert "open sesame" not in result.text
    assert scratch.run("verify", "--signature", str(bundle), "--key", str(public)).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["sign", "no-folder", "--key", "KEY"], 1, "no-folder: is no folder"),
        (["sign", "BUNDLE"], 2, "one of the arguments --key --sigstore is required"),
        (["sign", "BUNDLE", "--key", "KEY", "-o", "x"], 2, "a folder is signed where it lies"),
        (["sign", "BUNDLE", "--key", "none.pem"], 1, "none.pem: there is no such file; openssl"),
        (["sign", "BUNDLE", "--key", "BUNDLE/README.md"], 1, "is not a private key"),
        (["verify", "--signature", "BUNDLE"], 2, "--signature needs whom to trust"),
        (["verify", "--signature", "BUNDLE", "--identity", "ada"], 2, "--signature needs whom to trust"),
        (["verify", "iris", "--signature", "BUNDLE"], 2, "leave out REF and --at"),
        (["verify", "--key", "KEY"], 2, "name it with --signature FOLDER"),
    ],
)
def test_what_cannot_be_signed_or_verified(
    scratch: Scratch, bundle: Path, tmp_path: Path, arguments: list[str], code: int, sentence: str
) -> None:
    private, _ = make_key(tmp_path)
    words = [word.replace("BUNDLE", str(bundle)).replace("KEY", str(private)) for word in arguments]
    result = scratch.run(*words)
    assert (result.code, result.out) == (code, "")
    assert sentence in result.err
    assert not (bundle / "model.sig").exists()


def test_a_light_client_that_lacks_it_is_told_the_extra(scratch: Scratch, bundle: Path, tmp_path: Path) -> None:
    private, _ = make_key(tmp_path)
    code = (
        "import sys; sys.modules['model_signing'] = None; from mintmark.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = (sys.executable, "-c", code, "-C", str(scratch.root), "sign", str(bundle), "--key", str(private))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(
        "mintmark: mintmark sign needs the extra `sign` (model_signing is missing): pip install"
    )


def test_reading_a_bundle_imports_none_of_it(scratch: Scratch, tmp_path: Path) -> None:
    code = "import sys; from mintmark.cli import main; main(sys.argv[1:]); print(*{n.split('.')[0] for n in sys.modules}, file=sys.stderr)"
    command = (sys.executable, "-c", code, "-C", str(scratch.root), "bundle", "iris@1.1.0", "-o", str(tmp_path / "out"))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not {"model_signing", "sigstore", "cryptography", "sklearn", "pandas", "dvc"} & set(done.stderr.split())


def test_servers_that_do_not_answer_are_one_sentence(
    scratch: Scratch, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No test reaches sigstore; what it raises without its servers stands in for it."""
    from model_signing import signing, verifying
    from sigstore.errors import TUFError

    def no_server(*_: object, **__: object) -> None:
        raise TUFError("Failed to refresh TUF metadata")

    monkeypatch.setattr(signing.Config, "use_sigstore_signer", no_server)
    monkeypatch.setattr(verifying.Config, "use_sigstore_verifier", no_server)
    told = "mintmark: sigstore's servers cannot be had: TUFError: Failed to refresh TUF metadata\n"
    result = scratch.run("sign", str(bundle), "--sigstore")
    assert (result.code, result.out, result.err) == (1, "", told)
    assert not (bundle / "model.sig").exists()
    (bundle / "model.sig").write_text("{}")
    result = scratch.run("verify", "--signature", str(bundle), "--identity", "ada", "--issuer", "https://a.example")
    assert (result.code, result.out, result.err) == (1, "", told)
