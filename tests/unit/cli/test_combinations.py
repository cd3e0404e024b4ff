"""Options that exclude or need each other: typed ones are refused, others are dropped."""

from typing import Any

import click
import pytest

from layerfork.cli.combinations import COMMAND, RULES, CheckedCommand, Needs, settle
from layerfork.cli.root import root
from layerfork.errors import UsageError


def settled(name: str, words: list[str], settings: dict[str, object]) -> dict[str, Any]:
    command = root.get_command(click.Context(root), name)
    assert isinstance(command, CheckedCommand)
    context = command.make_context(name, words, default_map=settings)
    settle(context, RULES[name])
    return context.params


@pytest.mark.parametrize("name", RULES)
def test_every_rule_names_parameters_of_its_command(name: str) -> None:
    command = root.get_command(click.Context(root), name)
    assert isinstance(command, CheckedCommand)
    known = {each.name for each in command.params} | {COMMAND}
    for rule in RULES[name]:
        named = (*rule.options, *rule.needed) if isinstance(rule, Needs) else (rule.option, *rule.others)
        assert known.issuperset(named)


def test_a_typed_option_drops_settings_that_it_excludes() -> None:
    params = settled("predict", ["--git", "a..b"], {"target": "x", "max_age": "7d"})
    assert (params["commits"], params["target"], params["max_age"]) == ("a..b", "", None)


def test_a_setting_is_dropped_where_it_excludes_what_is_typed() -> None:
    params = settled("pack", [".", "-o", "x.tar"], {"check": True})
    assert (params["check"], params["output"]) == (False, "x.tar")


def test_a_setting_without_what_it_needs_is_dropped() -> None:
    assert settled("pack", ["."], {"clients": ["docker-build"]})["clients"] == ()


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("run", ["--scenario", "x", "."], "--scenario cannot be combined with a PATH"),
        ("run", ["--plan", "--report", "json:x.json"], "--plan cannot be combined with --report"),
        ("run", ["--shard", "1/2"], "--shard needs --scenario"),
        ("pack", [".", "--client", "x"], "--client needs --check"),
        ("pack", [".", "--check", "-o", "x"], "--check cannot be combined with --output"),
    ],
)
def test_what_is_typed_is_refused(name: str, words: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        settled(name, words, {})
    assert caught.value.message == message
