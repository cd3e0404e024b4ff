"""Plain logs of BuildKit: what the builder says, whatever its commands print."""

from layerfork.wire.printed.plainprogress import PrintedProgress, read_builds

HEAD = [
    '#0 building with "default" instance using docker driver',
    "",
    "#1 [internal] load build definition from Dockerfile",
    "#1 DONE 0.0s",
]


def read(*lines: str) -> PrintedProgress:
    (build,) = read_builds([*HEAD, *lines])
    return build


def ends(build: PrintedProgress) -> dict[str, str]:
    return {vertex.name: vertex.ended for vertex in build.vertices.values()}


def test_every_end_of_a_vertex() -> None:
    build = read(
        "#2 [1/5] FROM x", "#2 CACHED", "#3 [2/5] RUN a", "#3 DONE 1.5s", "#4 [3/5] RUN b", "#4 ERROR: no",
        "#5 [4/5] RUN c", "#5 CANCELED", "#6 [5/5] RUN d",
    )  # fmt: skip
    assert list(ends(build).values()) == ["done", "cached", "done", "error", "canceled", ""]
    assert [vertex.seconds for vertex in build.vertices.values()] == [0.0, None, 1.5, None, None, None]
    assert build.vertices[4].error == "no"


def test_what_commands_print_is_none_of_the_builders_words() -> None:
    build = read("#2 [1/1] RUN a", "#2 0.101 #2 CACHED", "#2 0.102 CACHED", "#2 0.103 DONE 1.0s", "#3 CACHED")
    assert ends(build)["[1/1] RUN a"] == ""


def test_vertices_take_turns() -> None:
    build = read(
        "#2 [1/2] RUN a", "#2 ...", "", "#3 [2/2] RUN b", "#3 DONE 1.0s", "", "#2 [1/2] RUN a", "#2 DONE 2.0s"
    )
    assert ends(build) == {HEAD[2][3:]: "done", "[1/2] RUN a": "done", "[2/2] RUN b": "done"}


def test_builds_one_after_the_other() -> None:
    body = ["#2 [1/1] RUN a", "#2 DONE 1.0s"]
    assert len(read_builds([*HEAD, *body, "echo between", *HEAD, *body])) == 2
    without = [line for line in (*HEAD, *body) if not line.startswith("#0")]
    assert len(read_builds([*without, *without, *without])) == 3


def test_targets_apart() -> None:
    log = """#1 [web internal] load build definition from Dockerfile
#1 DONE 0.0s
#2 [web 1/2] FROM x
#2 CACHED
#3 [web 2/2] RUN web
#3 DONE 1.0s
#4 [api test 2/3] RUN api
#4 DONE 1.0s
#5 [api] exporting to image
#5 DONE 0.1s"""
    first, second = read_builds(log.splitlines())
    assert [vertex.name for vertex in first.vertices.values()][1:] == ["[1/2] FROM x", "[2/2] RUN web"]
    assert [vertex.name for vertex in second.vertices.values()] == [
        "[test 2/3] RUN api",
        "exporting to image",
    ]
    assert first.shared
    assert second.shared


def test_a_platform_is_no_target() -> None:
    build = read(
        "#2 [linux/arm64 internal] load metadata for docker.io/library/x:latest", "#3 [linux/arm64 1/1] RUN a"
    )
    assert [vertex.name for vertex in build.vertices.values()][-1] == "[linux/arm64 1/1] RUN a"


def test_the_clients_last_words() -> None:
    error = 'process "/bin/sh -c x" did not complete successfully: exit code: 3'
    said = f"ERROR: failed to build: failed to solve: {error}"
    build = read("#2 [1/1] RUN x", "#2 ERROR: process", said, "Error: Process completed with exit code 1.")
    assert build.error == error


def test_the_last_image_is_the_images_id() -> None:
    manifest, index = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    build = read(
        "#2 exporting to image",
        f"#2 exporting manifest {manifest} done",
        f"#2 exporting manifest list {index} done",
    )
    assert build.image_id == index


def test_numbers_alone_are_no_build() -> None:
    assert read_builds(["#7 CACHED", "#1 a heading", "#2 another"]) == ()


def test_a_log_that_begins_inside_of_a_vertex() -> None:
    """The shape of a log in BuildKit's issues: its first lines were cut off."""
    (build,) = read_builds(
        [
            "#17 extracting sha256:07 done",
            "#17 ...",
            "",
            "#18 [internal] load build context",
            "#18 DONE 0.1s",
            "",
            "#17 [2/3] RUN a",
            "#17 DONE 1.2s",
        ]
    )
    assert ends(build) == {"[2/3] RUN a": "done", "[internal] load build context": "done"}
    assert build.begins_late
    assert not read("#2 [1/1] RUN a").begins_late
