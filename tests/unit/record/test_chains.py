"""Digests of a step's key and of everything above it."""

from dataclasses import replace

from layerfork.record.cachekey import BuildKeys, CacheKey, HeldName, KeyPart, KeyPlace, StepKey


def step(index: int, value: str, *parents: int, unknown: tuple[str, ...] = ()) -> StepKey:
    key = CacheKey(parts=(KeyPart(cause="instruction", value=value),), unknown=unknown)
    return StepKey(index=index, key=key, parents=parents)


def chains(*steps: StepKey) -> dict[int, str]:
    return dict(BuildKeys(rules="test", steps=steps).chain_digests())


def test_a_change_shows_in_its_step_and_in_all_below_it() -> None:
    before = chains(step(1, "a"), step(2, "b", 1), step(3, "c", 2), step(4, "d", 1))
    after = chains(step(1, "a"), step(2, "B", 1), step(3, "c", 2), step(4, "d", 1))
    assert [before[index] == after[index] for index in (1, 2, 3, 4)] == [True, False, False, True]


def test_the_order_of_parents_counts() -> None:
    two = (step(1, "a"), step(2, "b"))
    assert chains(*two, step(3, "c", 1, 2))[3] != chains(*two, step(3, "c", 2, 1))[3]


def test_nothing_is_said_of_a_step_with_something_unknown_in_or_above_it() -> None:
    assert set(chains(step(1, "a"), step(2, "b", 1, unknown=("x",)), step(3, "c", 2))) == {1}


def test_a_parent_that_is_listed_later_is_no_unknown_one() -> None:
    sorted_ = chains(step(1, "FROM"), step(2, "b", 1), step(3, "c", 2))
    shuffled = chains(step(1, "b", 3), step(2, "c", 1), step(3, "FROM"))
    assert [shuffled[index] for index in (3, 1, 2)] == [sorted_[index] for index in (1, 2, 3)]


def test_names_that_a_key_does_not_hold_do_not_count() -> None:
    def key(path: str, held: str) -> CacheKey:
        part = KeyPart(cause="content", path=path, field="content", value="1")
        return CacheKey(parts=(part,), held_names=(HeldName(path, held),))

    assert key("a/x", "1 x").digest == key("b/x", "1 x").digest
    assert key("a/x", "1 x").digest != key("a/y", "1 y").digest


def test_a_path_of_two_sources_is_held_for_each_by_itself() -> None:
    second = (KeyPlace("source", 2),)

    def key(*paths: tuple[str, str, tuple[KeyPlace, ...]]) -> CacheKey:
        parts = tuple(
            KeyPart(cause="content", path=path, field="content", value="1", places=places)
            for path, _, places in paths
        )
        return CacheKey(parts=parts, held_names=tuple(HeldName(*each) for each in paths))

    apart = key(("a/x", "1", ()), ("b/x", "2", second))
    assert apart.digest == key(("a/x", "1", ()), ("a/x", "2", second)).digest
    assert apart.digest != key(("a/x", "2", ()), ("a/x", "1", second)).digest


def test_a_digest_is_that_of_the_parts_whatever_was_asked_before() -> None:
    parts = tuple(KeyPart(cause="content", path=f"f{number}", value="1") for number in range(10_000))
    whole = CacheKey(parts=parts)
    assert whole.digest == CacheKey(parts=parts[::-1]).digest == whole.digest
    assert replace(whole, parts=parts[:-1]).digest == CacheKey(parts=parts[:-1]).digest != whole.digest
    assert {CacheKey(parts=(*parts[:4096], *parts[4096 + count :])).digest for count in range(3)} == {
        whole.digest,
        CacheKey(parts=(*parts[:4096], *parts[4097:])).digest,
        CacheKey(parts=(*parts[:4096], *parts[4098:])).digest,
    }
