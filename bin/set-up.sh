# Read by the other scripts: finds a Python, then hands over to set_up.py, which makes the
# environment if it is not finished, and becomes the program that was asked for.
# Usage: start LOCK PROGRAM-ARGUMENTS…

fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'

start() {
    for python in "$root/.venv/bin/python" python3.11 python3.12 python3.13 python3; do
        # A name on the PATH may be a shim that answers for versions it does not have.
        if "$python" -I -S -c "$fits" >/dev/null 2>&1; then
            exec "$python" -I -S "$root/bin/set_up.py" "$@"
        fi
    done
    echo "zoe needs Python 3.11, 3.12 or 3.13 (looked for python3.11 to python3.13, python3)" >&2
    exit 2
}
