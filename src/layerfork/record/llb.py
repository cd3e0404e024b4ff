"""BuildKit's definition of a build (LLB), reduced to what decides about caches."""

from dataclasses import dataclass

from layerfork.record.context import Digest
from layerfork.record.secrets import HIDDEN


@dataclass(frozen=True, slots=True, kw_only=True)
class LLBInput:
    """An input of an op: another op's digest and which of its outputs."""

    digest: Digest
    index: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecMount:
    """A mount of a RUN."""

    type: str
    """``bind``, ``cache``, ``tmpfs``, ``secret`` or ``ssh``."""
    dest: str
    input: int = -1
    """Index into the op's inputs; -1 is none (scratch)."""
    output: int = -1
    selector: str = ""
    readonly: bool = False
    cache_id: str = ""
    cache_sharing: str = ""
    secret_id: str = ""
    secret_mode: int = 0
    secret_uid: int = 0
    secret_gid: int = 0
    optional: bool = False
    tmpfs_size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecOp:
    """A RUN."""

    args: tuple[str, ...]
    env: tuple[str, ...]
    cwd: str
    user: str = ""
    hostname: str = ""
    extra_hosts: tuple[tuple[str, str], ...] = ()
    ulimits: tuple[str, ...] = ()
    """``name=soft:hard``."""
    cgroup_parent: str = ""
    network: str = "sandbox"
    """``sandbox``, ``host`` or ``none``."""
    security: str = "sandbox"
    secret_env: tuple[tuple[str, str], ...] = ()
    """Secret id and variable name; never the value."""
    optional_secret_env: tuple[str, ...] = ()
    """Names of those variables whose secret need not be given."""
    mounts: tuple[ExecMount, ...] = ()
    valid_exit_codes: tuple[int, ...] = ()
    remove_mount_stubs_recursive: bool = False
    proxy_env: bool = False
    """Proxy variables were passed aside (they are no part of the key)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAction:
    """One action of a file op: copy, mkfile, mkdir, rm or symlink."""

    kind: str
    input: int = -1
    secondary_input: int = -1
    output: int = -1
    src: str = ""
    dest: str = ""
    owner: str = ""
    """``uid:gid`` as numbers, or the names with ``@`` and the index of the input that holds passwd."""
    mode: int = -1
    mode_str: str = ""
    follow_symlink: bool = False
    dir_copy_contents: bool = False
    attempt_unpack: bool = False
    create_dest_path: bool = False
    allow_wildcard: bool = False
    allow_empty_wildcard: bool = False
    include_patterns: tuple[str, ...] = ()
    exclude_patterns: tuple[str, ...] = ()
    required_paths: tuple[str, ...] = ()
    always_replace: bool = False
    timestamp: int = -1
    make_parents: bool = False
    data: Digest | None = None
    """Digest of a mkfile's data (heredoc), or a stand-in where the data holds a secret; never the data."""
    data_size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOp:
    """Where files come from: ``docker-image://``, ``local://``, ``http(s)://``, ``git://`` …"""

    identifier: str
    attrs: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LLBOp:
    """One vertex of the definition: exactly one of the op fields is set (none for a kind we only count)."""

    digest: Digest
    """SHA-256 of the op's bytes: the vertex digest that Status reports. A stand-in if they hold a secret."""
    kind: str
    """``exec``, ``file``, ``source``, ``merge``, ``diff``, ``build`` or ``return`` (the last, empty op)."""
    inputs: tuple[LLBInput, ...] = ()
    exec: ExecOp | None = None
    file: tuple[FileAction, ...] | None = None
    source: SourceOp | None = None
    platform: str = ""
    constraints: tuple[str, ...] = ()
    description: tuple[tuple[str, str], ...] = ()
    """Metadata such as ``llb.customname`` and ``com.docker.dockerfile.v1.command``."""
    ignore_cache: bool = False
    lines: tuple[int, ...] = ()
    """Dockerfile lines (from 1) that this vertex comes from, by the source map."""

    @property
    def hides_a_value(self) -> bool:
        """Whether a stand-in takes the place of a value: the op's bytes are then not known."""
        # The texts of all fields at once, so that none of them is forgotten.
        return HIDDEN in repr((self.exec, self.file, self.source))


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A whole LLB graph, inputs before the ops that use them."""

    ops: tuple[LLBOp, ...]
    digests_verified: bool = False
    """Every vertex that Status reported for this graph has the digest of one of these ops."""
