"""`layerfork predict`: which steps would be reused if this tree was built now."""

import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import click

from layerfork.cli.combinations import CheckedCommand, gathered
from layerfork.cli.options import (
    AgeType,
    format_option,
    look_of,
    parse_pairs,
    to_stderr,
    verbose_option,
)
from layerfork.cli.output import put

if TYPE_CHECKING:
    from layerfork.app.predict.enginefrontend import OpenFrontend
    from layerfork.record.prediction import Prediction
    from layerfork.report.formats import Format


class NextBuildOptions(NamedTuple):
    """What differs from the recorded build."""

    path: str
    dockerfile: str
    target: str
    build_args: tuple[str, ...]
    client: str
    changed: tuple[str, ...]


class CacheOptions(NamedTuple):
    """The builds and caches that a prediction starts from."""

    against: str
    record: str
    store: str
    cache_from: tuple[str, ...]
    own_cache: bool


@click.command("predict", cls=CheckedCommand)
@click.option("-f", "--file", "dockerfile", default="", help="Dockerfile; default: that of the record.")
@click.option("--target", default="", help="Stage to build; default: that of the record.")
@click.option(
    "--build-arg",
    "build_args",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="Build argument, besides those of the record; without a value, that of the environment; repeatable.",
)
@click.option(
    "--against",
    default="",
    metavar="FILE|ID",
    help="Predict from this: a record file, FILE#N, or the id of a known build. Default: the newest known "
    "build of the directory.",
)
@click.option(
    "--record",
    default="",
    metavar="FILE[#N]",
    help="Predict this recorded build's own repeat, without a tree.",
)
@click.option("--client", default="", metavar="ID", help="Predict what another client would find.")
@click.option(
    "--changed",
    multiple=True,
    metavar="FILE",
    help="Predict as if the content of this file was another one; repeatable.",
)
@click.option(
    "--git",
    "commits",
    default="",
    metavar="OLD..NEW",
    help="Predict the builds of these commits, each after the one before it, without a checkout.",
)
@click.option(
    "--max-age", type=AgeType(), default=None, metavar="AGE", help="Mark reused steps older than 7d, 12h …"
)
@click.option(
    "--cache-from",
    "cache_from",
    multiple=True,
    metavar="PLACE",
    help="Predict for a builder that has nothing but this exported cache: type=registry,ref=REF, "
    "type=local,src=DIR …; repeatable.",
)
@click.option(
    "--own-cache",
    is_flag=True,
    help="With --cache-from: the builder also has what the recorded builds stored.",
)
@click.option(
    "--ask-engine",
    is_flag=True,
    help="Let an engine's frontend say what it makes of the Dockerfile, as far as that takes no building.",
)
@click.option(
    "--engine",
    default="",
    metavar="NAME",
    help="The engine that --ask-engine asks: host, host:CONTEXT, private:28.5 …  Default: that of `why`.",
)
@click.option("--store", default="", metavar="DIR", help="Record store; default: in the state directory.")
@format_option("predictions")
@verbose_option
@click.argument("path", default="", metavar="[PATH]")
@gathered(NextBuildOptions, "build")
@gathered(CacheOptions, "cache")
def command(
    build: NextBuildOptions,
    cache: CacheOptions,
    commits: str,
    max_age: float | None,
    ask_engine: bool,
    engine: str,
    form: "Format",
    verbose: bool,
) -> int:
    """Say which steps would be reused if PATH was built now, why others would not, and what that costs.

    Nothing is built, and no engine is needed: the tree is read as the client would send it, and compared by
    the builder's own rules with the newest build of PATH that `why` has kept. Without PATH it is the working
    directory. What unrecorded builds stored is unknown, and so is what the cache has lost since.

    With --ask-engine the frontend of an engine's BuildKit says what it makes of the Dockerfile, and the
    engine which base images it has now: no line is unknown because a model is missing. The engine builds no
    step and keeps nothing of the question. A frontend that `# syntax` names is run there as for a build, and
    fetched if the engine does not have it.

    With --git, every commit of a range is read from git's objects and predicted as if it was built after the
    one before it: which commits made builds slow, and by which file or line. With --cache-from as well, each
    is built by a builder that has nothing but that cache, as CI often has.

    The exit code is 0 when every step will be reused, 1 when some step will miss, 3 when none is known to
    miss but some are unknown.
    """
    if commits:
        return _predict_commits(build.path, commits, cache, form, verbose=verbose)
    from layerfork.app.predict.nextbuild import PredictOptions  # late: start-up
    from layerfork.app.predict.remembered import predict_builds  # late: start-up

    predictions = predict_builds(
        build.path,
        PredictOptions(
            dockerfile=build.dockerfile,
            target=build.target,
            build_args=parse_pairs(build.build_args, "--build-arg", os.environ),
            changed=build.changed,
            own_cache=cache.own_cache,
        ),
        against=cache.against,
        record=cache.record,
        client=build.client,
        store_path=cache.store,
        max_age_s=max_age,
        cache_from=cache.cache_from,
        frontend=_frontend(engine) if ask_engine else None,
        meanwhile=lambda: form.load("predictions"),
    )
    put(form.render("predictions", predictions, look_of(sys.stdout, verbose=verbose)))
    return exit_code(predictions)


def _predict_commits(path: str, commits: str, cache: CacheOptions, form: "Format", *, verbose: bool) -> int:
    from layerfork.app.predict.commits import predict_histories  # late: start-up
    from layerfork.record.prediction import PredictedStatus, exit_code_of  # late: start-up

    histories = predict_histories(
        path, commits, against=cache.against, store_path=cache.store, cache_from=cache.cache_from
    )
    put(form.render("histories", histories, look_of(sys.stdout, verbose=verbose)))
    predicted = [each for history in histories for each in history.commits]
    missed = any(each.count(PredictedStatus.MISS) for each in predicted)
    return exit_code_of(missed=missed, known=all(each.is_known for each in predicted))


def _frontend(engine: str) -> "OpenFrontend":
    from layerfork.app.predict.enginefrontend import frontend_of  # late: start-up

    return partial(frontend_of, engine, to_stderr)


def exit_code(predictions: "Sequence[Prediction]") -> int:
    """By what is certain: a miss counts more than an unknown step."""
    from layerfork.record.prediction import PredictedStatus, exit_code_of  # late: start-up

    missed = any(each.count(PredictedStatus.MISS) for each in predictions)
    return exit_code_of(
        missed=missed, known=not any(each.count(PredictedStatus.UNKNOWN) for each in predictions)
    )
