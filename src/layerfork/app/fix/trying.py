"""A remedy tried by really building, on a copy of the project: the project itself is not touched."""

import os
from pathlib import Path

from layerfork.app.check.cold import COLD_ENGINE
from layerfork.app.fix.trial import StoppedError, Trial, Tried, TryOptions, directory_of_build
from layerfork.builders.engines import default_spec_of_why, open_engine
from layerfork.builders.environments.bringing import bringing
from layerfork.builders.environments.privatedir import private_directory
from layerfork.builders.fixing.copying import copy_tree
from layerfork.builders.fixing.happening import NotMadeError
from layerfork.builders.fixing.replaying import Copied, NoReplayError, root_to_copy
from layerfork.builders.recording.wrap import engine_for
from layerfork.errors import EngineError
from layerfork.record.commandline import is_plain_build
from layerfork.record.context import Transport
from layerfork.record.fixing import Fate, Way
from layerfork.record.progress import Say
from layerfork.record.record import BuildRecord
from layerfork.record.secrets import HIDDEN


def try_remedy(options: TryOptions, say: Say) -> Tried:
    """Build with the remedy, and say whether it brings back what was built again.

    Raises: LayerforkError when no engine comes up, or there is no room for the copy; KeyboardInterrupt.
    """
    try:
        return _tried(options, say)
    except StoppedError as stopped:
        return Tried(fate=stopped.fate, reason=stopped.message)
    except (NoReplayError, NotMadeError) as error:
        return Tried(fate=Fate.UNCHECKED, reason=error.message)


def _tried(options: TryOptions, say: Say) -> Tried:
    way = options.proposal.remedy.way
    _check(options, way)
    place = options.reader.place
    root = root_to_copy(
        place.ran_in, str(directory_of_build(options.reader)), place.dockerfile, options.reader.client.argv
    )
    with private_directory() as private:
        copied = Copied(source=root, target=private / root.name)
        say(f"copying {root}: the remedy is tried there")
        copy_tree(root, copied.target)
        for patch in options.proposal.patches:
            copied.file(patch.path).write_bytes(patch.after)
        if way is Way.COLD:
            return _cold(options, copied, private / "cache", say)
        spec = options.engine or default_spec_of_why(os.environ)
        with engine_for(options.reader.client.argv, spec, say, options.brought) as engine:
            trial = Trial(options=options, copied=copied, engine=engine, say=say)
            return trial.rebuild() if way is Way.REBUILD else trial.restore(way)


def _cold(options: TryOptions, copied: Copied, cache: Path, say: Say) -> Tried:
    """Built on a clean engine that exports its cache, then on another one that imports it."""
    argv = options.reader.client.argv
    if not is_plain_build(argv):
        raise StoppedError(Fate.UNCHECKED, f"how `{argv[0]}` is told where a cache lies is not known")
    trials: list[tuple[str, str]] = [
        (f"--cache-to=type=local,dest={cache},mode=max", "that exports its cache"),
        (f"--cache-from=type=local,src={cache}", "that has nothing but that cache"),
    ]
    built: list[BuildRecord] = []
    for number, (option, which) in enumerate(trials, 1):
        try:
            starting = open_engine(COLD_ENGINE).start(os.environ, say)
            with starting as engine, bringing(engine, options.brought, say):
                say(f"[{number}/2] building on a clean engine {which}")
                trial = Trial(options=options, copied=copied, engine=engine, say=say)
                built.append(trial.build(options.reader, cache=option))
        except EngineError as error:
            raise StoppedError(Fate.UNCHECKED, f"that takes clean engines: {error.message}") from error
    return trial.judged(*built)


def _check(options: TryOptions, way: Way) -> None:
    """Raises: StoppedError."""
    for record in (options.writer, options.reader):
        if not record.client.argv or any(HIDDEN in word for word in record.client.argv):
            raise StoppedError(Fate.UNCHECKED, "the build's command is not known, or holds a secret")
    if way is Way.REBUILD and options.again.unknown:
        raise StoppedError(Fate.UNCHECKED, options.again.unknown)
    context = options.reader.context
    if way is Way.REBUILD and context is not None and not options.reader.place.directory:
        what = "a tar that something else made" if context.transport is Transport.TAR else "not here"
        raise StoppedError(Fate.UNCHECKED, f"the build's context is {what}, so it cannot be built again")
