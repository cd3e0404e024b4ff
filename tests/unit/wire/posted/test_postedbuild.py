"""Posted builds made up here: parameters, answers and faults that no transcript has."""

import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerfork.record.build import Builder
from layerfork.record.context import ContentSource, Transport
from layerfork.record.record import BuildOutcome, StepStatus
from layerfork.wire.http.http1 import Http1Tap, RequestHead
from layerfork.wire.posted import ClassicParts, ClassicWatcher, PostedBuild, read_posted_build
from layerfork.wire.posted.answerbody import MAX_LINE_BYTES
from layerfork.wire.redact import Redactor

ID = ["0123456789ab", "123456789abc", "23456789abcd"]
FULL = "23456789abcd" + "e" * 52


def ticks() -> Iterator[float]:
    now = 100.0
    while True:
        now += 0.5
        yield now


class Bench:
    """A watcher with one build under way."""

    def __init__(self, path: str = "/v1.45/build", /, **query: str | list[str]) -> None:
        clock = ticks()
        self.watcher = ClassicWatcher(clock=lambda: next(clock))
        self.query = urlencode(query, doseq=True)
        exchange = self.watcher.open_exchange(
            RequestHead(method="POST", path=path, query=self.query, headers=(("User-Agent", "test/1"),))
        )
        assert isinstance(exchange, PostedBuild)
        self.build = exchange

    def send(self, body: bytes) -> "Bench":
        self.build.request_data(memoryview(body))
        self.build.request_done(whole=True)
        return self

    def answer(
        self, *messages: dict[str, object] | str, status: int = 200, server: str = "Docker/26.1.5 (linux)"
    ) -> ClassicParts:
        """Texts are streamed as the builder does it: the line end comes separately after a step."""
        self.build.answered(status, (("Content-Type", "application/json"), ("Server", server)))
        for message in messages:
            each = {"stream": message} if isinstance(message, str) else message
            self.build.answer_data(memoryview(json.dumps(each).encode() + b"\r\n"))
        self.build.answer_done()
        return self.read()

    def read(self) -> ClassicParts:
        [build] = self.watcher.close()
        return read_posted_build(build, Redactor(b"key"))


def tar(**files: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return file.getvalue()


def test_every_parameter_has_its_place() -> None:
    bench = Bench(
        dockerfile="sub/Dockerfile.dev",
        t=["a:1", "b:2"],
        buildargs=json.dumps({"Z": "1", "A": "x", "PASSWORD": "hunter22", "UNSET": None}),
        labels='{"l": "v"}',
        target="final",
        platform="linux/arm64",
        networkmode="host",
        nocache="1",
        pull="true",
        cachefrom='["base:1", "base:2"]',
        rm="1",
        version="1",
        memory="0",
    )
    request = bench.send(tar(**{"sub/Dockerfile.dev": "FROM x"})).answer().request
    assert request.dockerfile_name == "sub/Dockerfile.dev"
    assert request.dockerfile == "FROM x"
    assert request.tags == ("a:1", "b:2")
    assert request.build_args[0] == ("A", "x")
    assert request.build_args[1][1].startswith("hidden:")
    assert [name for name, _ in request.build_args] == ["A", "PASSWORD", "Z"]
    assert request.labels == (("l", "v"),)
    assert (request.target, request.platform, request.network) == ("final", "linux/arm64", "host")
    assert (request.no_cache, request.pull) == (True, True)
    assert request.cache_from == ("base:1", "base:2")
    assert request.options == (
        ("buildargs without value", "UNSET"),
        ("memory", "0"),
        ("rm", "1"),
        ("version", "1"),
    )


@pytest.mark.parametrize(
    ("server", "excludes"),
    [
        ("Docker/26.1.5 (linux)", ("general",)),
        ("Libpod/5.4.2 (linux)", (" /general/ ",)),
        ("Libpod/4.3.1 (linux)", ("own",)),
        ("Libpod/3.0.1 (linux)", (" /general/ ",)),
    ],
)
def test_patterns_are_those_of_the_file_that_counts(server: str, excludes: tuple[str, ...]) -> None:
    """Of two ignore files in a posted tar, as each engine was measured to choose; its lines as read there."""
    body = tar(**{".dockerignore": "# note\n /general/ \n", "f/Dockerfile.dockerignore": "own\n"})
    context = Bench(dockerfile="f/Dockerfile").send(body).answer(server=server).context
    assert context is not None
    assert context.excludes == excludes


@pytest.mark.parametrize(("value", "expected"), [("", False), ("0", False), ("False", False), ("1", True)])
def test_truth_as_docker_reads_it(value: str, expected: bool) -> None:
    assert Bench(nocache=value).send(b"").answer().request.no_cache is expected


@pytest.mark.parametrize("text", ["not json", "[1]", "3", ""])
def test_parameters_that_are_no_json(text: str) -> None:
    request = Bench(buildargs=text, labels=text, cachefrom="plain:1").send(b"").answer().request
    assert (request.build_args, request.labels) == ((), ())
    assert request.cache_from == ("plain:1",)


def test_a_list_that_is_none_names_nothing() -> None:
    """What compose 2.26 sends with every build of the classic builder."""
    assert Bench(cachefrom="null").send(b"").answer().request.cache_from == ()


def test_credentials_in_headers_are_dropped() -> None:
    watcher = ClassicWatcher()
    tap = Http1Tap(watcher.open_exchange, lambda _path, _headers: None)
    secrets = ["X-Registry-Config", "X-Registry-Auth", "Authorization", "Cookie", "X-My-Own"]
    head = "".join(f"{name}: planted\r\n" for name in secrets)
    tap.client_sent(f"POST /build HTTP/1.1\r\n{head}Content-Type: application/tar\r\n\r\n".encode())
    tap.engine_sent(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    [build] = watcher.finished()
    assert read_posted_build(build, Redactor(b"")).request.headers == (("Content-Type", "application/tar"),)
    assert watcher.finished() == []


def test_a_remote_context_without_its_credentials() -> None:
    context = Bench(remote="https://bob:planted@example.org/x.git#main:sub").send(b"").answer().context
    assert context is not None
    assert (context.transport, context.entries) == (Transport.REMOTE, ())
    assert context.remote.endswith("@example.org/x.git#main:sub")
    assert "planted" not in context.remote


@pytest.mark.parametrize(
    ("method", "path", "is_build"),
    [
        ("POST", "/build", True),
        ("POST", "/v1.24/build", True),
        ("POST", "/v5.4.2/libpod/build", True),
        ("GET", "/v1.24/build", False),
        ("POST", "/v1.24/build/prune", False),
        ("POST", "/v1.24/images/create", False),
    ],
)
def test_which_requests_are_builds(method: str, path: str, is_build: bool) -> None:
    request = RequestHead(method=method, path=path, query="", headers=())
    assert (ClassicWatcher().open_exchange(request) is not None) is is_build


def ran(container: str, *output: str) -> list[str]:
    return [
        f" ---> Running in {container}\n",
        *output,
        f" ---> Removed intermediate container {container}\n",
    ]


def test_steps_stages_times_and_ids() -> None:
    parts = (
        Bench(rm="1")
        .send(b"")
        .answer(
            "Step 1/6 : ARG BASE=x",
            "\n",
            "Step 2/6 : FROM --platform=linux/amd64 ${BASE} AS one",
            "\n",
            " ---> 0123456789ab\n",
            "Step 3/6 : RUN a",
            "\n",
            " ---> Using cache\n",
            " ---> 123456789abc\n",
            "Step 4/6 : FROM scratch",
            "\n",
            " ---> \n",
            "Step 5/6 : copy --from=one / /",
            "\n",
            " ---> 123456789abc\n",
            "Step 6/6 : RUN b",
            "\n",
            *ran("c1", "output\n"),
            " ---> 23456789abcd\n",
            {"aux": {"ID": "sha256:" + FULL}},
            "Successfully built 23456789abcd\n",
            "Successfully tagged x:latest\n",
        )
    )
    hit, miss = StepStatus.HIT, StepStatus.MISS
    assert [(s.stage, s.stage_name, s.status, s.identity) for s in parts.steps] == [
        (0, "", hit, ""),
        (0, "one", hit, ID[0]),
        (0, "one", hit, ID[1]),
        (1, "", hit, ""),
        (1, "", miss, ID[1]),
        (1, "", miss, "sha256:" + FULL),
    ]
    assert parts.steps[1].instruction == "FROM --platform=linux/amd64 ${BASE} AS one"
    assert parts.result.image_id == "sha256:" + FULL
    starts = [step.started_s for step in parts.steps]
    assert starts == sorted(starts, key=lambda start: start or 0)
    assert all(step.seconds for step in parts.steps)
    assert parts.gaps == ()


def test_what_a_command_prints_is_no_step() -> None:
    fakes = (
        "Step 3/3 : RUN fake\n",
        " ---> Using cache\n",
        " ---> ffffffffffff\n",
        "Step 3/3 : RUN fake\n",
        " ---> Removed intermediate container ffff\n",
        "Successfully built ffffffffffff\n",
        "sha256:" + "f" * 64 + " is not alone\n",
    )
    parts = (
        Bench(rm="1")
        .send(b"")
        .answer(
            "Step 1/3 : FROM x",
            " ---> 0123456789ab\n",
            "Step 2/3 : RUN real",
            *ran("c1", *fakes),
            " ---> 123456789abc\n",
            "Step 3/3 : RUN end",
            " ---> Using cache\n",
            " ---> 23456789abcd\n",
            "Successfully built 23456789abcd\n",
        )
    )
    assert [(s.instruction, s.identity) for s in parts.steps] == [
        ("FROM x", ID[0]),
        ("RUN real", ID[1]),
        ("RUN end", ID[2]),
    ]
    assert [s.status for s in parts.steps] == [StepStatus.HIT, StepStatus.MISS, StepStatus.HIT]
    assert parts.result.image_id == ID[2]


def test_without_rm_the_image_id_ends_the_command() -> None:
    parts = (
        Bench()
        .send(b"")
        .answer(
            "Step 1/2 : FROM x",
            " ---> 0123456789ab\n",
            "Step 2/2 : RUN a",
            " ---> Running in c1\n",
            "Step 3/2 : no\n",
            " ---> 123456789abc\n",
            "Successfully built 123456789abc\n",
        )
    )
    assert [s.identity for s in parts.steps] == ID[:2]
    assert parts.result.outcome is BuildOutcome.SUCCEEDED


def test_podman_with_two_stages() -> None:
    bench = Bench("/v5.4.2/libpod/build")
    parts = bench.send(b"").answer(
        "[1/2] STEP 1/2: FROM x AS one\n",
        "[1/2] STEP 2/2: RUN a\n",
        "--> Using cache " + FULL + "\n",
        "--> 23456789abcd\n",
        "[2/2] STEP 1/2: FROM y\n",
        "[2/2] STEP 2/2: COPY --from=one /a /b\n",
        "[2/2] COMMIT x\n",
        "--> 0123456789ab\n",
        "Successfully tagged localhost/x:latest\n",
        "0123456789ab" + "0" * 52 + "\n",
        "Successfully built 0123456789ab\n",
    )
    assert parts.builder is Builder.BUILDAH
    assert [(s.stage, s.stage_name, s.status.value) for s in parts.steps] == [
        (0, "one", "hit"),
        (0, "one", "hit"),
        (1, "", "hit"),
        (1, "", "miss"),
    ]
    assert parts.steps[1].identity == "sha256:" + FULL
    assert parts.result.image_id == "sha256:0123456789ab" + "0" * 52


def test_podman_stages_that_wait_for_each_other() -> None:
    """What podman 5.4 prints when stage two is asked before the engine knows that one is ready."""
    parts = (
        Bench("/v5.4.2/libpod/build")
        .send(b"")
        .answer(
            "[1/3] STEP 1/2: FROM x AS one\n",
            "[1/3] STEP 2/2: RUN a\n",
            "--> " + ID[0] + "\n",
            "[3/3] STEP 1/3: FROM x\n",
            "[3/3] STEP 2/3: COPY --from=two /a /b\n",
            "[2/3] STEP 1/3: FROM " + ID[0] + " AS two\n",
            "[2/3] STEP 2/3: COPY a /a\n",
            "--> Using cache " + FULL + "\n",
            "--> " + ID[2] + "\n",
            "[2/3] STEP 3/3: COPY --from=one /a /c\n",
            "--> Using cache " + FULL[::-1] + "\n",
            "--> " + FULL[::-1][:12] + "\n",
            "--> " + ID[1] + "\n",
            "[3/3] STEP 3/3: RUN b\n",
            "[3/3] COMMIT x\n",
            "--> abcdef012345\n",
        )
    )
    assert [(s.stage, s.stage_name, s.status.value, s.identity[:19]) for s in parts.steps] == [
        (0, "one", "hit", ""),
        (0, "one", "miss", ID[0]),
        (1, "two", "hit", ""),
        (1, "two", "hit", "sha256:" + ID[2]),
        (1, "two", "hit", "sha256:" + FULL[::-1][:12]),
        (2, "", "hit", ""),
        (2, "", "miss", ID[1]),
        (2, "", "miss", "abcdef012345"),
    ]
    assert all(step.seconds is not None and 0 <= step.seconds < 3 for step in parts.steps)


def test_two_podman_stages_that_wait() -> None:
    """Two waits for one, which is ready but not yet known to be; three waits for two."""
    parts = (
        Bench("/v5.4.2/libpod/build")
        .send(b"")
        .answer(
            "[1/3] STEP 1/1: FROM x AS one\n",
            "--> " + ID[0] + "\n",
            "[2/3] STEP 1/3: FROM x AS two\n",
            "[2/3] STEP 2/3: COPY --from=one /a /c\n",
            "[3/3] STEP 1/2: FROM x\n",
            "[3/3] STEP 2/2: COPY --from=two /c /d\n",
            "--> Using cache " + FULL + "\n",
            "--> " + FULL[:12] + "\n",
            "[2/3] STEP 3/3: COPY z /\n",
            "--> " + ID[1] + "\n",
            "[3/3] COMMIT x\n",
            "--> abcdef012345\n",
        )
    )
    assert [(s.stage, s.status.value, s.identity[:19]) for s in parts.steps] == [
        (0, "hit", ID[0]),
        (1, "hit", ""),
        (1, "hit", "sha256:" + FULL[:12]),
        (1, "miss", ID[1]),
        (2, "hit", ""),
        (2, "miss", "abcdef012345"),
    ]


def test_a_refused_build() -> None:
    parts = Bench().send(b"").answer({"message": "dockerfile parse error on line 2"}, status=400)
    assert (parts.result.outcome, parts.result.error) == (
        BuildOutcome.REFUSED,
        "dockerfile parse error on line 2",
    )


def test_secrets_in_errors_are_hidden() -> None:
    bench = Bench(buildargs='{"API_TOKEN": "planted-value"}').send(b"")
    parts = bench.answer("Step 1/1 : FROM planted-value", {"error": "no such image: planted-value"})
    assert "planted" not in repr(parts)
    assert parts.steps[0].status is StepStatus.MISS


def test_a_body_that_is_no_tar() -> None:
    parts = (
        Bench().send(b"FROM alpine\nRUN true\n" * 40).answer({"message": "invalid tar header"}, status=500)
    )
    assert parts.context is not None
    assert not parts.context.complete
    assert parts.gaps[0].where == "tar entry 1 at byte 0"


def test_a_client_that_stops_sending() -> None:
    bench = Bench()
    bench.build.request_data(memoryview(tar(a="text")[:700]))
    bench.build.request_done(whole=False)
    bench.build.broken("the engine closed the connection")
    parts = bench.read()
    assert parts.result.outcome is BuildOutcome.CUT
    assert parts.context is not None
    assert not parts.context.complete
    assert {gap.where for gap in parts.gaps} == {"context", "connection", "answer"}


def test_a_build_that_is_still_open_can_be_read() -> None:
    parts = Bench().read()
    assert (parts.result.outcome, parts.context) == (BuildOutcome.CUT, None)


def test_a_decoder_fault_costs_the_context_only() -> None:
    def fails(_: object) -> bytes:
        raise RuntimeError("fault")

    watcher = ClassicWatcher(fails)
    build = watcher.open_exchange(RequestHead(method="POST", path="/build", query="", headers=()))
    assert build is not None
    build.request_data(memoryview(tar(a="text")))
    build.request_data(memoryview(b"more"))
    build.request_done(whole=True)
    build.answered(200, ())
    build.answer_data(
        memoryview(b'{"stream":"Step 1/1 : FROM x"}\n{"stream":" ---\\u003e 0123456789ab\\n"}\n')
    )
    build.answer_data(memoryview(b'{"stream":"Successfully built 0123456789ab\\n"}\n'))
    build.answer_done()
    parts = read_posted_build(watcher.finished()[0], Redactor(b""))
    assert parts.result.outcome is BuildOutcome.SUCCEEDED
    assert parts.gaps[0].what == "the decoder failed: RuntimeError"


def test_a_context_in_a_request_of_its_own() -> None:
    """Docker CLI 20.10 sends a tar from standard input like this to BuildKit."""
    watcher = ClassicWatcher()
    upload = watcher.open_exchange(
        RequestHead(method="POST", path="/build", query="buildid=upload-request%3A42&version=2", headers=())
    )
    query = "buildid=42&version=2&remote=upload-request&session=s"
    build = watcher.open_exchange(RequestHead(method="POST", path="/build", query=query, headers=()))
    assert upload is not None
    assert build is not None
    upload.request_data(memoryview(tar(Dockerfile="FROM x")))
    upload.request_done(whole=True)
    for exchange in (upload, build):
        exchange.answered(200, ())
        exchange.answer_done()
    build.request_done(whole=True)
    [posted] = watcher.finished()
    parts = read_posted_build(posted, Redactor(b""))
    assert parts.builder is Builder.BUILDKIT
    assert parts.request.dockerfile == "FROM x"
    assert parts.context is not None
    assert parts.context.transport is Transport.TAR


def test_long_lines_are_passed_over() -> None:
    bench = Bench().send(b"")
    long = b'{"stream":"' + b"x" * (2 * MAX_LINE_BYTES) + b'"}\n'
    for at in range(0, len(long), 300_000):
        bench.build.answer_data(memoryview(long[at : at + 300_000]))
    parts = bench.answer("Step 1/1 : FROM x", " ---> 0123456789ab\n", "Successfully built 0123456789ab\n")
    assert parts.result.outcome is BuildOutcome.SUCCEEDED


LINES = st.sampled_from(
    [
        b'{"stream":"Step 1/2 : FROM x"}\n',
        b'{"stream":"Step 2/2 : RUN y"}\n',
        b'{"stream":"STEP 1/2: FROM x\\n"}\n',
        b'{"stream":"[1/2] STEP 2/2: RUN y\\n"}\n',
        b'{"stream":" ---\\u003e 0123456789ab\\n"}\n',
        b'{"stream":" ---\\u003e Using cache\\n"}\n',
        b'{"stream":" ---\\u003e Running in 0123\\n"}\n',
        b'{"stream":5,"aux":{"ID":7},"error":[],"errorDetail":{"message":3}}\n',
        b'{"aux":{"ID":"sha256:' + b"0123456789ab" + b"c" * 52 + b'"}}\n',
        b'{"error":"failed"}\n',
        b'["list"]\n',
        b'{"stream":"Success',
        b"\xff\xfe\n",
    ]
)


@given(
    st.lists(LINES | st.binary(max_size=40), max_size=20), st.sampled_from(["", "rm=1", "version=2", "q=1"])
)
def test_no_answer_raises(lines: Sequence[bytes], query: str) -> None:
    watcher = ClassicWatcher()
    build = watcher.open_exchange(RequestHead(method="POST", path="/build", query=query, headers=()))
    assert build is not None
    build.answered(200, ())
    for line in lines:
        build.answer_data(memoryview(line))
    build.answer_done()
    build.request_done(whole=True)
    read_posted_build(watcher.finished()[0], Redactor(b""))


def test_secrets_among_the_files_of_podmans_client() -> None:
    """Names as podman 5.4.2 sent them, one of them also with the whole path."""
    names = ("podman-build-secret795477553", "/srv/app/podman-build-secret795477553", "podman-build-secret-8")
    files = {"Dockerfile": "FROM a\nRUN --mount=type=secret,id=deploy b\n", **dict.fromkeys(names, "short")}
    sent = ["id=deploy,src=podman-build-secret795477553", "id=other,src=podman-build-secret-8"]
    parts = Bench("/v5.4.2/libpod/build", secrets=json.dumps(sent)).send(tar(**files)).answer()
    assert parts.context is not None
    entries = {entry.name: entry for entry in parts.context.entries}
    assert entries.keys() == files.keys()
    for name in names:
        entry = entries[name]
        assert (entry.content, entry.tarsum, entry.size) == (None, None, 0)
        assert entry.content_source is ContentSource.HIDDEN
    assert entries["Dockerfile"].content is not None
    options = [value for name, value in parts.request.options if name == "secrets"]
    assert options == ["id=deploy,src=podman-build-secret", "id=other,src=podman-build-secret"]
    assert parts.request.dockerfile == files["Dockerfile"], "an id is no secret"


@pytest.mark.parametrize(
    "sent", ["pl4nted99X", '["pl4nted99X"]', '["id=a,pl4nted99X"]', '{"a": "pl4nted99X"}']
)
def test_other_things_in_the_place_of_secrets_are_hidden(sent: str) -> None:
    parts = Bench("/v5.4.2/libpod/build", secrets=sent).send(tar(Dockerfile="FROM a\n")).answer()
    (shown,) = [value for name, value in parts.request.options if name == "secrets"]
    assert shown.startswith("hidden:")
