# Process 1 of an instance: without a handler of its own a program that is process 1 never sees SIGTERM, and nobody would reap its orphans.
# One stream, so that lines of both keep their order: the tools copy each by a pipe of its own.
exec 2>&1
"$@" &
child=$!
stopping=
# To every process: a program behind a shell or a launcher would not hear of it otherwise.
trap 'stopping=1; kill -TERM -1 2>/dev/null' TERM
while :; do
  wait $child
  code=$?
  kill -0 $child 2>/dev/null || break
done
# The first process has ended. If it was asked to, the others may finish what they are doing: its shell is often gone long before the server behind it.
while [ -n "$stopping" ] && kill -0 -1 2>/dev/null; do sleep 0.1; done
exit $code
