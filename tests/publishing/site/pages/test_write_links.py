"""Links into GitHub's editor: where they lead, and what they would write."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import yaml

from mintmark.publishing.site.pages.write_links import (
    form_link,
    github_repository,
    new_model_link,
    promote_link,
    propose_link,
    rollback_link,
    withdraw_link,
    yank_link,
)
from mintmark.registry.past.history import channel_target
from mintmark.registry.schemas import accepts
from mintmark.registry.yaml.text import parse_yaml

FORMS = Path(__file__).parents[4] / ".github" / "ISSUE_TEMPLATE"
CONFIG = {"repository": "https://github.com/acme/models", "base_branch": "main"}


def query(url: str) -> dict[str, str]:
    return {key: value for key, (value,) in parse_qs(urlsplit(url).query, strict_parsing=True).items()}


def test_promoting_where_the_channel_has_a_file_opens_that_file_and_brings_the_line() -> None:
    link = promote_link(CONFIG, "iris", "production", "1.4.2", exists=True)
    assert link is not None
    assert link.url == "https://github.com/acme/models/edit/main/models/iris/channels/production.yaml"
    assert (link.label, link.text) == ("Promote 1.4.2 to production", "version: 1.4.2")
    assert link.file == "models/iris/channels/production.yaml"


def test_promoting_to_a_channel_without_a_file_fills_a_new_one_that_mintmark_reads() -> None:
    link = promote_link(CONFIG, "iris", "staging", "1.0.0-rc.1+build", exists=False)
    assert link is not None
    assert link.text is None
    assert link.url.startswith("https://github.com/acme/models/new/main?")
    assert query(link.url)["filename"] == "models/iris/channels/staging.yaml"
    content = query(link.url)["value"].encode()
    assert channel_target(content) == "1.0.0-rc.1+build"
    assert content.endswith(b"\n")


@pytest.mark.parametrize("version", ["1.0.0", "1.0.0-rc.1+build", "10.20.30-0"])
def test_the_line_is_a_channel_file_by_itself(version: str) -> None:
    link = rollback_link(CONFIG, "iris", "production", version)
    assert link is not None
    assert link.text is not None
    assert parse_yaml(link.text.encode()) == {"version": version}
    assert version in link.label
    assert "production" in link.label


def test_proposing_opens_the_form_with_the_model_in_its_field() -> None:
    link = propose_link(CONFIG, "iris")
    assert link is not None
    assert urlsplit(link.url).path == "/acme/models/issues/new"
    form = yaml.safe_load((FORMS / query(link.url)["template"]).read_text())
    fields = {field.get("id"): field["type"] for field in form["body"]}
    assert query(link.url)["model"] == "iris"
    assert fields["model"] == "input", "GitHub fills in fields of text only"


def test_the_form_is_one_that_github_accepts() -> None:
    form = yaml.safe_load((FORMS / "propose.yml").read_text())
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in fields} <= {"input", "textarea", "dropdown", "checkboxes"}
    for unique in ("id", "label"):
        values = [field.get(unique) or field["attributes"][unique] for field in fields]
        assert len(set(values)) == len(values)
    assert all(field["attributes"]["label"] for field in fields)


def test_what_a_registry_says_cannot_change_where_a_link_leads() -> None:
    config = {**CONFIG, "base_branch": "release/1.0?x=#y"}
    for model in ('iris"><script>', "a?b&value=c", "a#b", "ä b"):
        links = (
            promote_link(config, model, "production", "1.0.0", exists=True),
            promote_link(config, model, "production", "1.0.0", exists=False),
            propose_link(config, model),
            yank_link(config, model, "1.0.0"),
            withdraw_link(config, model, "1.0.0", None),
        )
        for link in links:
            assert link is not None
            parts = urlsplit(link.url)
            assert parts.netloc == "github.com"
            assert not parts.fragment
            assert link.url.isascii()
            assert not set(link.url) & set(" \"'<>")
            assert model in unquote(link.url)
            assert set(query(link.url) if parts.query else {}) <= {"filename", "value", "template", "model", "title"}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://github.com/acme/models", "https://github.com/acme/models"),
        ("https://github.com/acme/models.git", "https://github.com/acme/models"),
        ("https://github.com/acme/models/", "https://github.com/acme/models"),
        ("https://git.example.com:8443/acme/models", "https://git.example.com:8443/acme/models"),
        ("https://acme.ghe.com/acme/models", "https://acme.ghe.com/acme/models"),
        (None, None),
        ("", None),
        ("http://github.com/acme/models", None),
        ("javascript:alert(1)//github.com/acme/models", None),
        ("https://user:secret@github.com/acme/models", None),
        ("https://github.com/acme", None),
        ("https://github.com/acme/models/tree/main", None),
        ("https://github.com/acme/..", None),
        ('https://github.com/acme/mo"dels', None),
        ("https://gitlab.com/acme/models", None),
        ("https://bitbucket.org/acme/models", None),
    ],
)
def test_only_an_address_that_can_be_one_on_github_gives_links(address: str | None, expected: str | None) -> None:
    config: dict[str, Any] = {"repository": address, "base_branch": "main"}
    assert github_repository(config) == expected
    links = (
        promote_link(config, "iris", "staging", "1.0.0", exists=True),
        promote_link(config, "iris", "staging", "1.0.0", exists=False),
        rollback_link(config, "iris", "staging", "1.0.0"),
        propose_link(config, "iris"),
        new_model_link(config),
        yank_link(config, "iris", "1.0.0"),
        withdraw_link(config, "iris", "1.0.0", 3),
    )
    assert all((link is not None) == (expected is not None) for link in links)


def test_every_form_is_filled_in_as_its_fields_are_called() -> None:
    wanted = {
        "promote": {"model", "version", "channel"},
        "rollback": {"model", "version", "channel"},
        "yank": {"model", "version"},
    }
    for verb, names in wanted.items():
        link = form_link(CONFIG, verb, "Ask", **dict.fromkeys(names, "x"))  # type: ignore[arg-type]
        assert link is not None
        asked = query(link.url)
        form = yaml.safe_load((FORMS / asked.pop("template")).read_text())
        fields = {field.get("id"): field["type"] for field in form["body"]}
        assert asked.pop("title") == "Ask"
        assert asked.keys() == names
        assert {fields[name] for name in names} == {"input"}, "GitHub fills in fields of text only"


def test_a_yank_is_a_new_file_that_lacks_its_reason_alone() -> None:
    link = yank_link(CONFIG, "iris", "1.2.0")
    assert link is not None
    assert query(link.url)["filename"] == "models/iris/status/1.2.0.yaml"
    content = parse_yaml(query(link.url)["value"].encode())
    assert content == {"schema": 1, "state": "yanked", "reason": "WRITE WHY NOBODY SHOULD USE IT"}
    assert accepts("status", content)


def test_a_withdrawal_is_the_request_to_revert() -> None:
    for request, where in ((12, "/pull/12"), (None, "/tree/main/models/iris/versions/1.2.0")):
        link = withdraw_link(CONFIG, "iris", "1.2.0", request)
        assert link is not None
        assert link.url == f"https://github.com/acme/models{where}"
        assert (link.text == "git rm -r models/iris/versions/1.2.0") == (request is None)


def test_a_new_model_begins_with_a_file_that_the_schema_knows() -> None:
    link = new_model_link(CONFIG)
    assert link is not None
    assert query(link.url)["filename"] == "models/new-model/model.yaml"
    content = parse_yaml(query(link.url)["value"].encode())
    assert accepts("model", content)
