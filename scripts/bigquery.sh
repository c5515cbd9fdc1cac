#!/bin/sh
# Makes an environment that the proofs for BigQuery run in, once for each lock file, and prints its Python:
#   sh scripts/bigquery.sh gsql       .venv-gsql: Google's own GoogleSQL analyzer and reference implementation
#   sh scripts/bigquery.sh emulator   .venv-emulator: an emulator of BigQuery's API; exit code 3 without Python >= 3.13
#   sh scripts/bigquery.sh emulator --find   makes nothing, prints the Python it would be made of
# They are apart from .venv since their libraries exclude each other (protobuf, sqlglot, duckdb).
set -eu
cd "$(dirname "$0")/.."

case "${1-}" in
    gsql) oldest=11 ;;
    emulator) oldest=13 ;;
    *) echo "usage: scripts/bigquery.sh gsql|emulator" >&2; exit 2 ;;
esac
venv=".venv-$1"
lock="scripts/bigquery/$1.lock"
stamp="$venv/made-from-$(cat "$lock" "$0" | cksum | tr -d ' ')"

find_python() {
    for python in python3.13 python3.12 python3.11 python3.14 python3 python "$HOME"/.pyenv/versions/3.13*/bin/python; do
        python=$("$python" -c "import sys; (3, $oldest) <= sys.version_info[:2] <= (3, 14) and print(sys.executable)" 2>/dev/null) || continue
        [ -z "$python" ] || return 0
    done
    echo "the $1 environment needs Python 3.$oldest to 3.14" >&2
    exit 3
}

if [ "${2-}" = --find ]; then
    find_python "$1"
    echo "$python"
    exit
fi

# One process makes it; the others wait. What a killed one left is taken over after ten minutes.
waited=0
until [ -e "$stamp" ] || mkdir "$venv.lock" 2>/dev/null; do
    sleep 1
    waited=$((waited + 1))
    [ "$waited" -lt 600 ] || { rmdir "$venv.lock" 2>/dev/null || true; waited=0; }
done

if [ ! -e "$stamp" ]; then
    trap 'rmdir "$venv.lock"' EXIT
    find_python "$1"
    echo "Making $venv from $lock (once)" >&2
    rm -rf "$venv"
    if command -v uv >/dev/null; then
        uv venv --quiet --python "$python" "$venv"
        uv pip install --quiet --python "$venv/bin/python" --require-hashes --no-deps -r "$lock" >&2
    else
        "$python" -m venv "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$lock" >&2
    fi
    if [ "$1" = emulator ]; then  # DuckDB looks for its extensions below HOME; the wheels hold them
        mkdir -p "$venv/home"
        HOME="$PWD/$venv/home" "$venv/bin/python" -c "
from duckdb_extensions import import_extension
for name in ('icu', 'ducklake', 'spatial', 'avro', 'httpfs'): import_extension(name)" >&2
    fi
    touch "$stamp"
fi
echo "$PWD/$venv/bin/python"
