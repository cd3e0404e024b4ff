"""What each file in ``left/`` must lead to, written down from ``context/`` and ``make.sh``, not from records.

Statuses are letters in the order of the steps: ``h`` reused, ``m`` executed, ``u`` not told. A FROM has
nothing to execute, so it is ``h``. A plain log shows a base image that two stages share once, under the first
of them.
"""

from dataclasses import dataclass, replace

from layerfork.record.record import BuildOutcome

RAW = "BuildKit progress (rawjson)"
PLAIN = "BuildKit log (plain)"
CLASSIC = "log of the classic builder"
BUILDAH = "log of podman or buildah"
EXPORT = "build history export (.dockerbuild)"
ATTESTATION = "provenance attestation"
METADATA = "buildx metadata file"

FAILED = BuildOutcome.FAILED
UNKNOWN = BuildOutcome.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One build."""

    form: str
    outcome: BuildOutcome = BuildOutcome.SUCCEEDED
    statuses: str
    gaps: str
    """Places, in any order."""
    build_args: tuple[str, ...] = ()
    """``NAME=VALUE``; of hidden values only the beginning of the stand-in."""
    definition: bool = False
    error: str = ""


_PLAIN_GAPS = "engine context request definition time"
_RAW_GAPS = "engine context request definition"
_PRINTED_GAPS = "engine context request time"
_TOKEN = "API_TOKEN=hidden:"
_EXIT = 'process "/bin/sh -c echo broken && exit 3" did not complete successfully: exit code: 3'
_OLD_EXIT = "executor failed running [/bin/sh -c echo broken && exit 3]: exit code: 3"
_CLASSIC_EXIT = "The command '/bin/sh -c echo broken && exit 3' returned a non-zero code: 3"
_PODMAN_EXIT = 'building at STEP "RUN echo broken && exit 3": while running runtime: exit status 3'


def _stages(statuses: str) -> str:
    """The small Dockerfiles have one stage; the others have one with a name, and no log knows its place."""
    return "stages" if len(statuses) > 4 else ""


def _plain(statuses: str, error: str = "") -> Expected:
    outcome = FAILED if error else BuildOutcome.SUCCEEDED
    gaps = f"{_PLAIN_GAPS} {_stages(statuses)}"
    return Expected(form=PLAIN, outcome=outcome, statuses=statuses, gaps=gaps, error=error)


def _raw(statuses: str, error: str = "") -> Expected:
    outcome = FAILED if error else BuildOutcome.SUCCEEDED
    gaps = f"{_RAW_GAPS} {_stages(statuses)}"
    return Expected(form=RAW, outcome=outcome, statuses=statuses, gaps=gaps, error=error)


def _printed(form: str, statuses: str, error: str = "") -> Expected:
    outcome = FAILED if error else BuildOutcome.SUCCEEDED
    return Expected(form=form, outcome=outcome, statuses=statuses, gaps=_PRINTED_GAPS, error=error)


def _exported(statuses: str, *build_args: str) -> Expected:
    return Expected(
        form=EXPORT, statuses=statuses, gaps="engine context", build_args=build_args, definition=True
    )


def _attested(version: str) -> Expected:
    return Expected(
        form=ATTESTATION,
        outcome=UNKNOWN,
        statuses="u" * 11,
        gaps="engine context steps result",
        build_args=(_TOKEN, f"VERSION={version}"),
        definition=True,
    )


# Dockerfile: FROM WORKDIR COPY COPY RUN RUN | FROM RUN COPY RUN WORKDIR
_FIRST = "hmmmmm" + "mmmm"
# VERSION is no part before the first RUN, and the files that this RUN leaves behind are the same.
_AGAIN = "hhhhmm" + "hhhh"
# --no-cache is for RUN, COPY and ADD alone, and the last WORKDIR builds on what they made anew.
_NO_CACHE = "hhmmmm" + "hmmmm"
# Dockerfile.plain: FROM WORKDIR COPY RUN | FROM COPY RUN
_SMALL, _SMALL_AGAIN = "hmmm" + "mm", "hhhm" + "hh"
# The same with the classic builder: ARG FROM WORKDIR ARG COPY RUN | FROM COPY RUN CMD
_CLASSIC, _CLASSIC_AGAIN = "hhmmmm" + "hmmm", "hhhhhm" + "hhhh"
# Podman counts no ARG before the first FROM.
_PODMAN, _PODMAN_AGAIN = _CLASSIC[1:], _CLASSIC_AGAIN[1:]

_CLASSIC_LOGS = {
    "classic.log": _printed(CLASSIC, _CLASSIC),
    "classic-again.log": _printed(CLASSIC, _CLASSIC_AGAIN),
    "classic-fails.log": _printed(CLASSIC, "hmm", _CLASSIC_EXIT),
}

EXPECTED: dict[str, Expected] = {
    **{f"engine-20.10-{name}": expected for name, expected in _CLASSIC_LOGS.items()},
    "engine-20.10-plain.log": _plain(_SMALL),
    "engine-20.10-plain-again.log": _plain(_SMALL_AGAIN),
    "engine-20.10-plain-fails.log": _plain("hmm", _OLD_EXIT),
    "engine-26.1-plain.log": _plain(_FIRST),
    "engine-26.1-plain-again.log": _plain(_AGAIN),
    "engine-26.1-raw.log": _raw(_NO_CACHE),
    "engine-26.1+containerd-slsa-v0.2.json": _attested("4"),
    "engine-28.5-classic-again.log": _printed(CLASSIC, _CLASSIC_AGAIN),
    "engine-28.5-plain.log": _plain(_FIRST),
    "engine-28.5-plain-fails.log": _plain("hmm", _EXIT),
    "engine-28.5-raw.log": _raw(_NO_CACHE),
    "engine-28.5-raw-fails.log": _raw("hhm", _EXIT),
    "engine-28.5-meta.json": Expected(
        form=METADATA,
        statuses="u" * 6,
        gaps="engine context steps",
        build_args=(_TOKEN, "VERSION=3"),
        definition=True,
    ),
    "engine-28.5-meta.dockerbuild": _exported("hhhhmm", _TOKEN, "VERSION=3"),
    "engine-28.5-export-fails.dockerbuild": Expected(
        form=EXPORT, outcome=FAILED, statuses="hhm", gaps="engine context definition", error=_EXIT
    ),
    # Dockerfile.kinds: FROM RUN | FROM, two triggers, eleven more. The image of the first FROM is one that a
    # COPY reads too, and bears no step's name.
    "engine-28.5-kinds.log": _plain("m" + "h" + 13 * "m"),
    "engine-28.5-kinds.dockerbuild": _exported("hm" + "h" + 13 * "m"),
    "engine-28.5-kinds.json": Expected(
        form=METADATA, statuses="u" * 14, gaps="engine context steps triggers", definition=True
    ),
    "engine-28.5-small-5.dockerbuild": _exported("hhmm" + "hmm", "VERSION=5"),
    "engine-28.5-small-6.dockerbuild": _exported("hhhm" + "hhh", "VERSION=6"),
    "engine-28.5+containerd-plain-again.log": _plain(_AGAIN),
    "engine-28.5+containerd-slsa-v0.2.json": _attested("4"),
    "engine-28.5+containerd-slsa-v1.json": _attested("4"),
    # FROM RUN | RUN COPY for each of the two
    "engine-28.5+containerd-platforms.log": replace(
        _plain("hm" + 2 * "mm"), gaps=f"{_PLAIN_GAPS} stages platforms"
    ),
    "engine-28.5+containerd-platforms.dockerbuild": _exported("hm" + 2 * "mm"),
    # FROM ADD COPY RUN: the source is asked again each time, and the log says no more of it than of the ADD.
    "engine-28.5-url.log": _plain("hmmm"),
    "engine-28.5-url-again.log": _plain("humm"),
    "engine-28.5-url-again.dockerbuild": _exported("hhmm"),
    "engine-28.5-url-raw.log": _raw("hhhh"),
    "podman-5.4-ok.log": _printed(BUILDAH, _PODMAN),
    "podman-5.4-again.log": _printed(BUILDAH, _PODMAN_AGAIN),
    "podman-5.4-fails.log": _printed(BUILDAH, "hmm", _PODMAN_EXIT),
}
"""By the file's name, which says who wrote it."""
