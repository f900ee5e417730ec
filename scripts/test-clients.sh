# Sourced by ./test: the stock clients that tests let speak to Strata, from the package sources that this machine uses.
# shellcheck shell=bash

install_test_clients() {
  local folder=$1/tests/clients/javascript
  local stamp=$folder/node_modules/.installed
  [[ ! -e $stamp || $stamp -ot $folder/package-lock.json ]] || return 0
  say "installing the tests' stock clients (npm)"
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel error > /dev/null) || { say "npm ci failed in $folder"; exit 1; }
  touch "$stamp"
}
