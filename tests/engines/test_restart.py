"""An engine of ours ends and starts again where it is; one that dies afterwards is still told."""

import os
import signal
import time
from pathlib import Path

import pytest

from layerfork.builders.engines import open_engine
from layerfork.builders.namespace.entering import first_process, restart
from layerfork.builders.namespace.launch import failure

pytestmark = pytest.mark.engine


def daemon_ids(init: int) -> list[int]:
    return sorted(map(int, Path(f"/proc/{init}/task/{init}/children").read_text().split()))


@pytest.mark.parametrize(("name", "daemons"), [("private:28.5+containerd", 2), ("podman", 1)])
def test_other_processes_on_the_same_data(name: str, daemons: int) -> None:
    with open_engine(name).start(os.environ, print) as engine:
        assert engine.daemons is not None
        init = first_process(engine.daemons)
        before, image = daemon_ids(init), engine.image_facts("alpine").image_id
        for _ in range(2):
            restart(engine.daemons)
            after = daemon_ids(init)
            assert len(after) == daemons
            assert set(before).isdisjoint(after)
            assert engine.is_alive()
            before = after
        assert first_process(engine.daemons) == init
        engine.reset()
        assert engine.image_facts("alpine").image_id == image

        os.kill(before[0], signal.SIGKILL)
        give_up = time.monotonic() + 10
        while engine.is_alive():
            assert time.monotonic() < give_up
            time.sleep(0.01)
        assert "ended with status -9" in str(failure(engine.daemons))
