# Read by scripts that ask the example `dashboard` over HTTP, from the root of the repository.
# shellcheck shell=bash

fail() {
  echo "$0: $*" >&2
  exit 1
}

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
folder=$(mktemp -d)
server=

# Installs what a list of Python packages names, below `target`, unless it is there: `venv` is where.
install_python() {
  local requirements=$1
  venv=$target/$2
  if cmp --silent "$requirements" "$venv/installed.txt"; then return; fi
  command -v python3 >/dev/null || fail "there is no \`python3\`; install version 3.11 or later"
  rm -rf "$venv"
  if ! python3 -m venv "$venv"; then
    # Debian has it in a package of its own.
    { apt-get update && apt-get install --yes python3-venv; } || fail "\`python3 -m venv\` does not work; install it"
    rm -rf "$venv"
    python3 -m venv "$venv"
  fi
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
  cp "$requirements" "$venv/installed.txt"
}

# Starts it on a free port, with a token and nothing stored: `base` is where it is, and `folder` is for files.
start_dashboard() {
  # With the features of the tests, whose build it shares.
  cargo build --locked --workspace --all-features --example dashboard
  export FASTSCHEDULER_TOKEN=$1
  FASTSCHEDULER_HTTP=127.0.0.1:0 FASTSCHEDULER_STATE_FILE=$folder/state.json \
    "$target/debug/examples/dashboard" >"$folder/output" 2>"$folder/errors" &
  server=$!
  for _ in {1..300}; do
    base=$(grep --max-count=1 --only-matching 'http://[^ ]*' "$folder/output" || true)
    if [ -n "$base" ]; then break; fi
    kill -0 "$server" 2>/dev/null || fail "the dashboard did not start: $(cat "$folder/errors")"
    sleep 0.1
  done
  [ -n "$base" ] || fail "the dashboard did not say where it is"
}

# Ends it as a user would, and sees that it is still there, ends well, and did not panic.
stop_dashboard() {
  kill -0 "$server" 2>/dev/null || fail "the dashboard did not survive it: $(tail "$folder/errors")"
  kill "$server"
  wait "$server" || fail "the dashboard ended with $?: $(tail "$folder/errors")"
  server=
  if grep panicked "$folder/errors"; then fail "the dashboard panicked"; fi
}

finish() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$folder"
}
trap finish EXIT
