"""A directory to context entries, as each build client would send it, and entries to a tar.

`walk`        lists a directory; `contents` hashes files and remembers the digests
`ignorefile`, `ignore_docker_py`, `ignore_other`  each family's ignore rules; `selection` walks with Go's
`rules`       what clients do to attributes; `manifest` puts all of it together
`tarball`     writes a tar with exact headers
`gopath`      Go's path and pattern rules
"""
