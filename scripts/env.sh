# Sourced by the other scripts: makes .venv from requirements.lock, anew whenever the lock changes.
# Needs Python 3.11, 3.12 or 3.13; uv makes it faster and is not needed.
set -eu
cd "$(dirname "$0")/.."

for python in python3.11 python3.12 python3.13 python3 python; do
    "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && break
    python=
done
[ -n "$python" ] || { echo "gb-power-elt needs Python 3.11, 3.12 or 3.13 on the PATH" >&2; exit 2; }

stamp=".venv/made-from-$(cat requirements.lock pyproject.toml | cksum | tr -d ' ')"
if [ ! -e "$stamp" ]; then
    echo "Making .venv from requirements.lock (once)"
    python=$("$python" -c 'import sys; print(sys.executable)')  # a version manager's shim is not an interpreter
    rm -rf .venv
    if command -v uv >/dev/null; then
        uv venv --quiet --python "$python" .venv
        uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r requirements.lock
        uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
    else
        "$python" -m venv .venv
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
    fi
    touch "$stamp"
fi
export PATH="$PWD/.venv/bin:$PATH"
