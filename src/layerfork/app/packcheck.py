"""What every client sends of a directory today, compared with its canonical tar. No engine is needed."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from layerfork.app.experiment.clientchoice import choose_clients
from layerfork.app.pack import Say
from layerfork.app.predict.nextbuild import current_umask
from layerfork.builders.clients import CLIENTS, BuildClient
from layerfork.builders.clients.clientsender import sender_of_client
from layerfork.builders.environments.installing import described_clients
from layerfork.context.hashing.contents import HashedFiles
from layerfork.context.manifest import read_tree
from layerfork.context.packing.plan import PackPlan, plan_directory
from layerfork.context.packing.stream import tar_pieces
from layerfork.context.packing.tardiff import Entries, differences, entries_by_path
from layerfork.context.projectfiles import read_ignore_text
from layerfork.context.senders import Sender
from layerfork.context.walk import ScannedTree, scan
from layerfork.errors import LayerforkError
from layerfork.record.build import Builder
from layerfork.record.context import SendingGroup, SendingReport, Transport
from layerfork.wire.tar.tarstream import TarDecoder

_NO_ROOT = "a directory's transfer has no header of the root: COPY . shares nothing with a tar (root-header)"
_IGNORES_LATER = "buildah applies ignore rules itself: what it is given besides is not compared"
_OUTSIDE = "the Dockerfile comes from outside: how it is sent is not compared"
Way = tuple[Sender, Builder]


def check_sendings(root: Path, dockerfile: Path | None, clients: Sequence[str], say: Say) -> SendingReport:
    """What clients send of a directory; without ``clients`` all of the table, each in its newest version.

    Raises: UsageError, LayerforkError.
    """
    plan = plan_directory(root, dockerfile)
    chosen = _chosen(clients)
    packed = _packed(plan, say)
    tree = scan(root)
    if tree.problems:
        problem = tree.problems[0]
        raise LayerforkError(
            f"directory {problem.path} of the context cannot be read: {problem.reason}",
            hint="make it readable for this user",
        )
    ways: dict[Way, list[str]] = {}
    unknown = []
    for label, client in chosen:
        known = list(_ways(client))
        for way in known:
            ways.setdefault(way, []).append(label)
        if not known:
            unknown.append(label)
    sendings = [_sending(plan, tree, packed, way, names) for way, names in ways.items()]
    return SendingReport(context=str(root), sendings=tuple(sendings), unknown=tuple(unknown))


def _chosen(ids: Sequence[str]) -> Sequence[tuple[str, BuildClient]]:
    """With the name of each, those that settings describe among them. Raises: UsageError."""
    if not ids:
        return [(each.id, each) for each in CLIENTS if not each.version]
    return choose_clients(ids, described_clients(Path.cwd()))


def _packed(plan: PackPlan, say: Say) -> Entries:
    """What is in the tar, read from its bytes."""
    decoder = TarDecoder()
    for piece in tar_pieces(plan, say):
        decoder.feed(piece)
    return entries_by_path(decoder.entries)


def _ways(client: BuildClient) -> Iterator[Way]:
    for builder in client.builders:
        sender = sender_of_client(client, builder)
        if sender is not None:
            yield sender, builder


def _sending(
    plan: PackPlan, tree: ScannedTree, packed: Entries, way: Way, clients: Iterable[str]
) -> SendingGroup:
    sender, builder = way
    rules = sender.rules
    read = read_tree(
        tree,
        rules,
        read_ignore_text(plan.root, rules, plan.dockerfile),
        lambda files: HashedFiles(contents={}, problems=[], read=[]),
        dockerfile=plan.dockerfile,
        docker_py=sender.docker_py,
        umask=current_umask(),
    )
    sent = entries_by_path(read.manifest.entries)
    notes = []
    if plan.text is not None:
        notes.append(_OUTSIDE)
        sent, packed = _without(sent, plan.dockerfile), _without(packed, plan.dockerfile)
    if rules.transport is Transport.FILE_SYNC:
        notes.append(_NO_ROOT)
    ignores_later = builder is Builder.BUILDAH
    if ignores_later:
        notes.append(_IGNORES_LATER)
    return SendingGroup(
        clients=tuple(clients),
        builder=builder,
        differences=differences(sent, packed, builder, extras=not ignores_later),
        notes=tuple(notes),
    )


def _without(entries: Entries, path: str) -> Entries:
    return {each: entry for each, entry in entries.items() if each != path}
