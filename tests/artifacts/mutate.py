"""Mutate files at random and load what passes the checks, until an input kills the interpreter. Run by a test.

usage: mutate.py FILE SEED COUNT; FILE is a skops file. Prints how many mutants were refused and how many loaded.
"""

from __future__ import annotations

import io
import random
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np

from mintmark.artifacts.skops.format import load_trusted
from mintmark.errors import MintmarkError

warnings.simplefilter("ignore")


def mutate_members(data: bytes, chance: random.Random) -> bytes:
    """Change bytes inside members and write a zip with right checksums, which a real attacker would."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: bytearray(archive.read(name)) for name in archive.namelist()}
    names = [name for name in members if members[name]]
    for _ in range(chance.randint(1, 4)):
        member = members[chance.choice(names)]
        at = chance.randrange(len(member))
        if chance.random() < 0.5:
            member[at] = chance.randrange(256)
        else:
            digits = [index for index, byte in enumerate(member) if chr(byte).isdigit()]
            member[chance.choice(digits or [at])] = ord(str(chance.randrange(10)))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, bytes(content))
    return buffer.getvalue()


def main(path: str, seed: str, count: str) -> None:
    data, chance = Path(path).read_bytes(), random.Random(int(seed))
    table = np.random.default_rng(0).random((20, 4))
    refused = loaded = 0
    for _ in range(int(count)):
        mutant = mutate_members(data, chance)
        Path(path).with_suffix(".last").write_bytes(mutant)
        try:
            model = load_trusted(mutant)
        except MintmarkError:
            refused += 1
            continue
        loaded += 1
        try:
            model.predict(table)
        except Exception:  # a wrong model may fail; it must not crash
            continue
    print(refused, loaded)


if __name__ == "__main__":
    main(*sys.argv[1:])
