"""Records a transcript: ``python tests/transcripts/record.py OUT ENGINE_SOCKET [key=value…] -- CMD…``.

Every ``key=value`` becomes a fact in the file's second line.
"""

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from transcripts.framed import (
    CLIENT_CLOSED,
    CLIENT_SENT,
    ENGINE_CLOSED,
    ENGINE_SENT,
    Frame,
    write_transcript,
)


class Recorder:
    """A byte proxy that keeps everything it forwards."""

    def __init__(self, engine_socket: str) -> None:
        self.engine_socket = engine_socket
        self.frames: list[Frame] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = self.connections
        self.connections += 1
        engine_reader, engine_writer = await asyncio.open_unix_connection(self.engine_socket)
        keep = self._keeper(number)
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(
                self._copy(reader, engine_writer, keep, CLIENT_SENT, CLIENT_CLOSED),
                self._copy(engine_reader, writer, keep, ENGINE_SENT, ENGINE_CLOSED),
            )
        for stream in (writer, engine_writer):
            stream.close()

    def _keeper(self, number: int) -> Callable[[bytes, bytes], None]:
        def keep(kind: bytes, data: bytes) -> None:
            self.frames.append(Frame(kind=kind, connection=number, data=data))

        return keep

    async def _copy(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        keep: Callable[[bytes, bytes], None],
        sent: bytes,
        closed: bytes,
    ) -> None:
        while data := await reader.read(65536):
            keep(sent, data)
            writer.write(data)
            await writer.drain()
        keep(closed, b"")
        with contextlib.suppress(OSError):
            writer.write_eof()


async def record(out: Path, engine_socket: str, facts: dict[str, object], argv: list[str]) -> int:
    recorder = Recorder(engine_socket)
    with tempfile.TemporaryDirectory() as directory:
        socket = f"{directory}/docker.sock"
        server = await asyncio.start_unix_server(recorder.serve, socket)
        process = await asyncio.create_subprocess_exec(
            *argv, env={**os.environ, "DOCKER_HOST": f"unix://{socket}"}
        )
        code = await process.wait()
        await asyncio.sleep(0.2)
        server.close()
    write_transcript(out, facts, recorder.frames)
    return code


def main() -> int:
    split = sys.argv.index("--")
    out, engine_socket, *pairs = sys.argv[1:split]
    facts: dict[str, object] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        facts[name] = value
    argv = sys.argv[split + 1 :]
    facts["argv"] = argv
    return asyncio.run(record(Path(out), engine_socket, facts, argv))


if __name__ == "__main__":
    sys.exit(main())
