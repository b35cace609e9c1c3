# Sums test reports (tests/support/report.h): prints failures, why tests were skipped, and last `N passed, N failed, N skipped`.
# The first file has a line a ctest entry: "entry", name, status. An entry without a report of its own counts as one test. One
# that failed though all its tests passed (a leak found at its end, a time limit) counts as one failure more.
BEGIN { FS = "\t" }

FNR == 1 { report = FILENAME; sub(".*/", "", report) }

$1 == "entry" { status[$2] = $3; order[++entries] = $2; next }
{ has_report[report] = 1 }
$1 == "started" { open[$2] = report }
$1 == "passed" { ++passed; delete open[$2] }
$1 == "failed" { fail($2); has_failure[report] = 1; delete open[$2] }
$1 == "skipped" { ++skipped; ++reasons[$3 == "" ? "no reason given" : $3]; delete open[$2] }

function fail(what) {
  ++failed
  print "FAILED  " what
}

END {
  for (test in open) {
    fail(test " (the process did not live to its end: a crash or a time limit)")
    has_failure[open[test]] = 1
  }
  for (i = 1; i <= entries; ++i) {
    name = order[i]
    if (status[name] != "run" && !has_failure[name]) fail(name " (ctest: " status[name] ")")
    else if (status[name] == "run" && !has_report[name]) ++passed
  }
  for (reason in reasons) {
    if (reason ~ /^needs a GPU/) print "of the skipped, " reasons[reason] " need a GPU" substr(reason, length("needs a GPU") + 1)
    else print "of the skipped, " reasons[reason] ": " reason
  }
  printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
  exit failed > 0
}
