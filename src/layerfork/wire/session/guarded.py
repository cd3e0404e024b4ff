"""Calls that carry secrets: that they happened is a fact, what they carry is never looked at."""

from layerfork.wire.buildkit import control_pb2 as control
from layerfork.wire.buildkit.observed import ObservedSession
from layerfork.wire.buildkit.plain import text
from layerfork.wire.http.grpc import CallStatus
from layerfork.wire.proxy.tap import Bytes

GUARDED = (
    "moby.buildkit.secrets.v1.Secrets/",
    "moby.sshforward.v1.SSH/",
    "moby.filesync.v1.Auth/",
)
"""Services whose payload must not be kept. Unknown services are not parsed either."""
GET_SECRET = "moby.buildkit.secrets.v1.Secrets/GetSecret"

_MAX_SECRET_IDS = 1000
_MAX_ID_BYTES = 4096


class SecretIdsError(Exception):
    """There are more than are kept."""


class SecretFollower:
    """Secrets/GetSecret: the id that the engine asks for (a part of the step's key), never the answer."""

    def __init__(self, session: ObservedSession) -> None:
        self._session = session

    def request(self, message: Bytes) -> None:
        if len(message) > _MAX_ID_BYTES:
            raise SecretIdsError("the id of a secret is too long to be kept")
        identifier = text(control.GetSecretRequest.FromString(bytes(message)).id)
        if identifier not in self._session.secret_ids and len(self._session.secret_ids) >= _MAX_SECRET_IDS:
            raise SecretIdsError("there are more ids of secrets than are kept")
        self._session.secret_ids.add(identifier)

    def response(self, message: Bytes) -> None:
        """The secret itself."""

    def ended(self, status: CallStatus) -> None:
        """Nothing to do."""
