"""Keys of BuildKit 0.32.2 as it wrote them into exported caches, and the same keys computed from records.

`buildkit-0.32.2/` in the vectors: of each name the records of a build that exported its cache and of the same
build again, and the cache config that it wrote. The same config also passes in the transcript of a builder
in a container, where the client keeps the cache.
"""

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest
from transcripts.framed import CLIENT_SENT, ENGINE_SENT, read_transcript
from transcripts.records import records_of

from layerfork.keys.buildkit.buildkit_keys import buildkit_keys
from layerfork.keys.buildkit.content_digest import content_digest
from layerfork.keys.buildkit.content_tree import content_tree
from layerfork.keys.buildkit.opdigest import record_digest
from layerfork.keys.buildkit.opparts import input_uses
from layerfork.keys.buildkit.sources import SourceParts
from layerfork.record.context import ContextEntry
from layerfork.record.record import BuildRecord, StepStatus
from layerfork.record.store.recordfile import read_records
from layerfork.releases import buildkit_rules

TESTS = Path(__file__).parents[2]
VECTORS = TESTS / "vectors" / "buildkit-0.32.2"
CONTAINER = TESTS / "transcripts" / "buildkit-buildx-0.36.1-buildkitd-0.32.2-container-driver.bin"

TEXTS = (b"This is an important file\n", b"x", b"y", b"z", b"x\n", b"*.bak\n")
"""What small files of these contexts hold; what the archives hold was not kept."""
CONTENTS = {f"sha256:{sha256(text).hexdigest()}": text for text in TEXTS}

Links = dict[str, set[frozenset[str]]]
"""Digest of a record to what it links to, input by input, as digests."""

HASHED = {
    "args-env": set(),
    "copy-forms": {
        "COPY d /d",
        "COPY d/*.txt /w/",
        "COPY --chown=7:8 important.txt d/x.txt /c/",
        "COPY --chmod=600 important.txt /m",
        "COPY --link important.txt /l",
    },
    "run-copy": {"COPY important.txt /"},
    "tar-add": {"ADD important.txt /i/"},
}
"""The steps that read only files whose content is known here."""


def links_of(config: object) -> Links:
    """The graph of a cache config: ``inputs`` are positions in its own list of records."""
    assert isinstance(config, dict)
    records = config["records"]
    found: Links = {}
    for record in records:
        links = found.setdefault(record["digest"], set())
        for alternatives in record.get("inputs", ()):
            links.add(frozenset(records[each["link"]]["digest"] for each in alternatives))
    return found


def content_keys(record: BuildRecord) -> dict[str, str]:
    """Record digests of content keys by instruction, for those whose every file's content is known here."""
    assert record.definition is not None
    assert record.engine is not None
    rules = buildkit_rules(record.engine.buildkit_version, "")
    ops = {op.digest: op for op in record.definition.ops}
    sources = SourceParts(record=record, ops=ops)
    found: dict[str, str] = {}
    for step in record.steps:
        for op in (ops[digest] for digest in step.vertices):
            for use, source in zip(input_uses(op, rules), op.inputs, strict=True):
                manifest = sources.context_of(source.digest)
                if not use.selectors or manifest is None:
                    continue
                try:
                    content = content_digest(content_tree(manifest, rules), use.selectors, bytes_of)
                except KeyError:
                    continue
                found[step.instruction] = record_digest(content, -1)
    return found


def bytes_of(entry: ContextEntry) -> list[bytes]:
    return [CONTENTS[entry.content or ""]]


def assert_exported(record: BuildRecord, links: Links) -> None:
    for step, key in zip(record.steps, buildkit_keys(record).steps, strict=True):
        assert key.key.unknown == ()
        assert key.key.engine_form in links, f"operation of {step.instruction}"


@pytest.mark.parametrize("name", HASHED)
def test_operations_and_contents_are_in_the_export(name: str) -> None:
    first, _ = read_records(VECTORS / f"{name}.jsonl")
    links = links_of(json.loads((VECTORS / f"{name}.cache.json").read_bytes()))
    assert_exported(first, links)
    found = content_keys(first)
    assert found.keys() == HASHED[name]
    for content in found.values():
        assert any(frozenset({content}) in of_inputs for of_inputs in links.values())


@pytest.mark.parametrize("name", HASHED)
def test_what_a_step_builds_on_is_what_its_record_links_to(name: str) -> None:
    first, _ = read_records(VECTORS / f"{name}.jsonl")
    links = links_of(json.loads((VECTORS / f"{name}.cache.json").read_bytes()))
    keys = buildkit_keys(first).steps
    forms = {key.index: key.key.engine_form for key in keys}
    for key in keys:
        for parent in set(key.parents) - set(key.by_content):
            assert frozenset({forms[parent]}) in links[forms[key.index]]


@pytest.mark.parametrize("name", HASHED)
def test_the_second_build_has_the_keys_of_the_first(name: str) -> None:
    first, second = read_records(VECTORS / f"{name}.jsonl")
    assert {step.status for step in second.steps} == {StepStatus.HIT}
    forms = [[step.key.engine_form for step in buildkit_keys(each).steps] for each in (first, second)]
    assert forms[0] == forms[1]


def builds_in_a_container() -> list[BuildRecord]:
    """In the order of the command: plain, with the cache's export, with its import."""
    records = records_of("buildx-0.36.1-buildkitd-0.32.2-container-driver")
    records.sort(key=lambda each: (bool(each.request.cache_from), bool(each.request.cache_to)))
    return records


def configs_on_the_wire() -> list[bytes]:
    """The cache config wherever it passed: to the client that keeps it, and back to the engine."""
    sent: dict[tuple[int, bytes], bytes] = {}
    for frame in read_transcript(CONTAINER).frames:
        if frame.kind in (CLIENT_SENT, ENGINE_SENT):
            key = (frame.connection, frame.kind)
            sent[key] = sent.get(key, b"") + frame.data
    found = [re.search(rb'\{"layers":\[\{"blob".*?\]\]\}\]\}', data) for data in sent.values()]
    return [match[0] for match in found if match is not None]


def test_an_exported_cache_comes_back_as_it_went() -> None:
    exported, imported = configs_on_the_wire()
    assert exported == imported


def test_keys_of_a_builder_in_a_container() -> None:
    """All three builds have the keys that the second one exported and the third imported."""
    plain, exporting, importing = builds_in_a_container()
    links = links_of(json.loads(configs_on_the_wire()[0]))
    important = record_digest(content_of_file(b"This is an important file\n"), -1)
    statuses = [[step.status.value for step in each.steps] for each in (plain, exporting, importing)]
    assert statuses == [["miss", "miss"], ["miss", "miss"], ["hit", "hit"]]
    for record in (plain, exporting, importing):
        assert [step.instruction for step in record.steps] == ["COPY important.txt /", "COPY d /d"]
        forms = [step.key.engine_form for step in buildkit_keys(record).steps]
        assert links[forms[0]] == {frozenset({important})}
        assert frozenset({forms[0]}) in links[forms[1]]
        assert links.keys() - forms == {important, *(links[forms[1]] - {frozenset({forms[0]})}).pop()}


def test_contents_of_a_builder_in_a_container() -> None:
    links = links_of(json.loads(configs_on_the_wire()[0]))
    plain, *_ = builds_in_a_container()
    found = content_keys(plain)
    assert found.keys() == {"COPY important.txt /", "COPY d /d"}
    assert set(found.values()) <= links.keys()


def content_of_file(data: bytes) -> str:
    """What BuildKit hashes of a plain file of mode 0644 that belongs to root, spelled out; then of that one
    source, as a list of one."""
    header = f"namemode420uid0gid0size{len(data)}typeflag0linknameunamegnamedevmajor0devminor0"
    file = f"sha256:{sha256(header.encode() + data).hexdigest()}"
    return f"sha256:{sha256(file.encode()).hexdigest()}"
