"""What BuildKit calls the vertices of a definition that was stored without their names.

Names are made of the Dockerfile, as the frontend makes them: ``[build 2/4] RUN make``.
Source: moby/buildkit frontend/dockerfile/dockerfile2llb/{convert,convert_copy}.go (prefixCommand,
processCmdEnv, summarizeHeredoc) @ v0.13.2 to 73ed6825c. What that leaves open stays nameless: triggers of
base images, and sources without a line. A variable that only a base image can set, in a stage without a RUN,
stays as it is written.
"""

from collections.abc import Iterable, Iterator, Mapping

from layerfork.dockerfile import BadSubstitutionError, Dockerfile, Instruction
from layerfork.dockerfile.definition import Evaluated, Inputs, evaluate
from layerfork.dockerfile.expand import Lexer
from layerfork.dockerfile.heredoc import opens_heredoc
from layerfork.record.engine import ImageFacts
from layerfork.record.llb import LLBOp
from layerfork.releases import NEWEST
from layerfork.wire.buildkit import ops_pb2 as pb
from layerfork.wire.buildkit.fields import text, texts
from layerfork.wire.buildkit.stages import Stages

_IMAGE = "docker-image://"


def names_of(
    ops: Iterable[LLBOp],
    messages: Mapping[str, pb.Op],
    dockerfile: Dockerfile,
    stages: Stages,
    build_args: Mapping[str, str],
) -> dict[str, str]:
    """Name of each vertex by its digest, variables replaced, nothing hidden.

    ``messages`` are the same operations with nothing hidden. One that stands for several lines has the name
    of the first of them.
    """
    ops = tuple(ops)
    images = dict(_images(ops, messages, dockerfile))
    evaluated = evaluate(dockerfile, Inputs(build_args=build_args, images=images))
    named: dict[str, str] = {}
    several = len({op.platform for op in ops if op.lines and op.platform}) > 1
    for op in ops:
        message = messages.get(op.digest)
        instruction = dockerfile.at_line(op.lines[0]) if op.lines else None
        if message is None or instruction is None:
            continue
        shown = _shown(instruction, evaluated.get(instruction.first_line), message, dockerfile.escape)
        prefix = _prefix(instruction, stages, several=several, platform=op.platform)
        if shown and prefix:
            named[op.digest] = f"{prefix} {shown}"
    return named


def _images(
    ops: tuple[LLBOp, ...], messages: Mapping[str, pb.Op], dockerfile: Dockerfile
) -> Iterator[tuple[int, ImageFacts]]:
    """What base images set, by stage: what the stage's first RUN sees and no line of the stage declares."""
    runs = {
        op.lines[0]: texts(messages[op.digest].exec.meta.env)
        for op in ops
        if op.lines and op.kind == "exec" and op.digest in messages
    }
    for stage in dockerfile.stages:
        declared = {name for each in stage.instructions for name, _ in each.pairs}
        first = next((each.first_line for each in stage.instructions if each.first_line in runs), None)
        if first is not None:
            env = tuple(each for each in runs[first] if each.partition("=")[0] not in declared)
            yield stage.index, ImageFacts(image_id="", history=(), diff_ids=(), env=env)


def _prefix(instruction: Instruction, stages: Stages, *, several: bool, platform: str) -> str:
    """``[linux/arm64 build 2/4]``; empty for an instruction that is not counted."""
    index = stages.at_line(instruction.first_line)
    if index is None:
        return ""
    stage = stages.stages[index]
    if instruction.first_line not in stage.numbered:
        return ""
    count = f"{stage.numbered.index(instruction.first_line) + 1}/{len(stage.numbered)}"
    name = stage.name if len(stages.stages) > 1 else ""
    return "[" + " ".join(filter(None, (platform if several else "", name, count))) + "]"


def _shown(instruction: Instruction, evaluated: Evaluated | None, op: pb.Op, escape: str) -> str:
    kind = op.WhichOneof("op")
    if instruction.keyword == "FROM":
        identifier = text(op.source.identifier) if kind == "source" else ""
        return f"FROM {identifier.removeprefix(_IMAGE)}" if identifier.startswith(_IMAGE) else ""
    if kind not in ("exec", "file") or evaluated is None:
        return ""
    try:
        return _with_values(instruction, evaluated.visible, op, escape)
    except BadSubstitutionError:
        return _uppercase(instruction.text)


def _with_values(instruction: Instruction, visible: Mapping[str, str], op: pb.Op, escape: str) -> str:
    if instruction.keyword != "RUN":
        return _uppercase(_expanded(instruction.text, visible, escape))
    written = instruction.text
    if instruction.heredocs and opens_heredoc(" ".join(instruction.arguments), NEWEST):
        written += f" ({_summary(instruction.heredocs[0].content)})"
    values = dict(each.partition("=")[::2] for each in texts(op.exec.meta.env))
    lexer = Lexer(source=written, values=values, escape=escape, keep_quotes=True, keep_unset=True)
    return _uppercase(lexer.read()[0])


def _expanded(written: str, visible: Mapping[str, str], escape: str) -> str:
    """What no line declares may come of the base image: it stays as it is written."""
    return Lexer(source=written, values=visible, escape=escape, keep_unset=True).read()[0]


def _summary(document: str) -> str:
    first, *rest = document.strip().replace("\r\n", "\n").split("\n")
    return first + ("..." if rest else "")


def _uppercase(shown: str) -> str:
    keyword, blank, rest = shown.partition(" ")
    return keyword.upper() + blank + rest
