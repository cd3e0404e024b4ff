"""What the rules about exported caches find in workflows, bake and compose files, and what they leave."""

from pathlib import Path

import pytest
from unit.lint.trees import found, lint, write

CI = ".github/workflows/ci.yml"


def workflow(*steps: str, job: str = "") -> str:
    """A workflow of one job, with steps indented by six."""
    return f"on: push\njobs:\n  build:\n{job}    runs-on: ubuntu-24.04\n    steps:\n" + "".join(steps)


def step(**given: str) -> str:
    """A build by Docker's action; a field is named as in the action with underscores for hyphens."""
    condition = f"        if: {given.pop('condition')}\n" if "condition" in given else ""
    lines = "".join(f"          {name.replace('_', '-')}: {value}\n" for name, value in given.items())
    return f"      - uses: docker/build-push-action@v6\n{condition}        with:\n{lines}"


API = {"context": "api", "cache_from": "type=gha", "cache_to": "type=gha,mode=max"}
MATRIX = "    strategy:\n      matrix:\n        thing: [a, b]\n"
THING = "${{ matrix.thing }}"


def test_two_things_in_one_scope(tmp_path: Path) -> None:
    write(tmp_path, **{CI: workflow(step(**API), step(**{**API, "context": "web"}))})
    (trap,) = lint(tmp_path).traps
    assert (trap.code, trap.line, trap.subject) == ("cache-overwritten", 15, "cache-to: type=gha,mode=max")
    assert trap.cost.startswith("step 2 of job build and step 1 of job build both write gha buildkit: ")
    assert trap.fix.sentence == "give each its own scope"


@pytest.mark.parametrize(
    "steps",
    [
        (step(**API), step(**API)),
        (step(**API), step(**{**API, "platforms": "linux/amd64,linux/arm64"})),
        (
            step(**{**API, "platforms": "linux/amd64"}),
            step(**{**API, "platforms": "linux/amd64,linux/arm64"}),
        ),
        (step(**{**API, "platforms": "linux/amd64"}), step(**{**API, "platforms": "${{ inputs.all }}"})),
        (step(**API), step(context="web", cache_to="type=gha,scope=web,mode=max")),
        (step(**API, condition="a"), step(**{**API, "context": "web"}, condition="b")),
        (step(**API), step(context="web", cache_to="type=inline")),
        (step(**API), step(context="web", cache_to="type=registry,ref=a/b:cache,mode=max")),
        ("      - run: docker build .\n", step(**API)),
    ],
)
def test_what_shares_a_place_without_harm(tmp_path: Path, steps: tuple[str, ...]) -> None:
    write(tmp_path, **{CI: workflow(*steps)})
    assert found(tmp_path) == []


def test_workflows_share_the_scopes_of_a_repository(tmp_path: Path) -> None:
    release = workflow(step(**{**API, "context": "web"}))
    write(tmp_path, **{CI: workflow(step(**API)), ".github/workflows/release.yml": release})
    (trap,) = lint(tmp_path).traps
    assert Path(trap.path).name == "release.yml"
    assert "step 1 of job build of release.yml and step 1 of job build of ci.yml" in trap.cost


def test_a_target_on_top_of_another_has_all_of_its_steps(tmp_path: Path) -> None:
    dockerfile = "FROM a:1 AS one\nRUN x\nFROM one AS two\nRUN y\nFROM one AS three\nRUN z\n"
    steps = (step(**{**API, "target": "one"}), step(**{**API, "target": "two"}))
    write(tmp_path, **{CI: workflow(*steps), "api/Dockerfile": dockerfile})
    assert found(tmp_path) == []
    write(tmp_path, **{CI: workflow(*steps, step(**{**API, "target": "three"}))})
    assert found(tmp_path) == [f"{CI}:22 cache-overwritten"]


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        ("context", "cache-overwritten"),
        ("file", "cache-overwritten"),
        ("target", "cache-overwritten"),
        ("build_args", "cache-overwritten"),
        ("platforms", "platforms-share-cache"),
    ],
)
def test_a_matrix_that_writes_one_scope(tmp_path: Path, field: str, rule: str) -> None:
    given = {**API, field: f"A={THING}" if field == "build_args" else THING}
    write(tmp_path, **{CI: workflow(step(**given), job=MATRIX)})
    (trap,) = lint(tmp_path).traps
    assert trap.code == rule
    assert trap.fix.sentence == "put matrix.thing into its scope"

    apart = {**given, "cache_from": f"type=gha,scope={THING}", "cache_to": f"type=gha,scope={THING},mode=max"}
    write(tmp_path, **{CI: workflow(step(**apart), job=MATRIX)})
    assert found(tmp_path) == []


def test_a_matrix_that_builds_one_thing(tmp_path: Path) -> None:
    write(tmp_path, **{CI: workflow(step(**API), job=MATRIX)})
    assert found(tmp_path) == []


def test_platforms_of_two_jobs(tmp_path: Path) -> None:
    first, second = (step(**{**API, "platforms": f"linux/{arch}"}) for arch in ("amd64", "arm64"))
    write(tmp_path, **{CI: workflow(first, second)})
    assert found(tmp_path) == [f"{CI}:16 platforms-share-cache"]


READS = {"context": ".", "cache_from": "type=gha,scope=main", "cache_to": "type=gha,scope=app,mode=max"}


def test_a_scope_that_nobody_writes(tmp_path: Path) -> None:
    write(tmp_path, **{CI: workflow(step(**READS))})
    (trap,) = lint(tmp_path).traps
    assert (trap.code, trap.line) == ("scope-never-written", 9)
    assert "no build writes scope main (only app)" in trap.cost


def test_no_export_at_all(tmp_path: Path) -> None:
    write(tmp_path, **{CI: workflow(step(context=".", cache_from="type=gha"))})
    (trap,) = lint(tmp_path).traps
    assert trap.fix.sentence.startswith("add `cache-to: type=gha,mode=max`")


@pytest.mark.parametrize(
    "more",
    [
        step(context="b", cache_to="type=gha,scope=main,mode=max"),
        step(context="b", cache_to="type=gha,scope=${{ github.ref_name }},mode=max"),
        step(context="b", cache_to="${{ inputs.cache }}"),
        "      - run: |\n          docker buildx build \\\n            --cache-to type=gha,scope=main b\n",
        "      - uses: docker/bake-action@v6\n        with: {set: '*.cache-to=type=gha,scope=main'}\n",
        "      - uses: ./.github/actions/build\n",
    ],
)
def test_scopes_that_somebody_may_write(tmp_path: Path, more: str) -> None:
    write(tmp_path, **{CI: workflow(step(**READS), more)})
    assert found(tmp_path, "scope-never-written") == []


GITLAB = "build:\n  script:\n    - docker build --cache-from $IMAGE:latest -t $IMAGE:latest {} .\n"


@pytest.mark.parametrize(
    ("name", "text", "missing"),
    [
        (".gitlab-ci.yml", GITLAB.format(""), True),
        (".gitlab-ci.yml", GITLAB.format("").replace("--cache-from ", "--cache-from me/a,"), True),
        (".gitlab-ci.yml", GITLAB.format("--cache-to type=inline"), False),
        (".gitlab-ci.yml", GITLAB.format("--build-arg BUILDKIT_INLINE_CACHE=1"), False),
        (".gitlab-ci.yml", "image: docker:20.10\n" + GITLAB.format(""), False),
        (".gitlab-ci.yml", "variables:\n  DOCKER_BUILDKIT: 0\n" + GITLAB.format(""), False),
        (".gitlab-ci.yml", GITLAB.format("").replace("-t $IMAGE:latest", "-t $IMAGE:$CI_COMMIT_SHA"), False),
        (
            "compose.yaml",
            "services:\n  a:\n    image: me/a\n    build:\n      context: .\n      cache_from: [me/a]\n",
            True,
        ),
        ("compose.yaml", "services:\n  a:\n    image: me/a\n    build: .\n", False),
        ("docker-bake.hcl", 'target "a" {\n  tags = ["a"]\n  cache-from = ["a"]\n}\n', True),
        (
            "docker-bake.hcl",
            'target "a" {\n  tags = ["a"]\n  cache-from = ["a"]\n  cache-to = ["type=inline"]\n}\n',
            False,
        ),
        ("docker-bake.json", '{"target": {"a": {\n\t"tags": ["a"],\n\t"cache-from": ["a"]\n}}}\n', True),
    ],
)
def test_images_without_a_cache(tmp_path: Path, name: str, text: str, missing: bool) -> None:
    write(tmp_path, **{name: text})
    assert [each.partition(" ")[2] for each in found(tmp_path)] == ["inline-cache-missing"] * missing


STAGES = "FROM a:1 AS build\nRUN install\nFROM a:1\nCOPY --from=build /x /\n"


@pytest.mark.parametrize(
    ("dockerfile", "to", "left_out"),
    [
        (STAGES, "type=gha", True),
        (STAGES, "type=gha,mode=min", True),
        (STAGES, "type=gha,mode=max", False),
        (STAGES, "type=gha,mode=${{ inputs.mode }}", False),
        (STAGES, "type=inline", False),
        ("FROM a:1 AS build\nRUN install\nFROM build\nRUN x\n", "type=gha", False),
        ("FROM a:1 AS build\nRUN install\nFROM a:1\nRUN x\n", "type=gha", False),
        ("FROM a:1\nRUN x\n", "type=gha", False),
        (STAGES.replace("RUN install", "COPY a /x"), "type=gha", False),
        (
            STAGES.replace("COPY --from=build /x /", "RUN --mount=from=build,target=/m cp /m/x /"),
            "type=gha",
            True,
        ),
    ],
)
def test_stages_that_are_not_exported(tmp_path: Path, dockerfile: str, to: str, left_out: bool) -> None:
    text = workflow(step(context="api", cache_from="type=gha", cache_to=to))
    write(tmp_path, **{CI: text, "api/Dockerfile": dockerfile})
    assert found(tmp_path, "stages-not-exported") == [f"{CI}:10 stages-not-exported"] * left_out


KEPT = """\
      - uses: actions/cache@v4
        with:
          path: {path}
          key: {key}
      - run: docker buildx build --cache-from type=local,src=/tmp/c --cache-to type=local,dest=/tmp/d .
"""


@pytest.mark.parametrize(
    ("path", "key", "rules"),
    [
        ("/tmp/c", "buildx", ["frozen-cache-key"]),
        ("/tmp/c/", "${{ runner.os }}-buildx-${{ github.ref_name }}", ["frozen-cache-key"]),
        ("/tmp/c", "x-${{ github.sha }}", ["unmatched-cache-key"]),
        ("/tmp/c", "x-${{ github.sha }}\n          restore-keys: x-", []),
        ("/tmp/c", "x-${{ hashFiles('**/lock') }}", []),
        ("/tmp/c", "x-${{ vars.KEY }}", []),
        ("~/.npm", "buildx", []),
    ],
)
def test_keys_of_a_kept_directory(tmp_path: Path, path: str, key: str, rules: list[str]) -> None:
    write(tmp_path, **{CI: workflow(KEPT.format(path=path, key=key))})
    assert found(tmp_path) == [f"{CI}:9 {rule}" for rule in rules]


BAKE = """\
group "default" {
  targets = ["api", "web"]
}
target "_cache" {
  cache-to = [
    "type=registry,ref=me/cache:${TAG},mode=max",
  ]
}
target "api" {
  inherits = ["_cache"]
}
target "web" {
  inherits = ["_cache"]
  context = "web"
}
"""


def test_bake_targets_that_inherit_one_place(tmp_path: Path) -> None:
    write(tmp_path, **{"docker-bake.hcl": BAKE})
    (trap,) = lint(tmp_path).traps
    assert (trap.code, trap.line) == ("cache-overwritten", 6)
    assert trap.cost.startswith("target web and target api both write registry me/cache:${TAG}")


def test_a_bake_matrix(tmp_path: Path) -> None:
    matrix = '  name = "a-${{v}}"\n  matrix = {{ v = ["1", "2"] }}\n  args = {{ V = v }}\n'
    text = f'target "a" {{{{\n{matrix}  cache-to = [{{}}]\n}}}}\n'
    write(tmp_path, **{"docker-bake.hcl": text.format('{ type = "gha", mode = "max" }')})
    assert found(tmp_path) == ["docker-bake.hcl:5 cache-overwritten"]
    write(tmp_path, **{"docker-bake.hcl": text.format('"type=gha,mode=max,scope=${v}"')})
    assert found(tmp_path) == []


def test_a_comment_keeps_silent_in_each_kind_of_file(tmp_path: Path) -> None:
    text = BAKE.replace('mode=max",', 'mode=max", // layerfork: ignore=cache-overwritten')
    write(tmp_path, **{"docker-bake.hcl": text})
    report = lint(tmp_path)
    assert (report.traps, report.ignored) == ((), 1)


def test_what_a_file_says_of_a_context_counts(tmp_path: Path) -> None:
    """Alone, the Dockerfile may be built in either directory."""
    dockerfile = "FROM a:1\nCOPY . /src\nRUN make\n"
    write(tmp_path, **{"ci/Dockerfile": dockerfile, ".git/HEAD": "x", "ci/.dockerignore": "*\n"})
    assert found(tmp_path) == []
    compose = "services:\n  a:\n    build:\n      context: .\n      dockerfile: ci/Dockerfile\n"
    write(tmp_path, **{"compose.yaml": compose})
    assert found(tmp_path) == ["ci/Dockerfile:2 dockerfile-copied", "ci/Dockerfile:2 repository-copied"]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("compose.yaml", "services:\n  a: [\n", 3),
        ("compose.yaml", "a: *b\n", 1),
        (CI, "jobs:\n\t- x\n", 2),
        ("docker-bake.hcl", 'target "a" {\n  tags = [\n}\n', 3),
        ("docker-bake.json", '{"target": \n', 2),
        ("compose.yaml", "a: " + "[" * 3000 + "\n", 0),
        ("docker-bake.hcl", "a = " + "[" * 3000 + "\n", 0),
    ],
)
def test_files_that_do_not_parse(tmp_path: Path, name: str, text: str, line: int) -> None:
    write(tmp_path, **{name: text})
    (bad,) = lint(tmp_path).bad
    assert Path(bad.path) == tmp_path / name
    assert not line or bad.line == line


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("compose.yaml", ""),
        ("compose.yaml", "a\n"),
        ("compose.yaml", "services: [a]\n"),
        ("compose.yaml", "services:\n  a: &a\n    build: {context: ., cache_from: &b [*b]}\n"),
        ("compose.yaml", "a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n"),
        ("compose.yaml", "services:\n  a: !custom {build: !x .}\n"),
        (CI, "jobs:\n  a:\n    steps: x\n"),
        (
            CI,
            "jobs:\n  a:\n    strategy: {matrix: '${{ x }}'}\n    steps: [{uses: docker/bake-action@v6}]\n",
        ),
        (".gitlab-ci.yml", "a:\n  script: [[docker build --cache-to, 1], !reference [b, script]]\n"),
        (
            ".gitlab-ci.yml",
            "a:\n  script:\n    - docker build 'unfinished\n    - docker build --cache-from\n",
        ),
        ("docker-bake.hcl", ""),
        ("docker-bake.hcl", 'target "a" {\n  inherits = ["a", "nothing"]\n}\n'),
        ("docker-bake.json", "[]"),
    ],
)
def test_odd_files_are_read_to_their_ends(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, **{name: text})
    report = lint(tmp_path)
    assert (report.traps, report.bad, report.files) == ((), (), 1)


def test_bytes_that_are_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_bytes(b"a: b\nc: \xff\n")
    (bad,) = lint(tmp_path).bad
    assert (bad.line, bad.reason) == (2, "is not UTF-8")


def test_a_dockerfile_of_very_many_stages(tmp_path: Path) -> None:
    stages = "".join(f"FROM s{number} AS s{number + 1}\nRUN x\n" for number in range(300))
    write(tmp_path, Dockerfile=f"FROM a:1 AS s0\nCOPY . .\n{stages}")
    assert found(tmp_path) == ["Dockerfile:2 dockerfile-copied"]
