"""What `record` and `why` say when nothing was recorded."""

from layerfork.app.recording import no_build_seen


def test_a_builder_that_is_named_is_said_to_be_the_way() -> None:
    plain = no_build_seen({})
    named = no_build_seen({"BUILDX_BUILDER": "remote", "BUILDKIT_HOST": "tcp://there:1"})

    assert plain.endswith("by DOCKER_HOST (a builder that it made itself, another socket)")
    assert named.endswith("by DOCKER_HOST (BUILDX_BUILDER=remote and BUILDKIT_HOST=tcp://there:1)")
