"""A directory as a canonical tar: the same bytes on every machine that has the same files.

`plan`     what is packed: the directory, its Dockerfile, its ignore rules
`walking`  goes through the directory, one entry at a time
`entries`  what becomes of each entry: docs/pack.md says it for people
`stream`   the tar in pieces, laid out in a `buffer`; nothing that failed looks whole
`file`     the tar as a file object
"""
