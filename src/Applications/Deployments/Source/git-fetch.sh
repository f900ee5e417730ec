# Fetches one commit into the present folder, inside the build sandbox. Its lines that begin with "strata:" are for GitFetcher; its exit codes too.
# Arguments: address, reference, files at most, bytes at most, then options for git.
url=$1; reference=$2; files_max=$3; bytes_max=$4
shift 4

# Not by -c: the process that serves file:// reads no options of its caller.
printf '[safe]\n\tdirectory = *\n' >"$HOME/.gitconfig-fetch" || exit 70
export GIT_CONFIG_GLOBAL="$HOME/.gitconfig-fetch"
# A repository of an operator, which the server has put here.
if [ "$url" = .strata-origin ]; then url="file://$PWD/.strata-origin"; fi
# No file, so no pack either, may grow past this.
ulimit -f $((bytes_max / 512 + 1)) 2>/dev/null

git "$@" init -q --template= . || exit 70
git "$@" fetch -q --depth 1 --no-tags --no-recurse-submodules --end-of-options "$url" "$reference" || exit 71
commit=$(git "$@" rev-parse --verify -q 'FETCH_HEAD^{commit}') || exit 72

rm -rf .strata-origin

# Counted before anything is written: a small repository can unpack to any number of files.
git "$@" ls-tree -r -l FETCH_HEAD 2>/dev/null | head -n $((files_max + 1)) |
  awk -v files="$files_max" -v bytes="$bytes_max" \
    '$2 == "commit" { print "strata:submodule" } { n++; if ($4 ~ /^[0-9]+$/) sum += $4 } END { if (n > files) exit 73; if (sum > bytes) exit 74 }' || exit $?

git "$@" checkout -q --force --detach FETCH_HEAD || exit 75
rm -rf .git
echo "strata:commit $commit"
