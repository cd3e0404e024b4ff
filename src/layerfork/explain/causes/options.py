"""Options of a RUN, and what an ADD fetches."""

from layerfork.explain.claims.valuerule import say_values, value_rule
from layerfork.explain.proof.undo.request import undo_mount, undo_network, undo_run_option, undo_source
from layerfork.model.cause import CauseCode

NETWORK = value_rule(
    code=CauseCode.NETWORK,
    undo=undo_network,
    say=say_values("network"),
    remedy="give every client the same --network",
)
"""The network that a RUN step uses; the classic builder's keys do not hold it."""


RUN_OPTION = value_rule(
    code=CauseCode.RUN_OPTION,
    undo=undo_run_option,
    say=say_values("option"),
    remedy=(
        "give every client the same options (--add-host, --ulimit, --shm-size, --cgroup-parent, flags of RUN)"
    ),
)
"""An option of RUN: user, host names, limits, security mode, working directory."""


MOUNT = value_rule(
    code=CauseCode.MOUNT,
    undo=undo_mount,
    say=say_values("mount"),
    remedy="keep mount ids, targets and modes the same in every build",
)
"""A mount of a RUN step: its target, id, sharing or source."""


REMOTE_SOURCE = value_rule(
    code=CauseCode.REMOTE_SOURCE,
    undo=undo_source,
    say=say_values("remote source"),
    remedy="pin the source: ADD --checksum=sha256:…, or a commit instead of a branch",
)
"""A URL or a repository that ADD or the context fetches gave something else."""


RULES = (
    NETWORK,
    RUN_OPTION,
    MOUNT,
    REMOTE_SOURCE,
)
