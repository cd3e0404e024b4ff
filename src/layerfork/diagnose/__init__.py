"""Says where builds part and why. Pure functions over records and keys; no I/O.

`judge_relay`            builds in order on one cache: classes, forks, warnings
`judge_pair`             two builds: forks where steps were built again, warnings for the rest
`explain_pair`           any two builds: every fork with its causes
`share_definitions`      builds that show no definition, with the one that they must have had
`layer_contradictions`   what the images' layers say against what the builders said
`describe_failure`       where and why a build ended early
`as_on_one_cache`        a build with the outcome that its keys would have had on another's cache
`cacheable_steps`        the steps that a cache can hold
`may_share_cache`        whether one build may have found what another stored
`list_fork_differences`  the whole list of parts that the causes of one fork sum up
"""

from layerfork.diagnose.cachelookup import as_on_one_cache, cacheable_steps
from layerfork.diagnose.compare.comparable import share_definitions
from layerfork.diagnose.compare.judgedbuilds import JudgedBuild
from layerfork.diagnose.compare.sharedcaches import may_share_cache
from layerfork.diagnose.failure import describe_failure
from layerfork.diagnose.pair import explain_pair, judge_pair, list_fork_differences
from layerfork.diagnose.relayjudgement import judge_relay
from layerfork.diagnose.warnings import layer_contradictions

__all__ = [
    "JudgedBuild",
    "as_on_one_cache",
    "cacheable_steps",
    "describe_failure",
    "explain_pair",
    "judge_pair",
    "judge_relay",
    "layer_contradictions",
    "list_fork_differences",
    "may_share_cache",
    "share_definitions",
]
