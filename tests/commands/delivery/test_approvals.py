"""What the message of a tag says of a change, as the audit shows it."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator
from tests.scaffold.registry import Scratch

from mintmark.core.events import Event
from mintmark.core.tags.message import Approved
from mintmark.publishing.release.remote import Remote
from mintmark.publishing.release.tagging import make_tags, read_merged
from mintmark.publishing.site.api.audit_parts import audit_parts
from mintmark.publishing.site.api.registry_documents import audit_document
from mintmark.publishing.site.pages.audit_page import audit_page
from mintmark.registry.past.approvals import Registration, approvals_of, read_told_tags, registration_of
from mintmark.registry.past.chronicle import read_chronicle
from mintmark.registry.schemas import load_schema

CONFIG: dict[str, Any] = {
    "repository": "https://github.com/acme/models",
    "channels": [{"name": "staging"}, {"name": "production"}],
    "documents": {"audit": "audit.json", "audit_table": "audit.csv", "feed": "feed.xml", "database": "registry.sqlite"},
}


def tag(scratch: Scratch, approved: Approved, subject: str) -> None:
    """Release with what a forge knows of one commit."""

    def known(event: Event) -> Approved:
        return approved if event.subject == subject else Approved()

    remote = Remote(root=scratch.root, name="origin")
    merged = read_merged(remote, "main", remote.list())
    assert list(make_tags(merged, [], known))


def audit(scratch: Scratch) -> dict[str, Any]:
    document = audit_document(read_chronicle(scratch.root, "HEAD"), approvals_of(read_told_tags(scratch.root)))
    assert list(Draft202012Validator(load_schema("api-audit")).iter_errors(audit_parts(document)["audit.json"])) == []
    return document


def test_the_audit_tells_who_approved_what(published: Scratch) -> None:
    known = Approved(
        pull_request=12,
        approvers=("ada", "grace"),
        approved_before=("linus",),
        review={"check": "gate", "conclusion": "success"},
    )
    tag(published, known, "Promote iris 1.1.0 to production")
    document = audit(published)
    told = {event["subject"]: event for event in document["events"]}
    event = told["Promote iris 1.1.0 to production"]
    assert event["pull_request"] == 12
    assert event["approval"] == {
        "approvers": ["ada", "grace"],
        "approved_before": ["linus"],
        "review": "success",
        "sentence": "approved by ada and grace (before its last commit: linus); review: success",
    }
    assert [subject for subject, event in told.items() if "approval" in event] == [event["subject"]]
    page = audit_page(CONFIG, document, ["iris"])
    assert page.count("approved by ada and grace (before its last commit: linus); review: success") == 1
    assert 'href="https://github.com/acme/models/pull/12"' in page


def test_without_tags_the_audit_says_nothing_of_approvals(published: Scratch) -> None:
    assert not any("approval" in event for event in audit(published)["events"])


def test_a_tag_is_believed_only_about_the_commit_that_it_is_on(published: Scratch) -> None:
    known = Approved(pull_request=12, approvers=("ada",), review={"conclusion": "success"})
    tag(published, known, "Propose wine 1.0.0")
    commit = published.git("rev-parse", "wine@v1.0.0^{commit}")
    message = published.git("tag", "--list", "--format=%(contents)", "wine@v1.0.0")

    def registration(*, alone: bool = True) -> Registration | None:
        tags = [one for one in read_told_tags(published.root) if one.tag.model == "wine"]
        return registration_of(tags, "1.0.0", commit, alone=alone)

    believed = Registration(tag="wine@v1.0.0", approved=known)
    assert registration() == believed
    published.git("tag", "--annotate", "--message", message, "wine@v1.0.0#8", "HEAD~1")
    assert registration() == believed, "one that fits goes first"
    again = ("tag", "--force", "--annotate", "wine@v1.0.0")
    published.git("tag", "--delete", "wine@v1.0.0#8")
    found = []
    for change in (
        (*again, "HEAD~1", "--message", message),
        (*again, commit, "--message", message.replace('"1.0.0"', '"1.0.1"')),
        (*again, commit, "--message", "x\n\n{broken"),
        ("tag", "--force", "wine@v1.0.0", commit),
    ):
        published.git(*change)
        told = registration()
        assert told is not None
        assert told.approved == Approved(), "nothing of it is believed"
        found.append(told.fault)
    assert [fault.split()[-3:] for fault in found] == [
        ["tells", "of", "another"],
        ["of", "something", "else"],
        ["mintmark", "release", "writes"],
        ["has", "no", "message"],
    ]
    published.git("tag", "--delete", "wine@v1.0.0")
    assert registration() is None


def test_a_message_that_anybody_wrote_harms_nothing(published: Scratch) -> None:
    known = Approved(approvers=("<script>alert(1)</script>", "a\nb\x1b[31m"), review={"conclusion": ["x"]})
    tag(published, known, "Propose wine 1.0.0")
    for name in ("iris@v9.9.9", "iris#production#99"):
        published.git("tag", "-a", "-m", "x\n\n" + "[" * 50_000, name, "HEAD")
    document = audit(published)
    (sentence,) = {event["approval"]["sentence"] for event in document["events"] if "approval" in event}
    assert sentence.isprintable()
    assert "<script>alert" not in audit_page(CONFIG, document, ["iris"])
