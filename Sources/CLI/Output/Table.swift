/// A table for people: a header, columns as wide as their widest cell, two spaces between them. Cells must be escaped
/// before they get here.
struct Table {
  enum Alignment { case left, right }

  struct Column {
    let title: String
    let alignment: Alignment
    static func left(_ title: String) -> Column { Column(title: title, alignment: .left) }
    static func right(_ title: String) -> Column { Column(title: title, alignment: .right) }
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  init(_ columns: [Column]) { self.columns = columns }

  /// One cell a column.
  mutating func append(_ cells: [String]) {
    precondition(cells.count == columns.count, "a row has one cell a column")
    rows.append(cells)
  }

  /// Ends with a line feed. Lines are cut at `width` columns where it is given.
  func drawn(width limit: Int?) -> String {
    var widths = columns.map { DisplayWidth.of($0.title) }
    for row in rows {
      for (index, cell) in row.enumerated() { widths[index] = max(widths[index], DisplayWidth.of(cell)) }
    }
    var result = ""
    for row in [columns.map(\.title)] + rows {
      let line = drawn(row, widths)
      result += limit.map { DisplayWidth.cut(line, to: $0) } ?? line
      result += "\n"
    }
    return result
  }

  private func drawn(_ row: [String], _ widths: [Int]) -> String {
    var line = ""
    for (index, cell) in row.enumerated() {
      if index > 0 { line += "  " }
      let padding = String(repeating: " ", count: widths[index] - DisplayWidth.of(cell))
      switch columns[index].alignment {
      case .right: line += padding + cell
      case .left: line += index == columns.count - 1 ? cell : cell + padding
      }
    }
    while line.last == " " { line.removeLast() }
    return line
  }
}
