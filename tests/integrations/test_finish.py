"""`finish` after a recorder that was killed: it ends, and says that nothing is known."""

import subprocess
from pathlib import Path

FINISH = Path(__file__).parents[2] / "integrations" / "github" / "finish.sh"


def test_a_killed_recorder_is_no_reason_to_wait(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    job = tmp_path / "layerfork-job"
    (job / "results").mkdir(parents=True)
    for name, text in {
        "ready": "",
        "log": "what it said\n",
        "before": "A=1\n",
        "pid": f"{ended.pid}\n",
    }.items():
        (job / name).write_text(text)
    places = {name: str(tmp_path / name) for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    env = {"PATH": "/usr/bin:/bin", "RUNNER_TEMP": str(tmp_path), **places}
    done = subprocess.run(["bash", str(FINISH)], env=env, capture_output=True, text=True, timeout=20)

    assert done.returncode == 3
    assert done.stdout.startswith("what it said\n::error title=layerfork::the recorder was killed")
    assert (tmp_path / "GITHUB_OUTPUT").read_text() == "exit-code=3\n"
    assert (tmp_path / "GITHUB_ENV").read_text() == "A=1\n"
