# report.sh PROGRAM: the run reports that the program writes, as Chromium shows them.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
need python3 python3
need chromium chromium
rm -rf pages
mkdir pages
"$1" pages
PYTHONDONTWRITEBYTECODE=1 python3 "$SOURCE_DIR/tests/outputs/report_browser.py" pages
