"""Which stage and which line of one Dockerfile stands for which of another one."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import TypeVar

Line = TypeVar("Line")


def pair_stages(before: Mapping[int, str], after: Mapping[int, str]) -> dict[int, int]:
    """Stages after to stages before, both given with their names, empty where they have none.

    By name; nameless ones by number, as some may not have been needed; then what is left in order, nameless
    ones first.
    """
    by_name = {name: stage for stage, name in before.items() if name}
    pairs = {stage: by_name[name] for stage, name in after.items() if name in by_name}
    nameless = [{stage for stage, name in names.items() if not name} for names in (before, after)]
    pairs.update({stage: stage for stage in nameless[0] & nameless[1]})
    for left, right in (nameless, (before, after)):
        spare = sorted(set(left) - set(pairs.values()))
        rest = sorted(set(right) - pairs.keys())
        pairs.update(zip(rest, spare, strict=False))
    return dict(sorted(pairs.items()))


def pair_lines(
    before: Sequence[Line],
    after: Sequence[Line],
    *,
    text: Callable[[Line], Hashable],
    keyword: Callable[[Line], str] | None,
) -> Iterator[tuple[Line, Line]]:
    """Lines of one text by longest common blocks; then lines of one keyword between them, a reworded line.

    Without ``keyword`` reworded lines are no pair.
    """
    for tag, low, high, start, end in _matcher(before, after, text).get_opcodes():
        if tag == "equal":
            yield from zip(before[low:high], after[start:end], strict=True)
        elif tag == "replace" and keyword is not None:
            yield from _of_one_keyword(before[low:high], after[start:end], keyword)


def _of_one_keyword(
    before: Sequence[Line], after: Sequence[Line], keyword: Callable[[Line], str]
) -> Iterator[tuple[Line, Line]]:
    for left, right, size in _matcher(before, after, keyword).get_matching_blocks():
        yield from zip(before[left : left + size], after[right : right + size], strict=True)


def _matcher(
    before: Sequence[Line], after: Sequence[Line], of: Callable[[Line], Hashable]
) -> SequenceMatcher[Hashable]:
    # A popular line, such as an ARG of every stage, is a line like any other.
    return SequenceMatcher(None, list(map(of, before)), list(map(of, after)), autojunk=False)
