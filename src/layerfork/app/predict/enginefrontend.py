"""`layerfork predict --ask-engine`: the frontend of an engine makes the definition of the planned build."""

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from layerfork.app.predict.nextbuild import NextBuild, PredictOptions
from layerfork.app.predict.tree import images_assumed
from layerfork.builders.api.askfrontend import FrontendRefusedError, Question, ask_frontend
from layerfork.builders.engines import RunningEngine, default_spec_of_why, open_engine
from layerfork.builders.recording.imagefacts import without_secrets
from layerfork.builders.recording.redactionkey import key_id, redaction_key
from layerfork.builders.recording.secrets import sealed
from layerfork.context.projectfiles import read_regular
from layerfork.dockerfile import BadSubstitutionError
from layerfork.dockerfile.bases import base_references
from layerfork.dockerfile.recorded import dockerfile_of
from layerfork.errors import EngineError, UsageError
from layerfork.record.build import Builder
from layerfork.record.change import BaseImageIs, Change, DefinitionIs, EngineIs
from layerfork.record.context import MAIN_CONTEXT, Transport
from layerfork.record.engine import ImageFacts
from layerfork.record.progress import Say
from layerfork.record.record import BuildRecord, RecordedRequest
from layerfork.releases import buildkit_release
from layerfork.wire.buildkit.buildkitbuild import read_unbuilt
from layerfork.wire.redact import STAND_IN, Redactor

_LOCAL, _NAMED = "local:", "context:"
_NOT_ASKED = re.compile(r"exporter|attest:|context$|contextkey$|dockerfilekey$")
"""Options that say where the result goes, or where the main context lies."""
_OTHER_KEY = "the record hides values with the key of another machine, so they cannot be compared"
_UNREADABLE = "parse error"
"""In what a frontend says of a Dockerfile that it cannot read.
Source: moby/buildkit frontend/dockerfile/parser/errors.go @ v0.8.3 to v0.32.2."""


OpenFrontend = Callable[[], AbstractContextManager["Frontend"]]
"""Reaches an engine, and lets go of it at the end. Raises: as `frontend_of`."""


@contextlib.contextmanager
def frontend_of(spec: str, say: Say) -> Iterator["Frontend"]:
    """The frontend of an engine; ``spec`` as of `open_engine`, empty for the one that `why` would use.

    Raises: EngineError when no engine answers, or it has no BuildKit; UsageError.
    """
    chosen = open_engine(spec or default_spec_of_why(os.environ))
    with chosen.start(os.environ, say) as engine:
        why_not = engine.builders.why_not(Builder.BUILDKIT)
        if why_not:
            raise EngineError(
                f"{chosen.id} has no frontend to ask: {why_not}",
                hint="name a Docker Engine with --engine, or predict without --ask-engine",
            )
        yield Frontend(engine=engine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontend:
    """The frontend that is built into an engine's BuildKit."""

    engine: RunningEngine

    def define(self, record: BuildRecord, asked: PredictOptions, next_build: NextBuild) -> NextBuild:
        """What is planned, with the definition that the frontend makes of it and the images that the engine
        has; or with the reason why there is none.

        Raises: UsageError for a Dockerfile that it cannot read; EngineError when it gives no answer.
        """
        after = _after(record, next_build)
        why_not = _why_not_asked(record, after)
        if why_not:
            return _without(next_build, f"the engine's frontend was not asked: {why_not}")
        redactor = Redactor(redaction_key())
        text = _dockerfile(after, next_build)
        build_args = {**dict(after.build_args), **(dict(asked.build_args) if _is_ours(record) else {})}
        redactor.pairs(build_args.items())
        redactor.pairs(after.labels)
        redactor.clean(text.decode("utf-8", "replace"))
        try:
            found = ask_frontend(
                self.engine.way,
                self.engine.docker_host,
                _question(record, after, next_build, text, build_args),
            )
        except FrontendRefusedError as error:
            said = redactor.clean(str(error))
            if _UNREADABLE in said:
                raise UsageError(f"the engine's frontend cannot read the Dockerfile: {said}") from error
            return _without(next_build, f"the engine's frontend rejects it: {said}")
        name = after.dockerfile_name or "Dockerfile"
        definition, steps = read_unbuilt(
            found, after.dockerfile or "", name, dict(after.build_args), redactor
        )
        images = tuple(self._images(record, after, redactor))
        if redactor.knows_any and not _is_ours(record):
            return _without(next_build, _OTHER_KEY)
        seen = replace(
            record, context=None, named_contexts=(), definition=definition, steps=steps, base_images=images
        )
        return self._with_answer(record, next_build, sealed(seen, redactor))

    def _with_answer(self, record: BuildRecord, next_build: NextBuild, answered: BuildRecord) -> NextBuild:
        assert answered.definition is not None
        engine, assumes = self._engine_changes(record)
        images = (BaseImageIs(reference=name, facts=facts) for name, facts in answered.base_images)
        made = DefinitionIs(definition=answered.definition, steps=answered.steps)
        others = [line for line in next_build.assumes if line not in images_assumed(record)]
        known = [name for name, _ in answered.base_images]
        return replace(
            next_build,
            changes=(*next_build.changes, *engine, *images, made),
            assumes=(*others, *images_assumed(answered, known), *assumes),
        )

    def _images(
        self, record: BuildRecord, after: RecordedRequest, redactor: Redactor
    ) -> Iterator[tuple[str, ImageFacts]]:
        """What the engine has under the names of base images now."""
        dockerfile = dockerfile_of(replace(record, request=after))
        if dockerfile is None:
            return
        with contextlib.suppress(BadSubstitutionError):
            for reference in base_references(dockerfile, dict(after.build_args), after.target):
                with contextlib.suppress(EngineError):
                    yield reference, without_secrets(self.engine.image_facts(reference), redactor)

    def _engine_changes(self, record: BuildRecord) -> tuple[tuple[Change, ...], tuple[str, ...]]:
        """Another engine than the recorded one has its own frontend, and its own cache."""
        before, now = record.engine, self.engine.info
        if before is None or before.instance == now.instance:
            return (), ()
        same = buildkit_release(before.buildkit_version, before.version) == buildkit_release(
            now.buildkit_version, now.version
        )
        assumed = (
            f"the engine that was asked ({now.version}) has what the recorded one ({before.version}) stored"
        )
        return (() if same else (EngineIs(engine=now),)), (assumed,)


def _without(next_build: NextBuild, why: str) -> NextBuild:
    """What is planned, without an answer."""
    assumed = f"what the frontend makes of the Dockerfile is as layerfork's model has it: {why}"
    return replace(next_build, not_defined=why, assumes=(*next_build.assumes, assumed))


def _is_ours(record: BuildRecord) -> bool:
    """Whether values that the record hides are hidden by the key that we have."""
    return record.redaction_key_id in ("", key_id(redaction_key()))


def _after(record: BuildRecord, next_build: NextBuild) -> RecordedRequest:
    """The request as it is planned."""
    request = record.request
    return replace(
        request,
        dockerfile=request.dockerfile if next_build.dockerfile is None else next_build.dockerfile,
        build_args=request.build_args
        if next_build.build_args is None
        else tuple(next_build.build_args.items()),
        target=request.target if next_build.target is None else next_build.target,
    )


def _why_not_asked(record: BuildRecord, after: RecordedRequest) -> str:
    if record.builder is not Builder.BUILDKIT:
        return f"the {record.builder.value} builder has none"
    if record.definition is None:
        return "the record does not hold the definition of the build"
    if record.context is not None and record.context.transport is not Transport.FILE_SYNC:
        return "the context was sent whole, or fetched, and reading it there would be building"
    if any(name.startswith(_NAMED) and value.startswith("input:") for name, value in after.options):
        return "a named context is what another target makes, which no record holds"
    hidden = [name for name, value in (*after.build_args, *after.options) if STAND_IN.search(value)]
    if hidden and "<<" in (after.dockerfile or ""):
        return f"the record hides the value of {hidden[0]}, and the Dockerfile has here-documents"
    return ""


def _dockerfile(after: RecordedRequest, next_build: NextBuild) -> bytes:
    """Its bytes as they are on disk, if they are still those that were planned; else its text, secrets
    hidden."""
    path, digest = next_build.dockerfile_file
    if path:
        with contextlib.suppress(OSError):
            data = read_regular(Path(path))
            if sha256(data).hexdigest() == digest:
                return data
    return (after.dockerfile or "").encode("utf-8", "surrogateescape")


def _question(
    record: BuildRecord,
    after: RecordedRequest,
    next_build: NextBuild,
    text: bytes,
    build_args: dict[str, str],
) -> Question:
    contexts = {each.name: each for each in (*record.named_contexts, *next_build.contexts)}
    main = record.context.name if record.context is not None else MAIN_CONTEXT
    context = contexts.get(main, record.context)
    options = {name: value for name, value in after.options if not _NOT_ASKED.match(name)}
    named = {
        value.removeprefix(_LOCAL)
        for name, value in options.items()
        if name.startswith(_NAMED) and value.startswith(_LOCAL)
    }
    more = {
        "filename": after.dockerfile_name or "Dockerfile",
        "target": after.target,
        "platform": after.platform,
        "force-network-mode": after.network,
        "source": after.syntax if after.frontend.startswith("gateway") else "",
    }
    options |= {name: value for name, value in more.items() if value}
    options |= {f"build-arg:{name}": value for name, value in build_args.items()}
    options |= {f"label:{name}": value for name, value in after.labels}
    return Question(
        frontend=after.frontend or "dockerfile.v0",
        options=options,
        dockerfile=text,
        ignored=_ignore_file(context.excludes if context is not None else ()),
        shown_session=_session(record),
        named_ignored={
            name: _ignore_file(contexts[name].excludes if name in contexts else ()) for name in named
        },
        entitlements=after.entitlements,
    )


def _session(record: BuildRecord) -> str:
    """The session that the recorded definition names; empty where it reads no directory."""
    ops = record.definition.ops if record.definition is not None else ()
    found = (dict(op.source.attrs).get("local.session", "") for op in ops if op.source is not None)
    return next(filter(None, found), "")


def _ignore_file(patterns: tuple[str, ...]) -> bytes:
    """A text that is read as these patterns: behind a blank none is a comment."""
    return "".join(f" {each}\n" for each in patterns).encode("utf-8", "surrogateescape")
