"""Reports of real builds of the Dockerfile of 2015, recorded on Engine 26.1.5 and podman 5.4.2.

`seed-classic` are the five clients of 2015 on the classic builder, `seed-podman` a tar on podman's standard
input and docker behind its service, `seed-buildkit` two builds with a changed file between them. Made by
``layerfork run -o`` and ``layerfork record -o``; of the clients' command lines only the names of programs and
files are kept.
"""

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
from history.madeup import Made, report_of, usual
from history.project import make_repository, read_kept

from layerfork.app.check.allowing import NOTHING_ALLOWED
from layerfork.app.check.gate import gate
from layerfork.app.compare.answers import answers_of_rows
from layerfork.app.compare.baseline import baseline_of
from layerfork.app.compare.comparison import diff_records
from layerfork.app.experiment.fromfiles import read_reports
from layerfork.app.experiment.judging import judge_rows
from layerfork.app.history.explaining import explain_history
from layerfork.app.history.sources import PastBuild
from layerfork.app.history.trees import CommitTrees
from layerfork.app.predict.nextbuild import NextBuild, PredictOptions
from layerfork.app.predict.predicting import predict_build
from layerfork.app.predict.tree import plan
from layerfork.builders.caches.cacheconfig import read_cache
from layerfork.builders.caches.cachedsteps import find_steps
from layerfork.builders.caches.cachesizes import sizes_by_step
from layerfork.builders.caches.source import CacheConfig
from layerfork.builders.imports.rememberedbuilds import records_of_builds
from layerfork.diagnose import actionscache
from layerfork.record.actionscache import ActionsCacheReport, CacheEntry, OpenPull, RepositoryCaches
from layerfork.record.answer import Judgement, Verdict
from layerfork.record.balance import Balance, Transfer, TransferKind, UnreadExport
from layerfork.record.check import Against, CheckReport
from layerfork.record.context import Digest
from layerfork.record.exportedcache import CacheLayer, CacheReport
from layerfork.record.history import HistoryReport
from layerfork.record.machine import ClientRow, EngineRow, StoredRow
from layerfork.record.prediction import Prediction
from layerfork.record.record import BuildRecord, StepStatus
from layerfork.record.run import (
    DiffReport,
    PlanReport,
    PlanRow,
    RecordReport,
    RunProblem,
    RunReport,
    TrialBuild,
    VersionsUsed,
)
from layerfork.record.scenarioresults import CatalogueReport, ScenarioRow
from layerfork.record.store.recordfile import read_records
from layerfork.record.study import (
    BlamedLine,
    Counts,
    Saving,
    StudiedDockerfile,
    StudyReport,
    TriedEdit,
)

VECTORS = Path(__file__).parents[1] / "vectors" / "buildkit-0.32.2"
RECORDS = Path(__file__).parent / "records"
RUNS = ("seed-default", "seed-engines")
"""Files of whole runs, as ``layerfork run -o`` wrote them: five clients, own builders, on Engine 26.1.5;
all clients on Engine 20.10.24 and 28.5.2. Places of the machine are replaced."""
NAMES = ("seed-classic", "seed-buildkit", "seed-podman")


def recorded(name: str) -> tuple[BuildRecord, ...]:
    return read_records(RECORDS / f"{name}.jsonl")


def some_identities(number: int, record: BuildRecord) -> Mapping[int, str]:
    """Stand for what the key model computes: how they look is tested here, not what they are.

    ``number`` is the build's, from 1; what later ones reuse has the first one's.
    """
    return {
        step.index: "sha256:" + f"{step.index:x}{1 if step.status is StepStatus.HIT else number:x}" * 32
        for step in record.steps
    }


def shown(name: str) -> Sequence[RecordReport]:
    return [
        RecordReport(record=record, computed_identities=some_identities(number, record))
        for number, record in enumerate(recorded(name), 1)
    ]


def compared(name: str) -> Sequence[DiffReport]:
    writer, reader = recorded(name)[:2]
    return [diff_records(writer, reader, f"{name}.jsonl#1", f"{name}.jsonl#2")]


def balanced(name: str) -> Sequence[DiffReport]:
    """The same builds, as if the second had imported a cache, and exported it for more than it saved."""
    return [replace(each, balance=_balance()) for each in compared(name)]


def _balance() -> Balance:
    return Balance(
        transfers=(
            Transfer(kind=TransferKind.IMPORT, name="registry.example.com/app:cache", seconds=0.254),
            Transfer(kind=TransferKind.PULL, seconds=14.5, size_bytes=94_380_873),
            Transfer(
                kind=TransferKind.EXPORT,
                name="registry",
                seconds=207.25,
                stored_bytes=1_912_345_678,
                writing_s=31.0,
            ),
            Transfer(kind=TransferKind.CONTEXT, seconds=1.5, size_bytes=20_975_432),
        ),
        cost_s=222.004,
        reused=2,
        saved_s=12.1,
    )


def balanced_gate(name: str) -> Sequence[CheckReport]:
    return [gate(balanced(name), NOTHING_ALLOWED, Against.AGAIN)]


def gated(name: str) -> Sequence[CheckReport]:
    return [gate(compared(name), NOTHING_ALLOWED, Against.AGAIN)]


def judged(name: str) -> Sequence[RunReport]:
    measured = [_row(number, record) for number, record in enumerate(recorded(name), 1)]
    rows, judgement = judge_rows(measured)
    first = measured[0].record
    assert first is not None
    return [
        RunReport(
            scenario="seed",
            scenario_path="/scenarios/seed/context",
            engine=first.engine,
            builder=first.builder,
            builds=tuple(
                replace(row, computed_identities=some_identities(number, row.record))
                for number, row in enumerate(rows, 1)
                if row.record is not None
            ),
            judgement=judgement,
            answers=answers_of_rows(judgement, rows),
            versions=VersionsUsed(
                engine=(), clients=tuple((row.client, row.version or "unknown") for row in rows)
            ),
        )
    ]


def filed(name: str) -> Sequence[RunReport]:
    return read_reports([str(RECORDS / f"{name}.run.jsonl")]).runs


def judged_together(name: str) -> Sequence[RunReport]:
    """All of them as if one run had used several engines, of which one did not come up."""
    reports = [report for each in NAMES for report in judged(each)]
    problem = RunProblem(what="private:20.10: a private engine needs root", details="hint: run as root")
    nothing = Judgement(verdict=Verdict.ERROR, classes=(), forks=())
    gone = replace(reports[0], engine=None, builds=(), judgement=nothing, answers=(), problems=(problem,))
    return [*reports, gone]


def predicted(name: str) -> Sequence[Prediction]:
    """The second build's tree, predicted from the first; once more as if its file was another one."""
    first, second = recorded(name)[:2]
    baseline = replace(baseline_of(first, second, None, 2), age_s=3_600.0)
    contexts = tuple(each for each in (second.context, *second.named_contexts) if each is not None)
    edited = plan(first, PredictOptions(changed=("important.txt",)), None)
    found = [
        predict_build(first, NextBuild(contexts=contexts), baseline),
        replace(predict_build(first, edited, baseline), build="edited"),
    ]
    old = [replace(step, over_age=step.age_s is not None) for step in found[1].steps]
    return [found[0], replace(found[1], steps=tuple(old))]


def listed_engines(name: str) -> Sequence[EngineRow]:
    return [msgspec.convert(row, EngineRow) for row in _listing("engines")]


def listed_clients(name: str) -> Sequence[ClientRow]:
    return [msgspec.convert(row, ClientRow) for row in _listing("clients")]


class _Kept:
    """An exported cache of four steps as BuildKit 0.32.2 wrote it."""

    name = "cache"
    manifest: Digest | None = None

    def configs(self) -> tuple[CacheConfig, ...]:
        text = (VECTORS / "run-copy.cache.json").read_bytes()
        blobs = [Digest(layer["blob"]) for layer in json.loads(text)["layers"]]
        layers = {
            blob: CacheLayer(digest=blob, size_bytes=10**number * 7) for number, blob in enumerate(blobs)
        }
        return (CacheConfig(text=text, layers=layers),)

    def has_blob(self, digest: Digest) -> bool | None:
        return None


def exported(name: str) -> Sequence[CacheReport]:
    cache = read_cache(_Kept())
    found = find_steps(read_records(VECTORS / "run-copy.jsonl")[0], cache)
    shown = CacheReport(cache=cache, read_at="2026-12-01T00:00:00+00:00", max_age_s=3_600.0)
    uses = found.uses()
    sizes = sizes_by_step(found.record, cache, uses)
    missing = ((4, "RUN x", "a reason"),)
    return [replace(shown, record="build.jsonl", uses=uses, missing=missing, sizes=sizes)]


def listed_stored(name: str) -> Sequence[StoredRow]:
    return [
        StoredRow(
            id=f"{number}f3c",
            recorded_at=f"2026-01-0{number}T03:04:05.000006Z",
            builder=builder,
            outcome="succeeded",
            steps=12,
            hits=hits,
            size_bytes=size,
            command="docker build .",
            path=f"/state/{number}.records.jsonl",
        )
        for number, builder, hits, size in ((2, "buildkit", 12, 1_634_639), (1, "classic", 0, 900))
    ]


def listed_found(name: str) -> Sequence[HistoryReport]:
    """The builds of `history.project`, as BuildKit kept them, and a builder that does not answer."""
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory) / "top"
        top.mkdir()
        make_repository(top)
        trees = CommitTrees(top, Path(directory), str)
        found = [
            PastBuild(record=replace(record, id=""), where="docker", id=record.ref)
            for record in records_of_builds(read_kept(), b"key", None)
        ]
        builds = tuple(explain_history(found, lambda each: trees.of(each.record), lambda _: True))
    problem = "builder ci: no engine answers at tcp://ci:1234"
    shown = list(builds[:0:-1])
    shown[1] = replace(shown[1], balance=_balance())
    unread = UnreadExport(
        id=shown[1].id,
        recorded_at=shown[1].recorded_at,
        place="registry registry.example.com/app:cache",
        seconds=207.25,
        later=1,
    )
    return [HistoryReport(builds=tuple(shown), problems=(problem,), older=1, unread=(unread,))]


def listed_trends(name: str) -> Sequence[HistoryReport]:
    """Thirty builds: since the 19th a file is copied too early; two of the builds are of another service."""
    worse = Made(first_miss=1, dockerfile="e", branch="main")
    before = [replace(each, branch="main") for each in usual(18)]
    other = Made(first_miss=0, series="worker", stored=True, builder="two", branch="topic", foreseen=False)
    return [report_of(*before, *[worse] * 10, replace(other, builder="three"), other)]


def studied(name: str) -> Sequence[StudyReport]:
    """Two Dockerfiles: one whose edits save most, one of which little is known."""
    counts = Counts(
        commits=40,
        hits=120,
        misses=78,
        unknown=2,
        all_reused=10,
        busting=29,
        missed={"COPY . .": 29, "RUN that installs": 29, "other RUN": 20},
        runs_again=29,
        installs_again=29,
        reasons={"reads files that only the build makes": 2},
        not_predicted={"the Dockerfile cannot be read": 1},
    )
    saving = Saving(rules=("copy-before-install",), versions=2, counts=counts, runs_saved=27, runs_lost=1)
    sentence = "put `COPY package.json ./` and line 4 above line 3"
    blamed = BlamedLine(line=3, instruction="COPY . .", commits=28, runs=47, installs=28, paths=(("a", 9),))
    gone = BlamedLine(line=0, instruction="COPY old /old", commits=1, runs=2, installs=0)
    first = StudiedDockerfile(
        dockerfile="Dockerfile",
        context=".",
        steps=5,
        counts=counts,
        lines=(blamed, gone),
        edits=(TriedEdit(saving=saving, sentences=(sentence,), warnings=("it may name local paths",)),),
        traps=(("copy-before-install", 1),),
    )
    second = replace(first, dockerfile="web/Dockerfile", context="web", lines=(), edits=(), problem="no fix")
    return [
        StudyReport(
            repository="owner/name",
            head="3f" * 20,
            began="2026-01-01",
            ended="2026-02-01",
            builder="BuildKit 0.25.1 of Docker Engine 28.5.2",
            dockerfiles=(first, second),
            left_out=("third/Dockerfile: there are not two commits that can be predicted",),
        )
    ]


def _listing(name: str) -> Sequence[object]:
    """What ``layerfork engines`` and ``layerfork clients`` printed as JSON."""
    rows: Sequence[object] = json.loads((RECORDS / f"{name}.json").read_text("utf-8"))[name]
    return rows


def planned(name: str) -> Sequence[PlanReport]:
    records = recorded(name)
    rows = [
        PlanRow(client=record.client.id or f"build-{number}", builder=record.builder.value, runs=True)
        for number, record in enumerate(records, 1)
    ]
    left_out = PlanRow(client="other", builder="classic", runs=False, note="it has no target")
    missing = replace(rows[0], client="library", note="docker 7.2.0 is installed first")
    engine = records[0].engine
    assert engine is not None
    return [PlanReport(scenario="seed", engine=engine, rows=(*rows, left_out, missing))]


def _row(number: int, record: BuildRecord) -> TrialBuild:
    return TrialBuild(
        client=record.client.id or f"build-{number}",
        version=record.client.version,
        builder=record.builder.value,
        outcome=record.result.outcome,
        seconds=record.seconds,
        seconds_of_client=record.seconds,
        steps=record.steps,
        record=record,
    )


def catalogued(name: str) -> Sequence[CatalogueReport]:
    """A run of two scenarios with three clients on Engine 26.1.5 and podman 5.4.2."""
    return read_reports([str(RECORDS / f"{name}.jsonl")]).catalogues


def scenarios_of(name: str) -> Sequence[ScenarioRow]:
    """Those of the run."""
    return catalogued(name)[0].scenarios


def kept_by_github(name: str) -> Sequence[ActionsCacheReport]:
    """A cache service of five refs, nearly full."""
    now, day, size = 1_790_000_000.0, 86_400.0, 512 << 20
    refs = (
        "refs/heads/main",
        "refs/heads/topic",
        "refs/pull/5/merge",
        "refs/pull/6/merge",
        "refs/pull/7/merge",
    )
    entries = []
    for place, ref in enumerate(refs):
        own = hashlib.sha256(ref.encode()).hexdigest()[:8]
        keys = [f"buildkit-blob-1-sha256:{place:032x}{number:032x}" for number in range(3)]
        entries += [(ref, key, size, now - (place + 0.5) * day) for key in keys]
        entries.append((ref, f"index-app-1-{own}#1", 4_096, now - (place + 0.4) * day))
    entries.append(("refs/heads/main", "setup-node-Linux-x64-npm-1", size, now - day))
    kept = RepositoryCaches(
        name="github.com/owner/project",
        default_branch="main",
        entries=tuple(
            CacheEntry(id=number, ref=ref, key=key, size_bytes=octets, created_s=made, used_s=made)
            for number, (ref, key, octets, made) in enumerate(entries)
        ),
        read_s=now,
        limit_bytes=8 << 30,
        pulls=(OpenPull(number=7, base="main", head="topic"),),
        branches=frozenset({"main", "topic"}),
    )
    return (actionscache.report_of(kept),)
