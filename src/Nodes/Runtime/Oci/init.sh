# Process 1 of an instance: without a handler of its own a program that is process 1 never sees SIGTERM, and nobody would reap its orphans.
# One stream, so that lines of both keep their order: the tools copy each by a pipe of its own.
exec 2>&1
"$@" &
child=$!
trap 'kill -TERM $child 2>/dev/null' TERM
while :; do
  wait $child
  code=$?
  kill -0 $child 2>/dev/null || exit $code
done
