# expect.sh STATUS TEXT COMMAND...: the command ends with this exit status and prints this text, on either stream.
status=$1 text=$2
shift 2
printed=$("$@" 2>&1)
got=$?
printf '%s\n' "$printed"
[ "$got" -eq "$status" ] || { echo "FAILED: exit status $got, not $status"; exit 1; }
case $printed in
  *"$text"*) ;;
  *) echo "FAILED: does not print: $text"; exit 1 ;;
esac
