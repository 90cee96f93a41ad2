/// `/proc/<pid>/cmdline` (proc_pid_cmdline(5)): memory of the process, which it may have rewritten.
package struct CommandLine: Sendable, Equatable {
  package var arguments: [[UInt8]]
  /// The block looks like one string and not like an argument vector, as setproctitle(3) leaves it.
  package var titleRewritten: Bool

  /// Most empty arguments kept at the end. More NULs than that are padding.
  package static let maximumEmptyTail = 16

  /// Empty arguments count, also at the end: `a ""` has two. A title that was written over the arguments is padded with
  /// NULs to their old length, which looks the same; so a title's NULs, and a tail longer than
  /// `maximumEmptyTail`, are taken for padding.
  package init(_ block: Span<UInt8>) {
    var content = block.count
    while content > 0, block[content - 1] == 0 { content -= 1 }
    let tail = block.count - content
    // The end without the padding: the last byte that is not NUL and its terminator.
    let bare = content + (tail > 0 && content > 0 ? 1 : 0)
    let first = NULSeparated.records(block.extracting(0..<bare), limit: 2).records
    let isTitle = first.count == 1 && (tail == 0 || first[0].contains(0x20))
    let end = isTitle || tail > Self.maximumEmptyTail + 1 ? max(bare, min(block.count, 1)) : block.count
    let (records, unterminated) = NULSeparated.records(block.extracting(0..<end))
    arguments = records
    titleRewritten = !records.isEmpty && (unterminated || isTitle || end < block.count)
  }
}
