"""Separate, empty and imported caches; what only records tell."""

import json

from corpus.builds import CONTENT, FILE, two
from corpus.subjects import Build, Client, Fork, Pair, file, idle, matters

RUNS = "FROM alpine\nRUN echo 1\nRUN echo 2\n"
PLAIN = Build(dockerfile=RUNS)
CHAINS = "classic buildah"
PRUNE_IMAGES = f"POST /images/prune?filters={json.dumps({'dangling': {'true': True}})}"
STORED, OTHER_STORED = "private:26.1+containerd", "private:28.5+containerd"
TWIN = f"{STORED}#2"
EXPORT = ("--cache-to=type=local,dest={shared}/cache,mode=max",)
EXPORT_LAST = ("--cache-to=type=local,dest={shared}/cache,mode=min",)
IMPORT = ("--cache-from=type=local,src={shared}/cache",)

EMPTY = Fork("RUN echo 1", ("cache-empty SUSPECTED",))
SWITCHED_OFF = Fork("RUN echo 1", ("cache-off",))
STAMPED = "FROM alpine AS s\nRUN echo 1\nARG SHA\nRUN echo 2\nCOPY a /\nRUN echo 3\n"
NO_CACHE = {"nocache": "1"}
PRUNE_RECORDS = "POST /build/prune?all=1"
DELETE_LAST = "DELETE /images/kept?noprune=1"
CHANGED = two(FILE, (file("a", "one"),), (file("a", "two"),))
TWO_STAGES = "FROM alpine AS t\nRUN echo {0}\nRUN echo 2\nFROM alpine\nRUN echo {0}\nCOPY --from=t /etc /e\n"
KEPT = ("--output=type=docker,name=kept",)
APART = (
    Build(dockerfile=FILE, nodes=(file("a", "one"),), engine="private:28.5"),
    Build(dockerfile=FILE, nodes=(file("a", "two"),)),
)
PODMAN, OLD_PODMAN, NEW_PODMAN = "podman:5.4", "podman:4.3", "podman:5.8"
OWNED = "FROM alpine\nCOPY --chown=1:2 a /\n"
SEPARATE = (
    *matters(
        "classic buildah",
        "builder",
        Build(dockerfile=FILE, nodes=(file("a"),), client=Client.BUILDX, engine="private:26.1"),
        Build(dockerfile=FILE, nodes=(file("a"),)),
        Fork("FROM", ("builder",)),
    ),
    *matters(
        "buildah",
        "builder-instance",
        Build(dockerfile=FILE, nodes=(file("a"),), engine=f"{PODMAN}#2"),
        Build(dockerfile=FILE, nodes=(file("a"),)),
        Fork("FROM", ("builder-instance",)),
    ),
    # Engine 25.0 puts a blank behind the owner.
    *matters(
        "classic",
        "engine-version",
        Build(dockerfile=OWNED, nodes=(file("a"),), engine="private:20.10"),
        Build(dockerfile=OWNED, nodes=(file("a"),)),
        Fork("FROM", ("builder-instance",)),
        Fork("COPY", ("engine-version",)),
    ),
    *idle(
        "classic",
        "engine-version",
        Build(dockerfile=FILE, nodes=(file("a"),), engine="private:20.10"),
        Build(dockerfile=FILE, nodes=(file("a"),)),
        Fork("FROM", ("builder-instance",)),
    ),
    # buildah 1.41 puts blanks behind every COPY, and looks at no owner.
    *matters(
        "buildah",
        "engine-version",
        Build(dockerfile=FILE, nodes=(file("a"),)),
        Build(dockerfile=FILE, nodes=(file("a"),), engine=NEW_PODMAN),
        Fork("FROM", ("builder-instance",)),
        Fork("COPY", ("engine-version SUSPECTED",)),
    ),
    *idle(
        "buildah",
        "engine-version",
        Build(dockerfile=RUNS, engine=OLD_PODMAN),
        PLAIN,
        Fork("FROM", ("builder-instance",)),
    ),
    *matters(
        "buildkit",
        "builder",
        Build(dockerfile=FILE, nodes=(file("a"),), client=Client.POST),
        Build(dockerfile=FILE, nodes=(file("a"),)),
        Fork("FROM", ("builder",)),
    ),
    *matters(
        "classic buildkit",
        "builder-instance",
        Build(dockerfile=FILE, nodes=(file("a"),), engine="private:28.5"),
        Build(dockerfile=FILE, nodes=(file("a"),)),
        Fork("FROM", ("builder-instance",)),
    ),
    # The classic builder's history strings say what its misses cannot.
    *matters(
        "classic",
        "builder-instance",
        *APART,
        Fork("FROM", ("builder-instance",)),
        CONTENT,
        what="and-content",
    ),
    *matters(
        "buildkit",
        "builder-instance",
        *APART,
        Fork("FROM", ("builder-instance",)),
        Fork("COPY", ("content a SUSPECTED",)),
        what="and-content",
    ),
    *idle(
        "buildkit",
        "builder-instance",
        Build(dockerfile=FILE, nodes=(file("a"),), engine=STORED, flags=EXPORT),
        Build(dockerfile=FILE, nodes=(file("a"),), flags=IMPORT),
        what="imported",
        engine=OTHER_STORED,
    ),
    *matters(
        "buildkit",
        "engine-version",
        Build(dockerfile="FROM alpine\nRUN --mount=type=cache,target=/c id\n", engine=STORED, flags=EXPORT),
        Build(dockerfile="FROM alpine\nRUN --mount=type=cache,target=/c id\n", flags=IMPORT),
        Fork("RUN", ("engine-version",)),
        engine=OTHER_STORED,
    ),
    *idle(
        "buildkit",
        "engine-version",
        Build(dockerfile=FILE, nodes=(file("a", "one"),), engine=STORED, flags=EXPORT),
        Build(dockerfile=FILE, nodes=(file("a", "two"),), flags=IMPORT),
        CONTENT,
        engine=OTHER_STORED,
    ),
)

OFF = (
    *matters(
        CHAINS,
        "cache-off",
        PLAIN,
        Build(dockerfile=RUNS, query=NO_CACHE),
        SWITCHED_OFF,
    ),
    *matters(
        "buildkit",
        "cache-off",
        PLAIN,
        Build(dockerfile=RUNS, flags=("--no-cache",)),
        SWITCHED_OFF,
    ),
    *matters(
        "buildkit",
        "cache-off",
        Build(dockerfile="FROM alpine AS s\nRUN echo 1\n"),
        Build(dockerfile="FROM alpine AS s\nRUN echo 1\n", flags=("--no-cache-filter=s",)),
        SWITCHED_OFF,
        what="of-stage",
    ),
    # Without a cache nothing is looked for: what else differs is no second reason.
    *matters(
        CHAINS,
        "cache-off",
        Build(dockerfile=STAMPED, nodes=(file("a", "one"),), args={"SHA": "22"}),
        Build(dockerfile=STAMPED, nodes=(file("a", "two"),), query=NO_CACHE),
        SWITCHED_OFF,
        what="beside-others",
    ),
    *matters(
        "buildkit",
        "cache-off",
        Build(dockerfile=STAMPED, nodes=(file("a", "one"),), args={"SHA": "22"}),
        Build(dockerfile=STAMPED, nodes=(file("a", "two"),), flags=("--no-cache",)),
        SWITCHED_OFF,
        what="beside-others",
    ),
    *matters(
        "buildkit",
        "cache-off",
        Build(dockerfile=STAMPED, nodes=(file("a", "one"),), args={"SHA": "22"}),
        Build(dockerfile=STAMPED, nodes=(file("a", "two"),), flags=("--no-cache-filter=s",)),
        SWITCHED_OFF,
        what="of-stage-beside-others",
    ),
    *idle(
        CHAINS,
        "cache-off",
        Build(dockerfile=RUNS, query=NO_CACHE),
        PLAIN,
        what="of-writer",
    ),
    *idle(
        "buildkit",
        "cache-off",
        Build(dockerfile=RUNS, flags=("--no-cache",)),
        PLAIN,
        what="of-writer",
    ),
    *idle(
        "buildkit",
        "cache-off",
        Build(dockerfile=FILE, nodes=(file("a", "one"),)),
        Build(dockerfile=FILE, nodes=(file("a", "two"),), flags=("--no-cache-filter=other",)),
        CONTENT,
        what="of-other-stage",
    ),
)

TAGGED = {"t": "kept"}
GONE = (
    *matters(
        "classic",
        "cache-empty",
        PLAIN,
        PLAIN,
        EMPTY,
        between=(PRUNE_IMAGES,),
    ),
    *matters(
        "buildah",
        "cache-empty",
        PLAIN,
        PLAIN,
        EMPTY,
        between=(PRUNE_IMAGES,),
    ),
    *matters(
        "buildkit",
        "cache-empty",
        PLAIN,
        PLAIN,
        EMPTY,
        between=(PRUNE_RECORDS,),
    ),
    *idle(
        "classic buildah",
        "cache-empty",
        *CHANGED,
        CONTENT,
        between=(PRUNE_IMAGES,),
    ),
    *idle(
        "buildkit",
        "cache-empty",
        *CHANGED,
        CONTENT,
        between=(PRUNE_RECORDS,),
    ),
    *matters(
        "classic",
        "cache-record-gone",
        Build(dockerfile=RUNS, query=TAGGED),
        PLAIN,
        Fork("RUN echo 2", ("cache-record-gone SUSPECTED",)),
        between=(DELETE_LAST,),
    ),
    # The writer's image keeps the records that it is made of, and no others.
    *matters(
        "buildkit",
        "cache-record-gone",
        Build(dockerfile=TWO_STAGES.format(1), flags=KEPT),
        Build(dockerfile=TWO_STAGES.format(1), target="t"),
        Fork("RUN echo 2", ("cache-record-gone SUSPECTED",)),
        between=("POST /build/prune",),
    ),
    *idle(
        "buildkit",
        "cache-record-gone",
        Build(dockerfile=TWO_STAGES.format(1), flags=KEPT),
        Build(dockerfile=TWO_STAGES.format(3), target="t"),
        Fork("RUN echo 3", ("instruction",)),
        between=("POST /build/prune",),
    ),
    *matters(
        "buildah",
        "cache-record-gone",
        Build(dockerfile=RUNS, query=TAGGED),
        PLAIN,
        Fork("RUN echo 2", ("cache-record-gone SUSPECTED",)),
        between=(DELETE_LAST,),
    ),
    *idle(
        "buildah",
        "cache-record-gone",
        Build(dockerfile=f"{FILE}RUN echo 2\n", nodes=(file("a", "one"),), query=TAGGED),
        Build(dockerfile=f"{FILE}RUN echo 2\n", nodes=(file("a", "two"),)),
        CONTENT,
        between=(DELETE_LAST,),
    ),
    # A control that was all hits says that nothing was lost.
    *matters(
        "classic buildah",
        "unexplained",
        PLAIN,
        PLAIN,
        Fork("RUN echo 1", ("unexplained UNEXPLAINED",)),
        between=(PRUNE_IMAGES,),
        control="hit",
    ),
    *idle("classic buildah", "unexplained", *CHANGED, CONTENT, between=(PRUNE_IMAGES,), control="hit"),
    *idle(
        "classic",
        "cache-record-gone",
        Build(dockerfile=FILE + "RUN echo 2\n", nodes=(file("a", "one"),), query=TAGGED),
        Build(dockerfile=FILE + "RUN echo 2\n", nodes=(file("a", "two"),)),
        CONTENT,
        between=(DELETE_LAST,),
    ),
)

SLEEPS = "FROM alpine\nRUN sleep 3\nCOPY a /\n"
AT_ONCE = (
    *matters(
        "classic buildkit",
        "parallel-build",
        Build(dockerfile=SLEEPS, nodes=(file("a"),)),
        Build(dockerfile=SLEEPS, nodes=(file("a"),)),
        Fork("RUN sleep 3", ("parallel-build",)),
        at_once=True,
    ),
    *idle(
        "classic buildkit",
        "parallel-build",
        Build(dockerfile=SLEEPS, nodes=(file("a"),)),
        Build(dockerfile=SLEEPS.replace("3", "4"), nodes=(file("a"),)),
        Fork("RUN sleep 4", ("instruction",)),
        at_once=True,
    ),
)

FOREIGN = "FROM --platform=linux/{0} foreign\nCOPY a /\n"
OF_ARM = (
    (
        "foreign",
        Build(dockerfile="FROM scratch\nCOPY a /\n", nodes=(file("a"),), query={"platform": "linux/arm64"}),
    ),
)
OF_HERE = (("foreign", Build(dockerfile="FROM scratch\nCOPY a /\n", nodes=(file("a"),))),)
BUGS = (
    *(
        pair
        for engine, what in (("private:26.1", ""), ("private:28.5", "28"))
        for pair in matters(
            "classic",
            "engine-bug",
            Build(dockerfile=FOREIGN.format("arm64"), nodes=(file("a"),), bases=OF_ARM),
            Build(dockerfile=FOREIGN.format("arm64"), nodes=(file("a"),), bases=OF_ARM),
            Fork("COPY", ("engine-bug SUSPECTED",)),
            engine=engine,
            what=what,
        )
    ),
    *idle(
        "classic",
        "engine-bug",
        Build(dockerfile=FOREIGN.format("amd64"), nodes=(file("a"),), bases=OF_HERE),
        Build(dockerfile=FOREIGN.format("amd64"), nodes=(file("a"),), bases=OF_HERE),
        what="own-platform",
    ),
    *idle(
        "classic",
        "engine-bug",
        Build(dockerfile=FOREIGN.format("arm64"), nodes=(file("a"),), bases=OF_ARM),
        Build(dockerfile=FOREIGN.format("arm64"), nodes=(file("a"),), bases=OF_ARM),
        what="older-engine",
        engine="private:20.10",
    ),
)

FROM_ALPINE = {"cachefrom": '["alpine"]'}
LISTED = (
    *matters(
        "classic",
        "cache-from",
        PLAIN,
        Build(dockerfile=RUNS, query=FROM_ALPINE),
        Fork("RUN echo 1", ("cache-from",)),
        control="hit",
    ),
    *matters(
        "classic",
        "cache-from",
        PLAIN,
        Build(dockerfile=RUNS, query=FROM_ALPINE),
        Fork("RUN echo 1", ("cache-from SUSPECTED",)),
        what="without-control",
    ),
    *idle(
        "classic",
        "cache-from",
        Build(dockerfile=RUNS, query=TAGGED),
        Build(dockerfile=RUNS, query={"cachefrom": '["kept"]'}),
        what="writers",
    ),
    *idle(
        "classic",
        "cache-from",
        Build(dockerfile=FILE, nodes=(file("a", "one"),)),
        Build(dockerfile=FILE, nodes=(file("a", "two"),), query=FROM_ALPINE),
        CONTENT,
        what="beside-content",
        control="hit",
    ),
)

STAGES = "FROM alpine AS s\nRUN echo 1 > /f\nFROM alpine AS t\nCOPY --from=s /f /\n"
IMPORTED = (
    *matters(
        "buildkit",
        "cache-not-imported",
        Build(dockerfile=STAGES, engine=STORED, flags=EXPORT_LAST),
        Build(dockerfile=STAGES, target="s", flags=IMPORT),
        Fork("RUN echo 1", ("cache-not-imported SUSPECTED",)),
        engine=TWIN,
    ),
    *matters(
        "buildkit",
        "cache-not-imported",
        Build(dockerfile=RUNS, engine=STORED),
        Build(dockerfile=RUNS, flags=("--cache-from=type=registry,ref=127.0.0.1:5000/none",)),
        Fork("RUN echo 1", ("cache-not-imported",)),
        what="failed",
        engine=OTHER_STORED,
    ),
    *idle(
        "buildkit",
        "cache-not-imported",
        Build(dockerfile=RUNS, engine=STORED, flags=EXPORT),
        Build(dockerfile=RUNS, flags=IMPORT),
        engine=OTHER_STORED,
    ),
)

OLD_CLIENT = "20.10"
VERSIONS = (
    *matters(
        "classic",
        "client-version",
        Build(dockerfile=FILE, nodes=(file("a"),), client=Client.DOCKER, client_version=OLD_CLIENT),
        Build(dockerfile=FILE, nodes=(file("a"),), client=Client.DOCKER),
        Fork("COPY", ("mode-type-bits a", "client-version SUSPECTED")),
    ),
    # The engines key it alike; it is their clients that send it otherwise.
    *matters(
        "classic",
        "client-version",
        Build(dockerfile=FILE, nodes=(file("a"),), client=Client.DOCKER, engine="private:20.10"),
        Build(dockerfile=FILE, nodes=(file("a"),), client=Client.DOCKER),
        Fork("FROM", ("builder-instance",)),
        Fork("COPY", ("mode-type-bits a", "client-version SUSPECTED")),
        what="on-two-engines",
    ),
    *idle(
        "buildkit",
        "client-version",
        Build(dockerfile=FILE, nodes=(file("a", "one"),), client_version="28.5"),
        Build(dockerfile=FILE, nodes=(file("a", "two"),)),
        CONTENT,
    ),
    *idle(
        "classic",
        "client-version",
        Build(dockerfile=FILE, nodes=(file("a", "one"),), client=Client.DOCKER, client_version="28.5"),
        Build(dockerfile=FILE, nodes=(file("a", "two"),), client=Client.DOCKER),
        CONTENT,
    ),
    *idle(
        "buildah",
        "client-version",
        Build(dockerfile=FILE, nodes=(file("a", "one"),), client=Client.DOCKER, client_version=OLD_CLIENT),
        Build(dockerfile=FILE, nodes=(file("a", "two"),), client=Client.DOCKER, client_version="26.1"),
        CONTENT,
    ),
)

UNSEEN = {"version": "2"}
UNEXPLAINED = (
    # Two Dockerfiles, so neither's definition can be the other's.
    *matters(
        "buildkit",
        "unexplained",
        Build(dockerfile=FILE, nodes=(file("a", "one"),), client=Client.POST, query=UNSEEN),
        Build(dockerfile=f"# other\n{FILE}", nodes=(file("a", "two"),), client=Client.POST, query=UNSEEN),
        Fork("COPY", ("unexplained UNEXPLAINED",)),
        warnings=("incomplete-record",),
    ),
    *idle(
        "buildkit",
        "unexplained",
        Build(dockerfile=FILE, nodes=(file("a", "one"),), client=Client.POST, query=UNSEEN),
        Build(dockerfile=FILE, nodes=(file("a", "two"),), client=Client.POST, query=UNSEEN),
        CONTENT,
        what="same-dockerfile",
        warnings=("incomplete-record",),
    ),
    *idle(
        "buildkit",
        "unexplained",
        Build(dockerfile=FILE, nodes=(file("a"),), client=Client.POST, query=UNSEEN),
        Build(dockerfile=FILE, nodes=(file("a"),), client=Client.POST, query=UNSEEN),
        warnings=("incomplete-record",),
    ),
)

PAIRS: tuple[Pair, ...] = (
    *SEPARATE,
    *OFF,
    *GONE,
    *AT_ONCE,
    *BUGS,
    *LISTED,
    *IMPORTED,
    *VERSIONS,
    *UNEXPLAINED,
)
