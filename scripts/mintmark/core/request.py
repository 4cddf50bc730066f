"""What a person without a terminal asks for, read from an issue form or from the inputs of a workflow. Grants nothing.

GitHub writes a filled form as the body of an issue: a heading for each field, a blank line, and the answer. Anybody can
write such a body by hand, so it is read by a strict grammar: these headings in this order, one line for each answer,
and any number of lines for the last one only.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast, get_args

from mintmark.core.finding import shorten
from mintmark.core.reference import is_name
from mintmark.core.version import Bump, is_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Verb = Literal["propose", "promote", "rollback", "yank"]
VERBS: Final[tuple[Verb, ...]] = get_args(Verb)

LONGEST_TEXT: Final = 4_000
_LONGEST_LINE: Final = 200
_LONGEST_BODY: Final = 20_000
_NO_ANSWER: Final = ("", "_No response_", "None")
AUTOMATIC: Final = "as the changes ask for"  # the part of the number that grows
_BUMPS: Final = (*get_args(Bump), AUTOMATIC)
_YES_NO: Final = ("no", "yes")


class Field(NamedTuple):
    """One field of a form: its name in a request, its heading in an issue, and whether it must be filled in."""

    name: str
    heading: str
    required: bool = True


# The first heading of a form says which one it is. The last field of each may have many lines.
FORMS: Final[Mapping[Verb, tuple[Field, ...]]] = {
    "propose": (
        Field("model", "Model to propose"),
        Field("bump", "Part of the number that grows", required=False),
        Field("enter", "Point the first channel to it", required=False),
        Field("reason", "What is new", required=False),
    ),
    "promote": (
        Field("model", "Model to promote"),
        Field("version", "Version"),
        Field("channel", "Channel"),
        Field("reason", "Reason", required=False),
    ),
    "rollback": (
        Field("model", "Model to roll back"),
        Field("channel", "Channel", required=False),
        Field("version", "Version to go back to", required=False),
        Field("reason", "Reason"),
    ),
    "yank": (
        Field("model", "Model with the version"),
        Field("version", "Version to yank"),
        Field("replacement", "Version to use instead", required=False),
        Field("reason", "Reason"),
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What is asked for: names and numbers that keep to their grammar, and a reason in the words of who asks."""

    verb: Verb
    model: str
    version: str | None = None
    channel: str | None = None
    replacement: str | None = None
    bump: Bump | None = None
    enter: bool = False
    reason: str = ""


def parse_form(body: str) -> Request | None:
    """Return the request in the body of an issue, None where it is no form of ours.

    Raises `ValueError`, with a sentence for each fault, for a form that is not filled in as it should be.
    """
    text = body[: _LONGEST_BODY + 1].replace("\r\n", "\n").replace("\r", "\n")
    opening = text.partition("\n")[0].rstrip()
    verb = next((verb for verb, form in FORMS.items() if opening == f"### {form[0].heading}"), None)
    if verb is None:
        return None
    if len(text) > _LONGEST_BODY:
        raise ValueError(f"The form has more than {_LONGEST_BODY:,} characters.")
    return make_request(verb, _answers(text, FORMS[verb]))


def _answers(text: str, form: tuple[Field, ...]) -> dict[str, str]:
    answers = {}
    rest = text.removeprefix(f"### {form[0].heading}").lstrip(" ")
    for field, following in pairwise(form):
        answer, mark, rest = rest.partition(f"\n### {following.heading}\n")
        if not mark:
            raise ValueError(f'The heading "{following.heading}" is missing. Open the form again, and fill it in.')
        answers[field.name] = answer.strip()
    answers[form[-1].name] = rest.strip()
    return answers


def make_request(verb: Verb, answers: Mapping[str, str]) -> Request:
    """Return the request that answers make; raise `ValueError` with a sentence for each that cannot be meant."""
    given = {name: answer.strip() for name, answer in answers.items() if answer.strip() not in _NO_ANSWER}
    faults = list(_faults(FORMS[verb], given))
    if faults:
        raise ValueError(" ".join(faults))
    bump = given.get("bump")
    return Request(
        verb=verb,
        model=given["model"],
        version=given.get("version"),
        channel=given.get("channel"),
        replacement=given.get("replacement"),
        bump=None if bump == AUTOMATIC else cast("Bump | None", bump),
        enter=given.get("enter") == "yes",
        reason=given.get("reason", ""),
    )


def _faults(form: tuple[Field, ...], given: Mapping[str, str]) -> Iterator[str]:
    for field in form:
        answer = given.get(field.name)
        if answer is None:
            if field.required:
                yield f'"{field.heading}" is empty.'
        elif field.name == "reason":
            if len(answer) > LONGEST_TEXT:
                yield f'"{field.heading}" has more than {LONGEST_TEXT:,} characters.'
        elif "\n" in answer or len(answer) > _LONGEST_LINE:
            yield f'"{field.heading}" must be one line of at most {_LONGEST_LINE} characters.'
        elif not _ACCEPTED[field.name][0](answer):
            yield f'"{field.heading}" is "{shorten(answer, 40)}", and must be {_ACCEPTED[field.name][1]}.'


_A_NAME: Final = "a name of lower-case letters, digits and hyphens"
_A_VERSION: Final = "a version such as 1.4.2"
_ACCEPTED: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "model": (is_name, _A_NAME),
    "channel": (is_name, _A_NAME),
    "version": (is_version, _A_VERSION),
    "replacement": (is_version, _A_VERSION),
    "bump": (_BUMPS.__contains__, f"one of {', '.join(_BUMPS)}"),
    "enter": (_YES_NO.__contains__, "yes or no"),
}
