#!/bin/sh
# What builds leave behind, and the record of each build that was made while it ran: run by
#     XDG_CACHE_HOME=/tmp/app.cache layerfork engines run ENGINE -- sh tests/imports/make.sh LAYERFORK OUT NAME
# where LAYERFORK is the program, OUT an empty directory, and NAME begins every file's name. It builds in APP. Errors in
# archives name the plugin that failed: with another cache directory (or a link to yours) they name no place of yours.
set -eu
layerfork=$1 out=$2 name=$3 app=${APP:-/tmp/app}
mkdir -p "$app" "$out" && cp -R "$(dirname "$0")/context/." "$app" && cd "$app"
export XDG_STATE_HOME="$app.state"
mkdir -p "$XDG_STATE_HOME/layerfork" && printf '%032d' 0 > "$XDG_STATE_HOME/layerfork/redaction.key"
trap 'rm -rf "$app" "$app.state" "$app.out"' EXIT

left() {  # left WHAT COMMAND…: run it recorded; its output becomes WHAT.log
    file=$out/$name-$1; shift
    "$layerfork" record --engine host -o "$file.records.jsonl" -- sh -c '"$@" > "$0" 2>&1' "$file.log" "$@" \
        2> /dev/null || true
}
has() { docker buildx $1 --help 2>&1 | grep -q "docker buildx $1 "; }

case $name in podman*)
    podman build -f Dockerfile.plain --build-arg VERSION=1 . > "$out/$name-ok.log" 2>&1
    podman build -f Dockerfile.plain --build-arg VERSION=2 . > "$out/$name-again.log" 2>&1
    podman build -f Dockerfile.fails . > "$out/$name-fails.log" 2>&1 || true
    buildah bud -f Dockerfile.plain . > "$out/$name-buildah.log" 2>&1
    exit;;
esac

export DOCKER_BUILDKIT=0
left classic docker build -f Dockerfile.plain .
left classic-again docker build -f Dockerfile.plain --build-arg VERSION=2 .
left classic-fails docker build -f Dockerfile.fails .
export DOCKER_BUILDKIT=1
has build || cp Dockerfile.plain Dockerfile  # BuildKit 0.8 knows no COPY --link
left plain docker build --progress plain --build-arg API_TOKEN=tok-very-secret-1 .
left plain-again docker build --progress plain --build-arg API_TOKEN=tok-very-secret-1 --build-arg VERSION=2 .
left plain-fails docker build --progress plain -f Dockerfile.fails .
has build || exit 0
left raw docker buildx build --progress rawjson --no-cache --build-arg API_TOKEN=tok-very-secret-1 .
left raw-fails docker buildx build --progress rawjson -f Dockerfile.fails .
if has "history export"; then
    export BUILDX_METADATA_PROVENANCE=max
    left meta docker buildx build --progress plain --build-arg API_TOKEN=tok-very-secret-1 --build-arg VERSION=3 \
        --label team=infra --target build --metadata-file "$out/$name-meta.json" .
    docker buildx history export --finalize -o "$out/$name-meta.dockerbuild"
    left export-fails docker buildx build --progress plain -f Dockerfile.fails .
    docker buildx history export --finalize -o "$out/$name-export-fails.dockerbuild"
    docker build -q -t onbase -f Dockerfile.base . > /dev/null
    left kinds docker buildx build --progress plain -f Dockerfile.kinds --metadata-file "$out/$name-kinds.json" .
    docker buildx history export --finalize -o "$out/$name-kinds.dockerbuild"
    for version in 5 6; do
        left "small-$version" docker buildx build --progress plain -f Dockerfile.plain --build-arg VERSION=$version .
        docker buildx history export --finalize -o "$out/$name-small-$version.dockerbuild"
    done
    docker buildx history export --all -o "$out/$name-all.dockerbuild"
    if [ -n "${REGISTRY-}" ]; then  # engines run --registry DIR
        left url docker buildx build --progress plain -f Dockerfile.url .
        echo new > src/a.txt
        left url-again docker buildx build --progress plain -f Dockerfile.url .
        docker buildx history export --finalize -o "$out/$name-url-again.dockerbuild"
        left url-raw docker buildx build --progress rawjson -f Dockerfile.url .
    fi
    left bake docker buildx bake --progress plain --provenance=false
fi
case $name in *containerd*)
    for version in v0.2 v1; do
        left "slsa-$version" docker buildx build --progress plain --build-arg VERSION=4 \
            --build-arg API_TOKEN=tok-very-secret-1 --provenance "mode=max,version=$version" \
            --output type=local,dest="$app.out" .
        mv "$app.out/provenance.json" "$out/$name-slsa-$version.json" && rm -rf "$app.out"
    done
    if has "history export"; then
        left platforms docker buildx build --progress plain -f Dockerfile.platforms --no-cache \
            --platform linux/amd64,linux/arm64 .
        docker buildx history export --finalize -o "$out/$name-platforms.dockerbuild"
    fi;;
esac
