"""What another client's build of the same directory would find: it sends the files in its own way."""

from dataclasses import dataclass, replace
from pathlib import Path

from layerfork.app.predict.asked import Asked
from layerfork.app.predict.planned import Planned
from layerfork.app.predict.planning import plan
from layerfork.builders.clients import BuildClient, find_client
from layerfork.builders.clients.sending import sender_of_client
from layerfork.context.senders import Sender
from layerfork.errors import UsageError
from layerfork.record.build import Builder
from layerfork.record.record import BuildRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherClient:
    """A client that did not make the recorded build."""

    client: BuildClient

    def builder_of(self, record: BuildRecord) -> Builder:
        """The builder that it would use: that of the recorded build if it can."""
        client = self.client
        if client.builder is not None:
            return client.builder
        return record.builder if record.builder in client.builders else client.builders[0]

    def sender(self, record: BuildRecord) -> Sender | None:
        """How it would send a directory to the builder of the record; None where that is not modelled."""
        return sender_of_client(self.client, record.builder)

    def why_no_cache(self, record: BuildRecord) -> str:
        """Why it cannot find what the recorded build stored, whatever it sends; empty when it can."""
        builder = self.builder_of(record)
        if builder is record.builder:
            return ""
        return (
            f"{self.client.id} builds with {builder.value}: its cache is not that of {record.builder.value}"
        )


def as_client(word: str) -> OtherClient:
    """The client of an id. Raises: UsageError."""
    return OtherClient(client=find_client(word))


def plan_of_client(record: BuildRecord, asked: Asked, root: Path, other: OtherClient) -> Planned:
    """What another client would send of a directory. Raises: UsageError."""
    sender = other.sender(record)
    why_not = other.why_no_cache(record)
    planned = plan(record, asked, root, other.client.id, sender)
    return replace(planned, other_cache=why_not)


def without_tree(client: OtherClient) -> UsageError:
    """It sends a directory, and there is none."""
    return UsageError(
        f"--client {client.client.id} needs the directory that it would send",
        hint="leave --record out, or use --against FILE with a PATH",
    )
