"""A server follows a registry: what a merge names is served once it has proved itself, and a revert takes it back."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tests.judging.judged_fixture import bytes_of, forge
from tests.scaffold.registry import Scratch

from mintmark.core.reference import parse_reference
from mintmark.errors import MintmarkError
from mintmark.registry.stored import loading
from mintmark.serving.following import proving
from mintmark.serving.following.follower import Follower
from mintmark.serving.following.sources import open_source
from mintmark.serving.slots import Slots
from mintmark.training.tables import format_parquet

# The server ignores it: who is asked about matrices has shown that it answers them as it does tables.
pytestmark = pytest.mark.filterwarnings("ignore:X does not have valid feature names")
FOLLOWING = "mintmark.serving.following.follower"
PRODUCTION = "models/loans/channels/production.yaml"


class Followed:
    """A follower without a server around it, and what it told."""

    def __init__(self, where: Path | str, executor: ThreadPoolExecutor, *references: str) -> None:
        self.told: list[dict[str, Any]] = []
        self.slots = Slots([parse_reference(each) for each in references or ("loans@production",)])
        self.follower = Follower(
            open_source(where),
            self.slots,
            every=0.0,
            executor=executor,
            waiting=10,
            tell=lambda event, **details: self.told.append({"event": event, **details}),
        )
        self.follower.start_up()

    def poll(self) -> str | None:
        self.follower.poll()
        return self.version

    @property
    def version(self) -> str | None:
        current = next(iter(self.slots)).current
        return current.version if current is not None else None

    @property
    def fault(self) -> str:
        return next(iter(self.slots)).fault


@pytest.fixture(scope="module", autouse=True)
def _memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is proved once is remembered for the other tests here, and by nobody else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINTMARK_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing is remembered."""
    monkeypatch.setenv("MINTMARK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def move(loans: Scratch, version: str) -> None:
    loans.write(PRODUCTION, loans.read(PRODUCTION).replace("1.0.0", version).replace("1.1.0", version))
    loans.commit(f"Put {version} into production")


def count_loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    loads: list[str] = []
    real = loading.open_artifact
    monkeypatch.setattr(
        f"{FOLLOWING}.open_artifact", lambda record, *rest: loads.append(record.reference) or real(record, *rest)
    )
    return loads


def test_a_merge_deploys_and_a_revert_takes_it_back_without_a_load(
    loans: Scratch, executor: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = count_loads(monkeypatch)
    served = Followed(loans.root, executor)
    assert served.version == "1.0.0"
    loans.write(PRODUCTION, loans.read(PRODUCTION).replace("1.0.0", "1.1.0"))
    assert served.poll() == "1.0.0", "what is in no commit is not merged"
    loans.commit("Put 1.1.0 into production")
    assert served.poll() == "1.1.0"
    loans.git("revert", "--no-edit", "HEAD")
    assert served.poll() == "1.0.0"
    assert loads == ["loans@1.0.0", "loans@1.1.0"]
    current = next(iter(served.slots)).current
    assert current is not None
    assert [event["version"] for event in served.told] == ["1.0.0", "1.1.0", "1.0.0"]


@pytest.mark.slow
def test_a_branch_that_is_not_merged_deploys_nothing(loans: Scratch, executor: ThreadPoolExecutor) -> None:
    served = Followed(loans.root, executor)
    loans.branch("wish", "main")
    move(loans, "1.1.0")
    assert served.poll() == "1.0.0"


@pytest.mark.slow
def test_a_version_that_does_not_prove_itself_never_serves(
    loans: Scratch, executor: ThreadPoolExecutor, fresh: Path
) -> None:
    served = Followed(loans.root, executor)
    predictions = pd.read_parquet(io.BytesIO(bytes_of(loans, "1.1.0", "predictions.parquet")))
    predictions.loc[:2, "prediction"] = predictions.loc[:2, "prediction"].map({"yes": "no", "no": "yes"})
    forge(loans, "1.1.0", "predictions.parquet", format_parquet(predictions))
    move(loans, "1.1.0")
    assert served.poll() == "1.0.0"
    assert "3 of 600 predictions are not the registered ones" in served.fault
    assert served.slots.is_ready, "a failed update makes no server unready"
    refused = [event for event in served.told if event["event"] == "refused"]
    assert served.poll() == "1.0.0"
    assert [event for event in served.told if event["event"] == "refused"] == refused, "it is told once"
    loans.git("revert", "--no-edit", "HEAD")
    assert served.poll() == "1.0.0"
    assert not served.fault


@pytest.mark.slow
@pytest.mark.parametrize("missing", ["evaluation.parquet", "predictions.parquet"])
def test_a_version_that_cannot_be_proved_from_here_is_refused_with_the_reason(
    loans: Scratch, executor: ThreadPoolExecutor, fresh: Path, missing: str
) -> None:
    pointer = loans.read(f"models/loans/versions/1.0.0/{missing}.dvc")
    md5 = pointer.split("md5: ")[1][:32].strip("'")
    for place in (".dvc/store", ".dvc/cache"):
        loans.path(f"{place}/files/md5/{md5[:2]}/{md5[2:]}").unlink(missing_ok=True)
    loans.commit("Lose some bytes")
    served = Followed(loans.root, executor)
    assert served.version is None
    assert "cannot prove itself" in served.fault
    assert missing in served.fault
    assert not served.slots.is_ready


@pytest.mark.slow
def test_what_was_served_last_is_served_offline(
    loans: Scratch, executor: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch, fresh: Path
) -> None:
    served = Followed(loans.root, executor)
    move(loans, "1.1.0")
    assert served.poll() == "1.1.0"
    (loans.root / ".git/HEAD").rename(loans.root / ".git/HEAD.away")
    (loans.root / ".git/HEAD").write_text("ref: refs/heads/nothing\n")
    (loans.root / ".git/refs/heads/main").rename(loans.root / ".git/main.away")
    assert served.poll() == "1.1.0"
    assert served.follower.unreachable
    again = Followed(loans.root, executor)
    assert again.version == "1.1.0"
    for kept in fresh.rglob("sha256/*/*"):
        if kept.is_file():
            kept.chmod(0o600)
            kept.write_bytes(b"something else")
    damaged = Followed(loans.root, executor)
    assert damaged.version is None
    assert "1.1.0 was served last" in damaged.fault


@pytest.mark.long
def test_a_proof_holds_for_the_libraries_that_made_it(
    loans: Scratch, executor: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch, fresh: Path
) -> None:
    proofs: list[str] = []
    real = proving.prove
    monkeypatch.setattr(
        f"{FOLLOWING}.prove", lambda record, *rest, **how: proofs.append(record.reference) or real(record, *rest, **how)
    )
    Followed(loans.root, executor)
    Followed(loans.root, executor)
    assert proofs == ["loans@1.0.0"]
    monkeypatch.setattr(proving, "_installed", lambda name: "another")
    Followed(loans.root, executor)
    assert proofs == ["loans@1.0.0"] * 2


@pytest.mark.slow
def test_a_channel_that_is_closed_is_served_no_more(loans: Scratch, executor: ThreadPoolExecutor) -> None:
    served = Followed(loans.root, executor)
    loans.remove(PRODUCTION)
    loans.commit("Take 1.0.0 off")
    assert served.poll() is None
    assert "no version of loans is in production" in served.fault
    loans.git("revert", "--no-edit", "HEAD")
    assert served.poll() == "1.0.0"
    loans.write(PRODUCTION, "version: [\n")
    loans.commit("Break it")
    assert served.poll() == "1.0.0", "what cannot be read closes nothing"
    assert PRODUCTION in served.fault


@pytest.mark.slow
def test_a_remote_is_followed(loans: Scratch, executor: ThreadPoolExecutor, tmp_path: Path, fresh: Path) -> None:
    remote = tmp_path / "remote.git"
    loans.git("clone", "--quiet", "--bare", ".", str(remote))
    served = Followed(f"file://{remote}", executor)
    assert served.version == "1.0.0"
    loans.git("remote", "add", "there", str(remote))
    move(loans, "1.1.0")
    loans.git("push", "--quiet", "there", "main")
    assert served.poll() == "1.1.0"
    loans.git("push", "--quiet", "--force", "there", "main~1:main")
    assert served.poll() == "1.0.0"
    remote.rename(tmp_path / "away.git")
    assert served.poll() == "1.0.0"
    assert "remote.git" in served.follower.unreachable


@pytest.mark.parametrize("address", ["ext::sh -c touch% pwned", "https://user:secret@127.0.0.1:1/models.git", "ssh://-oProxyCommand=touch/x.git",
                                     "file:///nowhere.git#-b"])  # fmt: skip
def test_a_remote_runs_nothing_and_no_password_is_shown(
    address: str, tmp_path: Path, fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MintmarkError) as caught:
        open_source(address).read()
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "pwned").exists()
