"""Digests that BuildKit's own package computes, release by release."""

import json
from pathlib import Path
from typing import Any

import pytest
from fakes.contenttrees import Files, files_of, selector

from layerfork.keys.buildkit.content_tree import ContentError
from layerfork.keys.unpacked import LinkLoopError
from layerfork.record.context import ContextEntry, EntryType
from layerfork.releases import buildkit_rules

VECTORS = Path(__file__).parents[2] / "vectors" / "buildkit-content.json"
CASES = json.loads(VECTORS.read_text())["cases"]


def entry_of(name: str, what: dict[str, Any]) -> ContextEntry:
    return ContextEntry(
        name=name,
        type=EntryType(what["type"]),
        mode=int(what.get("mode", "0777"), 8),
        uid=what.get("owner", 0),
        gid=what.get("owner", 0) * 2,
        linkname=what.get("link", ""),
        xattrs=(("user.n", b"\0v"),) if "xattr" in what else (),
        devmajor=1 if "minor" in what else 0,
        devminor=what.get("minor", 0),
    )


def files_of_case(case: dict[str, Any]) -> Files:
    entries = [entry_of(name, what) for name, what in case["tree"].items()]
    data = {name: what["data"].encode() for name, what in case["tree"].items() if "data" in what}
    return files_of(entries, data)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_digest_of_every_release(case: dict[str, Any]) -> None:
    files, wanted = files_of_case(case), case["selector"]
    include, exclude = (tuple(wanted.get(name, ())) for name in ("include", "exclude"))
    asked = selector(wanted["path"], include, exclude, follow=wanted.get("follow_links", True))
    for digest, releases in case["digests"].items():
        for release in releases:
            try:
                tree = files.tree(buildkit_rules(release, ""), case["on_disk"])
                found: str = files.digest_of_one(tree, asked)
            except (ContentError, LinkLoopError):
                found = "error"
            assert found == digest, release
