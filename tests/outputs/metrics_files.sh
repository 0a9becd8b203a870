# metrics_files.sh WRITER: metrics are read by Python's json and csv, which find a changed number and a broken row, too.
set -eu
. "$SOURCE_DIR/tests/tools.sh"
need python3 python3
rm -rf metrics
"$1" metrics
read_all() {
  status=$1 text=$2
  shift 2
  sh "$SOURCE_DIR/tests/expect.sh" "$status" "$text" python3 "$SOURCE_DIR/tests/outputs/metrics_read.py" "$@"
}
read_all 0 'rows are as they were fed' metrics/metrics.jsonl metrics/metrics.csv

# A digit that is another one, a row that is missing, one that is cut short, and a quote that is not doubled.
sed 's/0.6666666666666666/0.6666666666666667/' metrics/metrics.jsonl >metrics/digit
read_all 1 'third is' metrics/digit metrics/metrics.csv
sed 7d metrics/metrics.jsonl >metrics/row
read_all 1 'sessions start in rows [0, 20]' metrics/row metrics/metrics.csv
sed '3s/.\{9\}$//' metrics/metrics.jsonl >metrics/short
read_all 1 'JSONDecodeError' metrics/short metrics/metrics.csv
sed 's/""no""/"no"/' metrics/metrics.csv >metrics/quote
read_all 1 'Error' metrics/metrics.jsonl metrics/quote
