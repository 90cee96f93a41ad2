package import Linux

/// What the opener opens for its peers, on one SOCK_SEQPACKET socket each. The whole of its authority is these tables.

/// Names below a `/proc/<pid>` descriptor that the collector passes. The kernel decides by the opener's own ids.
package enum ProcessFile: UInt8, Sendable, CaseIterable {
  case environ = 1
  case root, executable, workingDirectory, memoryRollup
  case cgroupNamespace, ipcNamespace, mountNamespace, networkNamespace, pidNamespace, timeNamespace, userNamespace
  case utsNamespace

  package var name: String {
    switch self {
    case .environ: "environ"
    case .root: "root"
    case .executable: "exe"
    case .workingDirectory: "cwd"
    case .memoryRollup: "smaps_rollup"
    case .cgroupNamespace: "ns/cgroup"
    case .ipcNamespace: "ns/ipc"
    case .mountNamespace: "ns/mnt"
    case .networkNamespace: "ns/net"
    case .pidNamespace: "ns/pid"
    case .timeNamespace: "ns/time"
    case .userNamespace: "ns/user"
    case .utsNamespace: "ns/uts"
    }
  }

  /// Links are opened as places only (O_PATH): what they lead to can be named and compared, not read or entered.
  package var mode: FileDescriptor.Mode {
    switch self {
    case .environ, .memoryRollup: .read
    case .root, .executable, .workingDirectory, .cgroupNamespace, .ipcNamespace, .mountNamespace, .networkNamespace,
      .pidNamespace, .timeNamespace, .userNamespace, .utsNamespace:
      .pathFollowing
    }
  }

  package static let namespaces: [ProcessFile] = [
    .cgroupNamespace, .ipcNamespace, .mountNamespace, .networkNamespace, .pidNamespace, .timeNamespace, .userNamespace,
    .utsNamespace,
  ]
}

/// Files that belong to the agent itself, opened afresh on every request so that a renewed one is found.
package enum AgentFile: UInt8, Sendable, CaseIterable {
  case configuration = 1
  case keySet, certificate, privateKey, trustBundle

  package enum Owner: Sendable { case collector, endpoint }

  /// The only peer that gets it.
  package var owner: Owner {
    switch self {
    case .configuration, .keySet: .collector
    case .certificate, .privateKey, .trustBundle: .endpoint
    }
  }

  /// Largest content its reader takes, in bytes.
  package var limit: Int {
    switch self {
    case .configuration, .trustBundle: 262_144
    case .keySet, .certificate: 65536
    case .privateKey: 16384
    }
  }
}

/// A message of twelve bytes, in either direction.
package enum OpenerMessage: Sendable, Equatable {
  /// With a `/proc/<pid>` descriptor.
  case openProcessEntry(sequence: UInt32, ProcessFile)
  case openAgentFile(sequence: UInt32, AgentFile)
  /// The n-th volume of the command line, as a directory (collector only).
  case openVolume(sequence: UInt32, UInt8)
  /// With the descriptor where `error` is 0.
  case reply(sequence: UInt32, error: Int32)
  case shutdown

  package static let size = 12

  package var encoded: [UInt8] {
    var writer = ByteWriter()
    switch self {
    case .openProcessEntry(let sequence, let entry):
      writer.integer(UInt32(1))
      writer.integer(sequence)
      writer.integer(UInt32(entry.rawValue))
    case .openAgentFile(let sequence, let file):
      writer.integer(UInt32(2))
      writer.integer(sequence)
      writer.integer(UInt32(file.rawValue))
    case .openVolume(let sequence, let index):
      writer.integer(UInt32(3))
      writer.integer(sequence)
      writer.integer(UInt32(index))
    case .reply(let sequence, let error):
      writer.integer(UInt32(4))
      writer.integer(sequence)
      writer.integer(error)
    case .shutdown:
      writer.integer(UInt32(5))
      writer.integer(UInt32(0))
      writer.integer(UInt32(0))
    }
    return writer.bytes
  }

  package init(_ bytes: [UInt8]) throws(FrameError) {
    var reader = ByteReader(bytes[...])
    let kind = try reader.integer(UInt32.self)
    let sequence = try reader.integer(UInt32.self)
    let value = try reader.integer(UInt32.self)
    try reader.finish()
    switch kind {
    case 1:
      guard let byte = UInt8(exactly: value), let entry = ProcessFile(rawValue: byte) else {
        throw .invalidField("entry")
      }
      self = .openProcessEntry(sequence: sequence, entry)
    case 2:
      guard let byte = UInt8(exactly: value), let file = AgentFile(rawValue: byte) else { throw .invalidField("file") }
      self = .openAgentFile(sequence: sequence, file)
    case 3:
      guard let index = UInt8(exactly: value) else { throw .invalidField("volume") }
      self = .openVolume(sequence: sequence, index)
    case 4: self = .reply(sequence: sequence, error: Int32(bitPattern: value))
    case 5:
      guard sequence == 0, value == 0 else { throw .invalidField("shutdown") }
      self = .shutdown
    case _: throw .unknownKind(UInt8(truncatingIfNeeded: kind))
    }
  }
}
