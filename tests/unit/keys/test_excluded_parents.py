"""``COPY --parents --exclude=**/node_modules **/package.json /app/``: what is excluded enters no key.

BuildKit does not ask exclude patterns about directories that the include pattern misses, so that below them
every parent is looked at. Source: moby/buildkit cache/contenthash/checksum.go:shouldIncludePath @ v0.18.2,
v0.32.2; digests of its own package are in tests/vectors/buildkit-content.json.
"""

import pytest
from fakes.contenttrees import files_of, key_of, selector

from layerfork.record.cachekey import CacheKey
from layerfork.record.context import ContextEntry, EntryType
from layerfork.releases import buildkit_rules

DIRECTORIES = ("node_modules", "node_modules/x", "src", "src/node_modules")
FILES = ("node_modules/x/package.json", "package.json", "src/node_modules/package.json", "src/package.json")
PARENTS = selector("/", include=("**/package.json",), exclude=("**/node_modules",))


def key(changed: str, release: str) -> CacheKey:
    """The key where one file's content is another one."""
    entries = [ContextEntry(name=name, type=EntryType.DIRECTORY, mode=0o755) for name in DIRECTORIES]
    entries += [ContextEntry(name=name, type=EntryType.FILE, mode=0o644) for name in FILES]
    data = {name: b"2" if name == changed else b"1" for name in FILES}
    return key_of(files_of(entries, data).tree(buildkit_rules(release, ""), on_disk=False), [PARENTS])


@pytest.mark.parametrize("release", ["0.18.2", "0.25.2", "0.32.2"])
@pytest.mark.parametrize("file", FILES)
def test_only_files_outside_of_excluded_directories_count(file: str, release: str) -> None:
    differs = key(file, release).digest != key("", release).digest
    assert differs == ("node_modules" not in file)


def test_no_part_names_an_excluded_file() -> None:
    paths = {part.path for part in key("", "0.32.2").all_parts}
    assert paths == {"", "package.json", "src", "src/package.json"}
