"""The ``--mount`` flags of a RUN, as BuildKit reads them: expectations are its source's, by hand."""

import pytest

from layerfork.dockerfile.definition.mounts import Mount, read_mount
from layerfork.dockerfile.definition.stage import NotModelledError


def plain(word: str) -> str:
    return word.replace("$A", "value")


@pytest.mark.parametrize(
    ("text", "mount"),
    [
        ("target=/m", Mount(target="/m")),
        ("type=bind,dst=/m,src=d,rw", Mount(target="/m", source="d", readonly=False)),
        ("type=bind,target=/m,readonly=false", Mount(target="/m", readonly=False)),
        ("TYPE=CACHE,Target=/c", Mount(type="cache", target="/c", readonly=False)),
        ("type=cache,target=/c,ro", Mount(type="cache", target="/c", readonly=True)),
        ("type=tmpfs,target=/t,size=2m", Mount(type="tmpfs", target="/t", readonly=False, size=2 << 20)),
        ("type=tmpfs,target=/t,size=1KiB", Mount(type="tmpfs", target="/t", readonly=False, size=1024)),
        ("type=secret,id=$A,required", Mount(type="secret", identity="value", required=True)),
        ("type=secret,id=a,env=TOKEN,mode=0444", Mount(type="secret", identity="a", env="TOKEN", mode=0o444)),
        ('type=bind,target=/m,"source=a,b"', Mount(target="/m", source="a,b")),
        ("type=bind,from=x,target=/m", Mount(target="/m", origin="x")),
        ("from=x$,target=/m", Mount(target="/m", origin="x$")),
    ],
)
def test_mounts(text: str, mount: Mount) -> None:
    assert read_mount(text, plain) == mount


@pytest.mark.parametrize(
    "text",
    [
        "type=volume",
        "target=/m,colour=red",
        "type=tmpfs,size=x",
        "target=/m,ro=perhaps",
        "target=/m,mode=9",
        "type=cache,target=/c,from=$A",
        "from=${A},target=/m",
        '"',
    ],
)
def test_what_is_not_modelled(text: str) -> None:
    with pytest.raises(NotModelledError):
        read_mount(text, plain)
