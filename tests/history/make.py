"""Makes ``kept.ndjson``: ``layerfork engines run private:28.5+containerd -- python tests/history/make.py``"""

import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from history.project import BUILDS, KEPT, commit

from layerfork.builders.api.buildhistory import read_build_history


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory)
        for number, build in enumerate(BUILDS):
            commit(top, number)
            for name, text in build.dirty.items():
                (top / "app" / name).write_text(text)
            command = ["docker", "buildx", "build", "-q", *build.options, "app"]
            subprocess.run(command, check=True, cwd=top, stdout=subprocess.DEVNULL)
    host = os.environ["DOCKER_HOST"]
    with KEPT.open("w", encoding="ascii") as file:
        for kept in reversed(read_build_history(Path(host.removeprefix("unix://")), host)):
            fields = {
                "record": base64.b64encode(kept.record.SerializeToString()).decode(),
                "blobs": {digest: base64.b64encode(data).decode() for digest, data in kept.blobs.items()},
            }
            file.write(json.dumps(fields) + "\n")


if __name__ == "__main__":
    main()
