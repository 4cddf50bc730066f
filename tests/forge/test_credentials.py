"""The token of a workflow goes with a push to the workflow's server, and to no other."""

from __future__ import annotations

import os
import subprocess

import pytest

from mintmark.forge.credentials import push_environment


def header(url: str) -> str:
    """What real Git would send along to an address."""
    done = subprocess.run(
        ("git", "config", "--get-urlmatch", "http.extraheader", url),
        env={**os.environ, **push_environment()}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip()


def test_the_token_goes_to_the_server_of_the_workflow_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_secret")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://forge.example")
    assert header("https://forge.example/acme/models") == "AUTHORIZATION: basic eC1hY2Nlc3MtdG9rZW46Z2hzX3NlY3JldA=="
    assert header("https://other.example/acme/models") == ""
    assert header("https://forge.example.evil.test/acme/models") == ""


def test_settings_that_are_there_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.name")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "Ada")
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_secret")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://forge.example")
    assert push_environment()["GIT_CONFIG_COUNT"] == "2"
    assert header("https://forge.example/acme/models").startswith("AUTHORIZATION: basic")


def test_a_laptop_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_SERVER_URL", raising=False)
    monkeypatch.setenv("GITHUB_TOKEN", "ghs_secret")
    assert push_environment() == {}
