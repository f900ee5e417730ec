# Process 1 of an instance: without a handler of its own a program that is process 1 never sees SIGTERM, and nobody would reap its orphans.
# One stream, so that lines of both keep their order: the tools copy each by a pipe of its own.
exec 2>&1
stopping=
# To every process: a program behind a shell or a launcher would not hear of it otherwise.
trap 'stopping=1; kill -TERM -1 2>/dev/null' TERM
"$@" &
child=$!
# One that came before there was a process to pass it on to.
[ -z "$stopping" ] || kill -TERM -1 2>/dev/null
while :; do
  wait $child
  code=$?
  kill -0 $child 2>/dev/null || break
done
# A signal that arrives together with the end ends "wait" too, and hides the exit code; the shell still has it, but for once.
wait $child
last=$?
[ $last = 127 ] || code=$last
# The first process has ended. If it was asked to, the others may finish what they are doing: its shell is often gone long before the server behind it.
while [ -n "$stopping" ] && kill -0 -1 2>/dev/null; do sleep 0.1; done
exit $code
