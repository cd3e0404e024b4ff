"""What builders print while they build, as steps.

`steplog`   the log of a build of the classic builder or of podman, whichever its first step shows
`classic`   what the classic builder prints
`podman`    what podman and buildah print; `waiting` says whose turn it is when stages wait for each other
`output`    a whole output of ``podman build`` and ``buildah bud``
"""
