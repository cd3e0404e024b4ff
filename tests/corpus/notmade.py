"""What no pair can be made of on these engines, and why.

Keys are a cause code, a builder, and whether its change should matter; a blank builder stands for all.
"""

from collections.abc import Mapping

NEVER_SHARED = "two builders share nothing, so the cause is named wherever it is there"
NO_IMPORT = "only BuildKit imports caches here"
ONE_STORE = "an engine here has one image store for all its life"
ENV_LINE = "the ENV line itself is a step of the chain, and an image with another ENV is another base"
CONFIG_PARTS = "BuildKit's keys hold what a configuration does to a RUN: env, user, directory"
NO_FRONTEND = "another frontend is an image of its own, and there is no network to pull one"
DECLARED = "a proxy counts for BuildKit only where an ARG declares it: then it is a build-arg"
HOST_CONFIG = "no key of this builder holds options of the request"
ONE_FORMAT = "buildah passes over every image of another format, whatever is built"
OLD_ENGINE = "no engine before 18.06 runs here"
ALIKE = "no two versions of one client here send anything that this builder looks at differently"
OTHER_PLATFORM = "there is no base image of another platform, and without one buildah 1.39 looks at none"

NOT_HERE = "no engine with a known bug of BuildKit runs here: 27.0 and 27.1 are in no Debian suite"

NOT_MADE: Mapping[tuple[str, str, bool], str] = {
    ("builder", "", False): NEVER_SHARED,
    ("builder-instance", "classic", False): NO_IMPORT,
    ("builder-instance", "buildah", False): NO_IMPORT,
    ("image-store", "", True): ONE_STORE,
    ("image-store", "", False): ONE_STORE,
    ("env", "classic", True): ENV_LINE,
    ("env", "classic", False): ENV_LINE,
    ("env", "buildah", True): ENV_LINE,
    ("env", "buildah", False): ENV_LINE,
    ("platform", "buildah", True): OTHER_PLATFORM,
    ("image-format", "buildah", False): ONE_FORMAT,
    ("base-config", "buildkit", True): CONFIG_PARTS,
    ("frontend", "", True): NO_FRONTEND,
    ("frontend", "", False): NO_FRONTEND,
    ("proxy", "buildkit", True): DECLARED,
    ("run-option", "classic", True): HOST_CONFIG,
    ("run-option", "buildah", True): HOST_CONFIG,
    ("engine-bug", "buildkit", True): NOT_HERE,
    ("engine-bug", "buildkit", False): NOT_HERE,
    ("cache-not-imported", "buildah", True): NO_IMPORT,
    ("cache-not-imported", "buildah", False): NO_IMPORT,
    ("owner-name", "classic", True): OLD_ENGINE,
    ("client-version", "buildkit", True): ALIKE,
    ("client-version", "buildah", True): ALIKE,
}
