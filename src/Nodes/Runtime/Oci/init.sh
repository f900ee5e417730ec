# Process 1 of an instance: without a handler of its own a program that is process 1 never sees SIGTERM, and nobody would reap its orphans.
"$@" &
child=$!
trap 'kill -TERM $child 2>/dev/null' TERM
while :; do
  wait $child
  code=$?
  kill -0 $child 2>/dev/null || exit $code
done
