"""Which part of a model card answers which point of the EU AI Act's Annex IV. Reads nothing.

Annex IV of Regulation (EU) 2024/1689 (OJ L, 2024/1689, 12.7.2024) lists what the technical documentation of Article
11(1) has to contain. The points are told in short; the law's own words: http://data.europa.eu/eli/reg/2024/1689/oj.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mintmark.publishing.card.blocks import link
from mintmark.publishing.markdown import table

if TYPE_CHECKING:
    from collections.abc import Collection

TITLE: Final = "EU AI Act, Annex IV"
_ABOUT: Final = """\
Annex IV of [Regulation (EU) 2024/1689](http://data.europa.eu/eli/reg/2024/1689/oj) lists what the technical \
documentation of a high-risk AI system has to contain (Article 11(1)). A model is a part of a system, and whether that \
is a high-risk one is for its provider to say. This table tells where each point is answered for the model, and what \
your organisation keeps elsewhere. It follows the text as published on 12 July 2024, which later acts may amend, and \
is no legal advice."""
_ELSEWHERE: Final = "Not here: your organisation keeps it."


@dataclass(frozen=True, slots=True)
class Point:
    """One point of Annex IV.

    `asks` is what it asks for, in short; `sections` the titles of the sections of a card that answer it for the model;
    `rest` what they leave open, for the organisation to keep. A `heading` only stands above its points.
    """

    number: str
    asks: str
    sections: tuple[str, ...] = ()
    rest: str = ""
    heading: bool = False


POINTS: Final = (
    Point("1", "A general description of the AI system", heading=True),
    Point(
        "1(a)",
        "intended purpose, name of the provider, version and its relation to earlier ones",
        ("Purpose", "Intended use", "Changes"),
        "the provider's name",
    ),
    Point("1(b)", "how it interacts with hardware, software and other AI systems that are not part of it"),
    Point(
        "1(c)",
        "versions of relevant software or firmware, and requirements on their updates",
        ("Environment",),
        "those of the system around the model",
    ),
    Point(
        "1(d)",
        "the forms in which it is placed on the market or put into service",
        ("How to get it",),
        "those of the system around the model",
    ),
    Point("1(e)", "the hardware on which it is intended to run", ("Cost",), "the hardware of your deployment"),
    Point("1(f)", "of a product that it is a component of: photographs or illustrations"),
    Point("1(g)", "a basic description of the user interface that the deployer is given"),
    Point(
        "1(h)",
        "instructions for use for the deployer",
        ("Intended use", "Out of scope", "How to get it", "Inputs and outputs"),
        "the instructions for the whole system (Article 13)",
    ),
    Point("2", "A detailed description of its elements and of the process of its development", heading=True),
    Point(
        "2(a)",
        "methods and steps of the development, with pre-trained systems and tools of third parties",
        ("How it was made", "Environment"),
    ),
    Point(
        "2(b)",
        "design specifications: general logic, key choices with their rationale, what it is to optimise, expected "
        "output, trade-offs",
        ("How it was made", "Metrics", "Inputs and outputs", "Limitations"),
        "rationale and trade-offs that are not told there",
    ),
    Point(
        "2(c)",
        "the system's architecture, and the computational resources of development, training, testing and validation",
        ("How it was made",),
        "the architecture around the model, and the resources that were used",
    ),
    Point(
        "2(d)",
        "data requirements: training methods, training data, its provenance and selection, labelling, cleaning",
        ("Data", "How it was made"),
        "how the data was obtained and labelled, where that is not told there",
    ),
    Point(
        "2(e)",
        "assessment of the human oversight that is needed (Article 14), and of what helps to interpret the output",
        ("Explanation",),
        "the assessment",
    ),
    Point(
        "2(f)",
        "changes determined in advance, and how the system stays in compliance",
        ("Gates",),
        "the changes that are planned",
    ),
    Point(
        "2(g)",
        "validation and testing: procedures, data, metrics of accuracy and robustness, potentially discriminatory "
        "impacts, test reports that are dated and signed",
        ("Data", "Metrics", "Slices", "Behaviour tests", "Gates"),
        "test reports with dates and signatures",
    ),
    Point("2(h)", "cybersecurity measures", ("How to get it",), "all measures but checked digests and safe formats"),
    Point(
        "3",
        "Monitoring, functioning and control: capabilities and limitations, accuracy for specific groups, foreseeable "
        "risks, human oversight, input data",
        ("Metrics", "Slices", "Limitations", "Ethics", "Out of scope", "Inputs and outputs", "Monitoring"),
        "human oversight (Article 14), and risks that are not told there",
    ),
    Point(
        "4",
        "Why the performance metrics are appropriate for this system",
        ("Metrics", "Ethics"),
        "reasons that are not told there",
    ),
    Point("5", "The risk management system (Article 9)"),
    Point("6", "Relevant changes through its lifecycle", ("Changes",), "changes of the system around the model"),
    Point("7", "The harmonised standards that were applied, or the solutions adopted instead"),
    Point("8", "A copy of the EU declaration of conformity (Article 47)"),
    Point(
        "9",
        "The system that evaluates performance after it is on the market (Article 72), with the monitoring plan",
        ("Monitoring",),
        "the plan and its results",
    ),
)


def annex_table(unwritten: Collection[str]) -> str:
    """Return the table; `unwritten` holds the titles of those sections of this card that nobody has written yet."""
    rows = [(_number(point), point.asks, _answer(point, unwritten)) for point in POINTS]
    return f"{_ABOUT}\n\n{table(('point', 'what it asks for, in short', 'where it is answered'), rows)}"


def _number(point: Point) -> str:
    return f"**{point.number}**" if point.number.isdigit() else point.number


def _answer(point: Point, unwritten: Collection[str]) -> str:
    if point.heading:
        return ""
    if not point.sections:
        return _ELSEWHERE
    links = ", ".join(f"{link(title)}{' (not written yet)' if title in unwritten else ''}" for title in point.sections)
    return f"{links}. Not here, your organisation keeps it: {point.rest}." if point.rest else f"{links}."
