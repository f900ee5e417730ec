# Keeps the output of one run in files of bounded size, whatever the run writes and whoever reads them: $S_LOG.N holds what begins at byte N of all output, and
# only the last two such files are kept. The reader sees by the numbers how much it missed. On a disk that is nearly full the output is dropped, and a line says so.
# Outlives a stop of the run's group on purpose; ends with the last process that writes.
# In the environment: S_LOG, S_LOG_BYTES size of a file, S_LOG_FREE_KB free space that must be left on the disk.
trap '' TERM INT HUP
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C

size_of() { if [ -e "$1" ]; then wc -c <"$1"; else echo 0; fi; }
has_room() {
  set -- $(df -Pk "${S_LOG%/*}" 2>/dev/null | tail -n 1)
  [ "${4:-$S_LOG_FREE_KB}" -ge "$S_LOG_FREE_KB" ]
}

# dd and nothing simpler: it passes on each piece as it comes and takes no byte more than it says. A piece is what one read yields, at most 64 KiB.
drop() {
  set -- $(dd bs=65536 count=16 2>&1 >/dev/null | tail -n 1)
  case $1 in '' | 0 | *[!0-9]*) exit 0 ;; esac
  dropped=$((dropped + $1))
}

start=0
for file in "$S_LOG".*; do
  case ${file##*.} in *[!0-9]*) continue ;; esac
  if [ "${file##*.}" -gt "$start" ]; then start=${file##*.}; fi
done
size=$(size_of "$S_LOG.$start")
dropped=0

while :; do
  if ! has_room; then drop; continue; fi
  if [ "$dropped" -gt 0 ]; then echo "… $dropped bytes dropped: the disk of the node is nearly full." >>"$S_LOG.$start" && dropped=0; size=$(size_of "$S_LOG.$start"); fi
  if [ "$size" -ge "$S_LOG_BYTES" ]; then
    for file in "$S_LOG".*; do
      case ${file##*.} in *[!0-9]*) continue ;; esac
      if [ "${file##*.}" -ne "$start" ]; then rm -f "$file"; fi
    done
    start=$((start + size)) size=0
  fi
  dd bs=65536 count=$(((S_LOG_BYTES - size) / 65536 + 1)) >>"$S_LOG.$start" 2>/dev/null
  code=$?
  was=$size size=$(size_of "$S_LOG.$start")
  if [ "$code" -ne 0 ]; then drop; elif [ "$size" -eq "$was" ]; then exit 0; fi
done
