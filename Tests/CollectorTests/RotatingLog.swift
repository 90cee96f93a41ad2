import API
import Foundation
import Glibc
import Grants
import Linux
import Testing

@testable import Collector

/// Waits until a new file has a later time than what there is now. The clock of file systems ticks every few
/// milliseconds, on a busy machine much later; within a tick files have no order.
func passFileTime() {
  var now = timespec()
  var coarse = timespec()
  unsafe clock_gettime(CLOCK_REALTIME, &now)
  repeat {
    usleep(1000)
    unsafe clock_gettime(CLOCK_REALTIME_COARSE, &coarse)
  } while (coarse.tv_sec, coarse.tv_nsec) <= (now.tv_sec, now.tv_nsec)
}

/// A log's folder, changed as rotation does, and read with a clock of its own.
struct RotatingLog: ~Copyable {
  let bench: Bench
  let tree: Tree
  let files: LogFiles
  let source: Configuration.LogSource
  private(set) var now: UInt64 = 1_000_000_000_000

  init(pattern: String? = nil, in folder: URL = FileManager.default.temporaryDirectory) throws {
    let bench = try Bench()
    let tree = try Tree(in: folder)
    let source = Configuration.LogSource(
      name: "out", volume: 0, folder: [], file: Array((pattern ?? "log").utf8),
      pattern: try pattern.map { try Glob($0) }, container: "app", allowsHardLinks: false)
    let volume = SharedDescriptor(try FileDescriptor.open(path: tree.path, .pathDirectory))
    self.source = source
    files = LogFiles(sources: [source], target: bench.target, volumes: [volume])
    self.bench = bench
    self.tree = tree
  }

  func path(_ name: String) -> String { tree.path + "/" + name }

  func append(_ text: String, to name: String = "log") throws {
    let raw = unsafe open(path(name), O_WRONLY | O_APPEND | O_CREAT, 0o644)
    guard raw >= 0 else { throw Tree.Failed() }
    try FileDescriptor(owning: raw).writeAll(Array(text.utf8))
  }

  func rename(_ old: String, _ new: String) throws {
    guard unsafe Glibc.rename(path(old), path(new)) == 0 else { throw Tree.Failed() }
  }

  func copy(_ old: String, _ new: String) throws {
    try? FileManager.default.removeItem(atPath: path(new))
    try Data(contentsOf: URL(filePath: path(old))).write(to: URL(filePath: path(new)))
  }

  func truncate(_ name: String = "log", to size: Int = 0) throws {
    guard unsafe Glibc.truncate(path(name), size) == 0 else { throw Tree.Failed() }
  }

  func remove(_ name: String = "log") throws {
    guard unsafe unlink(path(name)) == 0 else { throw Tree.Failed() }
  }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  mutating func pass(_ seconds: Double) { now += UInt64(seconds * 1_000_000_000) }

  func opened(_ name: String = "log") throws -> (OpenedLog, LogPlace) {
    let folder = try files.folder(of: source)
    let opened = try folder.open(folder.look(Array(name.utf8)))
    let place = LogPlace(
      files: files, source: source, folder: folder, name: opened.name, goesOn: source.pattern != nil, now: now)
    return (opened, place)
  }

  func follow(_ name: String = "log", at offset: UInt64 = 0) throws -> FollowedLog {
    let (opened, place) = try opened(name)
    return try FollowedLog(opened, offset: offset, place: place, now: now)
  }

  /// What comes now, and while so many seconds pass.
  mutating func read(_ log: inout FollowedLog, for seconds: Double = 0, limit: Int = FollowedLog.chunk) throws
    -> [String]
  {
    var seen: [String] = []
    let end = now + UInt64(seconds * 1_000_000_000)
    while true {
      while let event = try log.next(now: now, limit: limit) { seen.append(Self.text(event)) }
      guard now < end else { break }
      pass(0.25)
    }
    // Pieces of one text that came in several.
    return seen.reduce(into: []) { all, next in
      if let last = all.last, last.hasPrefix("+"), next.hasPrefix("+") {
        all[all.count - 1] = last + next.dropFirst()
      } else {
        all.append(next)
      }
    }
  }

  private static func text(_ event: FollowedLog.Event) -> String {
    switch event {
    case .bytes(let bytes): "+" + String(decoding: bytes, as: UTF8.self)
    case .hole(let count): "hole \(count)"
    case .late(let bytes): "late " + String(decoding: bytes, as: UTF8.self)
    case .rotated: "rotated"
    case .reset(let reason): "reset \(reason)"
    case .gone: "gone"
    }
  }
}

extension RotatingLog {
  mutating func next(_ log: inout FollowedLog) throws -> String? {
    try log.next(now: now).map(Self.text)
  }
}
