internal import Foundation  // FileHandle
package import Logging
internal import StrictJSON

/// Writes log events to standard error, one JSON object a line. Control characters are escaped by the encoding; whoever
/// logs sees to it that no secret is in the message or the metadata.
package struct JSONLogHandler: LogHandler {
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?
  package var logLevel: Logger.Level = .info
  private let label: String

  package init(label: String) {
    self.label = label
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var line = JSONWriter(reserving: 256)
    line.object { object in
      object.member(
        "time", Date().formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true)) + "Z")
      object.member("level", event.level.rawValue)
      object.member("logger", label)
      object.member("message", event.message.description)
      let all = metadata.merging(metadataProvider?.get() ?? [:]) { $1 }.merging(event.metadata ?? [:]) { $1 }
      if !all.isEmpty {
        object.member(object: "context") { context in
          for (name, value) in all.sorted(by: { $0.key < $1.key }) { context.member(name, value.description) }
        }
      }
      if let error = event.error { object.member("error", String(describing: error)) }
    }
    // One call, so that lines of several threads do not mix. A log that nobody reads any more stops no request.
    do { try FileHandle.standardError.write(contentsOf: Data(line.bytes + [UInt8(ascii: "\n")])) } catch {}
  }
}
