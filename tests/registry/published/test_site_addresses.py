"""Which addresses are those of a site, and which texts of one are harmless."""

from __future__ import annotations

import json

import pytest

from mintmark.errors import UsageError
from mintmark.registry.published.site_documents import parse_site_address, parse_untrusted

ROOTS = {
    "https://acme.github.io/models/": "https://acme.github.io/models/",
    "https://acme.github.io/models": "https://acme.github.io/models/",
    "https://acme.github.io/models/api/v1/": "https://acme.github.io/models/",
    "https://acme.github.io/models/api/v1": "https://acme.github.io/models/",
    "https://acme.github.io/my-api/v1": "https://acme.github.io/my-api/v1/",
    "HTTPS://Acme.example": "https://acme.example/",
    "http://localhost:8000": "http://localhost:8000/",
    "http://[::1]:8000/x": "http://[::1]:8000/x/",
    "https://ada:p%40ss@acme.example/x/": "https://acme.example/x/",
    "https://acme.example/a b/é": "https://acme.example/a%20b/%C3%A9/",
}


@pytest.mark.parametrize(("text", "root"), ROOTS.items())
def test_the_root_of_a_site_is_found(text: str, root: str) -> None:
    assert parse_site_address(text).root == root


REFUSED = [
    "",
    "acme.github.io",
    "ssh://git@acme.example/x",
    "git@github.com:acme/models.git",
    "file:///srv/site",
    "https://",
    "https:///x",
    "https://acme.example/?a=1",
    "https://acme.example/#x",
    "https://acme.example:port/",
    "https://[::1/",
    "https://acme.example/\nHost: evil",
    "https://ada:sec/ret@acme.example/",
]


@pytest.mark.parametrize("text", REFUSED)
def test_other_addresses_are_refused_without_their_secrets(text: str) -> None:
    with pytest.raises(UsageError, match="is not the address of a site") as caught:
        parse_site_address(text)
    assert "sec" not in str(caught.value).partition(": is not")[0]


HARMFUL = {
    b'{"a": NaN}': "NaN",
    b'{"a": -Infinity}': "Infinity",
    b'{"a": 1e999}': "too large",
    b'{"a": 99999999999999999999999999}': "too large",
    b'{"a": ' + b"9" * 10000 + b"}": "too large",
    b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}": "too deep",
    b'{"a": ' + b"[" * 70 + b"]" * 70 + b"}": "too deep",
    b'{"a": ' + b'{"b":' * 70 + b"1" + b"}" * 70 + b"}": "too deep",
    b'{"a": "\\ud800"}': "UTF-8",
    b'{"a": "\xff"}': "UTF-8",
    b"[]": "no JSON object",
    b"": "no JSON",
    b'{"a": 1': "no JSON",
    b"<!doctype html>": "web page",
}


@pytest.mark.parametrize(("text", "words"), HARMFUL.items(), ids=lambda value: str(value)[:20])
def test_what_would_do_harm_is_refused(text: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_untrusted(text)


def test_what_does_none_is_read() -> None:
    value = {"a": [1, -2.5, "é\U0001f600", None, True, {"b": 2**53}], "c": json.loads("[" * 50 + "]" * 50)}
    assert parse_untrusted(json.dumps(value).encode()) == value
