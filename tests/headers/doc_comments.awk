# doc_comments.awk HEADER...: prints what is wrong with comments: a Doxygen tag that has run into the prose before it, a
# line that is too long, since the formatter leaves comments alone, and a C function that does not say which threads may
# call it.
function complain(what) { printf "%s:%d: %s\n", FILENAME, FNR, what; bad = 1 }

/^[ \t]*\/\*/ { comment = "" }
{ comment = comment "\n" $0 }

/[^ \t*][ \t]*\\(param|returns|threadsafety|since)/ { complain("a tag in the middle of a line: " $0) }
length($0) > 120 { complain("longer than 120 characters") }
/^RUNHOOK_API/ {
  if (comment !~ /\n \* \\threadsafety / || comment !~ /\n \* \\since /) complain("no \\threadsafety or \\since: " $0)
  comment = ""
}

END { exit bad }
