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


def test_statuses_as_the_printer_writes_them() -> None:
    layer = "sha256:" + "5" * 64
    build = read(
        "#2 exporting cache to registry",
        "#2 preparing build cache for export",
        f"#2 writing layer {layer} 0.1s",
        f"#2 writing layer {layer} 0.3s done",
        "#2 preparing build cache for export 2.5s done",
        "#2 writing config " + layer + " done",
        "#2 DONE 3.1s",
        "#3 [1/2] FROM x",
        "#3 " + layer + " 1.05MB / 3.64MB 0.2s",
        "#3 " + layer + " 3.64MB / 3.64MB 0.9s done",
        "#3 extracting " + layer + " 0.1s done",
        "#3 DONE 1.0s",
        "#4 [internal] load build context",
        "#4 transferring context: 674B done",
        "#4 transferring context: 12.50kB 5.0s",
        "#4 DONE 5.1s",
    )
    found = {
        (number, name): (work.seconds, work.current, work.total)
        for number, vertex in build.vertices.items()
        for name, work in vertex.work.items()
    }
    assert found == {
        (2, "preparing build cache for export"): (2.5, 0, 0),
        (2, "writing layer " + layer): (0.3, 0, 0),
        (2, "writing config " + layer): (0.0, 0, 0),
        (3, layer): (0.9, 3_640_000, 3_640_000),
        (3, "extracting " + layer): (0.1, 0, 0),
        (4, "transferring context:"): (5.0, 12_500, 0),
    }


def test_what_commands_print_is_no_status() -> None:
    build = read("#2 [1/1] RUN a", "#2 0.101 writing layer x 0.3s done", "#2 DONE 1.0s", "#3 [2/2] RUN b")
    assert [vertex.work for vertex in build.vertices.values()] == [{}, {}, {}]


def test_statuses_are_bounded() -> None:
    build = read("#2 exporting cache", *(f"#2 writing layer {number} done" for number in range(2_000)))
    assert len(build.vertices[2].work) == 500


def test_a_cached_vertex_whose_layers_are_fetched_later_was_not_built() -> None:
    """What BuildKit 0.25 prints of a step that it found in an imported cache, when the next one is built."""
    layer = "sha256:" + "5" * 64
    fetched = (f"#2 {layer} 9.44MB / 20.97MB 0.2s", f"#2 {layer} 20.97MB / 20.97MB 0.3s done", "#2 DONE 0.9s")
    build = read("#2 [1/2] RUN a", "#2 CACHED", "", "#2 [1/2] RUN a", *fetched)
    assert (build.vertices[2].ended, build.vertices[2].seconds) == ("cached", 0.9)
    built = read("#2 [1/2] RUN a", "#2 CACHED", "", "#2 [1/2] RUN a", "#2 0.101 made", "#2 DONE 0.9s")
    assert built.vertices[2].ended == "done"
