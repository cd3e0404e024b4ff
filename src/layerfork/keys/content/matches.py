"""What a wildcard matches for BuildKit up to 0.8: whole directories, whose inside is not looked at.

Source: moby/buildkit cache/contenthash/checksum.go:{ChecksumWildcard,wildcards} @ v0.8.2, v0.8.3.
"""

from collections.abc import Iterator

from layerfork.keys.content.links import locate
from layerfork.keys.content.selection import Item
from layerfork.keys.content.tree import ContentTree, MissingPathError, PatternError
from layerfork.record import gopath


def list_matches(tree: ContentTree, pattern: str, follow_links: bool) -> Iterator[Item]:
    """What matches, in byte order of paths; links before a wildcard are not followed.

    Raises: ContentError, LinkLoopError.
    """
    if not gopath.is_valid_pattern(pattern):
        raise PatternError(pattern)
    taken = ""
    for place, node in tree.walk(""):
        if taken and place.startswith(f"{taken}/"):
            continue
        if not gopath.match(pattern, place):
            continue
        taken = place if node.is_directory else taken
        if node.is_link and follow_links:
            target, found = locate(tree, place, follow_last=True)
            if found is None:
                raise MissingPathError(place)
            yield Item(path=place, place=target, node=found, whole=True)
        else:
            yield Item(path=place, place=place, node=node, whole=True)
