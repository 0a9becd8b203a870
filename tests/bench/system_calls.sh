#!/bin/sh
# system_calls.sh PROGRAM [SLACK]: a step of the steady state makes no system call and allocates nothing. 100 times as many
# steps must make as many calls as before, and none of the program's own count of allocations. SLACK is how many calls its
# other threads may make more or less.
set -eu
command -v strace >/dev/null || { echo "strace is not installed: apt-get install strace" >&2; exit 1; }
calls() {
  allocated=$(strace -f -c -o calls.txt "$1" "$2")
  [ "$allocated" -eq 0 ] || { echo "$allocated allocations in $2 steps" >&2; exit 1; }
  awk '/^% time/ { for (i = 1; i <= NF; ++i) if ($i == "calls") column = i - 1 }  # "% time" is one column
    $NF == "total" && column { print $column; found = 1 } END { exit !found }' calls.txt
}
few=$(calls "$1" 1000)
many=$(calls "$1" 100000)
echo "system calls: $few with 1,000 steps, $many with 100,000"
[ "$many" -le $((few + ${2:-0})) ] && [ "$few" -le $((many + ${2:-0})) ]
