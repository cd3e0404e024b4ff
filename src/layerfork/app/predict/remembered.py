"""`layerfork predict`, without making a prediction again that was made before of the very same things.

Of very many files a prediction takes longer than to see that none of them has changed. What is remembered
holds for the same question, records and Dockerfile, and for a tree in which nothing that is sent has changed.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from layerfork import __version__
from layerfork.app.predict.nextbuild import PredictOptions, current_umask
from layerfork.context.hashing.digestcache import cache_file, read_columns, write_columns
from layerfork.context.hashing.statuses import no_other_work
from layerfork.context.projectfiles import read_regular
from layerfork.context.treememory import known_tree
from layerfork.userdirs import cache_directory, state_directory

if TYPE_CHECKING:
    from layerfork.app.predict.enginefrontend import OpenFrontend
    from layerfork.app.predict.nearestbuilds import PredictionWithInputs
    from layerfork.record.prediction import Prediction

_ENDING = ".prediction"


@cache
def _form() -> str:
    """What another version computed, or this one before its files were changed, is computed anew."""
    code = os.fspath(Path(__file__).parents[2])
    files = sorted(_sources(code))
    return f"layerfork prediction 1, {__version__}, {sha256(repr(files).encode()).hexdigest()}"


def _sources(directory: str) -> Iterator[tuple[str, int]]:
    """Files of Python and when they were changed."""
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.name.endswith(".py"):
                yield entry.path, entry.stat().st_mtime_ns
            elif entry.is_dir() and entry.name != "__pycache__":
                yield from _sources(entry.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Everything that decides a prediction but the tree. No build arguments: they may be secret."""

    root: Path
    asked: PredictOptions
    against: str
    store: Path

    def name(self) -> str:
        """Of two questions that have the same name the answer is the same."""
        records = (*_files(self.store), *_files(_record_file(self.against)))
        parts = (Path.cwd(), self.root, self.asked, self.against, *records)
        return sha256("\0".join(map(str, parts)).encode("utf-8", "surrogateescape")).hexdigest()


def predict_builds(
    path: str,
    asked: PredictOptions,
    *,
    against: str = "",
    record: str = "",
    client: str = "",
    store_path: str = "",
    max_age_s: float | None = None,
    cache_from: Sequence[str] = (),
    frontend: "OpenFrontend | None" = None,
    meanwhile: Callable[[], object] = no_other_work,
) -> "tuple[Prediction, ...]":
    """What the next build of a directory would find in the cache, one for each build that its command makes.

    Arguments as of `predict_each`; hits older than ``max_age_s`` are marked. ``meanwhile`` is done
    while others look whether something changed. Raises: LayerforkError.
    """
    question = None
    if not (record or client or cache_from or frontend or asked.changed or asked.build_args):
        store = Path(store_path) if store_path else state_directory() / "records"
        question = _Question(root=Path(path or "."), asked=asked, against=against, store=store)
    found = _recalled(question, meanwhile) if question is not None else None
    if found is None:
        from layerfork.app.predict.nearestbuilds import predict_each  # late: start-up

        name = question.name() if question is not None else ""
        predicted = predict_each(
            path,
            asked,
            against=against,
            record=record,
            client=client,
            store_path=store_path,
            cache_from=cache_from,
            frontend=frontend,
        )
        if question is not None and len(predicted) == 1 and question.name() == name:
            _remember(question, name, predicted[0])
        found = tuple(each.prediction for each in predicted)
    return found if max_age_s is None else tuple(_over_age(each, max_age_s) for each in found)


def _recalled(question: _Question, meanwhile: Callable[[], object]) -> "tuple[Prediction, ...] | None":
    caches = cache_directory()
    columns = read_columns(cache_file(caches, question.root, _ENDING), _form())
    if columns is None or columns[0] != question.name():
        return None
    _, tree, dockerfile, digest, made_s, encoded = columns
    if _digest_of(dockerfile) != digest:
        return None
    decoded: list[Prediction | None] = []

    def decode() -> None:
        meanwhile()
        decoded.append(_decoded(encoded))

    if known_tree(caches, question.root, current_umask(), decode) != tree or decoded[0] is None:
        return None
    return (_later(decoded[0], time.time() - made_s),)


def _decoded(encoded: bytes) -> "Prediction | None":
    import msgspec  # late: start-up

    from layerfork.record.prediction import Prediction  # late: start-up

    try:
        return msgspec.json.decode(encoded, type=Prediction)
    except msgspec.ValidationError:
        return None


def _remember(question: _Question, name: str, predicted: "PredictionWithInputs") -> None:
    """Keep it, if its tree is the one that was asked about and can be known again."""
    root = predicted.root
    if not predicted.tree or root is None or not root.samefile(question.root):
        return
    import msgspec  # late: start-up

    write_columns(
        cache_file(cache_directory(), question.root, _ENDING),
        _form(),
        name,
        predicted.tree,
        *predicted.dockerfile,
        time.time(),
        msgspec.json.encode(predicted.prediction),
    )


def _later(prediction: "Prediction", seconds: float) -> "Prediction":
    """The same prediction after some time."""
    steps = tuple(
        replace(step, age_s=step.age_s + seconds) if step.age_s is not None else step
        for step in prediction.steps
    )
    against = replace(prediction.against, age_s=prediction.against.age_s + seconds)
    return replace(prediction, steps=steps, against=against)


def _over_age(prediction: "Prediction", most_s: float) -> "Prediction":
    """With those hits marked that are older than ``most_s`` seconds."""
    steps = tuple(
        replace(step, over_age=step.age_s is not None and step.age_s > most_s) for step in prediction.steps
    )
    return replace(prediction, steps=steps)


def _record_file(against: str) -> Path | None:
    """The file that ``FILE`` or ``FILE#N`` names."""
    named = Path(against) if not against or Path(against).exists() else Path(against.rpartition("#")[0])
    return named if against else None


def _files(place: Path | None) -> Iterator[str]:
    """Names, sizes and times of a file, or of all files in a directory."""
    if place is None:
        return
    with contextlib.suppress(OSError):
        paths = sorted(each.path for each in os.scandir(place)) if place.is_dir() else [os.fspath(place)]
        for path in paths:
            status = os.stat(path)  # noqa: PTH116 - very many
            yield f"{path} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"


def _digest_of(dockerfile: str) -> str:
    if not dockerfile:
        return ""
    try:
        return sha256(read_regular(Path(dockerfile))).hexdigest()
    except OSError:
        return "unreadable"
