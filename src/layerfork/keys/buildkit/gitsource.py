"""What BuildKit takes of a git repository, and the key of it.

The key of the source is text: the commit, ``.git`` and ``#ref`` when the repository itself is kept, ``:path``
of a directory of it, ``(skip-submodules)``, ``(mtime=commit)`` and ``(bundle)``. Neither the address nor,
otherwise, the name of a branch or tag is in it. A tag's commit counts, not the tag, when no ``.git`` is
kept, since 0.26. The path counts since 0.9, the name of a ref since 0.17 (commit 44b1aca26), also where it is
a commit's since 0.26 (70e592971), submodules since 0.24 (3765fe358), the policy of times since 0.29
(508dd62bf), a bundle since 0.30 (9a0c5cb02); who asks an older BuildKit for these is refused.
``mtime=checkout`` is the default and adds nothing.

What only reads files of it (COPY, ADD, bind mounts) matches by their content as well, which holds no times.
Source: moby/buildkit source/git/source.go:{shaToCacheKey,CacheKey,resolveMetadata} @ v0.8.3 to v0.32.2.
"""

import re
from dataclasses import dataclass

from layerfork.keys.buildkit.rules import BuildKitRules
from layerfork.record.cachekey import KeyPart
from layerfork.record.llb import SourceOp

SCHEME = "git://"
"""Before the address of any repository, whatever it is fetched by; the scheme is an attribute.
Source: moby/buildkit client/llb/source.go (Git) @ v0.13.2 to v0.32.2."""
COMMIT, DIRECTORY, KEPT, SUBMODULES, FORM, TIMES = (
    "commit",
    "directory",
    "the repository itself",
    "submodules",
    "form",
    "times of files",
)
"""Fields of the parts."""
TAKEN = frozenset({DIRECTORY, KEPT, SUBMODULES, FORM, TIMES})
"""Those that say what is taken of a commit."""
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_CHECKOUT = "checkout"


@dataclass(frozen=True, slots=True, kw_only=True)
class GitSource:
    """One repository, and what is taken of it."""

    repository: str
    """Its address, without a ref."""
    ref: str
    directory: str
    checksum: str
    """The commit that is asked for, or the beginning of it; empty when the ref decides."""
    keeps_git: bool
    skips_submodules: bool
    times: str
    """``commit``: files have the commit's time. Empty for the time of the checkout."""
    as_bundle: bool

    @property
    def commit(self) -> str:
        """The commit; empty when nothing but the repository tells which it is."""
        return next((each for each in (self.checksum, self.ref) if _SHA.fullmatch(each)), "")

    def parts(self, *, whole: bool) -> list[KeyPart]:
        """Parts of the source; ``whole`` also of what no content shows."""
        values = {
            COMMIT: self.commit or self.checksum,
            DIRECTORY: self.directory,
            KEPT: f"kept at {self.ref or 'its default branch'}" if self.keeps_git else "",
            SUBMODULES: "skipped" if self.skips_submodules else "",
            FORM: "bundle" if self.as_bundle else "",
            TIMES: self.times if whole else "",
        }
        return [
            KeyPart(cause="remote-source", path=self.repository, field=field, value=value)
            for field, value in values.items()
            if value or field == COMMIT
        ]

    def key(self, rules: BuildKitRules) -> str:
        """The text that BuildKit makes of it; empty when the commit, or its ref's full name, is not known."""
        is_commit = bool(_SHA.fullmatch(self.ref))
        if not self.commit or (self.keeps_git and rules.git_refs and not is_commit):
            return ""
        ref = f"#{self.ref}" if rules.git_commit_refs else ""
        pieces = (
            self.commit,
            f".git{ref}" if self.keeps_git else "",
            f":{self.directory}" if self.directory else "",
            "(skip-submodules)" if self.skips_submodules else "",
            f"(mtime={self.times})" if self.times else "",
            "(bundle)" if self.as_bundle else "",
        )
        return "".join(pieces)


def git_source(source: SourceOp) -> GitSource | None:
    """The repository that an op reads; None when it reads something else."""
    if not source.identifier.startswith(SCHEME):
        return None
    repository, _, fragment = source.identifier.partition("#")
    ref, _, directory = fragment.partition(":")
    attrs = dict(source.attrs)
    times = attrs.get("git.mtime", "")
    return GitSource(
        repository=repository,
        ref=ref,
        directory=directory,
        checksum=attrs.get("git.checksum", ""),
        keeps_git=attrs.get("git.keepgitdir") == "true",
        skips_submodules=attrs.get("git.skipsubmodules") == "true",
        times="" if times == _CHECKOUT else times,
        as_bundle=attrs.get("git.checkoutbundle") == "true",
    )
