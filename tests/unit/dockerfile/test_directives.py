"""Parser directives, and the frontend that a definition asks for."""

import pytest

from layerfork.dockerfile import find_syntax


@pytest.mark.parametrize(
    ("text", "syntax"),
    [
        ("# syntax=docker/dockerfile:1\nFROM a\n", "docker/dockerfile:1"),
        ("#syntax = docker/dockerfile:1 some args \r\nFROM a\n", "docker/dockerfile:1"),
        ("\ufeff# Syntax=x\nFROM a\n", "x"),
        ("#!/usr/bin/env frontend\n# syntax=x\n", "x"),
        ("# escape=`\n# syntax=x\n# syntax=y\n", "x"),
        ("# escape=`\n# escape=`\n# syntax=x\n", ""),
        ("# a comment\n# syntax=x\n", ""),
        (" # syntax=x\n", ""),
        ("\n# syntax=x\n", ""),
        ("// syntax=x\nlanguage of its own\n", "x"),
        ('{"syntax": "x y", "more": 1}', "x"),
        ('{"syntax": 1}', ""),
        ('["syntax"]', ""),
        ("[" * 100_000, ""),
        ("FROM a\n", ""),
        ("", ""),
    ],
)
def test_the_frontend_that_a_definition_asks_for(text: str, syntax: str) -> None:
    assert find_syntax(text) == syntax
