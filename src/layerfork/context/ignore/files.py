"""Names of ignore files, in the order that a builder looks for them: the first that is there counts.

``{}`` is the Dockerfile's path. Measured with podman 3.0.1, 4.3.1, 5.4.2 and 5.8.6.
Source: moby/moby builder/remotecontext/detect.go:removeDockerfile @ v26.1.5; moby/buildkit
frontend/dockerui/config.go @ v0.32.2; containers/buildah pkg/parse/parse.go:ContainerIgnoreFile @ v1.28.0 to
v1.44.0; openshift/imagebuilder builder.go:ParseDockerignore @ v1.1.8 and v1.2.0; containers/podman
pkg/util/utils.go:ParseDockerignore @ v4.5.0 to v5.8.2.
"""

from layerfork.record.versions import Version

DOCKER_IGNORE = ".dockerignore"
CONTAINER_IGNORE = ".containerignore"
_OWN = ("{}.dockerignore", "{}.containerignore")
_GENERAL = (CONTAINER_IGNORE, DOCKER_IGNORE)

DOCKER_FILES = (DOCKER_IGNORE,)
BUILDKIT_FILES = ("{}.dockerignore", DOCKER_IGNORE)
BUILDAH_FILES = (*_OWN, *_GENERAL)
PODMAN_SERVICE_FILES = (*_GENERAL, *_OWN)
GENERAL_FILES = _GENERAL


def files_of_buildah(podman: Version | None) -> tuple[str, ...]:
    """For a context that is read in place, by the version of podman beside it; None is the newest."""
    if podman is None or podman >= (4, 3):
        return BUILDAH_FILES
    return GENERAL_FILES if podman >= (3, 1) else DOCKER_FILES


def files_of_podman_service(podman: Version | None) -> tuple[str, ...]:
    """For a tar that is posted to podman's service."""
    return PODMAN_SERVICE_FILES if podman is None or podman >= (4, 5) else files_of_buildah(podman)
