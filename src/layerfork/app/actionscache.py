"""`layerfork cache github`: GitHub's cache service of a repository."""

from collections.abc import Mapping

from layerfork.builders.ci.githubcaches import GitHubCaches
from layerfork.diagnose.actionscache import report_of
from layerfork.record.actionscache import ActionsCacheReport
from layerfork.record.progress import Say


def inspect_actions_cache(word: str, environment: Mapping[str, str], say: Say) -> ActionsCacheReport:
    """Read a repository's entries, limits and refs, and say what they mean.

    ``word`` is ``OWNER/NAME`` or a URL; empty for the repository of the job that this runs in.
    Raises: LayerforkError.
    """
    return report_of(GitHubCaches(word or environment.get("GITHUB_REPOSITORY", ""), environment, say).read())
