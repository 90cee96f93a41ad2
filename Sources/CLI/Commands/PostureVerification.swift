internal import API
internal import Foundation  // FileManager
internal import StrictJSON

/// `profiles/digests.json`: which filter each role must have, on each architecture.
struct PinnedDigests: Sendable, Equatable {
  /// The version whose programs the digests are of.
  var library: String
  /// Architecture, then role.
  var filters: [String: [String: String]]

  static let fileName = "digests.json"

  static func read(folder: String) throws(Failure) -> PinnedDigests {
    let file = (folder.hasSuffix("/") ? String(folder.dropLast()) : folder) + "/" + fileName
    guard let data = FileManager.default.contents(atPath: file), data.count <= 65536 else {
      throw Failure(.state, "\(file) cannot be read", hint: "name the folder profiles/ of Sidelight's source tree")
    }
    do throws(JSONError) {
      return try PinnedDigests(json: try JSONParser.parse(Array(data)))
    } catch {
      throw Failure(.state, "\(file): \(error)", hint: "'make profiles' writes it")
    }
  }

  init(library: String, filters: [String: [String: String]]) {
    self.library = library
    self.filters = filters
  }

  init(json: JSONValue) throws(JSONError) {
    var reader = try JSONReader(json, at: "digests")
    library = try reader.string("libseccomp")
    guard case .object(let architectures) = try reader.value("filters") else {
      throw .wrongType(path: "digests.filters", expected: "an object")
    }
    filters = [:]
    for architecture in architectures.members {
      let path = "digests.filters.\(architecture.name)"
      var roles = try JSONReader(architecture.value, at: path)
      var digests: [String: String] = [:]
      for role in PostureVerification.roles {
        let digest = try roles.string(role)
        guard digest.utf8.count == 64,
          digest.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { throw .invalid(path: "\(path).\(role)", reason: "must be 64 hexadecimal digits") }
        digests[role] = digest
      }
      try roles.finish()
      filters[architecture.name] = digests
    }
    try reader.finish()
  }
}

/// Whether a posture is what the source says: the filters by digest, the rest by what every agent that serves must be.
struct PostureVerification: Sendable, Equatable {
  struct Finding: Sendable, Equatable {
    var process: String
    var holds: Bool
    var what: String
  }

  static let roles = ["opener", "collector", "endpoint"]

  private(set) var findings: [Finding] = []
  var holds: Bool { findings.allSatisfy(\.holds) }

  init(of posture: Posture, against pinned: PinnedDigests) {
    add("agent", posture.processes.map(\.role) == Self.roles, "is an opener, a collector and an endpoint")
    add("agent", posture.confinement == "strict", "was started with --confinement=strict")
    let digests = pinned.filters[posture.architecture]
    add("agent", digests != nil, "has an architecture with digests: \(posture.architecture)")
    for process in posture.processes {
      verify(process, digest: digests?[process.role], library: pinned.library)
    }
  }

  private mutating func verify(_ process: Posture.Role, digest: String?, library: String) {
    let name = process.role
    add(
      name, process.seccomp == "filter" && process.seccompFilters >= 1,
      "has a seccomp filter, by the kernel's word (\(process.seccompFilters))")
    add(
      name, process.seccompDigest == digest,
      "the filter is \(process.seccompDigest.prefix(12)), in the file "
        + (digest.map { "\($0.prefix(12)) (libseccomp \(library))" } ?? "none"))
    let ids = [process.uids, process.gids].map { [$0.real, $0.effective, $0.saved, $0.fileSystem] }
    add(name, !ids[0].contains(0), "is root in no user id (\(ids[0].map { "\($0)" }.joined(separator: ", ")))")
    let sets = process.capabilities
    add(
      name, [sets.inheritable, sets.permitted, sets.effective, sets.ambient].allSatisfy { UInt64($0, radix: 16) == 0 },
      "holds no capability")
    add(name, process.noNewPrivileges, "has no_new_privs")
    add(name, !process.dumpable, "is not dumpable")
    add(name, process.threadsAlike, "is confined alike in each of its \(process.threads) threads")
    // A domain would deny the opener what it is for.
    add(
      name, process.landlock == (name != "opener"),
      name == "opener" ? "is in no Landlock domain" : "is in a Landlock domain")
    add(
      name, process.limits.contains { $0.name == "core_file_size" && $0.hard == "0" }, "can dump no core")
    let failed = process.selfTest.filter { $0.after == "permitted" }.map(\.attempt)
    add(
      name, !process.selfTest.isEmpty && failed.isEmpty,
      failed.isEmpty
        ? "was refused what it tried at its start (\(process.selfTest.filter { $0.after == "refused" }.count))"
        : "could at its start: \(failed.joined(separator: ", "))")
  }

  private mutating func add(_ process: String, _ holds: Bool, _ what: String) {
    findings.append(Finding(process: process, holds: holds, what: what))
  }
}
