"""Output of builders that no socket shows, as step records.

`buildah`   what ``podman build`` and ``buildah bud`` print
"""
