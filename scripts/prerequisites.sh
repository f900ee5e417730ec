# Sourced by ./strata, ./test and .ci/run: finds out what the machine lacks, installs it where that is possible, says how otherwise.
# shellcheck shell=bash

say() { printf 'strata: %s\n' "$*" >&2; }

postgres_bin() {
  local folder
  for folder in ${STRATA_POSTGRES_BIN:+"$STRATA_POSTGRES_BIN"} /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin /opt/homebrew/opt/postgresql@*/bin; do
    [[ -x $folder/postgres && -x $folder/initdb ]] || continue
    (($("$folder/postgres" --version | sed -E 's/[^0-9]*([0-9]+).*/\1/') >= 15)) && { printf '%s\n' "$folder"; return; }
  done
  return 1
}

dotnet_root() {
  local folder
  folder=${DOTNET_ROOT:-}
  [[ -n $folder ]] || { folder=$(command -v dotnet) && folder=$(dirname "$(readlink -f "$folder")"); } || return 1
  compgen -G "$folder/sdk/10.*" > /dev/null && printf '%s\n' "$folder"
}

# One word for each thing that is missing.
missing_prerequisites() {
  dotnet_root > /dev/null || echo dotnet
  postgres_bin > /dev/null || echo postgresql
  command -v runc > /dev/null || command -v crun > /dev/null || echo runc
  command -v git > /dev/null || echo git
  command -v ip > /dev/null || [[ -x /usr/sbin/ip || -x /sbin/ip ]] || echo iproute2
  local tool
  for tool in "$@"; do command -v "$tool" > /dev/null || echo "$tool"; done
}

debian_package() {
  case $1 in
    dotnet) echo dotnet-sdk-10.0 ;;
    node) echo nodejs ;;
    h2load) echo nghttp2-client ;;
    python3 | postgresql | runc | git | iproute2 | *) echo "$1" ;;
  esac
}

# The sentence that a person needs where nothing can be installed for them.
install_command() {
  local packages
  packages=$(for word in "$@"; do debian_package "$word"; done | paste -sd ' ')
  if command -v apt-get > /dev/null; then
    echo "sudo apt-get update && sudo apt-get install -y $packages"
  elif command -v dnf > /dev/null; then
    echo "sudo dnf install -y $(sed 's/postgresql/postgresql-server/; s/iproute2/iproute/; s/nghttp2-client/nghttp2/' <<< "$packages")"
  else
    echo "install with your system's package manager: $packages"
  fi
}

explain_dotnet() {
  say "The .NET 10 SDK is not in this system's package sources. Install it with:"
  say "  curl -fsSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0 --install-dir /usr/share/dotnet && ln -sf /usr/share/dotnet/dotnet /usr/local/bin/dotnet"
}

install_with_apt() {
  local packages=("$@")
  say "installing with apt-get: ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2 || say "apt-get update failed; trying with the package lists that are here"
  if [[ " ${packages[*]} " == *" dotnet-sdk-10.0 "* ]] && ! apt-cache show dotnet-sdk-10.0 > /dev/null 2>&1; then
    explain_dotnet
    exit 2
  fi
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >&2
}

# Wanted, not needed: nftables keeps instances away from the machine's own services and gives them a way out. Tried once for each boot; without it the node says what is open.
prefer_nftables() {
  local tried=/run/strata-nftables-tried
  ((EUID == 0)) && command -v apt-get > /dev/null && [[ ${STRATA_NO_INSTALL:-} != 1 && ! -e $tried ]] || return 0
  command -v nft > /dev/null || [[ -x /usr/sbin/nft ]] && return 0
  touch "$tried" 2> /dev/null || return 0
  install_with_apt nftables || say "nftables could not be installed; strata goes on without it"
}

# Wanted, not needed: the sign-in pages are tried in a real browser. Where it is missing, those tests are skipped and say so.
prefer_chromium() {
  command -v chromium > /dev/null || command -v google-chrome > /dev/null && return 0
  ((EUID == 0)) && command -v apt-get > /dev/null && [[ ${STRATA_NO_INSTALL:-} != 1 ]] || return 0
  install_with_apt chromium || say "chromium could not be installed; tests of the pages in a browser are skipped"
}

# What packs and installs the Python client: modules that Debian has in packages of their own.
require_python_packers() {
  ! /usr/bin/python3 -c 'import setuptools, wheel, pip, venv, ensurepip' 2> /dev/null || return 0
  ((EUID == 0)) && command -v apt-get > /dev/null && [[ ${STRATA_NO_INSTALL:-} != 1 ]] &&
    install_with_apt python3-pip python3-setuptools python3-wheel python3-venv && return 0
  say "needed for /usr/bin/python3: pip, setuptools, wheel and venv. Install them with: sudo apt-get install -y python3-pip python3-setuptools python3-wheel python3-venv"
  exit 2
}

# Installs what is missing, or prints how and ends with 2. Arguments: further commands that are needed.
require_prerequisites() {
  local missing packages=()
  prefer_nftables
  mapfile -t missing < <(missing_prerequisites "$@")
  ((${#missing[@]})) || return 0
  say "missing: ${missing[*]}"
  if ((EUID == 0)) && command -v apt-get > /dev/null && [[ ${STRATA_NO_INSTALL:-} != 1 ]]; then
    mapfile -t packages < <(for word in "${missing[@]}"; do debian_package "$word"; done)
    install_with_apt "${packages[@]}" || { say "apt-get could not install them; try: $(install_command "${missing[@]}")"; exit 2; }
    mapfile -t missing < <(missing_prerequisites "$@")
    ((${#missing[@]})) || return 0
    say "still missing after the installation: ${missing[*]}"
  fi
  [[ " ${missing[*]} " != *" dotnet "* ]] || explain_dotnet
  say "install with: $(install_command "${missing[@]}")"
  exit 2
}
