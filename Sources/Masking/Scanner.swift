/// One pass of the keyword automaton over the bytes, the detectors it sets off, and one pass for
/// random-looking runs. Time is linear in the input: every detector looks at a bounded
/// neighbourhood or moves a memo forward.
enum Scanner {
  static func scan(_ bytes: Span<UInt8>, state: inout ScanState) {
    let automaton = Triggers.automaton
    let columns = automaton.columns.span
    let transitions = automaton.transitions.span
    let firstEnding = automaton.firstEnding
    var row: UInt32 = 0
    for index in bytes.indices {
      row = transitions[Int(row) + Int(columns[Int(bytes[index])])]
      if row >= firstEnding { act(bytes, automaton, row, index + 1, state: &state) }
    }
    EntropyDetector.scan(bytes, state: &state)
  }

  @inline(never)
  private static func act(
    _ bytes: Span<UInt8>, _ automaton: KeywordAutomaton, _ row: UInt32, _ end: Int, state: inout ScanState
  ) {
    for word in automaton.words(endingIn: row) {
      let start = end - Triggers.lengths[Int(word)]
      switch Triggers.actions[Int(word)] {
      case .name: KeyValueDetector.scan(bytes, hit: start, hitEnd: end, state: &state)
      case .url: URLDetector.scan(bytes, at: start, state: &state)
      case .armor: ArmorDetector.scan(bytes, start: start, state: &state)
      case .command: CommandDetector.scanLine(bytes, start: start, end: end, state: &state)
      case .callee(let form): CallDetector.scan(bytes, start: start, end: end, form: form, state: &state)
      case .address: AddressDetector.scan(bytes, at: start, state: &state)
      case .scheme: SchemeDetector.scan(bytes, start: start, end: end, state: &state)
      case .hash: PasswordHashDetector.scan(bytes, start: start, end: end, state: &state)
      case .format(let index):
        FormatDetector.scan(bytes, start: start, end: end, identity: index, state: &state)
      }
    }
  }
}
