"""Ignore files, in the dialect of each program.

`moby`, `moby_20_10`, `containers_storage`   Go programs: a matcher judges one path after the other
`docker_py`, `dockerode`, `podman_py`        client libraries: what they send of a tree
`ignorefile`, `rules`                        what the Go dialects share
`goregexp`, `jsregexp`                       regular expressions as Go and JavaScript read them
"""
