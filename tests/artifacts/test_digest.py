from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest

from mintmark.artifacts.digest import BLOCK_SIZE, digest_bytes, digest_file


@pytest.mark.parametrize("size", [0, 1, BLOCK_SIZE - 1, BLOCK_SIZE, 2 * BLOCK_SIZE + 7])
def test_digest_of_a_file_is_the_digest_of_its_bytes(tmp_path, size):
    data = bytes(index % 251 for index in range(size))
    path = tmp_path / "model"
    path.write_bytes(data)
    digest = digest_file(path)
    assert digest == digest_bytes(data)
    assert digest.md5 == hashlib.md5(data).hexdigest()
    assert digest.sha256 == hashlib.sha256(data).hexdigest()
    assert digest.size == size


def test_a_flipped_bit_of_the_same_size_is_seen(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"abcd")
    digest = digest_file(path)
    path.write_bytes(b"abce")
    assert digest_file(path) != digest


def test_digests_and_detection_import_nothing_heavy(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    code = (
        "import sys, pathlib; from mintmark.artifacts import digest, formats;"
        f"path = pathlib.Path({str(path)!r}); digest.digest_file(path);"
        "assert formats.detect_format(path) == 'data';"
        "print([name for name in ('numpy', 'skops', 'sklearn', 'onnx') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
