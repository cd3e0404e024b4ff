"""Ignore files, in the dialect of each program.

`moby`, `containers_storage`      Go programs: a matcher judges one path after the other
`python_clients`, `dockerode`     client libraries: what they send of a tree
`ignorefile`, `gopatterns`        what the Go dialects share
`regexps`                         regular expressions as Go, Python and JavaScript read them
"""
