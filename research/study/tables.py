"""The numbers of a study as Markdown."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from layerfork.app.study.stepkinds import Kind
from layerfork.record.study import Counts, Saving
from layerfork.report.markdown.words import code, escaped
from research.bars import Bar, bars
from research.study.results import Studied, Study

_RUNS = (Kind.INSTALL.value, Kind.RUN.value)


def tables(study: Study, level: int = 3) -> str:
    """Everything that a study counted."""
    mark = "#" * level
    total = _total([each.counts for each in study.studied])
    parts = [
        *_headline(study, total),
        f"{mark} What busts a build first\n",
        *_shares("step", "builds", total.first, total.busting),
        *_shares("cause", "builds", _named(total.causes), total.busting),
        f"{mark} What is built again\n",
        *_shares("step", "steps", total.missed, total.misses),
        f"{mark} What is unknown before the build\n",
        *_shares("reason", "steps", total.reasons, total.unknown),
        *_left_out(study, total),
        f"{mark} What lint says of the newest commit\n",
        *_of_lint(study),
        f"{mark} What its fixes would save\n",
        *_of_fixes(study),
        f"{mark} Each Dockerfile\n",
        *_each(study),
    ]
    return "\n".join(parts)


def opening(study: Study) -> str:
    """What a reader learns, in three sentences."""
    total = _total([each.counts for each in study.studied])
    return (
        f"{_percent(total.busting, total.commits)} of builds after an ordinary commit run at least one "
        "step again, "
        f"and {_percent(total.installs_again, total.commits)} install packages again. The "
        "step "
        f"that most often misses first is {_most(total.first)}, in "
        f"{_percent(max(total.first.values()), total.busting)} "
        "of these builds. For each Dockerfile this page says what its commits rebuild, and how much the "
        "edits "
        "that `layerfork lint` suggests would save."
    )


def _most(counts: Mapping[str, int]) -> str:
    return code(max(counts, key=lambda name: counts[name]))


def picture(study: Study) -> str:
    """How the builds and the steps of a study divide."""
    total = _total([each.counts for each in study.studied])
    undecided = total.commits - total.all_reused - total.busting
    rows = (
        Bar(name="builds of commits", counts=(total.all_reused, total.busting, undecided)),
        Bar(name="steps", counts=(total.hits, total.misses, total.unknown)),
    )
    title = f"Predicted for {_builder(study)}"
    return bars(title, ("reused (builds: every step)", "built again (some step)", "unknown"), rows)


def _headline(study: Study, total: Counts) -> Iterator[str]:
    undecided = total.commits - total.all_reused - total.busting
    named = {each.repository for each in study.studied}
    yield (
        f"{total.commits:,} builds of commits, of {len(study.studied)} Dockerfiles in {len(named)} "
        f"repositories, with {total.steps:,} steps, predicted for {_builder(study)}.\n"
    )
    yield from _table(
        ("of all builds", "number", "share"),
        [
            ("reuse every step", *_share(total.all_reused, total.commits)),
            ("build some step again for certain", *_share(total.busting, total.commits)),
            ("neither: some step is unknown", *_share(undecided, total.commits)),
            ("run some RUN again for certain", *_share(total.runs_again, total.commits)),
            ("install packages again for certain", *_share(total.installs_again, total.commits)),
        ],
    )
    yield from _table(
        ("of all steps", "number", "share"),
        [
            ("are reused", *_share(total.hits, total.steps)),
            ("are built again", *_share(total.misses, total.steps)),
            ("are unknown", *_share(total.unknown, total.steps)),
        ],
    )


def _builder(study: Study) -> str:
    name = "BuildKit" if study.builder == "buildkit" else "the classic builder"
    return f"{name} (Docker Engine {study.engine})"


def _left_out(study: Study, total: Counts) -> Iterator[str]:
    lines = [f"- {count} {escaped(reason)}" for reason, count in study.left_out.items()]
    lines += [f"- {count} commits: {escaped(reason)}" for reason, count in total.not_predicted.items()]
    if lines:
        yield "Left out of all counts:\n"
        yield from (*lines, "")


def _of_lint(study: Study) -> Iterator[str]:
    found = Counter(rule for each in study.studied for rule in each.traps)
    clean = sum(not each.traps for each in study.studied)
    rows = [(f"[{rule}](lint/{rule}.md)", count) for rule, count in found.most_common()]
    named = [*rows, ("nothing", clean)]
    total = len(study.studied)
    yield from _table(
        ("rule", "Dockerfiles", "share"), [(name, *_share(count, total)) for name, count in named]
    )


def _of_fixes(study: Study) -> Iterator[str]:
    by_rules: dict[tuple[str, ...], list[tuple[Studied, Saving]]] = {}
    for each in study.studied:
        for saving in each.savings:
            by_rules.setdefault(saving.rules, []).append((each, saving))
    ordered = sorted(by_rules.items(), key=lambda item: (len(item[0]), -len(item[1]), item[0]))
    rows = [_saving_row(", ".join(map(code, rules)), pairs) for rules, pairs in ordered]
    if not rows:
        yield "No rule with an edit found anything.\n"
        return
    heads = ("rules", "Dockerfiles", "RUNs again", "with the edits", "more unknown", "saved", "lost")
    yield from _table((*heads, "builds that install again", "with the edits"), rows)


def _saving_row(name: str, pairs: Sequence[tuple[Studied, Saving]]) -> tuple[object, ...]:
    before = _total([studied.counts for studied, _ in pairs])
    after = _total([saving.counts for _, saving in pairs])
    return (
        name,
        len(pairs),
        _runs(before),
        _runs(after),
        after.unknown - before.unknown if after.unknown > before.unknown else 0,
        sum(saving.runs_saved for _, saving in pairs),
        sum(saving.runs_lost for _, saving in pairs),
        before.installs_again,
        after.installs_again,
    )


def _runs(counts: Counts) -> int:
    return sum(counts.missed.get(kind, 0) for kind in _RUNS)


def _each(study: Study) -> Iterator[str]:
    heads = ("repository", "Dockerfile", "commits", "steps", "reuse all", "bust", "RUN again")
    rows = [
        (
            escaped(each.repository),
            code(each.dockerfile),
            each.counts.commits,
            each.steps,
            each.counts.all_reused,
            each.counts.busting,
            each.counts.runs_again,
            each.counts.installs_again,
            _percent(each.counts.unknown, each.counts.steps),
            ", ".join(each.traps) or "-",
        )
        for each in study.studied
    ]
    yield from _table((*heads, "install again", "unknown steps", "lint"), rows)


def _named(causes: Mapping[str, int]) -> Mapping[str, int]:
    """Causes with links to their pages."""
    return {f"[{code}](causes/{code}.md)" if code else "no cause": count for code, count in causes.items()}


def _shares(what: str, of: str, counts: Mapping[str, int], total: int) -> Iterator[str]:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    yield from _table((what, of, "share"), [(name, *_share(count, total)) for name, count in ordered])


def _share(count: int, total: int) -> tuple[str, str]:
    return f"{count:,}", _percent(count, total)


def _percent(count: int, total: int) -> str:
    return f"{count / total:.0%}".replace("%", " %") if total else "-"


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(map(str, row))} |" for row in rows)
    yield ""


def _total(counts: Iterable[Counts]) -> Counts:
    """All of them as one."""
    numbers: Counter[str] = Counter()
    grouped: dict[str, Counter[str]] = {}
    for each in counts:
        for name in Counts.__dataclass_fields__:
            value = getattr(each, name)
            if isinstance(value, int):
                numbers[name] += value
            else:
                grouped.setdefault(name, Counter()).update(value)
    return msgspec.convert({**numbers, **grouped}, Counts)
