"""Options of a RUN, and what an ADD fetches."""

from collections.abc import Iterator, Mapping

from layerfork.diagnose.causes.dockerfilelines import fix_as_before, fix_option, undo_line
from layerfork.diagnose.causes.forms import both_values, say_value, value_finding, value_rule
from layerfork.diagnose.causes.material import Material, requested, requested_options
from layerfork.diagnose.causes.rule import Case, CauseRule, Finding, Strength
from layerfork.diagnose.causes.scene import Scene
from layerfork.diagnose.causes.wording import shown, values
from layerfork.diagnose.compare.differences import Difference
from layerfork.hypothesis import UnappliableError
from layerfork.keys.buildkit.sources import TAKEN
from layerfork.record.answer import Cause
from layerfork.record.cause import CauseCode
from layerfork.record.change import Change, SourceIs

_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "add-host": ("add-hosts", "extrahosts"),
    "ulimit": ("ulimit", "ulimits"),
    "cgroup-parent": ("cgroup-parent", "cgroupparent"),
    "hostname": ("hostname",),
}
"""Options of the request behind fields of RUN: the frontend's attribute, the API's parameter."""


CHECKSUM = "checksum"
"""Field of what a mount holds, where only a digest of it is known."""


_OPTIONS_OF_MOUNTS: Mapping[str, tuple[str, ...]] = {"/dev/shm": ("shm-size", "shmsize")}
"""Options of the request that are mounts of every RUN, by their place."""


def undo_network(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The line names the writer's network, or the request does."""
    lines = _flags(material, "network")
    return undo_line(material, finding) if lines[0] != lines[1] else requested(material, "network")


def _flags(material: Material, name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Values of a flag of the step's line in both Dockerfiles, writer first."""
    files, case = material.dockerfiles, material.case
    writer = files.instruction("writer", case.writer_view.step)
    reader = files.instruction("reader", case.reader_view.step)
    return writer.flag_values(name), reader.flag_values(name)


def undo_run_option(material: Material, finding: Finding) -> tuple[Change, ...]:
    """The request has the writer's option for every RUN, or the line has its flag."""
    return tuple(requested_options(material, _OPTIONS.get(finding.field, ()))) or undo_line(material, finding)


def undo_mount(material: Material, finding: Finding) -> tuple[Change, ...]:
    """What is mounted is what the writer's build had; or the request has the writer's option for every RUN,
    or the line has its mounts."""
    if finding.field == CHECKSUM:
        return undo_source(material, finding)
    options = _OPTIONS_OF_MOUNTS.get(finding.path, ())
    return tuple(requested_options(material, options)) or undo_line(material, finding)


def undo_source(material: Material, finding: Finding) -> tuple[Change, ...]:
    """What was fetched, or copied from an image, is what the writer got. Raises: UnappliableError where it is
    the same, and something else was taken of it."""
    if any(each.field in TAKEN for each in finding.claims):
        raise UnappliableError("what is taken of a repository cannot be changed on paper")
    return tuple(
        SourceIs(identifier=each.path, digest=each.writer or "")
        for each in finding.claims
        if each.writer is not None
    )


def _say_option(scene: Scene, cause: Cause) -> str:
    writer, reader = ((value and shown(value)) or "not given" for value in both_values(cause))
    return values(scene, f"option {cause.field}", writer, reader)


def _say_fetched(scene: Scene, cause: Cause) -> str:
    url = next((word for word in scene.step.instruction.split() if "://" in word), cause.path)
    if cause.status == "PROVEN":
        return f"what {url} gave changed" if scene.again else f"{url} gave something else"
    return f"what {url} gave may have changed"


NETWORK = value_rule(
    code=CauseCode.NETWORK,
    say=say_value("network"),
    fix=fix_option("--network", "--network *", "network"),
    undo=undo_network,
    remedy="give every client the same --network",
)
"""The network that a RUN step uses; the classic builder's keys do not hold it."""


RUN_OPTION = value_rule(
    code=CauseCode.RUN_OPTION,
    say=_say_option,
    fix=fix_as_before,
    undo=undo_run_option,
    remedy=(
        "give every client the same options (--add-host, --ulimit, --shm-size, --cgroup-parent, flags of RUN)"
    ),
)
"""An option of RUN: user, host names, limits, security mode, working directory."""


MOUNT = value_rule(
    code=CauseCode.MOUNT,
    say=say_value("mount", "absent"),
    undo=undo_mount,
    remedy="keep mount ids, targets and modes the same in every build",
)
"""A mount of a RUN step: its target, id, sharing or source."""


REMOTE_REMEDY = "pin the source: ADD --checksum=sha256:…, or a commit instead of a branch"


_FETCHED = ("http://", "https://", "git://", "ssh://", "git@")


def find_remote_source(case: Case, unclaimed: tuple[Difference, ...]) -> Iterator[Finding]:
    """What was fetched differs; or it is all that is not known of two keys that are equal otherwise."""
    own = [difference for difference in unclaimed if difference.cause == CauseCode.REMOTE_SOURCE]
    for difference in own:
        yield value_finding(case, difference, code=CauseCode.REMOTE_SOURCE)
    lacks = {*case.writer_view.key.unknown, *case.reader_view.key.unknown}
    url = "".join(lack.removeprefix("content of ") for lack in lacks)
    if unclaimed or len(lacks) != 1 or not url.startswith(_FETCHED):
        return
    yield Finding(
        code=CauseCode.REMOTE_SOURCE,
        path=url,
        field="content",
        evidence=(f"not recorded: what {case.reader_name} and {case.writer_name} got from {url}",),
        strength=Strength.GUESS,
    )


REMOTE_SOURCE = CauseRule(
    code=CauseCode.REMOTE_SOURCE,
    say=_say_fetched,
    remedy=REMOTE_REMEDY,
    find=find_remote_source,
    undo=undo_source,
)
"""A URL or a repository that ADD or the context fetches gave something else."""


RULES = (
    NETWORK,
    RUN_OPTION,
    MOUNT,
    REMOTE_SOURCE,
)
