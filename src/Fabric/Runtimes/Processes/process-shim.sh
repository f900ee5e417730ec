# Runs one program without isolation and writes down how it ended. Outlives the process that started it.
# In the environment: S_DIR folder of the run, S_CWD where the program starts, S_LOG file for its output or empty, S_LOG_WRITER what keeps that file bounded.
# The program and its arguments are the arguments.
dir=$S_DIR
writer=
if [ -n "$S_LOG" ]; then
  rm -f "$dir/out" && mkfifo "$dir/out" || exit 125
  setsid sh "$S_LOG_WRITER" <"$dir/out" >/dev/null 2>&1 &
  writer=$!
  exec </dev/null >"$dir/out"
fi
exec 2>&1
read -r stat </proc/$$/stat
code=0
pid_line() { shift 19; echo "$$ $1"; }
pid_line ${stat##*) } >"$dir/pid.new" && mv "$dir/pid.new" "$dir/pid"
cd "$S_CWD" || { echo "its folder is gone" >"$dir/start-error"; exit 125; }
unset S_DIR S_CWD S_LOG S_LOG_WRITER S_LOG_BYTES S_LOG_FREE_KB

# What is left of the group but for this shell and the one that looks.
others() {
  read -r me </proc/self/stat
  for file in /proc/[0-9]*/stat; do
    { read -r stat <"$file"; } 2>/dev/null || continue
    set -- ${stat##*) }
    if [ "$3" = $$ ] && [ "$1" != Z ] && [ "${stat%% *}" != $$ ] && [ "${stat%% *}" != "${me%% *}" ]; then echo "${stat%% *}"; fi
  done
}

# A handler, not "ignore": the ignored state would be inherited by the program.
stopping=
trap 'stopping=1' TERM
trap : INT HUP
"$@"
code=$?
# Asked to end, the others of the group may finish what they are doing; otherwise nothing of it runs on.
while [ -n "$stopping" ] && [ -n "$(others)" ]; do sleep 0.1; done
for pid in $(others); do kill -KILL "$pid" 2>/dev/null; done
exec >/dev/null 2>&1
tries=0
while [ -n "$writer" ] && kill -0 "$writer" 2>/dev/null && [ $tries -lt 40 ]; do sleep 0.05; tries=$((tries + 1)); done
echo "$code 0" >"$dir/exit.new" && mv "$dir/exit.new" "$dir/exit"
exit "$code"
