"""What clients sent differently, and who sent it."""

from dataclasses import replace

from golden.recorded import filed

from layerfork.record.run import RunReport
from layerfork.report.views.overview import overviews
from layerfork.report.views.sentvalues import SentField, sent_fields


def fields_of(*reports: RunReport) -> dict[tuple[str, str], SentField]:
    (overview,) = overviews(reports)
    return {(path, each.field): each for each in sent_fields(overview) for path in each.paths}


def test_the_name_that_forks_comes_first_with_its_code() -> None:
    (overview,) = overviews(filed("seed-default"))
    first = sent_fields(overview)[0]

    assert (first.paths, first.field, first.causes) == (("important.txt",), "name", ("entry-name",))
    assert dict(first.values)["./important.txt"][0] == "docker_py-context-build"
    assert "docker_py-build" in dict(first.values)["important.txt"]


def test_what_everybody_sent_alike_is_not_there() -> None:
    assert ("important.txt", "content") not in fields_of(*filed("seed-default"))


def test_a_client_that_does_the_same_on_all_engines_is_named_without_them() -> None:
    mode = fields_of(*filed("seed-engines"))["important.txt", "mode"]
    assert dict(mode.values)["0100644"][0] == "on 20.10.24: docker-build"
    name = fields_of(*filed("seed-engines"))["important.txt", "name"]
    assert "docker_py-context-build@1.6-7.2" in dict(name.values)["./important.txt"]


def test_the_many_are_counted_and_come_last() -> None:
    name = fields_of(*filed("seed-engines"))["important.txt", "name"]

    assert name.values[-1][0] == "important.txt"
    assert name.values[-1][1][0].startswith("all others (")


def test_an_entry_that_some_did_not_send_is_a_difference() -> None:
    (report,) = filed("seed-default")
    build = report.builds[0]
    assert build.record is not None
    assert build.record.context is not None
    less = replace(build.record.context, entries=build.record.context.entries[:1])
    builds = (replace(build, record=replace(build.record, context=less)), *report.builds[1:])

    entry = fields_of(replace(report, builds=builds))["important.txt", "entry"]
    assert dict(entry.values)["not sent"] == ("docker_py-context-build",)
