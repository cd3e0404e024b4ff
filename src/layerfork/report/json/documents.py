"""Runs, compared builds, records and lists as JSON, and the fields that other documents share."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from json import dumps
from typing import Any

import msgspec

from layerfork.record.actionscache import ACTIONS_CACHE_SCHEMA, ActionsCacheReport
from layerfork.record.answer import Answer, Cause, Fork, Judgement, worst
from layerfork.record.balance import Balance
from layerfork.record.cause import CAUSE_SCHEMA, CAUSES_SCHEMA, CausePage, CauseRow
from layerfork.record.check import CHECK_SCHEMA, CheckReport
from layerfork.record.context import SENDINGS_SCHEMA, SendingReport
from layerfork.record.exportedcache import CACHE_SCHEMA, CacheReport, CacheSizes, RecordUse
from layerfork.record.history import HISTORY_SCHEMA, ExplainedBuild, HistoryReport
from layerfork.record.lint import LINT_SCHEMA, LintReport
from layerfork.record.machine import (
    CLIENTS_SCHEMA,
    CONFIG_SCHEMA,
    DOCTOR_SCHEMA,
    ENGINES_SCHEMA,
    STORED_SCHEMA,
    ClientRow,
    DoctorReport,
    EngineRow,
    SettingsReport,
    StoredRow,
)
from layerfork.record.record import StepIdentity, StepRecord, StepStatus
from layerfork.record.run import (
    DIFF_SCHEMA,
    DIFFS_SCHEMA,
    MATRIX_SCHEMA,
    PLAN_SCHEMA,
    RUN_SCHEMA,
    DiffReport,
    PlanReport,
    RecordReport,
    RunReport,
    TrialBuild,
)
from layerfork.record.trends import Trends
from layerfork.report.rendering import Look


def render_runs(reports: Sequence[RunReport], look: Look) -> str:
    """One document: a run, or a matrix of runs when there were several engines."""
    runs = [_run(report) for report in reports]
    return _text(runs[0] if len(runs) == 1 else {"schema": MATRIX_SCHEMA, "runs": runs})


def render_plans(reports: Sequence[PlanReport], look: Look) -> str:
    """What would run on each engine."""
    return _text({"schema": PLAN_SCHEMA, "engines": [plain(report) for report in reports]})


def render_stored(rows: Sequence[StoredRow], look: Look) -> str:
    """The builds that are kept."""
    return _text({"schema": STORED_SCHEMA, "records": [plain(row) for row in rows]})


def render_found(reports: Sequence[HistoryReport], look: Look) -> str:
    """The builds that were found, the newest first, each with its comparison as `diff` writes it."""
    return "".join(
        _text(
            {
                "schema": HISTORY_SCHEMA,
                "builds": [_found(build) for build in report.builds],
                "problems": list(report.problems),
                "older": report.older,
                "trends": _trends(report.trends),
                "unread": [plain(each) for each in report.unread],
            }
        )
        for report in reports
    )


def _found(build: ExplainedBuild) -> dict[str, Any]:
    comparison = _diff(build.report) if build.report is not None else None
    fields = plain(replace(build, report=None, measured=None, balance=None))
    del fields["measured"]
    return {**fields, "report": comparison, "balance": balance_fields(build.balance)}


def _trends(trends: Trends) -> dict[str, Any]:
    """As in the value, with what it says of itself."""
    fields = plain(trends)
    for shown, series in zip(fields["series"], trends.series, strict=True):
        for change, value in zip(shown["changes"], series.changes, strict=True):
            change["names_commit"] = value.names_commit
        if series.unused is not None:
            unused = series.unused
            shown["unused"] |= {"sentence": unused.sentence, "fix": unused.fix if unused.sentence else ""}
    return {name: fields[name] for name in ("series", "causes", "branches")}


def render_engines(rows: Sequence[EngineRow], look: Look) -> str:
    """The engines of the table, and what keeps each from running here."""
    return _text({"schema": ENGINES_SCHEMA, "engines": [{**plain(row), "ready": row.ready} for row in rows]})


def render_settings(reports: Sequence[SettingsReport], look: Look) -> str:
    """Every option of every command, and the clients that a file describes."""
    (report,) = reports
    clients = [{"name": name, "command": command} for name, command in report.clients]
    return _text({"schema": CONFIG_SCHEMA, **plain(report), "clients": clients})


def render_clients(rows: Sequence[ClientRow], look: Look) -> str:
    """The clients of the table, and what keeps each from running here."""
    return _text({"schema": CLIENTS_SCHEMA, "clients": [{**plain(row), "ready": row.ready} for row in rows]})


def render_sendings(reports: Sequence[SendingReport], look: Look) -> str:
    """One document for each directory."""
    return "".join(
        _text({"schema": SENDINGS_SCHEMA, "differs": report.differs, **plain(report)}) for report in reports
    )


def render_doctors(reports: Sequence[DoctorReport], look: Look) -> str:
    """How the machine is."""
    return "".join(
        _text({"schema": DOCTOR_SCHEMA, "ready": report.ready, **plain(report)}) for report in reports
    )


def render_lints(reports: Sequence[LintReport], look: Look) -> str:
    """One document for each lint."""
    return "".join(_text({"schema": LINT_SCHEMA, **plain(report)}) for report in reports)


def render_causes(rows: Sequence[CauseRow], look: Look) -> str:
    """The causes of the manual."""
    return _text({"schema": CAUSES_SCHEMA, "causes": [plain(row) for row in rows]})


def render_pages(pages: Sequence[CausePage], look: Look) -> str:
    """One document for each page, with its Markdown."""
    documents = ({"schema": CAUSE_SCHEMA, **plain(page.row), "text": page.text} for page in pages)
    return "".join(map(_text, documents))


def render_caches(reports: Sequence[CacheReport], look: Look) -> str:
    """One document for each exported cache."""
    return "".join(_text(_cache(report)) for report in reports)


def render_actions_caches(reports: Sequence[ActionsCacheReport], look: Look) -> str:
    """One document for each repository."""
    return "".join(_text({"schema": ACTIONS_CACHE_SCHEMA, **plain(report)}) for report in reports)


def _cache(report: CacheReport) -> dict[str, Any]:
    cache, uses = report.cache, report.uses
    return {
        "schema": CACHE_SCHEMA,
        "source": cache.source,
        "manifest": cache.manifest,
        "inline": cache.inline,
        "read_at": report.read_at,
        "record": report.record or None,
        "notes": list(cache.notes),
        "records": [
            {
                "digest": record.digest,
                "inputs": [
                    [
                        {"record": link.record, "selector": link.selector or None}
                        | {"digest": cache.records[link.record].digest}
                        for link in links
                    ]
                    for links in record.inputs
                ],
                "layers": [cache.layers[place].digest for place in record.layers],
                "created_at": record.created_at or None,
                "age_s": report.age_s(record),
                "over_age": report.is_over_age(record),
                **({"step": None, "use": None} | _use(uses.get(number)) if report.record else {}),
            }
            for number, record in enumerate(cache.records)
        ],
        "layers": [plain(layer) for layer in cache.layers],
        "unused_layers": [cache.layers[place].digest for place in cache.unused_layers],
        "missing": [
            {"step": step, "instruction": instruction, "reason": reason}
            for step, instruction, reason in report.missing
        ],
        "sizes": None if report.sizes is None else _sizes(report.sizes),
    }


def _sizes(sizes: CacheSizes) -> dict[str, Any]:
    totals = {"image_bytes": sizes.image_bytes, "beyond_image_bytes": sizes.beyond_image_bytes}
    return {**plain(sizes), **totals}


def _use(use: RecordUse | None) -> dict[str, Any]:
    return {} if use is None else {"step": use.step, "use": plain(use)}


def _run(report: RunReport) -> dict[str, Any]:
    return {
        "schema": RUN_SCHEMA,
        "layerfork": report.layerfork,
        "verdict": report.judgement.verdict.value,
        "scenario": report.scenario,
        "scenario_path": report.scenario_path,
        "engine": _engine(report),
        "seconds": round(report.seconds, 3),
        "builds": [_build(build) for build in report.builds],
        **_judgement(report.judgement, report.answers),
        "problems": [str(problem) for problem in report.problems],
        "versions": plain(report.versions),
    }


def render_records(reports: Sequence[RecordReport], look: Look) -> str:
    """The records as they are, one a line: nothing that was computed is added."""
    return "".join(msgspec.json.encode(report.record).decode() + "\n" for report in reports)


def render_diffs(reports: Sequence[DiffReport], look: Look) -> str:
    """One document: two builds compared, or all of them where there were not just two."""
    builds = [_diff(report) for report in reports]
    if len(builds) == 1:
        return _text(builds[0])
    verdict = worst(report.judgement.verdict for report in reports if report.compared or report.failure)
    return _text({"schema": DIFFS_SCHEMA, "verdict": verdict and verdict.value, "builds": builds})


def _diff(report: DiffReport) -> dict[str, Any]:
    return {
        "schema": DIFF_SCHEMA,
        "verdict": report.judgement.verdict.value if report.compared or report.failure else None,
        "writer": report.writer or None,
        "reader": report.reader or None,
        "build": report.build or None,
        "baseline": plain(report.baseline),
        "baseline_saved": report.baseline_saved,
        "inferred_from": report.inferred_from or None,
        "unproven": plain(report.unproven),
        "outcome": report.outcome.value if report.reader else None,
        "failure": report.failure or None,
        **_judgement(report.judgement, report.answers),
        "asked": [answer_fields(answer) for answer in report.asked],
        "balance": balance_fields(report.balance),
    }


def balance_fields(balance: Balance | None) -> dict[str, Any] | None:
    """What a cache cost and saved; seconds to the millisecond, None where something is unknown."""
    if balance is None:
        return None
    fields = plain(balance)
    for each in (fields, *fields["transfers"]):
        for name in ("cost_s", "saved_s", "seconds", "writing_s"):
            if each.get(name) is not None:
                each[name] = round(each[name], 3)
    return {**fields, "costs_more": balance.costs_more}


def render_checks(reports: Sequence[CheckReport], look: Look) -> str:
    """One document for each check; builds and runs in it are those of `diff` and `run`."""
    return "".join(_text(_check(report)) for report in reports)


def _check(report: CheckReport) -> dict[str, Any]:
    return {
        "schema": CHECK_SCHEMA,
        "passed": report.passed,
        "against": report.against.value,
        "baseline": report.baseline or None,
        "steps": report.steps,
        "rebuilt": report.rebuilt,
        "allowed": report.allowed,
        "open": report.open,
        "seconds_lost": None if report.seconds_lost is None else round(report.seconds_lost, 3),
        "max_lost": report.max_lost_s,
        "problems": list(report.problems),
        "notes": list(report.notes),
        "hints": list(report.hints),
        "unexplained": [plain(step) for step in report.unexplained],
        "allowed_answers": [answer_fields(answer) for answer in report.allowed_answers],
        "builds": [_diff(diff) for diff in report.diffs],
        "runs": [_run(run) for run in report.runs],
    }


def _text(document: dict[str, Any]) -> str:
    """``schema`` first, two spaces of indent, a newline at the end."""
    return dumps(document, indent=2) + "\n"


def _engine(report: RunReport) -> dict[str, Any] | None:
    return None if report.engine is None else {**plain(report.engine), "builder": report.builder or "default"}


def _build(build: TrialBuild) -> dict[str, Any]:
    identities = build.identities
    return {
        "client": build.client,
        "version": build.version,
        "builder": build.builder,
        "outcome": build.outcome.value,
        "reason": build.reason,
        "class": build.class_index,
        "control": build.control or None,
        "seconds": round(build.seconds, 3),
        "seconds_of_client": round(build.seconds_of_client, 3),
        "steps": [_step(step, identities.get(step.index)) for step in build.steps],
    }


def _step(step: StepRecord, identity: StepIdentity | None) -> dict[str, Any]:
    return {
        "index": step.index,
        "stage": step.stage_name or str(step.stage),
        "platform": step.platform or None,
        "instruction": step.instruction,
        "line": step.line or None,
        "status": "unknown" if step.status is StepStatus.NOT_EVALUATED else step.status.value,
        "evaluated": step.status is not StepStatus.NOT_EVALUATED,
        "identity": None if identity is None else identity.value,
        "identity_source": None if identity is None else identity.source.value,
        "seconds": None if step.seconds is None else round(step.seconds, 3),
        "error": step.error or None,
    }


def _judgement(judgement: Judgement, answers: Sequence[Answer]) -> dict[str, Any]:
    return {
        "classes": [list(members) for members in judgement.classes],
        "class_unknown": list(judgement.class_unknown),
        "answers": [answer_fields(answer) for answer in answers],
        "forks": [fork_fields(fork) for fork in judgement.forks],
        "warnings": [plain(caution) for caution in judgement.warnings],
    }


def answer_fields(answer: Answer) -> dict[str, Any]:
    fields = plain(answer)
    if not answer.predicted:
        del fields["predicted"]
    for point in fields["points"]:
        del point["paths"], point["treatment"]
    for side in ("writer", "reader"):
        fields[side] = {name: fields[side][name] for name in ("name", "sent_by")}
    return {"headline": answer.headline, "place": answer.place, "cost": answer.cost, **fields}


def fork_fields(fork: Fork) -> dict[str, Any]:
    """Whole, but for the parts that its causes explain: they may be very many."""
    return {**plain(replace(fork, causes=())), "causes": [cause_fields(cause) for cause in fork.causes]}


_INNER = ("parts", "sentence", "detail")
"""Fields of causes that answers are made of."""


def cause_fields(cause: Cause) -> dict[str, Any]:
    return {name: value for name, value in plain(replace(cause, parts=())).items() if name not in _INNER}


def plain(value: Any) -> Any:
    """Dataclasses, enums and tuples as what JSON has; pairs of strings become objects."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value
