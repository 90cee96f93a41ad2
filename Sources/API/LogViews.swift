package import StrictJSON

/// One configured log source, of `GET /v1/logs`.
package struct LogSource: Sendable, Equatable, Decodable {
  package var name: String
  package var container: String
  /// Of the file that is read where none is named: `available`, or why not: `missing`, `not_regular`, `denied`.
  package var status: String
  package var size: Int64?
  package var modified: String?
  /// The files that the source stands for at this moment, the last modified first.
  package var files: [LogFile] = []
  /// There are more files than are listed.
  package var truncated = false

  package init(name: String, container: String, status: String, size: Int64? = nil, modified: String? = nil) {
    self.name = name
    self.container = container
    self.status = status
    self.size = size
    self.modified = modified
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("name", name)
      $0.member("container", container)
      $0.member("status", status)
      $0.member(optional: "size", size)
      $0.member(optional: "modified", modified)
      $0.member(array: "files") { for file in files { file.write(to: &$0) } }
      $0.member("truncated", truncated)
    }
  }
}

/// One file of a log source.
package struct LogFile: Sendable, Equatable, Decodable {
  /// Stands for the name in the parameter `file`, where that is masked or no text.
  package var id: String
  package var name: String
  package var nameBase64: String?
  package var status: String
  package var size: Int64
  package var modified: String
  /// Older parts, the newest first.
  package var predecessors: [LogPredecessor] = []
  /// There are more older parts than are listed.
  package var truncated = false

  package init(id: String, name: TargetText, status: String, size: Int64, modified: String) {
    self.id = id
    self.name = name.text
    nameBase64 = name.base64
    self.status = status
    self.size = size
    self.modified = modified
  }

  private enum CodingKeys: String, CodingKey {
    case id, name, status, size, modified, predecessors, truncated
    case nameBase64 = "name_base64"
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("id", id)
      $0.member("name", TargetText(text: name, base64: nameBase64))
      $0.member("status", status)
      $0.member("size", size)
      $0.member("modified", modified)
      $0.member(array: "predecessors") { for part in predecessors { part.write(to: &$0) } }
      $0.member("truncated", truncated)
    }
  }
}

/// An older part of a log: what rotation made of it.
package struct LogPredecessor: Sendable, Equatable, Decodable {
  package var name: String
  package var nameBase64: String?
  /// `available`, `compressed` (listed, never read), or `denied`.
  package var status: String
  package var size: Int64
  package var modified: String

  package init(name: TargetText, status: String, size: Int64, modified: String) {
    self.name = name.text
    nameBase64 = name.base64
    self.status = status
    self.size = size
    self.modified = modified
  }

  private enum CodingKeys: String, CodingKey {
    case name, status, size, modified
    case nameBase64 = "name_base64"
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("name", TargetText(text: name, base64: nameBase64))
      $0.member("status", status)
      $0.member("size", size)
      $0.member("modified", modified)
    }
  }
}

package struct LogSourceList: Sendable, Equatable, Decodable {
  package var sources: [LogSource]
  package init(sources: [LogSource]) { self.sources = sources }
  package func write(to writer: inout JSONWriter) {
    writer.object { $0.member(array: "sources") { for source in sources { source.write(to: &$0) } } }
  }
}

/// One masked line.
package struct LogLine: Sendable, Equatable, Decodable {
  package var text: String
  package var base64: String?
  /// How many parts were masked.
  package var masked: Int?
  /// Set where the line was longer than `max_line_bytes` and was cut after masking.
  package var truncated: Bool?

  package init(_ value: TargetText, masked: Int, truncated: Bool) {
    text = value.text
    base64 = value.base64
    self.masked = masked > 0 ? masked : nil
    self.truncated = truncated ? true : nil
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("text", text)
    writer.member(optional: "base64", base64)
    writer.member(optional: "masked", masked)
    if let truncated { writer.member("truncated", truncated) }
  }
}

/// The answer of `GET /v1/logs/{source}` without `follow`: the last lines.
package struct LogTail: Sendable, Equatable, Decodable {
  /// An older part that the first lines are of.
  package struct Part: Sendable, Equatable, Decodable {
    package var name: String
    package var nameBase64: String?
    package var lines: Int

    package init(file: TargetText, lines: Int) {
      name = file.text
      nameBase64 = file.base64
      self.lines = lines
    }

    private enum CodingKeys: String, CodingKey {
      case name, lines
      case nameBase64 = "name_base64"
    }

    package func write(to writer: inout JSONWriter) {
      writer.object {
        $0.member("name", TargetText(text: name, base64: nameBase64))
        $0.member("lines", lines)
      }
    }
  }

  package var source: String
  package var container: String
  package var file: String
  package var fileBase64: String?
  package var fileID: String
  package var size: Int64
  package var modified: String
  package var bytesScanned: Int64
  /// What ended the answer before all that was asked for was found: `none`, `scan`, `budget`, `lines`, `answer`.
  package var limitHit: String
  /// Bytes of holes between the lines.
  package var holeBytes: Int64?
  /// With `since`: lines that were looked at, those without a time, and those with one that names no zone.
  package var linesScanned: Int?
  package var withoutTime: Int?
  package var withoutZone: Int?
  /// Oldest first; absent where all lines are of the file itself.
  package var predecessors: [Part] = []
  /// Sealed; pass as `cursor` with `follow` to go on exactly after the last line.
  package var cursor: String
  package var lines: [LogLine]

  package init(
    source: String, container: String, file: TargetText, fileID: String, size: Int64, modified: String,
    bytesScanned: Int64, limitHit: String, cursor: String, lines: [LogLine]
  ) {
    self.source = source
    self.container = container
    self.file = file.text
    fileBase64 = file.base64
    self.fileID = fileID
    self.size = size
    self.modified = modified
    self.bytesScanned = bytesScanned
    self.limitHit = limitHit
    self.cursor = cursor
    self.lines = lines
  }

  private enum CodingKeys: String, CodingKey {
    case source, container, file, size, modified, predecessors, cursor, lines
    case fileBase64 = "file_base64"
    case fileID = "file_id"
    case bytesScanned = "bytes_scanned"
    case limitHit = "limit_hit"
    case holeBytes = "hole_bytes"
    case linesScanned = "lines_scanned"
    case withoutTime = "without_time"
    case withoutZone = "without_zone"
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("source", source)
      $0.member("container", container)
      $0.member("file", TargetText(text: file, base64: fileBase64))
      $0.member("file_id", fileID)
      $0.member("size", size)
      $0.member("modified", modified)
      $0.member("bytes_scanned", bytesScanned)
      $0.member("limit_hit", limitHit)
      $0.member(optional: "hole_bytes", holeBytes)
      $0.member(optional: "lines_scanned", linesScanned)
      $0.member(optional: "without_time", withoutTime)
      $0.member(optional: "without_zone", withoutZone)
      $0.member(array: "predecessors") { for part in predecessors { part.write(to: &$0) } }
      $0.member("cursor", cursor)
      $0.member(array: "lines") {
        for line in lines { $0.object { line.writeMembers(to: &$0) } }
      }
    }
  }
}

/// One record of a followed log: a line of NDJSON. `end` is always the last; a stream without it is a broken connection.
package struct LogRecord: Sendable, Equatable, Decodable {
  package enum Kind: String, Sendable, Decodable, CaseIterable {
    case open, line, hole, rotated, reset, dropped, heartbeat, throttled, end
  }
  package var type: Kind
  package var text: String?
  package var base64: String?
  package var masked: Int?
  package var truncated: Bool?
  /// Of a line: it came to the file before, which no cursor of this stream leads back to.
  package var late: Bool?
  /// For `reset`, `rotated` and `end`: why.
  package var reason: String?
  /// For `dropped` and `hole`: how much.
  package var bytes: Int64?
  package var lines: Int64?
  /// Of `open` and `rotated`: the name of the file.
  package var file: String?
  package var fileBase64: String?
  /// Resumes exactly after this record.
  package var cursor: String?
  /// RFC 3339.
  package var time: String?

  package init(_ type: Kind) { self.type = type }

  private enum CodingKeys: String, CodingKey {
    case type, text, base64, masked, truncated, late, reason, bytes, lines, file, cursor, time
    case fileBase64 = "file_base64"
  }

  package init(_ type: Kind, of file: TargetText) {
    self.type = type
    self.file = file.text
    fileBase64 = file.base64
  }

  package init(line: LogLine, isLate: Bool = false) {
    type = .line
    late = isLate ? true : nil
    text = line.text
    base64 = line.base64
    masked = line.masked
    truncated = line.truncated
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("type", type.rawValue)
      $0.member(optional: "text", text)
      $0.member(optional: "base64", base64)
      $0.member(optional: "masked", masked)
      if let truncated { $0.member("truncated", truncated) }
      if let late { $0.member("late", late) }
      $0.member(optional: "reason", reason)
      $0.member(optional: "bytes", bytes)
      $0.member(optional: "lines", lines)
      $0.member(optional: "file", file)
      $0.member(optional: "file_base64", fileBase64)
      $0.member(optional: "cursor", cursor)
      $0.member(optional: "time", time)
    }
  }
}
