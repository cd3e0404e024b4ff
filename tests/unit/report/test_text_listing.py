"""Engines and clients as tables."""

import json

from layerfork.record.machine import ClientRow, EngineRow, Obstacle
from layerfork.report.formats import JSON
from layerfork.report.rendering import Look
from layerfork.report.text.listing import render_clients, render_engines

READY = EngineRow(
    id="private:1",
    title="Docker Engine 1",
    origin="Debian x",
    version="1.2.3",
    builders=("classic", "buildkit"),
    image_store="graphdriver",
    oldest_api="1.1",
    newest_api="1.2",
    components=(("dockerd", "1.2.3"), ("runc", "1.0")),
)
MISSING = EngineRow(
    id="host", title="your own engine", obstacles=(Obstacle(what="no answer", remedy="start it"),)
)
CLIENTS = (
    ClientRow(id="a-build", title="a build DIR", version="1.0", builders=("classic",)),
    ClientRow(
        id="long-b-build", title="b", builders=("buildah",), obstacles=(Obstacle(what="it needs git"),)
    ),
)


def test_engines_as_text() -> None:
    assert render_engines((READY, MISSING), Look()) == (
        "ENGINE              VERSION  BUILDERS           IMAGE STORE  API         FROM\n"
        "private:1  ready    1.2.3    classic, buildkit  graphdriver  1.1 to 1.2  Debian x\n"
        "    with runc 1.0\n"
        "host       missing  -\n"
        "    no answer; start it\n"
    )


def test_clients_as_text() -> None:
    assert render_clients(CLIENTS, Look()) == (
        "CLIENT                 VERSION  BUILDERS  WHAT RUNS\n"
        "a-build       ready    1.0      classic   a build DIR\n"
        "long-b-build  missing  -        buildah   b\n"
        "    it needs git\n"
    )


def test_json_says_whether_each_is_ready() -> None:
    engines = json.loads(JSON.render("engines", (READY, MISSING), Look()))
    assert engines["schema"] == "layerfork/engines/1"
    assert [(row["id"], row["ready"]) for row in engines["engines"]] == [("private:1", True), ("host", False)]
    assert engines["engines"][1]["obstacles"] == [{"what": "no answer", "remedy": "start it"}]
    clients = json.loads(JSON.render("clients", CLIENTS, Look()))
    assert clients["schema"] == "layerfork/clients/1"
    assert [row["ready"] for row in clients["clients"]] == [True, False]


def test_a_table_is_as_wide_as_the_terminal() -> None:
    assert render_engines((READY, MISSING), Look(width=48)) == (
        "ENGINE              VERSION  BUILDERS\n"
        "    IMAGE STORE; API; FROM\n"
        "private:1  ready    1.2.3    classic, buildkit\n"
        "    graphdriver; 1.1 to 1.2; Debian x\n"
        "    with runc 1.0\n"
        "host       missing  -\n"
        "    no answer; start it\n"
    )
    narrow = render_clients(CLIENTS, Look(width=24))
    assert max(map(len, narrow.splitlines())) <= 24
