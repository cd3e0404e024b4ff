"""A directory to context entries, as each build client would send it, and entries to a tar.

`walk`        lists a directory; `hashing/` hashes files and remembers the digests
`ignore/`     ignore rules, one file for each dialect; `selection` walks with those of Go's clients
`clientrules` what each client does: its dialect, how attributes change; `sending` does it
`manifest`    puts all of it together
`tarball`     writes a tar with exact headers; `packing/` a directory as the same tar on every machine
`gopath`      Go's path and pattern rules
"""
