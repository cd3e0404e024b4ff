"""Builds requested by ``POST /build``: requests and answers in, finished builds out.

`exchange`       the build requests among HTTP exchanges, and the facts of each while its bytes pass
`answerbody`     the engine's stream of JSON messages, and the build log within it
`postedrequest`  the request's parameters and headers
`postedbuild`    a finished build as the parts of a BuildRecord
"""

from layerfork.wire.posted.exchange import ClassicWatcher, PostedBuild
from layerfork.wire.posted.postedbuild import ClassicParts, read_posted_build

__all__ = [
    "ClassicParts",
    "ClassicWatcher",
    "PostedBuild",
    "read_posted_build",
]
