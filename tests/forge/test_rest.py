"""The conversation with a forge: limits, pages, redirects, secrets and hostile answers."""

from __future__ import annotations

import io
import logging
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.forge.conftest import Clone
from tests.scaffold.forge.fake_forge import BAD_GATEWAY, SECONDARY, TOKEN, FakeRepository, Refusal

from mintmark.errors import ForgeError
from mintmark.forge.github import GitHub
from mintmark.forge.rest import RestApi


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client waited, without the waiting."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


def open_issue(github: GitHub) -> None:
    github.open_issue(key="k", label="alarm", title="Damaged", body="")


# Limits.


def test_a_limit_that_says_how_long_is_waited_for(
    github: GitHub, on_github: FakeRepository, pauses: list[float]
) -> None:
    on_github.fail(Refusal(429, "Too many requests", headers={"Retry-After": "7"}), write=1)
    open_issue(github)
    assert pauses == [7.0]
    assert len(on_github.issues) == 1


def test_the_secondary_limit_says_nothing_and_is_backed_off_from(
    github: GitHub, on_github: FakeRepository, pauses: list[float]
) -> None:
    on_github.fail(SECONDARY, write=1, times=2)
    open_issue(github)
    assert pauses == [60.0, 120.0]
    on_github.fail(SECONDARY, write=1, times=9)
    with pytest.raises(ForgeError, match=r"403 .*secondary rate limit.*this is a limit, so run again in"):
        github.comment(1, key="review", body="")
    assert sum(pauses[2:]) <= 300


def test_a_limit_of_an_hour_is_not_waited_for(github: GitHub, on_github: FakeRepository, pauses: list[float]) -> None:
    reset = str(int(time.time()) + 3000)
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    on_github.fail(Refusal(403, "API rate limit exceeded", headers=headers), write=1)
    with pytest.raises(ForgeError, match="run again in 50 min"):
        open_issue(github)
    assert pauses == []
    on_github.fail(Refusal(429, "no", headers={"Retry-After": "9" * 30}), write=1)
    with pytest.raises(ForgeError, match="this is a limit"):
        open_issue(github)


def test_a_missing_permission_is_no_limit(github: GitHub, on_github: FakeRepository, pauses: list[float]) -> None:
    headers = {"X-Accepted-GitHub-Permissions": "issues=write"}
    on_github.fail(Refusal(403, "Resource not accessible by integration", headers=headers), write=1)
    with pytest.raises(
        ForgeError, match=r"not accessible by integration\); the token needs the permission issues: write"
    ):
        open_issue(github)
    assert pauses == []


def test_a_read_is_asked_again_and_a_post_is_not(
    github: GitHub, on_github: FakeRepository, pauses: list[float]
) -> None:
    on_github.fail(BAD_GATEWAY, read=1, times=2)
    on_github.fail(None, read=3)
    assert github.issues(label="alarm") == []
    on_github.fail(BAD_GATEWAY, write=1)
    with pytest.raises(ForgeError, match=r"answered 502 \(Bad Gateway\)$"):
        open_issue(github)
    assert on_github.issues == {}
    open_issue(github)
    assert len(on_github.issues) == 1


def test_a_lost_answer_makes_no_second_comment(github: GitHub, on_github: FakeRepository, pauses: list[float]) -> None:
    open_issue(github)
    on_github.stop_at(1, done=True)
    with pytest.raises(ForgeError):
        github.comment(1, key="review", body="green")
    on_github.resume()
    github.comment(1, key="review", body="green")
    assert len(on_github.comments) == 1


# Pages.


def test_every_page_is_read(github: GitHub, on_github: FakeRepository) -> None:
    on_github.page_size = 2
    for number in range(5):
        github.open_issue(key=f"k{number}", label="alarm", title="Damaged", body="")
    assert [issue.key for issue in github.issues(label="alarm")] == [f"k{number}" for number in range(5)]
    for number in range(5):
        github.comment(1, key=f"k{number}", body="")
    github.comment(1, key="k4", body="again")
    assert len(on_github.comments) == 5


def test_a_next_page_on_another_host_is_not_fetched(github: GitHub, on_github: FakeRepository) -> None:
    elsewhere = {"Link": f'<{on_github.forge.address.replace("127.0.0.1", "localhost")}/repos/x/y>; rel="next"'}
    on_github.fail(Refusal(200, "", headers=elsewhere, body=b"[]"), read=1)
    with pytest.raises(ForgeError, match="another host"):
        github.issues(label="alarm")


# Secrets.


def test_the_token_is_sent_to_the_forge_and_not_where_it_redirects(github: GitHub, on_github: FakeRepository) -> None:
    on_github.upload_artifact(7, "report", {"report.json": b"{}", "folder/picture.svg": b"<svg/>"})
    on_github.forge.seen_tokens.clear()
    assert github.artifact(7, "report", most_bytes=1000) == {"report.json": b"{}", "folder/picture.svg": b"<svg/>"}
    assert on_github.forge.seen_tokens == [f"Bearer {TOKEN}", f"Bearer {TOKEN}", ""]


def test_credentials_of_the_user_are_never_looked_up(
    clone: Clone, on_github: FakeRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text(
        "machine 127.0.0.1 login ada password hunter2\ndefault login ada password hunter2\n"
    )
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    on_github.forge.seen_tokens.clear()
    GitHub(on_github.name, RestApi(on_github.forge.address)).settings("")
    GitHub(on_github.name, RestApi(on_github.forge.address, TOKEN)).settings("")
    assert on_github.forge.seen_tokens == ["", f"Bearer {TOKEN}"]


def test_a_token_is_in_no_error_no_log_and_no_representation(
    github: GitHub, on_github: FakeRepository, caplog: pytest.LogCaptureFixture, pauses: list[float]
) -> None:
    caplog.set_level(logging.DEBUG)
    texts = [repr(github), repr(github._api), repr(github._api.__dict__["_session"].headers)]
    for refusal in (
        Refusal(403, f"Bad credentials: {TOKEN}"),
        Refusal(422, "no", [{"message": f"Authorization: Bearer {TOKEN}"}]),
        Refusal(500, f"{TOKEN}", body=f"<html>{TOKEN}</html>".encode()),
        Refusal(302, "", headers={"Location": f"http://example.org/{TOKEN}"}, body=b""),
        Refusal(307, "", headers={"Location": f"ftp://{TOKEN}/"}, body=b""),
        None,
    ):
        on_github.fail(refusal, write=1, times=5)
        with pytest.raises(ForgeError) as caught:
            open_issue(github)
        on_github.resume()
        texts += [str(caught.value), repr(caught.value)]
    assert len(texts) == 15
    assert TOKEN not in caplog.text + "".join(texts)
    with pytest.raises(ForgeError, match="holds a character") as caught:
        RestApi("https://api.github.com", f"{TOKEN}\nX-Evil: 1")
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    ["http://api.github.com", "http://127.0.0.1.evil.example", "http://localhost@evil.example", "ftp://x", "api.github.com",
     "https://user:secret@api.github.com", "file:///etc/passwd"],
)  # fmt: skip
def test_only_https_is_spoken(address: str) -> None:
    with pytest.raises(ForgeError) as caught:
        RestApi(address, TOKEN)
    assert "secret" not in str(caught.value)


def test_without_a_token_the_error_says_which_variable(clone: Clone, on_github: FakeRepository) -> None:
    github = GitHub(on_github.name, RestApi(on_github.forge.address))
    with pytest.raises(
        ForgeError, match=r"401 \(Requires authentication\); no token is set, so set GITHUB_TOKEN or GH_TOKEN"
    ):
        open_issue(github)
    expired = GitHub(on_github.name, RestApi(on_github.forge.address, "ghs_other"))
    with pytest.raises(ForgeError, match=r"Bad credentials\); the token has expired"):
        expired.settings("")


def test_an_upload_goes_to_a_host_of_the_forge(github: GitHub) -> None:
    for address in ("https://evil.example/x", "https://uploads.github.com/x", "http://127.0.0.1:1/x"):
        with pytest.raises(ForgeError, match="which is not its own"):
            github._api.upload(address, "name", b"")


def test_a_forge_that_is_not_there_is_one_sentence(pauses: list[float]) -> None:
    with pytest.raises(ForgeError, match=r"^GET /repos/acme/models: the forge cannot be reached: .*refused") as caught:
        GitHub("acme/models", RestApi("http://127.0.0.1:9", TOKEN)).settings("")
    assert "object at 0x" not in str(caught.value)


# Hostile answers.


@pytest.mark.parametrize(
    "body",
    [b"<html>" + b"x" * 1_000_000, b"", b"nul", b"[" * 100_000, b"3", b'"text"', b'{"message": 3}', b"\xff\xfe", b"[3]",
     b'[{"body": "<!-- mintmark: k -->", "user": [1]}]', b'[{"body": ["<!-- mintmark: k -->"]}]', b'[{"body": "<!-- mintmark: k -->", "user": 3}]',
     b'[{"body": "<!-- mintmark: k -->", "user": {"type": "Bot"}, "number": true}]'],
    ids=range(13),
)  # fmt: skip
def test_an_answer_of_another_form_is_one_sentence(github: GitHub, on_github: FakeRepository, body: bytes) -> None:
    on_github.fail(Refusal(200, "", body=body), read=1)
    with pytest.raises(ForgeError) as caught:
        github.issues(label="alarm")
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_words_of_a_refusal_are_short_and_printable(github: GitHub, on_github: FakeRepository) -> None:
    for message in ("x" * 1_000_000, "\x1b[31mred\r\n::error::no", ["list"], None):
        on_github.fail(Refusal(422, message, errors=[3, {"message": []}, {"field": "a"}]), write=1)  # type: ignore[list-item]
        with pytest.raises(ForgeError) as caught:
            open_issue(github)
        assert len(str(caught.value)) < 700
        assert str(caught.value).isprintable()


def test_a_redirect_in_a_circle_ends(github: GitHub, on_github: FakeRepository) -> None:
    here = f"{on_github.forge.address}/repos/{on_github.name}"
    on_github.fail(Refusal(301, "", headers={"Location": here}, body=b""), read=1, times=200)
    with pytest.raises(ForgeError, match="circle"):
        github.settings("")
    on_github.resume()


def test_a_renamed_repository_is_found(github: GitHub, on_github: FakeRepository) -> None:
    moved = {"Location": f"{on_github.forge.address}/repos/{on_github.name}"}
    on_github.fail(Refusal(301, "Moved Permanently", headers=moved, body=b""), read=1)
    assert github.settings("") is not None
    on_github.fail(Refusal(301, "Moved Permanently", headers=moved, body=b""), write=1)
    with pytest.raises(ForgeError, match="the repository has moved"):
        open_issue(github)


def zipped(build: Callable[[zipfile.ZipFile], None]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        build(archive)
    return packed.getvalue()


def _link(archive: zipfile.ZipFile) -> None:
    link = zipfile.ZipInfo("report.json")
    link.external_attr = 0o120777 << 16
    archive.writestr(link, "/etc/passwd")


def _twice(archive: zipfile.ZipFile) -> None:
    archive.writestr("report.json", b"1")
    with pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("report.json", b"2")


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (b"no archive", "no archive"),
        (b"PK\x05\x06" + b"\xff" * 18, "no archive"),
        (zipped(lambda archive: archive.writestr("bomb", b"0" * 5_000_000)), "unpacks to more than 10,000"),
        (zipped(lambda archive: [archive.writestr(str(n), b"0" * 90) for n in range(200)]), "10,000 bytes"),  # type: ignore[arg-type, return-value]
        (zipped(lambda archive: archive.writestr("../../etc/passwd", b"")), "no plain one"),
        (zipped(lambda archive: archive.writestr("/etc/passwd", b"")), "no plain one"),
        (zipped(lambda archive: archive.writestr("a\n::error::b", b"")), "no plain one"),
        (zipped(_link), "no plain one"),
        (zipped(_twice), "no plain one"),
    ],
)
def test_a_hostile_artifact_is_refused(github: GitHub, on_github: FakeRepository, archive: bytes, words: str) -> None:
    on_github.upload_artifact(7, "report", archive)
    with pytest.raises(ForgeError, match=words):
        github.artifact(7, "report", most_bytes=10_000)


def test_a_large_artifact_is_not_downloaded(github: GitHub, on_github: FakeRepository) -> None:
    on_github.upload_artifact(7, "report", b"x" * 20_000)
    ((document, _),) = on_github.artifacts.values()
    with pytest.raises(ForgeError, match="larger than 10,000"):
        github.artifact(7, "report", most_bytes=10_000)
    document["size_in_bytes"] = 10  # a lie
    with pytest.raises(ForgeError, match="larger than 10,000"):
        github.artifact(7, "report", most_bytes=10_000)
    document["expired"] = True
    assert github.artifact(7, "report", most_bytes=10_000) == {}, "what is gone is not there"
