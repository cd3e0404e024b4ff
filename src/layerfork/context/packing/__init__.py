"""A directory as a canonical tar: the same bytes on every machine that has the same files.

`plan`     what is packed: the directory, its Dockerfile, its ignore rules
`entries`  walks the directory, and makes each entry what docs/pack.md says
`stream`   the tar in pieces or as a file object; nothing that failed looks whole
`tardiff`  where a client's entries differ from it
"""
