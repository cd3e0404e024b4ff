"""Options of a RUN, and what an ADD fetches."""

from collections.abc import Iterator

from layerfork.diagnose.causes.forms import say_values, value_finding, value_rule
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding, Strength
from layerfork.diagnose.compare.differences import Difference
from layerfork.diagnose.undo.request import undo_mount, undo_network, undo_run_option, undo_source
from layerfork.record.cause import CauseCode

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


REMOTE_REMEDY = "pin the source: ADD --checksum=sha256:…, or a commit instead of a branch"
_FETCHED = ("http://", "https://", "git://", "ssh://", "git@")


def find_remote_source(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """What was fetched differs; or it is all that is not known of two keys that are equal otherwise."""
    own = [difference for difference in unclaimed if difference.cause == CauseCode.REMOTE_SOURCE]
    for difference in own:
        what = say_values("remote source")(case, difference)
        yield value_finding(case, difference, code=CauseCode.REMOTE_SOURCE, what=what, remedy=REMOTE_REMEDY)
    lacks = {*case.writer_view.key.unknown, *case.reader_view.key.unknown}
    url = "".join(lack.removeprefix("content of ") for lack in lacks)
    if unclaimed or len(lacks) != 1 or not url.startswith(_FETCHED):
        return
    yield Finding(
        code=CauseCode.REMOTE_SOURCE,
        path=url,
        field="content",
        what=f"what {url} gave may differ: no record shows it, and nothing else differs",
        evidence=(f"not recorded: what {case.reader_name} and {case.writer_name} got from {url}",),
        remedy=REMOTE_REMEDY,
        strength=Strength.GUESS,
    )


REMOTE_SOURCE = CauseRule(code=CauseCode.REMOTE_SOURCE, find=find_remote_source, undo=undo_source)
"""A URL or a repository that ADD or the context fetches gave something else."""


RULES = (
    NETWORK,
    RUN_OPTION,
    MOUNT,
    REMOTE_SOURCE,
)
