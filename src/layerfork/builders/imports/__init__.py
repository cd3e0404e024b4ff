"""Records made of what builds left behind.

`files`       a file of any form, recognized by its content
`logs`        logs of every builder, also as a CI wrote them
`provenance`  provenance attestations and metadata files
`dockerbuild` archives of the build history
`drafts`      records that begin with what every import knows
"""
