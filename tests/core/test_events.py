"""What the first line of a commit says of its pull request, and whom a page names."""

from __future__ import annotations

import pytest

from mintmark.core.events import parse_pull_request, person_name


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ("Merge pull request #12 from ada/propose-iris", 12),
        ("propose iris 1.1.0 (#7)", 7),
        ("propose iris 1.1.0 (#7) ", 7),
        ('Revert "propose iris 1.1.0 (#7)" (#9)', 9),
        ('Revert "propose iris 1.1.0 (#7)"', None),
        ("fix #12", None),
        ("propose iris (#0)", None),
        ("propose iris (#99999999999999)", None),
        ("", None),
    ],
)
def test_the_pull_request_of_a_commit(subject: str, number: int | None) -> None:
    assert parse_pull_request(subject) == number


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("Ada Lovelace <ada@example.org>", "Ada Lovelace"),
        ("Ada <x> <ada@example.org>", "Ada"),
        ("Ada", "Ada"),
        (" <ada@example.org>", "ada"),
        ("ada@example.org <ada@example.org>", "ada"),
        (" <>", "unknown"),
    ],
)
def test_pages_name_people_and_not_their_addresses(author: str, name: str) -> None:
    assert person_name(author) == name
    assert "@" not in person_name(author)
