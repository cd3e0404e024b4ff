"""Builds that were asked for by ``POST /build``: requests and answers in, finished builds out.

`watcher`  picks the build requests out of a recorder's HTTP exchanges
`posted`   the facts of one build so far, while its bytes pass
`answer`   the engine's stream of JSON messages
`steps`    the steps that Docker's classic builder, or podman, prints into that stream
`query`    the request's parameters and headers
`parts`    a finished build as the parts of a BuildRecord
"""

from layerfork.wire.posted.exchange import ClassicWatcher, PostedBuild
from layerfork.wire.posted.postedbuild import ClassicParts, read_posted_build

__all__ = [
    "ClassicParts",
    "ClassicWatcher",
    "PostedBuild",
    "read_posted_build",
]
