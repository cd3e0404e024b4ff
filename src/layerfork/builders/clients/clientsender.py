"""How a client of the table sends a directory, as the readers of directories take it."""

from layerfork.builders.clients.client import BuildClient
from layerfork.context.clientrules import find_rules
from layerfork.context.manifest import NEWEST_DOCKER_PY
from layerfork.context.senders import Sender
from layerfork.record.build import Builder


def sender_of_client(client: BuildClient, builder: Builder) -> Sender | None:
    """How a client sends a directory to a builder; None where its row says that this is not modelled."""
    followed = client.context_rules(client.version, builder)
    if followed is None:
        return None
    return Sender(rules=find_rules(followed.id), docker_py=followed.docker_py or NEWEST_DOCKER_PY)
