"""A parser of arguments that says what a mistyped command or choice was meant to be. Knows no command."""

from __future__ import annotations

import argparse

from mintmark.core.words.meant import did_you_mean


class SuggestingParser(argparse.ArgumentParser):
    """Explains an unknown word in one sentence; the parsers of its commands do the same."""

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is None or value in action.choices:
            return
        is_command = isinstance(action, argparse._SubParsersAction)
        fault = _command_fault if is_command else _choice_fault
        message = fault(str(value), [str(choice) for choice in action.choices])
        raise argparse.ArgumentError(action if action.option_strings else None, message)


def _command_fault(word: str, commands: list[str]) -> str:
    remedy = did_you_mean(word, commands) or f"the commands are {', '.join(commands)}"
    return f'"{word}" is not a command; {remedy}'


def _choice_fault(word: str, choices: list[str]) -> str:
    fault = f'"{word}" is not one of {", ".join(choices)}'
    meant = did_you_mean(word, choices)
    return f"{fault}; {meant}" if meant else fault
