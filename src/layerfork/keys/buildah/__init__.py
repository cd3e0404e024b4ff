"""Keys of buildah, and so of podman."""
