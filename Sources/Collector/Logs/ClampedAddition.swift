extension UInt64 {
  /// For sums of sizes of files, which a target may say to be as large as there are.
  func addingClamped(_ other: UInt64) -> UInt64 {
    let (sum, isOver) = addingReportingOverflow(other)
    return isOver ? .max : sum
  }
}
