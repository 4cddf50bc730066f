"""The environment that every template of the site is rendered with."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError
from tests.publishing.site.samples.sample_versions import config, event

from mintmark.publishing.site.pages.templating import address, environment, shown, template


def filled(source: str, **values: object) -> str:
    return environment().from_string(f'{{% import "macros.html" as mm %}}{source}').render(**values)


def test_every_value_is_escaped_and_made_visible() -> None:
    assert filled('<p title="{{ x }}">{{ x }}</p>', x='"<b>\u202e\x02') == (
        '<p title="&#34;&lt;b&gt;\\u202e\\x02">&#34;&lt;b&gt;\\u202e\\x02</p>'
    )


def test_a_value_is_not_read_as_a_template() -> None:
    assert filled("{{ x }}", x="{{ 7*7 }}") == "{{ 7*7 }}"


def test_lines_stay_lines_and_typographic_spaces_are_spaces() -> None:
    assert shown("a\r\nb\n\tc\u00a0d\u2009e") == "a\nb\n\tc d e"
    assert shown("Größe") == "Größe"


def test_what_is_not_there_is_an_error_and_not_an_empty_place() -> None:
    with pytest.raises(UndefinedError):
        filled("{{ missing }}")
    with pytest.raises(ValueError, match="None"):
        filled("{{ x }}", x=None)


def test_days_carry_the_whole_moment_for_the_browser() -> None:
    assert filled("{{ t | day }}", t="2026-06-01T09:30:00Z") == (
        '<time datetime="2026-06-01T09:30:00Z" data-age>2026-06-01</time>'
    )
    assert filled("{{ t | day }}", t=None) == "–"
    assert "2026-06-01 09:30 UTC" in filled("{{ t | moment }}", t="2026-06-01T09:30:00Z")


def test_a_commit_and_its_pull_request_are_linked_where_the_repository_is_known() -> None:
    linked = filled("{{ mm.happened(e, c) }}", e=event(3), c=config())
    assert f'<a href="https://github.com/acme/models/commit/{"3" * 40}"><code>3333333</code></a>' in linked
    assert '<a href="https://github.com/acme/models/pull/43">#43</a>' in linked
    plain = filled("{{ mm.happened(e, c) }}", e=event(3), c=config(repository=None))
    assert "<code>3333333</code> (#43)" in plain
    assert "<a" not in plain
    nobody = dict.fromkeys(("commit", "by", "time", "subject", "pull_request"))
    assert filled("{{ mm.happened(e, c) }}", e=nobody, c=config()) == "not committed yet"


@pytest.mark.parametrize("text", ["javascript:alert(1)", 'https://a" onclick="x', "https://a b", "ftp://a", "", None])
def test_only_web_addresses_are_linked(text: str | None) -> None:
    assert address(text) == ""
    assert "<a" not in filled("{{ mm.happened(e, c) }}", e=event(3), c=config(repository=text))


def test_templates_are_compiled_once() -> None:
    assert template("macros.html") is template("macros.html")
