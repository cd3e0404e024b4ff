"""One relevant change of a key gives exactly one cause, proven; the text says it in one line."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from unit.diagnose.makers import (
    ENGINE,
    Cache,
    Line,
    build,
    context,
    digest,
    entry,
    entry_parts,
    from_line,
    part,
)

from layerfork.diagnose import JudgedBuild, explain_pair, list_fork_differences
from layerfork.record.answer import Cause, CauseStatus, MissKind
from layerfork.record.build import Builder
from layerfork.record.cachekey import CacheKey, KeyPart
from layerfork.record.context import EntryType
from layerfork.record.record import BuildRecord, ClientInfo, RecordedRequest, StepStatus, Vertex

PROVEN, SUSPECTED, UNEXPLAINED = CauseStatus.PROVEN, CauseStatus.SUSPECTED, CauseStatus.UNEXPLAINED
CLAIMED = CauseStatus.SUSPECTED
"""Keys made by hand come of no record, so nothing can be undone in one: claims stay unproven here."""


def lines(*parts: KeyPart, text: str = "COPY . /app", extra: Sequence[Line] = ()) -> tuple[Line, ...]:
    return (from_line(), Line(text="RUN prepare"), Line(text=text, parts=parts), *extra, Line(text="RUN end"))


def pair(
    writer: Sequence[Line], reader: Sequence[Line], **reader_options: object
) -> tuple[JudgedBuild, JudgedBuild]:
    cache = Cache()
    return build("writer", writer, cache), build("reader", reader, cache, **reader_options)  # type: ignore[arg-type]


def single_cause(writer: JudgedBuild, reader: JudgedBuild) -> Cause:
    (fork,) = explain_pair(writer, reader)
    (cause,) = fork.causes
    return cause


ENTRY_MUTATIONS = {
    "entry-name": ("./a.txt", "name of a.txt is `./a.txt` for reader, `a.txt` for writer"),
    "mode": ("0755", "mode of a.txt is 0755 for reader, 0644 for writer"),
    "uid": ("1000", "owner id of a.txt is 1000 for reader, 0 for writer"),
    "gid": ("1000", "group id of a.txt is 1000 for reader, 0 for writer"),
    "content": (digest("other"), "a.txt differs"),
    "entry-type": ("2", "a.txt is a symbolic link for reader, a file for writer"),
}


@pytest.mark.parametrize("code", ENTRY_MUTATIONS)
@pytest.mark.parametrize("builder", [Builder.CLASSIC, Builder.BUILDKIT])
def test_one_attribute_of_one_entry(code: str, builder: Builder) -> None:
    value, text = ENTRY_MUTATIONS[code]
    cache = Cache()
    changed = entry_parts("a.txt", **{code.replace("-", "_"): value})
    writer = build("writer", lines(*entry_parts("a.txt")), cache, builder=builder)
    reader = build("reader", lines(*changed), cache, builder=builder)

    (fork,) = explain_pair(writer, reader)

    (cause,) = fork.causes
    assert (cause.code, cause.status, cause.path, cause.more) == (code, CLAIMED, "a.txt", 0)
    assert cause.text == f"COPY . forked: {text}"
    assert (fork.step, fork.consequences, fork.miss_kind) == (3, (4,), MissKind.KEY_CHANGED)
    assert len(list_fork_differences(writer, reader, fork)) == 1


OTHER_MUTATIONS: dict[str, tuple[tuple[KeyPart, ...], tuple[KeyPart, ...], str]] = {
    "build-arg": (
        (part("build-arg", "1", "FOO"),),
        (part("build-arg", "2", "FOO"),),
        "build argument FOO is 2 for reader, 1 for writer",
    ),
    "env": (
        (part("env", "1", "LANG"),),
        (),
        "variable LANG is not set for reader, 1 for writer",
    ),
    "proxy": (
        (),
        (part("proxy", "|0", name="prefix"),),
        "reader passed a proxy setting, writer passed none (it marks every RUN with |0)",
    ),
    "network": (
        (part("network", "sandbox"),),
        (part("network", "host"),),
        "network is host for reader, sandbox for writer",
    ),
    "run-option": (
        (),
        (part("run-option", "x=1", "extra-host"),),
        "option run-option is x=1 for reader, not given for writer",
    ),
    "mount": (
        (part("mount", "id", "/cache"),),
        (part("mount", "", "/cache"),),
        "mount /cache is empty for reader, id for writer",
    ),
    "frontend": (
        (part("frontend", "1.4"),),
        (part("frontend", "1.7"),),
        "frontend is 1.7 for reader, 1.4 for writer",
    ),
    "remote-source": (
        (part("remote-source", "v1", "https://host/x"),),
        (part("remote-source", "v2", "https://host/x"),),
        "what https://host/x gave may have changed",
    ),
    "label": ((part("label", "a=1"),), (part("label", "a=2"),), "label is a=2 for reader, a=1 for writer"),
    "platform": (
        (part("platform", "linux/amd64"),),
        (part("platform", "linux/arm64"),),
        "platform is linux/arm64 for reader, linux/amd64 for writer",
    ),
    "engine-version": (
        (part("engine-version", "basename"),),
        (part("engine-version", "path"),),
        "the key has engine-version `path` on the engine of reader, `basename` on the engine of writer",
    ),
    "owner-name": (
        (part("owner-name", "root", "a"),),
        (part("owner-name", "", "a"),),
        "owner name of a is empty for reader, root for writer",
    ),
    "root-header": (
        (part("root-header", "none"),),
        (part("root-header", "0755"),),
        "header of the context's root is 0755 for reader, none for writer",
    ),
    "xattr": (
        (*entry_parts("a"), part("xattr", "00", "a", "user.x")),
        entry_parts("a"),
        "extended attribute user.x of a is none for reader, 0x00 for writer",
    ),
    "mode-type-bits": (
        (*entry_parts("a"), part("mode-type-bits", "0100000", "a", "mode")),
        entry_parts("a"),
        "mode of a has no type bits for reader, type bits 0100000 (a file) for writer",
    ),
    "link-target": (
        (*entry_parts("a", entry_type="2"), part("link-target", "/x", "a", "linkname")),
        (*entry_parts("a", entry_type="2"), part("link-target", "/y", "a", "linkname")),
        "target of the link a is `/y` for reader, `/x` for writer",
    ),
    "hardlink": (
        entry_parts("b"),
        (*entry_parts("b", entry_type="1"), part("hardlink", "a", "b", "linkname")),
        "b is a hard link for reader, a file for writer",
    ),
    "entry-extra": (entry_parts("a"), entry_parts("a") + entry_parts("b"), "only reader sent b"),
    "entry-missing": (
        entry_parts("a") + entry_parts("b"),
        entry_parts("a"),
        "only writer sent b",
    ),
    "directory-entry": (
        (*entry_parts("d/a"), part("directory-entry", "none", "d", "entry")),
        entry_parts("d/a") + entry_parts("d", entry_type="5"),
        "only reader sent an entry for the directory d",
    ),
    "dockerfile-in-context": (
        entry_parts("Dockerfile"),
        entry_parts("Dockerfile", content=digest("edited")),
        "Dockerfile is copied, and the two builds sent it differently",
    ),
}


@pytest.mark.parametrize("code", OTHER_MUTATIONS)
def test_one_other_part(code: str) -> None:
    mine, theirs, text = OTHER_MUTATIONS[code]

    cause = single_cause(*pair(lines(*mine), lines(*theirs)))

    assert (cause.code, cause.status) == (code, CLAIMED)
    assert cause.text == f"COPY . forked: {text}"
    assert cause.evidence
    assert cause.remedy


def test_the_base_image_forks_at_its_from_line() -> None:
    writer, reader = pair(lines(), (from_line(digest_of="newer"), *lines()[1:]))

    (fork,) = explain_pair(writer, reader)

    (cause,) = fork.causes
    assert (fork.step, fork.consequences) == (1, (2, 3, 4))
    assert (cause.code, cause.status) == ("base-image", CLAIMED)
    assert cause.reader == digest("newer")
    assert digest("newer").removeprefix("sha256:")[:12] in cause.text


def test_another_platform_explains_another_base() -> None:
    writer, reader = pair(
        lines(), (from_line(digest_of="arm"), *lines()[1:]), request=RecordedRequest(platform="linux/arm64")
    )

    cause = single_cause(writer, reader)

    assert (cause.code, cause.status, cause.reader) == ("platform", CLAIMED, "linux/arm64")


def test_a_variable_in_the_text_is_blamed_before_the_text() -> None:
    def expanded(value: str) -> tuple[Line, ...]:
        copied = Line(
            text="COPY $SRC /",
            parts=(part("instruction", f"COPY {value} /"), *entry_parts(value)),
            bare=True,
        )
        return (from_line(), Line(text="ARG SRC"), copied, Line(text="RUN end"))

    def with_origin(made: JudgedBuild, value: str) -> JudgedBuild:
        origin = KeyPart(cause="build-arg", path="SRC", field="value", value=value)
        steps = tuple(
            replace(step, key=replace(step.key, origins=(origin,))) if step.index == 3 else step
            for step in made.keys.steps
        )
        return replace(made, keys=replace(made.keys, steps=steps))

    writer, reader = pair(expanded("one"), expanded("two"))

    cause = single_cause(with_origin(writer, "one"), with_origin(reader, "two"))

    assert (cause.code, cause.status, cause.path) == ("build-arg", CLAIMED, "SRC")
    assert cause.text == "COPY $SRC forked: build argument SRC is two for reader, one for writer"


def test_a_changed_text_brings_its_other_sources_along() -> None:
    writer, reader = pair(
        lines(*entry_parts("one"), text="COPY one /"), lines(*entry_parts("two"), text="COPY two /")
    )

    cause = single_cause(writer, reader)

    assert (cause.code, cause.status) == ("instruction", CLAIMED)
    assert cause.text == "COPY two forked: this line is `COPY one /` for writer"


@pytest.mark.parametrize("position", [1, 2, 3])
def test_an_added_and_a_removed_step(position: int) -> None:
    shorter = list(lines())
    longer = [*shorter[:position], Line(text="RUN more"), *shorter[position:]]

    added = explain_pair(*pair(shorter, longer))
    removed = explain_pair(*pair(longer, shorter))

    assert [fork.step for fork in (*added, *removed)] == [position + 1, position + 1]
    assert [cause.code for fork in (*added, *removed) for cause in fork.causes] == ["instruction"] * 2
    assert {cause.status for fork in (*added, *removed) for cause in fork.causes} == {CLAIMED}
    assert added[0].causes[0].text == "RUN more forked: only reader has this line"
    assert "only writer has the line `RUN more` before it" in removed[0].causes[0].text
    assert added[0].consequences == tuple(range(position + 2, 6))


def test_a_moved_step() -> None:
    first, second = Line(text="RUN one"), Line(text="RUN two")
    writer, reader = pair(
        (from_line(), first, second, Line(text="RUN end")), (from_line(), second, first, Line(text="RUN end"))
    )

    (fork,) = explain_pair(writer, reader)

    assert [cause.code for cause in fork.causes] == ["instruction-order"]
    assert fork.step == 2


def test_a_wider_target() -> None:
    base = Line(text="RUN base")
    extra = (
        from_line(stage=1, stage_name="final"),
        Line(text="RUN final", stage=1, stage_name="final"),
        Line(text="RUN end", stage=1, stage_name="final"),
    )
    cache = Cache()
    writer = build("writer", (from_line(), base), cache, request=RecordedRequest(target="base"))
    reader = build("reader", (from_line(), base, *extra), cache)

    (fork,) = explain_pair(writer, reader)

    (cause,) = fork.causes
    assert (cause.code, cause.status, cause.writer) == ("target", CLAIMED, "base")
    assert (fork.step, fork.consequences) == (3, (4, 5))


def test_a_label_of_the_request_is_a_step_at_the_end() -> None:
    label = Line(text="LABEL a=b", line=0)
    writer, reader = pair(lines(), (*lines(), label), request=RecordedRequest(labels=(("a", "b"),)))

    cause = single_cause(writer, reader)

    assert (cause.code, cause.status) == ("label", PROVEN)
    assert cause.text == "LABEL a=b forked: only reader has this line"


def test_no_cache_is_proven_by_the_request() -> None:
    writer, reader = pair(lines(), lines(), request=RecordedRequest(no_cache=True))

    (fork,) = explain_pair(writer, reader)

    assert (fork.step, fork.consequences, fork.miss_kind) == (2, (3, 4), MissKind.CACHE_OFF)
    assert [(cause.code, cause.status) for cause in fork.causes] == [("cache-off", PROVEN)]


def test_without_a_cache_nothing_else_is_a_cause_and_all_seconds_are_its_own() -> None:
    argument = Line(text="RUN two", parts=(part("build-arg", "22", "SHA"),))
    writer, reader = pair(
        (from_line(), Line(text="RUN one"), argument, Line(text="RUN three")),
        (from_line(), Line(text="RUN one"), Line(text="RUN two"), Line(text="RUN three")),
        request=RecordedRequest(no_cache=True),
    )
    seconds = {2: 0.1, 3: 5.0, 4: 6.0}
    steps = tuple(replace(step, seconds=seconds.get(step.index)) for step in reader.record.steps)
    reader = with_record(reader, replace(reader.record, steps=steps))

    (fork,) = explain_pair(writer, reader)

    assert (fork.step, fork.consequences) == (2, (3, 4))
    assert fork.seconds_lost == pytest.approx(11.1)
    assert [(cause.code, cause.status) for cause in fork.causes] == [("cache-off", PROVEN)]
    assert any("SHA" in line and "cache was off" in line for line in fork.ruled_out)


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"instance": "engine-2"}, "builder-instance", PROVEN),
        ({"image_store": "containerd"}, "image-store", PROVEN),
        ({"instance": "", "version": "28.5.2"}, "engine-version", SUSPECTED),
    ],
)
def test_another_engine(change: dict[str, str], code: str, status: CauseStatus) -> None:
    writer = build("writer", lines())
    reader = build("reader", lines(), engine=replace(ENGINE, **change))  # type: ignore[arg-type]

    (fork,) = explain_pair(writer, reader)

    (cause,) = fork.causes
    assert (fork.step, fork.miss_kind, fork.consequences) == (1, MissKind.OTHER_BUILDER, (2, 3, 4))
    assert (cause.code, cause.status) == (code, status)


def test_two_engines_do_not_hide_what_would_fork_on_one() -> None:
    writer = build("writer", lines(*entry_parts("a")))
    reader = build(
        "reader", lines(*entry_parts("a", uid="1000")), engine=replace(ENGINE, instance="engine-2")
    )

    instance, owner = explain_pair(writer, reader)

    assert [cause.code for cause in instance.causes] == ["builder-instance"]
    assert (instance.step, instance.consequences) == (1, (2,))
    assert [(cause.code, cause.status) for cause in owner.causes] == [("uid", CLAIMED)]
    assert (owner.step, owner.consequences) == (3, (4,))


def gone(made: JudgedBuild, *steps: int) -> JudgedBuild:
    """The same build, with steps that were executed although their keys were stored."""
    return with_record(
        made,
        replace(
            made.record,
            steps=tuple(
                replace(step, status=StepStatus.MISS, identity=digest(f"again {step.index}"))
                if step.index in steps
                else step
                for step in made.record.steps
            ),
        ),
    )


def with_record(made: JudgedBuild, record: BuildRecord) -> JudgedBuild:
    return replace(made, record=record)


def test_a_result_that_is_gone_is_suspected() -> None:
    writer, reader = pair(lines(), lines())
    writer = replace(writer, control="")

    (fork,) = explain_pair(writer, gone(reader, 3, 4))

    assert (fork.step, fork.miss_kind, fork.consequences) == (3, MissKind.RECORD_GONE, (4,))
    assert [(cause.code, cause.status) for cause in fork.causes] == [("cache-record-gone", SUSPECTED)]


def test_an_empty_cache_is_suspected() -> None:
    writer, reader = pair(lines(), lines())
    writer = replace(writer, control="")

    (fork,) = explain_pair(writer, gone(reader, 2, 3, 4))

    assert [(cause.code, cause.status) for cause in fork.causes] == [("cache-empty", SUSPECTED)]


def test_a_miss_with_equal_keys_after_a_hit_control_is_unexplained() -> None:
    writer, reader = pair(lines(), lines())

    (fork,) = explain_pair(writer, gone(reader, 3, 4))

    (cause,) = fork.causes
    assert (cause.code, cause.status) == ("unexplained", UNEXPLAINED)
    assert cause.text == "COPY . forked: reader missed although its key equals writer's"
    assert any("record reader-2" in line for line in cause.evidence)


def test_a_cache_list_that_hides_local_results_is_suspected() -> None:
    writer, reader = pair(lines(), lines())
    reader = with_record(
        reader, replace(reader.record, request=RecordedRequest(cache_from=("other:latest",)))
    )

    cause = single_cause(writer, gone(reader, 2, 3, 4))

    assert (cause.code, cause.status) == ("cache-from", SUSPECTED)


@pytest.mark.parametrize(("error", "status"), [("not found", PROVEN), ("", SUSPECTED)])
def test_a_cache_that_was_not_imported(error: str, status: CauseStatus) -> None:
    request = RecordedRequest(cache_from=("type=registry,ref=host/cache",))
    writer = build("writer", lines(), builder=Builder.BUILDKIT)
    reader = build(
        "reader",
        lines(),
        builder=Builder.BUILDKIT,
        engine=replace(ENGINE, instance="engine-2"),
        request=request,
    )
    vertex = Vertex(digest=digest("v"), name="importing cache manifest from host/cache", error=error)
    reader = with_record(reader, replace(reader.record, vertices=(vertex,)))

    (fork,) = explain_pair(writer, reader)

    assert fork.miss_kind is MissKind.NOT_IMPORTED
    assert [(cause.code, cause.status) for cause in fork.causes] == [("cache-not-imported", status)]


def test_a_stage_without_cache() -> None:
    writer, reader = pair(
        (from_line(stage_name="app"), Line(text="RUN one", stage_name="app")),
        (from_line(stage_name="app"), Line(text="RUN one", stage_name="app")),
    )
    reader = with_record(reader, replace(reader.record, request=RecordedRequest(no_cache_stages=("app",))))

    (fork,) = explain_pair(writer, gone(reader, 2))

    assert fork.miss_kind is MissKind.CACHE_OFF
    assert [(cause.code, cause.status) for cause in fork.causes] == [("cache-off", PROVEN)]


@pytest.mark.parametrize(
    ("patterns", "left_out"),
    [
        (("node_modules",), True),
        (("node_*",), True),
        (("**/x",), True),
        (("*", "!a"), True),
        (("node_modules", "!node_modules/x"), False),
        (("*.log",), False),
        (("[",), False),
    ],
)
def test_ignore_patterns_of_one_side_explain_what_it_left_out(
    patterns: tuple[str, ...], left_out: bool
) -> None:
    sent = replace(context(entry("a")), excludes=patterns)
    both = context(entry("a"), entry("./node_modules/x"))
    cache = Cache()
    writer = build("writer", lines(*entry_parts("a"), *entry_parts("node_modules/x")), cache, sent=both)
    reader = build("reader", lines(*entry_parts("a")), cache, sent=sent)

    cause = single_cause(writer, reader)

    code = "ignore-rule" if left_out else "entry-missing"
    assert (cause.code, cause.status, cause.path) == (code, CLAIMED, "node_modules/x")
    assert cause.reader == (" ".join(patterns) if left_out else "absent")


def test_the_order_of_ignore_patterns_counts() -> None:
    cache = Cache()
    writer = build(
        "writer",
        lines(*entry_parts("a"), *entry_parts("d/x")),
        cache,
        sent=replace(context(entry("a"), entry("d/x")), excludes=("d", "!d/x")),
    )
    reader = build(
        "reader", lines(*entry_parts("a")), cache, sent=replace(context(entry("a")), excludes=("!d/x", "d"))
    )

    cause = single_cause(writer, reader)

    assert (cause.code, cause.status, cause.writer, cause.reader) == (
        "ignore-rule",
        CLAIMED,
        "d !d/x",
        "!d/x d",
    )


def test_a_client_version_is_a_hint_beside_the_cause() -> None:
    cache = Cache()
    old = (*entry_parts("a"), part("mode-type-bits", "0100000", "a", "mode"))
    writer = build("docker-build@20.10.24", lines(*old), cache, version="20.10.24")
    reader = build("docker-build", lines(*entry_parts("a")), cache, version="26.1.5")

    (fork,) = explain_pair(writer, reader)

    assert [(cause.code, cause.status) for cause in fork.causes] == [
        ("mode-type-bits", CLAIMED),
        ("client-version", SUSPECTED),
    ]


def calling_itself(made: JudgedBuild, agent: str) -> JudgedBuild:
    """The build, by a client that nobody chose and that says this of itself."""
    return replace(made, record=replace(made.record, client=ClientInfo(user_agent=agent)))


@pytest.mark.parametrize(
    ("agents", "hinted"),
    [
        (("Docker-Client/20.10.24 (linux)", "Docker-Client/26.1.5 (linux)"), True),
        (("Docker-Client/26.1.5 (linux)", "Docker-Client/26.1.5 (linux)"), False),
        (("docker-sdk-python/7.1.0", "Docker-Client/26.1.5 (linux)"), False),
        (("Go-http-client/1.1", "Go-http-client/2.0"), False),
        (("grpc-go/1.59.0", "grpc-go/1.70.0"), False),
        (("", ""), False),
    ],
)
def test_a_client_that_nobody_chose_has_the_version_that_it_says(
    agents: tuple[str, str], hinted: bool
) -> None:
    cache = Cache()
    old = (*entry_parts("a"), part("mode-type-bits", "0100000", "a", "mode"))
    writer = calling_itself(build("writer", lines(*old), cache), agents[0])
    reader = calling_itself(build("reader", lines(*entry_parts("a")), cache), agents[1])

    (fork,) = explain_pair(writer, reader)

    assert [cause.code for cause in fork.causes] == [
        "mode-type-bits",
        *(["client-version"] if hinted else []),
    ]


@pytest.mark.parametrize(
    ("mine", "theirs", "code", "text"),
    [
        (
            {"type": EntryType.FILE},
            {"type": EntryType.SYMLINK, "linkname": "a", "content": None},
            "entry-type",
            "d/l is a symbolic link to `a` for reader, a file for writer",
        ),
        (
            {"type": EntryType.SYMLINK, "linkname": "b", "content": None},
            {"type": EntryType.SYMLINK, "linkname": "a", "content": None},
            "link-target",
            "d/l is a symbolic link to `a` for reader, a symbolic link to `b` for writer",
        ),
    ],
)
def test_links_that_the_key_follows(
    mine: dict[str, object], theirs: dict[str, object], code: str, text: str
) -> None:
    both = (*entry_parts("d/a"), *entry_parts("d/b"))
    traces = {
        "a": (part("link-target", "2", "d/a", "times"),),
        "b": (part("link-target", "2", "d/b", "times"),),
        None: entry_parts("d/l"),
    }
    cache = Cache()

    def made(name: str, change: dict[str, object]) -> JudgedBuild:
        sent = context(entry("d/a"), entry("d/b"), entry("d/l", **change))  # type: ignore[arg-type]
        parts = traces[change.get("linkname")]  # type: ignore[index]
        return build(name, lines(*both, *parts), cache, sent=sent)

    cause = single_cause(made("writer", mine), made("reader", theirs))

    assert (cause.code, cause.status, cause.path) == (code, CLAIMED, "d/l")
    assert cause.text == f"COPY . forked: {text}"


def test_thousands_of_files_are_summed_up_and_listed_on_request() -> None:
    names = [f"src/f{number:04}" for number in range(3000)] + [f"docs/f{number}" for number in range(10)]
    writer, reader = pair(
        lines(*(each for name in names for each in entry_parts(name))),
        lines(*(each for name in names for each in entry_parts(name, uid="1000"))),
    )

    (fork,) = explain_pair(writer, reader)

    (cause,) = fork.causes
    assert (cause.code, cause.more, len(cause.evidence) < 40) == ("uid", 3009, True)
    assert cause.text.endswith("owner id of docs/f0 and 3,009 more files is 1000 for reader, 0 for writer")
    assert len(list_fork_differences(writer, reader, fork)) == 3010


def test_all_names_with_one_prefix_are_one_cause() -> None:
    names = [f"f{number}" for number in range(5)]
    writer, reader = pair(
        lines(*(each for name in names for each in entry_parts(name))),
        lines(*(each for name in names for each in entry_parts(name, entry_name=f"./{name}"))),
    )

    cause = single_cause(writer, reader)

    assert (cause.code, cause.more) == ("entry-name", 4)


def test_an_unknown_code_is_never_smoothed_over() -> None:
    writer, reader = pair(lines(part("new-thing", "1")), lines(part("new-thing", "2")))

    cause = single_cause(writer, reader)

    assert (cause.code, cause.status) == ("unexplained", UNEXPLAINED)
    assert "new-thing" in cause.text


Change = Callable[[JudgedBuild], JudgedBuild]


def forget_key(made: JudgedBuild) -> JudgedBuild:
    steps = tuple(replace(step, key=replace(step.key, unknown=("content of a",))) for step in made.keys.steps)
    return replace(made, keys=replace(made.keys, steps=steps))


def other_form(made: JudgedBuild) -> JudgedBuild:
    steps = tuple(replace(step, key=_wrong_form(step.key)) for step in made.keys.steps)
    return replace(made, keys=replace(made.keys, steps=steps))


def _wrong_form(key: CacheKey) -> CacheKey:
    return replace(key, engine_form="something else") if key.engine_form else key


def forget_history(made: JudgedBuild) -> JudgedBuild:
    steps = tuple(replace(step, created_by="") for step in made.record.steps)
    return with_record(made, replace(made.record, steps=steps))


@pytest.mark.parametrize(
    ("change", "causes", "status"),
    [
        (forget_key, {"uid": "1000"}, SUSPECTED),
        (other_form, {"uid": "1000"}, UNEXPLAINED),
        (forget_history, {"uid": "1000"}, CLAIMED),
        (forget_history, {"uid": "1000", "gid": "1000"}, SUSPECTED),
    ],
)
def test_what_a_proof_needs(change: Change, causes: dict[str, str], status: CauseStatus) -> None:
    writer, reader = pair(lines(*entry_parts("a")), lines(*entry_parts("a", **causes)))

    (fork,) = explain_pair(writer, change(reader))

    assert {cause.code for cause in fork.causes} == set(causes)
    assert {cause.status for cause in fork.causes} == {status}


def test_hits_and_misses_confirm_nothing_when_the_cache_was_warm_elsewhere() -> None:
    cache = Cache()
    writer = build("writer", lines(*entry_parts("a")), cache, builder=Builder.BUILDKIT)
    build("reader", lines(*entry_parts("a", uid="1000")), cache, builder=Builder.BUILDKIT)
    again = build("reader", lines(*entry_parts("a", uid="1000")), cache, builder=Builder.BUILDKIT)

    (fork,) = explain_pair(writer, again)

    assert [(cause.code, cause.status) for cause in fork.causes] == [("uid", SUSPECTED)]
    assert fork.seconds_lost == 0.0


def test_another_source_of_a_single_copy_is_the_instruction() -> None:
    def made(source: str) -> tuple[Line, ...]:
        key = (part("instruction", "COPY file:… in /q "), *entry_parts(source))
        return (from_line(), Line(text=f"COPY {source} /q", parts=key, bare=True), Line(text="RUN end"))

    cause = single_cause(*pair(made("a"), made("b")))

    assert (cause.code, cause.status) == ("instruction", CLAIMED)
    assert cause.text == "COPY b forked: this line is `COPY a /q` for writer"


def test_a_harmless_spelling_of_a_source_does_not_hide_a_file() -> None:
    writer, reader = pair(
        lines(*entry_parts("d/a"), text="COPY d /x"),
        lines(*entry_parts("d/a"), *entry_parts("d/b"), text="COPY ./d /x"),
    )
    same_text = part("instruction", "COPY dir:… in /x ")
    steps = [
        tuple(
            replace(step, key=replace(step.key, parts=(same_text, *step.key.parts[1:])))
            if step.index == 3
            else step
            for step in made.keys.steps
        )
        for made in (writer, reader)
    ]
    writer, reader = (
        forget_history(replace(made, keys=replace(made.keys, steps=own)))
        for made, own in zip((writer, reader), steps, strict=True)
    )

    cause = single_cause(writer, reader)

    assert (cause.code, cause.path) == ("entry-extra", "d/b")


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (entry_parts("a"), entry_parts("a", uid="1")),
        ((part("env", "1", "A"),), (part("env", "2", "A"),)),
    ],
)
def test_a_first_step_with_another_key_had_to_miss_whatever_the_cache_held(
    mine: tuple[KeyPart, ...], theirs: tuple[KeyPart, ...]
) -> None:
    cache = Cache()
    writer, reader = (
        build(name, (from_line(), Line(text="ADD a /", parts=parts)), cache, builder=Builder.BUILDKIT)
        for name, parts in (("writer", mine), ("reader", theirs))
    )

    assert single_cause(writer, reader).status is CLAIMED
