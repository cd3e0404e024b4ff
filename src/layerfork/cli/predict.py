"""`layerfork predict`: which steps would be reused if this tree was built now."""

import os
import sys
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from layerfork.cli.options import (
    AgeType,
    format_option,
    give_way,
    is_typed,
    look_of,
    parse_pairs,
    refuse_together,
    to_stderr,
    verbose_option,
)
from layerfork.cli.output import put
from layerfork.errors import UsageError

if TYPE_CHECKING:
    from layerfork.app.predict.frontend import OpenFrontend
    from layerfork.record.prediction import Prediction
    from layerfork.report.formats import Format


@click.command("predict")
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
def command(
    dockerfile: str,
    target: str,
    build_args: tuple[str, ...],
    against: str,
    record: str,
    client: str,
    changed: tuple[str, ...],
    commits: str,
    max_age: float | None,
    cache_from: tuple[str, ...],
    own_cache: bool,
    ask_engine: bool,
    engine: str,
    store: str,
    form: "Format",
    verbose: bool,
    path: str,
) -> int:
    """Say which steps would be reused if PATH was built now, why others would not, and what that costs.

    Nothing is built, and no engine is needed: the tree is read as the client would send it, and compared by
    the builder's own rules with the newest build of PATH that `why` has kept. Without PATH it is the working
    directory. What unrecorded builds stored is unknown, and so is what the cache has lost since.

    With --ask-engine the frontend of an engine's BuildKit says what it makes of the Dockerfile, and the
    engine which base images it has now: no line is unknown for want of a model. No step is built, and the
    engine keeps nothing of the question. A frontend that `# syntax` names is run there as for a build, and
    fetched if the engine does not have it.

    With --git, every commit of a range is read from git's objects and predicted as if it was built after the
    one before it: which commits made builds slow, and by which file or line. With --cache-from as well, each
    is built by a builder that has nothing but that cache, as CI often has.

    The exit code is 0 when every step will be reused, 1 when some step will miss, 3 when none is known to
    miss but some are unknown.
    """
    if commits:
        refuse_together(
            "--git",
            {
                "--file": give_way(dockerfile, "dockerfile", to=("commits",)),
                "--target": give_way(target, "target", to=("commits",)),
                "--build-arg": give_way(build_args, "build_args", to=("commits",)),
                "--record": record,
                "--client": give_way(client, "client", to=("commits",)),
                "--changed": changed,
                "--max-age": is_typed("max_age") and max_age,
                "--own-cache": is_typed("own_cache") and own_cache,
                "--ask-engine": is_typed("ask_engine") and ask_engine,
            },
            hint="commits are predicted as the record's build; --against names another record",
        )
        return _predict_commits(path, commits, against, store, cache_from, form, verbose=verbose)
    from layerfork.app.predict.nextbuild import PredictOptions
    from layerfork.app.predict.remembered import predict_builds

    against = give_way(against, "against", to=("record",))
    engine = give_way(engine, "engine", when=not ask_engine)
    if engine and not ask_engine:
        raise UsageError(
            "--engine needs --ask-engine",
            hint=f"--ask-engine --engine {engine}",
        )
    if record and (path or against):
        raise UsageError(
            f"--record needs no {'PATH' if path else '--against'}: it predicts from the record alone",
            hint="--against FILE PATH predicts a tree from a record",
        )
    if is_typed("own_cache") and own_cache and not cache_from:
        raise UsageError(
            "--own-cache needs --cache-from", hint="without it, a builder has only its own cache"
        )
    predictions = predict_builds(
        path,
        PredictOptions(
            dockerfile=dockerfile,
            target=target,
            build_args=parse_pairs(build_args, "--build-arg", os.environ),
            changed=changed,
            own_cache=own_cache,
        ),
        against=against,
        record=record,
        client=client,
        store_path=store,
        max_age_s=max_age,
        cache_from=cache_from,
        frontend=_frontend(engine) if ask_engine else None,
        meanwhile=lambda: form.load("predictions"),
    )
    put(form.render("predictions", predictions, look_of(sys.stdout, verbose=verbose)))
    return exit_code(predictions)


def _predict_commits(
    path: str,
    commits: str,
    against: str,
    store: str,
    cache_from: tuple[str, ...],
    form: "Format",
    *,
    verbose: bool,
) -> int:
    from layerfork.app.predict.commits import predict_histories
    from layerfork.record.prediction import PredictedStatus, exit_code_of

    histories = predict_histories(path, commits, against=against, store_path=store, cache_from=cache_from)
    put(form.render("histories", histories, look_of(sys.stdout, verbose=verbose)))
    predicted = [each for history in histories for each in history.commits]
    missed = any(each.count(PredictedStatus.MISS) for each in predicted)
    return exit_code_of(missed=missed, known=all(each.is_known for each in predicted))


def _frontend(engine: str) -> "OpenFrontend":
    from layerfork.app.predict.frontend import frontend_of

    return partial(frontend_of, engine, to_stderr)


def exit_code(predictions: "Sequence[Prediction]") -> int:
    """By what is certain: a miss counts more than an unknown step."""
    from layerfork.record.prediction import PredictedStatus, exit_code_of

    missed = any(each.count(PredictedStatus.MISS) for each in predictions)
    return exit_code_of(
        missed=missed, known=not any(each.count(PredictedStatus.UNKNOWN) for each in predictions)
    )
