# Sourced by ./test: the stock clients that tests let speak to Strata, and the servers that Strata speaks to, from the package sources that this machine uses.
# shellcheck shell=bash

# grpcio is taken from the system's packages, for the system's Python.
install_test_python() {
  ! /usr/bin/python3 -c 'import grpc' 2> /dev/null || return 0
  if ((EUID == 0)) && command -v apt-get > /dev/null && [[ ${STRATA_NO_INSTALL:-} != 1 ]]; then
    install_with_apt python3-grpcio
  else
    say "the tests need grpcio for /usr/bin/python3. Install it with: sudo apt-get install -y python3-grpcio"
    exit 2
  fi
}

# Swift is the server that tests of the S3 driver speak to.
install_test_swift() {
  ! /usr/bin/python3 -c 'import swift.common.middleware.s3api' 2> /dev/null || return 0
  if ((EUID == 0)) && command -v apt-get > /dev/null && [[ ${STRATA_NO_INSTALL:-} != 1 ]]; then
    install_with_apt swift-proxy swift-account swift-container swift-object
  else
    say "the tests need OpenStack Swift. Install it with: sudo apt-get install -y swift-proxy swift-account swift-container swift-object"
    exit 2
  fi
}

# Wanted, not needed: a server of ACME that tests of certificates order from. Where it is missing, those tests are skipped and say so.
install_test_pebble() {
  ! command -v pebble > /dev/null || return 0
  if ((EUID == 0)) && command -v apt-get > /dev/null && [[ ${STRATA_NO_INSTALL:-} != 1 ]]; then
    install_with_apt pebble || say "pebble could not be installed; tests of ACME are skipped"
  else
    say "pebble is missing, so tests of ACME are skipped. Install it with: sudo apt-get install -y pebble"
  fi
}

install_test_clients() {
  install_packages "$1/tests/clients/javascript"
  install_packages "$1/tests/clients/openapi"
  install_packages "$1/sdk/typescript"
  (cd "$1/sdk/typescript" && npx --no-install tsc -p .) || { say "the TypeScript client does not compile"; exit 1; }
}

install_packages() {
  local folder=$1
  local stamp=$folder/node_modules/.installed
  [[ ! -e $stamp || $stamp -ot $folder/package-lock.json ]] || return 0
  say "installing what tests use (npm, ${folder##*/})"
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel error > /dev/null) || { say "npm ci failed in $folder"; exit 1; }
  touch "$stamp"
}
