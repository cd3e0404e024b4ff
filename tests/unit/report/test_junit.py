"""JUnit XML: which tests fail, which are skipped, and what they say."""

from dataclasses import replace
from xml.etree import ElementTree

from browser.hostile import hostile
from golden.cases import FORKED, TROUBLE
from golden.recorded import compared, filed
from junitparser import JUnitXml

from layerfork.report.formats import JUNIT
from layerfork.report.rendering import Look


def states(text: str) -> dict[str, str]:
    """Test to what became of it."""
    root = ElementTree.fromstring(text)
    return {
        str(case.get("name")): next((child.tag for child in case), "passed") for case in root.iter("testcase")
    }


def test_clients_that_left_a_cache_fail() -> None:
    assert states(JUNIT.render("runs", filed("seed-default"), Look())) == {
        "docker_py-context-build": "passed",
        "docker_py-build": "failure",
        "docker-compose-build": "failure",
        "docker-context-build": "failure",
        "docker-build": "failure",
    }


def test_every_fork_of_a_client_is_told() -> None:
    """One for each stage or platform that left the cache."""
    (fork,) = FORKED.judgement.forks
    judgement = replace(FORKED.judgement, forks=(fork, replace(fork, step=4, instruction="RUN  du -s /")))
    text = JUNIT.render("runs", [replace(FORKED, judgement=judgement, answers=())], Look())

    (failure,) = ElementTree.fromstring(text).iter("failure")
    assert failure.get("message") == "step 3  COPY important.txt /  missed; step 4  RUN  du -s /  missed"
    assert str(failure.text).count("did not reuse what tar-client had stored") == 2


def test_what_could_not_be_asked_is_skipped_and_what_broke_is_an_error() -> None:
    found = states(JUNIT.render("runs", [TROUBLE], Look()))

    assert found["broken-client"] == "error"
    assert found["other-client"] == "skipped"
    assert found["the engine ended while broken-client was building"] == "error"


def test_the_step_that_forked_fails() -> None:
    text = JUNIT.render("diffs", compared("seed-buildkit"), Look())

    assert [name for name, state in states(text).items() if state != "passed"] == ["3 COPY important.txt /"]
    (failure,) = ElementTree.fromstring(text).iter("failure")
    assert failure.get("type") == "content"
    assert "missed: important.txt" in str(failure.get("message"))
    assert "fix: " in str(failure.text)


def test_it_is_counted_and_read_back() -> None:
    document = JUnitXml.fromstring(JUNIT.render("runs", filed("seed-engines"), Look()).encode())

    assert (document.tests, document.failures, document.errors, document.skipped) == (100, 54, 0, 22)
    assert len(list(document)) == 2


def test_hostile_reports_are_xml() -> None:
    for kind, reports in (("runs", [*filed("seed-default"), TROUBLE]), ("diffs", compared("seed-buildkit"))):
        root = ElementTree.fromstring(JUNIT.render(kind, [hostile(each) for each in reports], Look()))  # type: ignore[arg-type]
        assert root.tag == "testsuites"
