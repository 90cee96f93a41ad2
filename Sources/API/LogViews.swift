package import StrictJSON

/// One configured log source, of `GET /v1/logs`.
package struct LogSource: Sendable, Equatable, Decodable {
  package var name: String
  package var container: String
  /// `available`, or why not: `missing`, `not_regular`, `denied`.
  package var status: String
  package var size: Int64?
  package var modified: String?

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
  package var source: String
  package var container: String
  package var size: Int64
  package var modified: String
  package var bytesScanned: Int64
  /// What ended the answer before `lines` were found: `none`, `bytes`, `scan`.
  package var limitHit: String
  /// Sealed; pass as `cursor` with `follow` to go on exactly after the last line.
  package var cursor: String
  package var lines: [LogLine]

  package init(
    source: String, container: String, size: Int64, modified: String, bytesScanned: Int64, limitHit: String,
    cursor: String, lines: [LogLine]
  ) {
    self.source = source
    self.container = container
    self.size = size
    self.modified = modified
    self.bytesScanned = bytesScanned
    self.limitHit = limitHit
    self.cursor = cursor
    self.lines = lines
  }

  private enum CodingKeys: String, CodingKey {
    case source, container, size, modified, cursor, lines
    case bytesScanned = "bytes_scanned"
    case limitHit = "limit_hit"
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("source", source)
      $0.member("container", container)
      $0.member("size", size)
      $0.member("modified", modified)
      $0.member("bytes_scanned", bytesScanned)
      $0.member("limit_hit", limitHit)
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
  /// For `reset`, `rotated` and `end`: why.
  package var reason: String?
  /// For `dropped` and `hole`: how much.
  package var bytes: Int64?
  package var lines: Int64?
  /// Resumes exactly after this record.
  package var cursor: String?
  /// RFC 3339.
  package var time: String?

  package init(_ type: Kind) { self.type = type }

  package init(line: LogLine) {
    type = .line
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
      $0.member(optional: "reason", reason)
      $0.member(optional: "bytes", bytes)
      $0.member(optional: "lines", lines)
      $0.member(optional: "cursor", cursor)
      $0.member(optional: "time", time)
    }
  }
}
