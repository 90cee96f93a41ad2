/// `make bench`: prints what was measured beside its floor, and fails where a floor is missed.
/// `--quick` takes smaller inputs; `--unit TEXT` measures one line of 1 MiB made of that text, and nothing else.
var report = Report()
let arguments = CommandLine.arguments
if let flag = arguments.firstIndex(of: "--unit"), flag + 1 < arguments.count {
  MaskingBenchmarks.run(&report, unit: arguments[flag + 1])
} else {
  MaskingBenchmarks.run(&report, quick: arguments.contains("--quick"))
}
report.finish()
