"""Definitions read from the bytes of their ops."""

from hashlib import sha256

from layerfork.record.llb import ExecMount, FileAction, LLBInput, LLBOp, SourceOp
from layerfork.wire.buildkit import ops_pb2 as pb
from layerfork.wire.buildkit.definition import ReadDefinition, read_definition
from layerfork.wire.buildkit.sourcemap import read_dockerfile
from layerfork.wire.redact import Redactor


def digest_of(op: pb.Op) -> str:
    return "sha256:" + sha256(op.SerializeToString()).hexdigest()


def read(*ops: pb.Op) -> ReadDefinition:
    definition = pb.Definition(ops=[op.SerializeToString() for op in ops])
    return read_definition([definition], "Dockerfile", Redactor(b"key"))


def only(op: pb.Op) -> LLBOp:
    (found,) = read(op).definition.ops
    return found


def image(name: str) -> pb.Op:
    return pb.Op(
        source=pb.SourceOp(
            identifier=name.encode(), attrs=[pb.Pair(key=b"image.resolvemode", value=b"local")]
        ),
        platform=pb.Platform(os=b"linux", architecture=b"arm64", variant=b"v8"),
        constraints=pb.WorkerConstraints(filter=[b"a", b"b"]),
    )


def test_a_source_has_the_digest_of_its_bytes() -> None:
    op = image("docker-image://docker.io/library/alpine:latest")

    assert only(op) == LLBOp(
        digest=digest_of(op),  # type: ignore[arg-type]
        kind="source",
        source=SourceOp(
            identifier="docker-image://docker.io/library/alpine:latest",
            attrs=(("image.resolvemode", "local"),),
        ),
        platform="linux/arm64/v8",
        constraints=("a", "b"),
    )


def test_credentials_in_a_source_are_hidden() -> None:
    found = only(
        pb.Op(
            source=pb.SourceOp(
                identifier=b"git://user:planted-pw-1@host/repo.git",
                attrs=[pb.Pair(key=b"http.header.authorization", value=b"planted-header-2")],
            )
        )
    )

    assert "planted" not in repr(found)


def test_a_run_keeps_every_part_of_its_key() -> None:
    op = pb.Op(
        inputs=[pb.Input(digest=b"sha256:0", index=2)],
        exec=pb.ExecOp(
            meta=pb.Meta(
                args=[b"/bin/sh", b"-c", b"make"],
                env=[b"PATH=/bin", b"A=1"],
                cwd=b"/w",
                user=b"app",
                hostname=b"h",
                extra_hosts=[pb.HostIP(host=b"db", ip=b"10.0.0.1")],
                ulimit=[pb.Ulimit(name=b"nofile", soft=1, hard=2)],
                cgroup_parent=b"/x",
                remove_mount_stubs_recursive=True,
                valid_exit_codes=[0, 7],
                proxy_env=pb.ProxyEnv(),
            ),
            mounts=[
                pb.Mount(dest=b"/"),
                pb.Mount(
                    dest=b"/c", input=-1, output=-1, mount_type=3, cache=pb.CacheOpt(id=b"id", sharing=2)
                ),
                pb.Mount(dest=b"/t", input=-1, output=-1, mount_type=4, tmpfs=pb.TmpfsOpt(size=64)),
                pb.Mount(
                    dest=b"/s",
                    input=-1,
                    output=-1,
                    mount_type=1,
                    secret=pb.SecretOpt(id=b"token", uid=1, gid=2, mode=0o400, optional=True),
                ),
                pb.Mount(
                    dest=b"/a", input=-1, output=-1, mount_type=2, ssh=pb.SecretOpt(id=b"default", mode=0o600)
                ),
                pb.Mount(dest=b"/b", input=1, output=-1, selector=b"/src", readonly=True),
            ],
            network=1,
            security=1,
            secretenv=[pb.SecretEnv(id=b"token", name=b"TOKEN")],
        ),
    )
    found = only(op)

    assert found.inputs == (LLBInput(digest="sha256:0", index=2),)  # type: ignore[arg-type]
    run = found.exec
    assert run is not None
    assert run.args == ("/bin/sh", "-c", "make")
    assert run.env == ("PATH=/bin", "A=1")
    assert (run.cwd, run.user, run.hostname, run.cgroup_parent) == ("/w", "app", "h", "/x")
    assert run.extra_hosts == (("db", "10.0.0.1"),)
    assert run.ulimits == ("nofile=1:2",)
    assert (run.network, run.security) == ("host", "insecure")
    assert run.secret_env == (("token", "TOKEN"),)
    assert run.valid_exit_codes == (0, 7)
    assert run.remove_mount_stubs_recursive
    assert run.proxy_env
    assert run.mounts == (
        ExecMount(type="bind", dest="/", input=0, output=0),
        ExecMount(type="cache", dest="/c", cache_id="id", cache_sharing="locked"),
        ExecMount(type="tmpfs", dest="/t", tmpfs_size=64),
        ExecMount(
            type="secret",
            dest="/s",
            secret_id="token",
            secret_uid=1,
            secret_gid=2,
            secret_mode=0o400,
            optional=True,
        ),
        ExecMount(type="ssh", dest="/a", secret_id="default", secret_mode=0o600),
        ExecMount(type="bind", dest="/b", input=1, selector="/src", readonly=True),
    )


def test_secrets_in_arguments_and_variables_are_hidden() -> None:
    run = only(
        pb.Op(
            exec=pb.ExecOp(
                meta=pb.Meta(
                    args=[b"sh", b"-c", b"curl -H 'x: planted-value-3' && login planted-value-3"],
                    env=[b"API_TOKEN=planted-value-3", b"PATH=/bin"],
                )
            )
        )
    ).exec
    assert run is not None
    assert run.env[0].startswith("API_TOKEN=hidden:")
    assert run.env[1] == "PATH=/bin"

    again = read(pb.Op(exec=pb.ExecOp(meta=pb.Meta(env=[b"API_TOKEN=planted-value-3"]))))
    assert again.definition.ops[0].exec is not None
    assert again.definition.ops[0].exec.env[0] == run.env[0]


def test_secrets_in_paths_are_hidden_whatever_is_made_there() -> None:
    token = "ghp_" + "a1B2" * 9
    actions = (
        pb.FileAction(copy=pb.FileActionCopy(src=token.encode(), dest=b"/a")),
        pb.FileAction(mkfile=pb.FileActionMkFile(path=token.encode())),
        pb.FileAction(mkdir=pb.FileActionMkDir(path=token.encode())),
        pb.FileAction(symlink=pb.FileActionSymlink(oldpath=token.encode(), newpath=b"/a")),
        pb.FileAction(rm=pb.FileActionRm(path=token.encode())),
    )
    op = only(pb.Op(file=pb.FileOp(actions=actions)))
    assert [action.kind for action in op.file or ()] == ["copy", "mkfile", "mkdir", "symlink", "rm"]
    assert token not in repr(op)


def test_file_actions_of_every_kind() -> None:
    owner = pb.ChownOpt(
        user=pb.UserOpt(by_name=pb.NamedUserOpt(name=b"app", input=1)), group=pb.UserOpt(by_id=1000)
    )
    found = only(
        pb.Op(
            file=pb.FileOp(
                actions=[
                    pb.FileAction(
                        input=0,
                        secondary_input=1,
                        output=-1,
                        copy=pb.FileActionCopy(
                            src=b"/a",
                            dest=b"/b/",
                            owner=owner,
                            mode=-1,
                            mode_str=b"u+x",
                            follow_symlink=True,
                            dir_copy_contents=True,
                            attempt_unpack=True,
                            create_dest_path=True,
                            allow_wildcard=True,
                            allow_empty_wildcard=True,
                            timestamp=-1,
                            include_patterns=[b"*.c"],
                            exclude_patterns=[b"x"],
                            required_paths=[b"y"],
                            always_replace=True,
                        ),
                    ),
                    pb.FileAction(
                        input=-1, mkfile=pb.FileActionMkFile(path=b"/EOF", mode=0o644, data=b"hello\n")
                    ),
                    pb.FileAction(
                        mkdir=pb.FileActionMkDir(path=b"/w", mode=0o755, make_parents=True, timestamp=5)
                    ),
                    pb.FileAction(rm=pb.FileActionRm(path=b"/old", allow_wildcard=True)),
                    pb.FileAction(symlink=pb.FileActionSymlink(oldpath=b"/from", newpath=b"/to")),
                ]
            )
        )
    )
    assert found.kind == "file"
    assert found.file is not None
    copy, mkfile, mkdir, rm, symlink = found.file
    assert copy == FileAction(
        kind="copy",
        input=0,
        secondary_input=1,
        src="/a",
        dest="/b/",
        owner="app@1:1000",
        mode_str="u+x",
        follow_symlink=True,
        dir_copy_contents=True,
        attempt_unpack=True,
        create_dest_path=True,
        allow_wildcard=True,
        allow_empty_wildcard=True,
        include_patterns=("*.c",),
        exclude_patterns=("x",),
        required_paths=("y",),
        always_replace=True,
    )
    assert (mkfile.dest, mkfile.mode, mkfile.data_size) == ("/EOF", 0o644, 6)
    assert mkfile.data == "sha256:" + sha256(b"hello\n").hexdigest()
    assert "hello" not in repr(mkfile)
    assert (mkdir.dest, mkdir.mode, mkdir.make_parents, mkdir.timestamp) == ("/w", 0o755, True, 5)
    assert (rm.kind, rm.dest, rm.allow_wildcard) == ("rm", "/old", True)
    assert (symlink.kind, symlink.src, symlink.dest) == ("symlink", "/from", "/to")


def test_other_kinds_are_named_and_the_last_op_returns() -> None:
    ops = [pb.Op(merge=pb.MergeOp()), pb.Op(diff=pb.DiffOp()), pb.Op(build=pb.BuildOp()), pb.Op()]

    assert [op.kind for op in read(*ops).definition.ops] == ["merge", "diff", "build", "return"]


def test_a_field_that_we_do_not_know_is_a_gap() -> None:
    op = pb.Op(exec=pb.ExecOp(meta=pb.Meta(args=[b"true"])))
    meta = op.exec.meta.SerializeToString() + b"\xa2\x06\x01x"  # field 100
    newer = b"\x12" + bytes([len(meta) + 2]) + b"\x0a" + bytes([len(meta)]) + meta
    found = read_definition([pb.Definition(ops=[newer])], "Dockerfile", Redactor(b"key"))

    assert found.definition.ops[0].exec is not None
    assert [gap.what for gap in found.gaps] == ["unknown fields: exec.meta.100"]


def test_bytes_that_are_no_op_are_a_gap() -> None:
    found = read_definition([pb.Definition(ops=[b"\xff\xff"])], "Dockerfile", Redactor(b"key"))

    assert found.definition.ops == ()
    assert found.gaps[0].what == "its bytes are not an op"


def test_text_that_is_not_utf8_spoils_nothing() -> None:
    run = only(pb.Op(exec=pb.ExecOp(meta=pb.Meta(args=[b"echo", b"caf\xe9"])))).exec

    assert run is not None
    assert run.args == ("echo", "caf\\xe9")


def test_inputs_come_first_and_equal_ops_of_two_platforms_once() -> None:
    base = image("docker-image://a")
    step = pb.Op(inputs=[pb.Input(digest=digest_of(base).encode())], exec=pb.ExecOp())
    last = pb.Op(inputs=[pb.Input(digest=digest_of(step).encode())])
    forwards = pb.Definition(ops=[op.SerializeToString() for op in (base, step, last)])
    backwards = pb.Definition(ops=[op.SerializeToString() for op in (last, step, base)])

    for parts in ([forwards], [backwards], [backwards, forwards]):
        found = read_definition(parts, "Dockerfile", Redactor(b"key"))
        assert [op.kind for op in found.definition.ops] == ["source", "exec", "return"]


def test_ops_that_lead_in_a_circle_do_not_hang() -> None:
    one = pb.Op(inputs=[pb.Input(digest=b"sha256:not-there")])
    digest = digest_of(one)
    two = pb.Op(inputs=[pb.Input(digest=digest.encode()), pb.Input(digest=digest.encode())])

    assert len(read(two, one).definition.ops) == 2


def test_lines_and_text_come_from_the_source_map_of_the_dockerfile() -> None:
    op = image("docker-image://a")

    def location(source: int, *lines: int) -> pb.Location:
        ranges = [pb.Range(start=pb.Position(line=line), end=pb.Position(line=line)) for line in lines]
        return pb.Location(source_index=source, ranges=ranges)

    definition = pb.Definition(
        ops=[op.SerializeToString()],
        metadata=[
            pb.MetadataEntry(
                digest=digest_of(op).encode(),
                metadata=pb.OpMetadata(
                    ignore_cache=True, description=[pb.Pair(key=b"llb.customname", value=b"[1/2] FROM a")]
                ),
            )
        ],
        source=pb.Source(
            locations=[
                pb.LocationsEntry(
                    digest=digest_of(op).encode(),
                    locations=pb.Locations(locations=[location(1, 12, 11), location(1, 2), location(0, 99)]),
                )
            ],
            infos=[
                pb.SourceInfo(filename=b"other", data=b"not this"),
                pb.SourceInfo(filename=b"dir/Dockerfile", data=b"FROM a\n"),
            ],
        ),
    )
    (found,) = read_definition([definition], "build/Dockerfile", Redactor(b"key")).definition.ops

    assert found.lines == (2, 11)
    assert found.ignore_cache
    assert dict(found.description) == {"llb.customname": "[1/2] FROM a"}
    assert read_dockerfile([definition], "build/Dockerfile") == b"FROM a\n"
    assert read_dockerfile([pb.Definition()], "Dockerfile") is None
