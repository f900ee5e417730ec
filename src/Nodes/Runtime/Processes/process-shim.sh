# Runs one program without isolation and writes down how it ended. Outlives the process that started it.
# In the environment: S_DIR folder of the run, S_CWD where the program starts, S_LOG file for its output or empty. The program and its arguments are the arguments.
if [ -n "$S_LOG" ]; then exec </dev/null >>"$S_LOG"; fi
exec 2>&1
dir=$S_DIR
read -r stat </proc/$$/stat
code=0
pid_line() { shift 19; echo "$$ $1"; }
pid_line ${stat##*) } >"$dir/pid.new" && mv "$dir/pid.new" "$dir/pid"
cd "$S_CWD" || { echo "its folder is gone" >"$dir/start-error"; exit 125; }
unset S_DIR S_CWD S_LOG

# A handler, not "ignore": the ignored state would be inherited by the program.
trap : TERM INT HUP
"$@"
code=$?
echo "$code 0" >"$dir/exit.new" && mv "$dir/exit.new" "$dir/exit"
exit "$code"
