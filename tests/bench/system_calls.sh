#!/bin/sh
# system_calls.sh PROGRAM: a step of the steady state makes no system call and allocates nothing. 100 times as many steps must
# make as many calls as before, and none of the program's own count of allocations.
set -eu
command -v strace >/dev/null || { echo "strace is not installed: apt-get install strace" >&2; exit 1; }
calls() {
  allocated=$(strace -f -c -o calls.txt "$1" "$2")
  [ "$allocated" -eq 0 ] || { echo "$allocated allocations in $2 steps" >&2; exit 1; }
  awk '$NF == "total" { print $(NF - 1) + 0 == 0 ? $(NF - 2) : $(NF - 1); found = 1 } END { exit !found }' calls.txt
}
few=$(calls "$1" 1000)
many=$(calls "$1" 100000)
echo "system calls: $few with 1,000 steps, $many with 100,000"
[ "$few" -eq "$many" ]
