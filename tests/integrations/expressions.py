"""Expressions of GitHub Actions, as far as ``action.yml`` uses them: anything else is an error.

Source: docs.github.com, Evaluate expressions in workflows and actions (operators, falsy values, ``always``,
``cancelled``, ``success`` and ``failure``); what is in no context is the empty string.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|([A-Za-z_][\w-]*(?:\.[\w-]+)*)|(&&|\|\||==|!=|!|\(|\)))")
_EMBEDDED = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


def substitute(text: str, contexts: Mapping[str, Any]) -> str:
    """Text with every ``${{ }}`` replaced by its value."""
    return _EMBEDDED.sub(lambda found: _as_text(evaluate(found[1], contexts)), text)


def evaluate(expression: str, contexts: Mapping[str, Any]) -> Any:
    """The value of one expression; ``contexts`` also holds the status functions."""
    tokens = _tokens(expression)
    value = _either(tokens, contexts)
    assert not tokens, f"not understood: {tokens} of {expression}"
    return value


def holds(condition: str, contexts: Mapping[str, Any]) -> bool:
    """Whether a step with this ``if`` runs: without a status function, ``success()`` is asked as well."""
    expression = condition.strip().removeprefix("${{").removesuffix("}}")
    asks = re.search(r"\b(?:always|cancelled|success|failure)\(\)", expression)
    return bool((asks or contexts["success"]()) and evaluate(expression, contexts))


def _tokens(expression: str) -> list[str]:
    tokens, place = [], 0
    while expression[place:].strip():
        found = _TOKEN.match(expression, place)
        assert found, f"not understood: {expression[place:]}"
        tokens.append(found[0].strip())
        place = found.end()
    return tokens


def _either(tokens: list[str], contexts: Mapping[str, Any]) -> Any:
    value = _both(tokens, contexts)
    while tokens[:1] == ["||"]:
        del tokens[0]
        other = _both(tokens, contexts)
        value = value or other
    return value


def _both(tokens: list[str], contexts: Mapping[str, Any]) -> Any:
    value = _compared(tokens, contexts)
    while tokens[:1] == ["&&"]:
        del tokens[0]
        other = _compared(tokens, contexts)
        value = value and other
    return value


def _compared(tokens: list[str], contexts: Mapping[str, Any]) -> Any:
    value = _single(tokens, contexts)
    if tokens[:1] in (["=="], ["!="]):
        equal = tokens.pop(0) == "=="
        return (str(value).lower() == str(_single(tokens, contexts)).lower()) is equal
    return value


def _single(tokens: list[str], contexts: Mapping[str, Any]) -> Any:
    token = tokens.pop(0)
    if token == "!":
        return not _single(tokens, contexts)
    if token == "(":
        value = _either(tokens, contexts)
        assert tokens.pop(0) == ")"
        return value
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    if tokens[:2] == ["(", ")"]:
        del tokens[:2]
        function: Callable[[], bool] = contexts[token]
        return function()
    return _looked_up(token, contexts)


def _looked_up(name: str, contexts: Mapping[str, Any]) -> Any:
    first, *others = name.split(".")
    value: Any = contexts[first]  # an unknown context is a mistake in the action
    for each in others:
        value = value.get(each, "") if isinstance(value, Mapping) else ""
    return value


def _as_text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
