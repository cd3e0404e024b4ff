"""The README tells the truth about the command line."""

from pathlib import Path

from click.testing import CliRunner

from layerfork.cli.root import COMMANDS, root

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def test_every_command_has_help_that_teaches() -> None:
    for name in COMMANDS:
        result = CliRunner().invoke(root, [name, "--help"], prog_name="layerfork")
        assert result.exit_code == 0, name
        assert len(result.output.splitlines()) > 8, name


def test_every_link_of_the_docs_leads_somewhere() -> None:
    top = Path(__file__).parents[2]
    for page in [top / "README.md", top / "CONTRIBUTING.md", *sorted((top / "docs").rglob("*.md"))]:
        for part in page.read_text("utf-8").split("](")[1:]:
            target = part.partition(")")[0].partition("#")[0]
            if target and "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_it_opens_with_the_picture_for_light_and_dark() -> None:
    top = README.partition("\n\n`layerfork` ")[0]

    assert 'media="(prefers-color-scheme: dark)" srcset="docs/fork-graph-dark.svg"' in top
    assert 'src="docs/fork-graph-light.svg"' in top
    for theme in ("light", "dark"):
        assert (Path(__file__).parents[2] / "docs" / f"fork-graph-{theme}.svg").is_file()
