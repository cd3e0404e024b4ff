"""Reads and hashes files. Also a program of its own, so that a second processor can help with very many.

As a program it runs without layerfork's packages: only the standard library is imported here. From standard
input it reads the root, then sizes and paths in turn, each ended by a zero byte. It writes an answer of
`ANSWER` for each file.
"""

import hashlib
import os
import struct
import sys

PIECE_BYTES = 1 << 20
ANSWER = struct.Struct("32sB")
"""SHA-256, and one of the three below."""
UNREAD, PLAIN, WITH_ATTRIBUTES = range(3)
FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


def attribute_names(place: str | int) -> list[str]:
    """Names of the extended attributes of an open file or a path, whose links are not followed.

    None where a file system has none, and outside Linux, where Python cannot ask.
    """
    if sys.platform != "linux":
        return []
    try:
        return os.listxattr(place, follow_symlinks=isinstance(place, int))
    except OSError:
        return []


def read_file(path: str | bytes, size: int) -> tuple["hashlib._Hash", bool]:
    """The hash of a regular file that should have ``size`` bytes, and whether it is without attributes.

    Raises: OSError.
    """
    handle = os.open(path, FLAGS)
    try:
        return _hash(handle, size), not attribute_names(handle)
    finally:
        os.close(handle)


def _hash(handle: int, size: int) -> "hashlib._Hash":
    # One byte more than there should be: getting all but that one is the end of the file.
    data = os.read(handle, min(size + 1, PIECE_BYTES))
    digest = hashlib.sha256(data)
    if len(data) == size < PIECE_BYTES:
        return digest
    while data:
        data = os.read(handle, PIECE_BYTES)
        digest.update(data)
    return digest


def main() -> None:
    root, *arguments = sys.stdin.buffer.read().split(b"\0")[:-1]
    answers = []
    for size, path in zip(arguments[::2], arguments[1::2], strict=True):
        try:
            digest, plain = read_file(root + b"/" + path, int(size))
        except OSError:
            answers.append(ANSWER.pack(b"", UNREAD))
        else:
            answers.append(ANSWER.pack(digest.digest(), PLAIN if plain else WITH_ATTRIBUTES))
    sys.stdout.buffer.write(b"".join(answers))


if __name__ == "__main__":
    main()
