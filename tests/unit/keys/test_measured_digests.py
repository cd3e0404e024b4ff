"""Digests that real engines printed or exported, computed from the files themselves."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from layerfork.context.ignore.containers_storage import storage_matcher
from layerfork.keys.buildah.content import CopyOptions, MissingSourceError, added_summary
from layerfork.keys.buildah.copier import SourceFinder
from layerfork.keys.buildkit.content_digest import ContentDigester, content_digest
from layerfork.keys.buildkit.content_tree import ContentTree, Selector, content_tree, has_wildcard
from layerfork.keys.buildkit.opdigest import manifest_record, op_digest, record_digest
from layerfork.keys.buildkit.select import select
from layerfork.keys.buildkit.sources import SourceParts
from layerfork.keys.classic.tarsum import hash_strings, tarsum
from layerfork.keys.unpacked import unpack
from layerfork.record.context import ContextEntry, ContextManifest, Digest, EntryType, Transport
from layerfork.record.llb import ExecMount, ExecOp, FileAction, LLBInput, LLBOp, SourceOp
from layerfork.record.record import BuildRecord
from layerfork.releases import BuildahRules, buildkit_rules

NO_DIGEST = Digest("sha256:" + "0" * 64)
RULES = buildkit_rules("v0.13.2", "")
DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def entries_of(context: dict[str, dict[str, str]]) -> tuple[list[ContextEntry], dict[str, bytes]]:
    """A directory context as the vectors describe it, and its files' bytes by name."""
    entries, data = [], {}
    for name, what in context.items():
        if "symlink" in what:
            entry = ContextEntry(name=name, type=EntryType.SYMLINK, mode=0o777, linkname=what["symlink"])
        elif "hardlink_of" in what:
            entry = ContextEntry(name=name, type=EntryType.HARDLINK, mode=0o644, linkname=what["hardlink_of"])
        elif "data" in what:
            data[name] = what["data"].encode()
            mode = int(what["mode"], 8)
            entry = ContextEntry(name=name, type=EntryType.FILE, mode=mode, size=len(data[name]))
        else:
            entry = ContextEntry(name=name[:-1], type=EntryType.DIRECTORY, mode=int(what["mode"], 8))
        entries.append(entry)
    return entries, data


def buildkit_tree(vectors: Any) -> tuple[ContentTree, dict[str, bytes]]:
    entries, data = entries_of(vectors["buildkit"]["context"])
    manifest = ContextManifest(transport=Transport.FILE_SYNC, entries=tuple(entries))
    return content_tree(manifest, RULES), data


def selector(word: str) -> Selector:
    path = "/" if word == "." else "/" + word
    return Selector(path=path, wildcard=has_wildcard(path))


def test_buildkit_content_digests(vectors: Any) -> None:
    tree, data = buildkit_tree(vectors)
    for name, digest in vectors["buildkit"]["content_digests"].items():
        digester = ContentDigester(tree=tree, contents=lambda e: [data[e.name]], digests={})
        assert digester.selection(select(tree, selector(name))) == digest


def test_buildkit_content_records(vectors: Any) -> None:
    tree, data = buildkit_tree(vectors)
    exported = vectors["buildkit"]["record_digests_computed_and_found_in_export"]
    slow = {name: digest for name, digest in exported.items() if name.startswith("slow COPY ")}
    assert len(slow) == 7
    for name, digest in slow.items():
        words = name.removeprefix("slow COPY ").removesuffix(" (0.13 fmt)").split()
        found = content_digest(tree, map(selector, words), lambda e: [data[e.name]])
        assert record_digest(found, -1) == digest, name


def copy_op(*actions: tuple[str, str]) -> LLBOp:
    last = len(actions) - 1
    made = tuple(
        FileAction(
            kind="copy",
            input=0 if number == 0 else last + number,
            secondary_input=1,
            output=0 if number == last else -1,
            src=src,
            dest=dest,
            follow_symlink=True,
            dir_copy_contents=True,
            create_dest_path=True,
            allow_wildcard=True,
            allow_empty_wildcard=True,
        )
        for number, (src, dest) in enumerate(actions)
    )
    inputs = (LLBInput(digest=NO_DIGEST), LLBInput(digest=NO_DIGEST))
    return LLBOp(digest=NO_DIGEST, kind="file", inputs=inputs, file=made)


def test_buildkit_operation_records(vectors: Any) -> None:
    buildkit = vectors["buildkit"]
    run = ExecOp(
        args=("/bin/sh", "-c", "echo tail"),
        env=(DEFAULT_PATH,),
        cwd="/",
        remove_mount_stubs_recursive=True,
        mounts=(ExecMount(type="bind", dest="/", input=0, output=0),),
    )
    operations = {
        "op COPY a.txt": copy_op(("/a.txt", "/a.txt")),
        "op COPY d": copy_op(("/d", "/d/")),
        "op COPY .": copy_op(("/", "/all/")),
        "op COPY link": copy_op(("/link", "/l")),
        "op COPY *.txt": copy_op(("/*.txt", "/w/")),
        "op RUN": LLBOp(digest=NO_DIGEST, kind="exec", exec=run),
    }
    exported = buildkit["record_digests_computed_and_found_in_export"]
    assert {name for name in exported if name.startswith("op ")} == operations.keys()
    for name, op in operations.items():
        assert record_digest(op_digest(op, "linux/amd64", RULES, {})) == exported[name], name
    two = op_digest(copy_op(("/a.txt", "/m/"), ("/b.txt", "/m/")), "linux/amd64", RULES, {})
    assert record_digest(two) in {record["digest"] for record in buildkit["exported_records"]}


def test_buildkit_base_image_record(vectors: Any, buildkit_record: Callable[..., BuildRecord]) -> None:
    buildkit = vectors["buildkit"]
    record = buildkit_record("FROM base\nRUN x\n")
    facts = replace(dict(record.base_images)["base"], diff_ids=(buildkit["base_diffid"],))
    record = replace(record, base_images=(("base", facts),))
    source = SourceOp(identifier="docker-image://docker.io/library/base:latest@sha256:" + "0" * 64)
    _, unknown, form = SourceParts(record=record, ops={}).parts(source)
    assert not unknown
    assert form == buildkit["from_record_config_key"]
    assert manifest_record(buildkit["base_manifest"], "linux/amd64") == buildkit["from_record_manifest_key"]


def test_classic_files_on_disk(vectors: Any) -> None:
    """``ADD URL`` and ``COPY --from`` hash files on disk: relative names, permission bits, real owners."""
    computed = vectors["classic"]["edge_cases"]["computed"]
    file = ContextEntry(name="w", type=EntryType.FILE, mode=0o644, size=2)
    inner = ContextEntry(name="o/z", type=EntryType.FILE, mode=0o644, size=2)
    outer = ContextEntry(name="o/", type=EntryType.DIRECTORY, mode=0o755)
    assert "file:" + tarsum(file, [b"W\n"]).removeprefix("sha256:") == computed["COPY --from /w"]
    both = (tarsum(outer), tarsum(inner, [b"Z\n"]))
    digests = sorted(digest.removeprefix("sha256:") for digest in both)
    assert hash_strings("dir", digests) == computed["COPY --from /o"]


def test_buildah_summaries(vectors: Any) -> None:
    buildah = vectors["buildah"]
    entries, data = entries_of(buildah["context"])

    def summary(*words: str, uid: int = 0) -> str:
        owned = [replace_uid(entry, uid) for entry in entries]
        finder = SourceFinder(
            tree=unpack(owned),
            excludes=storage_matcher(()),
            rules=BuildahRules(owner_names=True, directory_slash=False),
        )
        return added_summary(finder.find(words, CopyOptions()), lambda entry: [data[entry.name]])

    assert summary("a.txt") == "file:" + buildah["file a.txt, owner = building user root"]
    alone = summary("a.txt", uid=1000)
    assert alone == "file:" + buildah["file a.txt, owner uid 1000 without a name"]
    assert summary("d") == "dir:" + buildah["dir d"]
    assert summary("a.txt", "b.txt") == "multi:" + buildah["multi a.txt b.txt"]
    assert summary(".") == "dir:" + buildah["dir ."]


def test_a_wildcard_of_buildah_may_match_nothing_beside_a_match(vectors: Any) -> None:
    """As podman 5.4.2 did with ``a.txt``, ``nothing?`` and an ignored ``b.txt``."""
    entries, _ = entries_of(vectors["buildah"]["context"])
    finder = SourceFinder(
        tree=unpack(entries), excludes=storage_matcher(("b.txt",)), rules=BuildahRules(owner_names=True)
    )
    assert [each.path for each in finder.find(("a.txt", "nothing?"), CopyOptions())] == ["a.txt"]
    for words in (("a.txt", "nothing"), ("a.txt", "b.tx?"), ("a.txt", "b.txt"), ("nothing?",)):
        with pytest.raises(MissingSourceError):
            finder.find(words, CopyOptions())


def replace_uid(entry: ContextEntry, uid: int) -> ContextEntry:
    return replace(entry, uid=uid) if entry.name == "a.txt" else entry
