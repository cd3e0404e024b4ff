"""Reports that every reporter is shown: small, and each with something that another lacks."""

from dataclasses import replace

from layerfork.record.answer import (
    Answer,
    Cause,
    CauseStatus,
    Caution,
    ExcerptLine,
    FieldRow,
    Fix,
    Fork,
    Judgement,
    LaterStep,
    MissKind,
    Point,
    Side,
    Situation,
    Verdict,
)
from layerfork.record.build import Builder
from layerfork.record.engine import EngineInfo
from layerfork.record.record import BuildOutcome, StepRecord, StepStatus
from layerfork.record.run import RunProblem, RunReport, TrialBuild, VersionsUsed

INSTRUCTIONS = ("FROM alpine", "RUN  du -s /", "COPY important.txt /", "RUN  du -s /")


def steps(ids: str, misses: str) -> tuple[StepRecord, ...]:
    """One step per letter of ``ids``; the steps whose number is in ``misses`` missed."""
    return tuple(
        StepRecord(
            index=index,
            instruction=INSTRUCTIONS[index - 1],
            line=index,
            status=StepStatus.MISS if str(index) in misses else StepStatus.HIT,
            identity="sha256:" + letter * 64,
            seconds=0.1 * index,
        )
        for index, letter in enumerate(ids, start=1)
    )


def build(client: str, number: int, ids: str, misses: str, builder: str = "classic") -> TrialBuild:
    shown = steps(ids, misses)
    computed = {step.index: step.identity for step in shown}
    if builder == "buildkit":
        shown = tuple(replace(step, identity="") for step in shown)
    return TrialBuild(
        client=client,
        version="1.2.3",
        builder=builder,
        outcome=BuildOutcome.SUCCEEDED,
        class_index=number,
        seconds=0.25,
        seconds_of_client=0.5,
        steps=shown,
        computed_identities=computed,
        control="hit",
    )


ENGINE = EngineInfo(
    kind="private", ours=True, version="26.1.5", api_version="1.45", image_store="graphdriver"
)
VERSIONS = VersionsUsed(
    engine=(("Server Version", "26.1.5"), ("Storage Driver", "overlay2"), ("Live Restore Enabled", "false")),
    clients=(("docker-build", "26.1.5"), ("docker_py-build", "7.2.0")),
    packages=(("docker-py-7.2.0", ("docker==7.2.0", "requests==2.34.2")),),
)
ENTRY_NAME = Cause(
    code="entry-name",
    status=CauseStatus.PROVEN,
    path="important.txt",
    field="name",
    writer="./important.txt",
    reader="important.txt",
    text="COPY important.txt forked: tar-client sent name './important.txt', dir-client sent 'important.txt'",
    evidence=("name: ./important.txt | important.txt",),
    remedy="make the tar without the ./ prefix",
    affected_builders=("classic",),
)
NAMES_DIFFER = Answer(
    writer=Side(name="tar-client", sent_by="tar-client 1.2.3"),
    reader=Side(name="dir-client", sent_by="dir-client 1.2.3"),
    situation=Situation.CLIENTS,
    line=3,
    step=3,
    instruction="COPY important.txt /",
    miss_kind=MissKind.KEY_CHANGED,
    points=(
        Point(
            culprit="name is `important.txt` for dir-client, `./important.txt` for tar-client",
            code="entry-name",
            status=CauseStatus.PROVEN,
            causes=(0,),
            rows=(FieldRow(label="name of important.txt", writer="./important.txt", reader="important.txt"),),
            fix=Fix(
                sentence="make the tar without the ./ prefix",
                command="tar -cf context.tar $(ls -A)",
            ),
        ),
    ),
    seconds=0.7,
    excerpt=(
        ExcerptLine(number=2, text="RUN  du -s /"),
        ExcerptLine(number=3, text="COPY important.txt /", marked=True),
        ExcerptLine(number=4, text="RUN  du -s /"),
    ),
    later=(LaterStep(step=4, line=4, instruction="RUN  du -s /", seconds=0.4),),
)
FORKED = RunReport(
    scenario="seed",
    scenario_path="/scenarios/seed/context",
    engine=ENGINE,
    builder=Builder.CLASSIC,
    builds=(build("tar-client", 0, "abcd", "234"), build("dir-client", 1, "abef", "34")),
    judgement=Judgement(
        verdict=Verdict.FORKED,
        classes=(("tar-client",), ("dir-client",)),
        forks=(
            Fork(
                writer="tar-client",
                reader="dir-client",
                step=3,
                instruction="COPY important.txt /",
                miss_kind=MissKind.KEY_CHANGED,
                causes=(ENTRY_NAME,),
                consequences=(4,),
                seconds_lost=0.7,
                ruled_out=("mtime differs",),
            ),
        ),
    ),
    answers=(NAMES_DIFFER,),
    versions=VERSIONS,
    layerfork="0.1.0",
    seconds=2.5,
)
REUSED = replace(
    FORKED,
    builds=(build("one-client", 0, "abcd", "234"), build("other-client", 0, "abcd", "")),
    judgement=Judgement(verdict=Verdict.REUSED, classes=(("one-client", "other-client"),), forks=()),
    answers=(),
)
TROUBLE = replace(
    FORKED,
    builder=None,
    answers=(),
    builds=(
        build("kit-client", 0, "ab", "2", builder="buildkit"),
        TrialBuild(
            client="broken-client",
            builder="classic",
            outcome=BuildOutcome.FAILED,
            reason="it ended with exit code 1: no such file\nsecond line of its words",
        ),
        TrialBuild(
            client="other-client", builder="classic", outcome=BuildOutcome.UNSUPPORTED, reason="has no target"
        ),
    ),
    judgement=Judgement(
        verdict=Verdict.ERROR,
        classes=(("kit-client",),),
        forks=(),
        warnings=(
            Caution(
                code="control-failed", client="kit-client", text="kit-client missed its own second build"
            ),
        ),
    ),
    problems=(RunProblem(what="the engine ended while broken-client was building", details="last line"),),
)
NO_ENGINE = replace(
    FORKED,
    engine=None,
    answers=(),
    builds=(),
    judgement=Judgement(verdict=Verdict.ERROR, classes=(), forks=()),
    versions=VersionsUsed(engine=(), clients=()),
)

CASES = {"forked": FORKED, "reused": REUSED, "trouble": TROUBLE, "no-engine": NO_ENGINE}
