/// `/proc/<pid>/limits` (proc_pid_limits(5)): fixed columns of 26, 21, 21 and the rest.
package struct ResourceLimits: Sendable, Equatable {
  package struct Row: Sendable, Equatable {
    package var name, soft, hard: String
    package var unit: String?
  }

  package var rows: [Row]

  package init(_ text: Span<UInt8>) {
    var found: [Row] = []
    var isHeading = true
    Fields.lines(text) { line in
      if isHeading {
        isHeading = false
        return
      }
      func column(_ from: Int, _ to: Int) -> String {
        let start = min(line.lowerBound + from, line.upperBound)
        let end = min(line.lowerBound + to, line.upperBound)
        let words = Fields.words(text, in: start..<end).map {
          String(decoding: Fields.array(text, $0), as: UTF8.self)
        }
        return words.joined(separator: " ")
      }
      let unit = column(68, .max / 2)
      found.append(
        Row(name: column(0, 26), soft: column(26, 47), hard: column(47, 68), unit: unit.isEmpty ? nil : unit))
    }
    rows = found
  }
}
