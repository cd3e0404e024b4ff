"""What builders print while they build, as steps.

`classic`        what the classic builder prints
`podmanoutput`   what podman and buildah print, and which stage each line belongs to
`logs`           whole outputs and logs of podman, buildah and the classic builder
`plainprogress`  what buildx and docker print with ``--progress plain``
`cilog`          the lines of a CI system's log, without what the CI put before them
`step`           one step as far as it was printed
"""
