"""A fake GitHub: real Git repositories over `git http-backend`, and what Mintmark uses of the REST API beside them.

Every request and answer is held against GitHub's own description (`contract`). `FakeRepository` is what a test
holds: it says who does what, and makes requests fail. The answers themselves are in the modules beside it.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import subprocess
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zlib import crc32

from tests.scaffold.forge.contract import Contract

BOT, TOKEN = "github-actions[bot]", "ghs_WorkflowTokenThatNobodyMaySee0123456789"
_GIT = re.compile(r"/(?P<name>[^/]+/[^/]+?)(?:\.git)?/(?P<rest>info/refs|git-(?:upload|receive)-pack)\Z")
Document = dict[str, Any]
Query = dict[str, str]
Headers = dict[str, str]


@dataclass
class Refusal(Exception):
    """An answer that is none of 200, 201 and 204."""

    status: int
    message: str
    errors: list[Document] = field(default_factory=list)
    headers: Headers = field(default_factory=dict)
    body: bytes | None = None


SECONDARY = Refusal(403, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
BAD_GATEWAY = Refusal(502, "Bad Gateway", headers={"Content-Type": "text/html"}, body=b"<html>Unicorn!</html>")
SETTINGS = "[http]\n\treceivepack = true\n[uploadpack]\n\tallowAnySHA1InWant = true\n[gc]\n\tauto = 0\n"
STOPPED = Refusal(501, "the test stopped this run here")


@dataclass
class FakeRepository:
    """One repository of the fake GitHub, as a test sees it."""

    forge: FakeForge
    name: str
    path: Path
    parent: FakeRepository | None = None
    settings: dict[str, Any] = field(default_factory=dict)  # what a GET below the repository answers, by path
    people: dict[str, str] = field(default_factory=lambda: {"ada": "admin", "bob": "write"})
    tokens: dict[str, str] = field(default_factory=lambda: {TOKEN: BOT, "ghp_Ada": "ada", "ghp_Bob": "bob"})
    required_checks: set[str] = field(default_factory=set)
    issues: dict[int, Document] = field(default_factory=dict)  # pull requests too, which have `pull_request`
    comments: dict[int, Document] = field(default_factory=dict)
    reviews: dict[int, list[Document]] = field(default_factory=dict)
    releases: dict[int, Document] = field(default_factory=dict)
    latest: int | None = None  # the release that is shown first
    files: dict[int, bytes] = field(default_factory=dict)
    deployments: dict[int, Document] = field(default_factory=dict)
    statuses: dict[int, list[Document]] = field(default_factory=dict)
    checks: list[Document] = field(default_factory=list)
    artifacts: dict[int, tuple[Document, bytes]] = field(default_factory=dict)
    dispatched: list[tuple[str, Document]] = field(default_factory=list)  # workflows that were started
    calls: list[tuple[str, str, int]] = field(default_factory=list)
    page_size: int = 100  # at most; small in a test of paging
    writes: int = 0
    _faults: dict[tuple[str, int], list[Refusal | None]] = field(default_factory=dict)
    _stop: tuple[int, bool] | None = None
    _stopped: bool = False
    _reads: int = 0
    _count: int = 0

    @property
    def address(self) -> str:
        return f"{self.forge.address}/{self.name}.git"

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a workflow that runs here."""
        return {
            "GITHUB_API_URL": self.forge.address,
            "GITHUB_SERVER_URL": self.forge.address,
            "GITHUB_REPOSITORY": self.name,
            "GITHUB_TOKEN": TOKEN,
        }

    def git(self, *arguments: str, data: str | None = None) -> str:
        done = subprocess.run(
            ("git", *arguments), cwd=self.path, input=data, capture_output=True, text=True, check=True,
            env={**os.environ, "GIT_AUTHOR_DATE": self.now(), "GIT_COMMITTER_DATE": self.now()},
        )  # fmt: skip
        return done.stdout.strip()

    def commit(self, revision: str) -> str | None:
        try:
            return self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        except subprocess.CalledProcessError:
            return None

    def number(self) -> int:
        self._count += 1
        return self._count

    def now(self) -> str:
        """A time that grows with what is made here, so that no test looks at the clock."""
        return (datetime(2026, 6, 1, tzinfo=UTC) + timedelta(seconds=self._count)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def user(self, login: str) -> Document:
        kind = "Bot" if login.endswith("[bot]") else "User"
        return {"login": login, "id": crc32(login.encode()), "type": kind, "html_url": f"{self.forge.address}/{login}"}

    # What a person does.

    def fork(self, owner: str) -> FakeRepository:
        return self.forge.create(f"{owner}/{self.name.partition('/')[2]}", parent=self)

    def open_pull_request(
        self, head: str, base: str = "main", *, title: str = "Change", body: str = "", author: str = "ada",
        source: FakeRepository | None = None,
    ) -> int:  # fmt: skip
        """Open a pull request of a branch, of this repository or of a fork."""
        number = self.number()
        self.issues[number] = {
            "number": number, "title": title, "body": body, "state": "open", "author": author, "labels": [],
            "created_at": self.now(), "state_reason": None,
            "pull_request": {"head": head, "base": base, "source": source or self, "merged_at": None, "merged": None},
        }  # fmt: skip
        self.reviews[number] = []
        self.pull_head(number)
        return number

    def pull_head(self, number: int) -> str:
        """The commit of a pull request's head, which is fetched into `refs/pull/N/head` as GitHub has it."""
        pull, ref = self.issues[number]["pull_request"], f"refs/pull/{number}/head"
        if self.issues[number]["state"] == "open" and pull["source"] is not None:
            self.git("fetch", "--quiet", str(pull["source"].path), f"+refs/heads/{pull['head']}:{ref}")
        return self.commit(ref) or ""

    def review(self, number: int, person: str, state: str = "APPROVED") -> None:
        self.reviews[number].append({
            "id": self.number(), "user": self.user(person), "state": state, "body": "", "html_url": self.forge.address,
            "commit_id": self.pull_head(number), "submitted_at": self.now(), "author_association": "COLLABORATOR",
        })  # fmt: skip

    def check(self, commit: str, name: str, conclusion: str = "success") -> None:
        self.checks.append({"id": self.number(), "name": name, "head_sha": commit, "status": "completed",
                            "conclusion": conclusion, "completed_at": self.now(), "html_url": self.forge.address,
                            "app": {"slug": "github-actions", "name": "GitHub Actions"}})  # fmt: skip

    def passed(self, commit: str) -> set[str]:
        """The checks whose last answer about a commit lets it pass."""
        last = {check["name"]: check["conclusion"] for check in self.checks if check["head_sha"] == commit}
        return {name for name, conclusion in last.items() if conclusion in ("success", "skipped", "neutral")}

    def merge_tree(self, number: int) -> str | None:
        """The tree that the merge would make, None where there is a conflict."""
        head, base = self.pull_head(number), self.issues[number]["pull_request"]["base"]
        try:
            return self.git("merge-tree", "--write-tree", base, head).splitlines()[0]
        except subprocess.CalledProcessError:
            return None

    def merge(self, number: int, method: str = "merge") -> str:
        """Merge a pull request as a person's click does; a required check that is not green refuses."""
        issue, pull = self.issues[number], self.issues[number]["pull_request"]
        head, base, tree = self.pull_head(number), self.commit(pull["base"]), self.merge_tree(number)
        if missing := self.required_checks - self.passed(head):
            raise Refusal(405, f"Required status check {sorted(missing)[0]!r} is expected.")
        if tree is None or issue["state"] != "open":
            raise Refusal(405, "Pull Request is not mergeable")
        parents = ("-p", str(base), *(("-p", head) if method == "merge" else ()))
        subject = f"Merge pull request #{number} from {pull['head']}" if method == "merge" else issue["title"]
        made = self.git("commit-tree", tree, *parents, "-m", f"{subject}\n\n{issue['title']}")
        self.git("update-ref", f"refs/heads/{pull['base']}", made, str(base))
        pull.update(merged=made, merged_at=self.now())
        issue["state"] = "closed"
        return made

    def upload_artifact(self, run: int, name: str, files: Mapping[str, bytes] | bytes) -> None:
        """Keep what a workflow's run uploaded: files, or the bytes of an archive that need not be one."""
        packed = io.BytesIO()
        if not isinstance(files, bytes):
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                for member, content in files.items():
                    archive.writestr(member, content)
        content, number = files if isinstance(files, bytes) else packed.getvalue(), self.number()
        document = {"id": number, "name": name, "size_in_bytes": len(content), "expired": False, "run": run}
        self.artifacts[number] = (document, content)

    # What goes wrong.

    def fail(self, refusal: Refusal | None, *, write: int = 0, read: int = 0, times: int = 1) -> None:
        """Answer the n-th write (or read) from now on so; None closes the connection without an answer."""
        place = ("write", self.writes + write) if write else ("read", self._reads + read)
        for step in range(times):
            self._faults.setdefault((place[0], place[1] + step), []).append(refusal)

    def stop_at(self, write: int, *, done: bool) -> None:
        """Let nothing through from the n-th write on, which itself is `done` and not answered, or is not done."""
        self._stop = (self.writes + write, done)

    def resume(self) -> None:
        """Let everything through again."""
        self._stop, self._stopped, self._faults = None, False, {}

    def admit(self, *, is_write: bool) -> Callable[[], None]:
        """Count a request and raise where it is to fail before it is done; what is returned raises after it."""
        self.writes, self._reads = self.writes + is_write, self._reads + (not is_write)
        if self._stopped or (self._stop and self.writes > self._stop[0] - (not self._stop[1])):
            self._stopped = True
            raise STOPPED
        place = ("write", self.writes) if is_write else ("read", self._reads)
        for fault in self._faults.pop(place, []):
            raise fault if fault is not None else ConnectionResetError

        def after() -> None:
            if is_write and self._stop and self.writes == self._stop[0]:
                self._stopped = True
                raise STOPPED

        return after


@dataclass
class FakeForge:
    """The server, with all its repositories."""

    folder: Path
    address: str = ""
    contract: Contract | None = None
    repositories: dict[str, FakeRepository] = field(default_factory=dict)
    breaches: list[str] = field(default_factory=list)  # what a client or this fake did against the contract
    seen_tokens: list[str] = field(default_factory=list)

    def create(
        self, name: str, *, source: Path | str | None = None, parent: FakeRepository | None = None
    ) -> FakeRepository:
        """Make a repository: empty, or with the branches and tags of another one."""
        path = self.folder / f"{name}.git"
        origin = parent.path if parent is not None else source
        clone = (
            ("git", "clone", "--quiet", "--bare", str(origin))
            if origin
            else ("git", "init", "-q", "--bare", "-b", "main")
        )
        subprocess.run((*clone, str(path)), check=True, capture_output=True)
        with (path / "config").open("a") as config:
            config.write(SETTINGS)
        self.repositories[name] = FakeRepository(self, name, path, parent)
        return self.repositories[name]


@contextmanager
def serve_forge(folder: Path, contract: Contract | None) -> Iterator[FakeForge]:
    """Serve a fake GitHub on this machine for as long as the context lasts."""
    forge = FakeForge(folder, contract=contract)

    class Handler(_Handler):
        server_forge = forge

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        forge.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield forge
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server_forge: FakeForge
    protocol_version = "HTTP/1.1"
    lock = threading.RLock()  # one request at a time, as two requests to one row of a database

    def log_message(self, *arguments: Any) -> None:
        """Keep the output of the tests free of requests."""

    def _handle(self) -> None:
        body = self._body()
        try:
            if match := _GIT.match(urlsplit(self.path).path):
                self._git(body, match["name"], match["rest"])
            else:
                with self.lock:
                    self._rest(body)
        except (ConnectionResetError, BrokenPipeError):
            self.close_connection = True

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _handle

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            chunks = []
            while size := int(self.rfile.readline(), 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _rest(self, body: bytes) -> None:
        from tests.scaffold.forge import deliveries, requests_and_issues, routing  # noqa: F401 - the first two add routes

        parts, forge = urlsplit(self.path), self.server_forge
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        authorization = self.headers.get("Authorization", "")
        forge.seen_tokens.append(authorization)
        match = re.match(r"/repos/([^/]+/[^/]+)", parts.path)
        repository = forge.repositories.get(match[1]) if match else next(iter(forge.repositories.values()), None)
        headers: Headers = {}
        try:
            if repository is None:
                raise Refusal(404, "Not Found")
            actor = repository.tokens.get(authorization.removeprefix("Bearer "), "")
            if authorization and not actor:
                raise Refusal(401, "Bad credentials")
            after = repository.admit(is_write=self.command != "GET")
            call = routing.Call(repository, actor, query, body, headers, host=forge.address)
            status, answer = routing.dispatch(self.command, parts.path, call)
            after()
            content = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
        except Refusal as refusal:
            status, headers = refusal.status, refusal.headers
            document = {"message": refusal.message, **({"errors": refusal.errors} if refusal.errors else {})}
            content = refusal.body if refusal.body is not None else json.dumps(document).encode()
        if repository is not None:
            repository.calls.append((self.command, unquote(parts.path), status))
        self._send(status, content, headers)

    def _git(self, body: bytes, name: str, rest: str) -> None:
        """Answer a clone, a fetch or a push through Git's own program."""
        parts = urlsplit(self.path)
        repository = self.server_forge.repositories.get(name)
        is_push = self.command == "POST" and parts.path.endswith("git-receive-pack")
        try:
            after = repository.admit(is_write=is_push) if repository is not None and is_push else lambda: None
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            done = subprocess.run(
                ("git", "http-backend"), input=body, capture_output=True, check=True,
                env={**os.environ, "GIT_PROJECT_ROOT": str(self.server_forge.folder), "GIT_HTTP_EXPORT_ALL": "1",
                     "PATH_INFO": f"/{name}.git/{rest}", "QUERY_STRING": parts.query, "REQUEST_METHOD": self.command,
                     "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
                     "REMOTE_USER": "somebody", "GIT_PROTOCOL": self.headers.get("Git-Protocol", "")},
            )  # fmt: skip
            after()
        except Refusal as refusal:
            self._send(refusal.status, refusal.message.encode(), {"Content-Type": "text/plain"})
            return
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self._send(int(headers.pop("Status", "200").split()[0]), content, headers)
