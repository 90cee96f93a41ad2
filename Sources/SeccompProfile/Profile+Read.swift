internal import Sandbox
internal import StrictJSON

/// A profile, and what its file has that no container runtime looks at.
package struct ProfileDocument: Sendable {
  package var profile: Profile
  /// Where a member stands that is not of the format: a runtime passes over it without a word.
  package var unknownMembers: [String]

  /// Reads either form. What has the wrong type or an unknown value is an error, as it is for a runtime.
  package init(json: [UInt8]) throws(ProfileError) {
    do throws(JSONError) {
      var reading = ProfileReading()
      profile = try reading.profile(try JSONParser.parse(json))
      unknownMembers = reading.unknownMembers
    } catch {
      throw .json(error)
    }
  }
}

private struct ProfileReading {
  var unknownMembers: [String] = []

  mutating func profile(_ value: JSONValue) throws(JSONError) -> Profile {
    var reader = try JSONReader(value, at: "profile")
    let defaultErrno = try errno(&reader, "defaultErrnoRet")
    _ = reader.optional("defaultErrno")
    var profile = Profile(
      defaultAction: try action(try reader.string("defaultAction"), defaultErrno, at: "profile.defaultAction"))
    profile.architectures = try architectures(reader.optional("architectures"), at: "profile.architectures")
    for (index, entry) in try items(reader.optional("archMap"), at: "profile.archMap").enumerated() {
      let path = "profile.archMap[\(index)]"
      var entry = try JSONReader(entry, at: path)
      profile.architectureMap.append(
        .init(
          machine: try architecture(.string(try entry.string("architecture")), at: path + ".architecture"),
          more: try architectures(entry.optional("subArchitectures"), at: path + ".subArchitectures")))
      finish(&entry, at: path)
    }
    profile.flags = try reader.optionalStrings("flags") ?? []
    _ = reader.optional("listenerPath")
    _ = reader.optional("listenerMetadata")
    for (index, entry) in try items(reader.optional("syscalls"), at: "profile.syscalls").enumerated() {
      profile.rules.append(try rule(entry, at: "profile.syscalls[\(index)]"))
    }
    finish(&reader, at: "profile")
    return profile
  }

  private mutating func rule(_ value: JSONValue, at path: String) throws(JSONError) -> Profile.Rule {
    var reader = try JSONReader(value, at: path)
    var names = try reader.optionalStrings("names") ?? []
    if let name = try reader.optionalString("name"), !name.isEmpty { names.append(name) }
    guard !names.isEmpty else { throw .missing(path: path + ".names") }
    for name in names where !Self.isName(name) {
      throw .invalid(path: path + ".names", reason: "has a name that is none of a system call")
    }
    let number = try errno(&reader, "errnoRet")
    _ = reader.optional("errno")
    let action = try action(try reader.string("action"), number, at: path + ".action")
    var conditions: [FilterSource.Comparison] = []
    for (index, entry) in try items(reader.optional("args"), at: path + ".args").enumerated() {
      conditions.append(try condition(entry, at: "\(path).args[\(index)]"))
    }
    let rule = Profile.Rule(
      names, action, conditions, includes: try selector(&reader, "includes"),
      excludes: try selector(&reader, "excludes"), comment: try reader.optionalString("comment") ?? "")
    finish(&reader, at: path)
    return rule
  }

  private mutating func condition(_ value: JSONValue, at path: String) throws(JSONError) -> FilterSource.Comparison {
    var reader = try JSONReader(value, at: path)
    let name = try reader.string("op")
    guard let comparison = ProfileWord.operators.first(where: { $0.word == name }) else {
      throw .invalid(path: path + ".op", reason: "is no operator of libseccomp")
    }
    let result = FilterSource.Comparison(
      argument: UInt32(try reader.integer("index", in: 0...5)), comparison.operator,
      try unsigned(try reader.value("value"), at: path + ".value"),
      try unsigned(reader.optional("valueTwo") ?? .integer(0), at: path + ".valueTwo"))
    finish(&reader, at: path)
    return result
  }

  private mutating func selector(_ reader: inout JSONReader, _ name: String) throws(JSONError) -> Profile.Selector {
    var selector = Profile.Selector()
    if case .null? = reader.optional(name) { return selector }
    guard var inner = try reader.optionalObject(name) else { return selector }
    selector.capabilities = try inner.optionalStrings("caps") ?? []
    selector.ports = try inner.optionalStrings("arches") ?? []
    if let text = try inner.optionalString("minKernel"), !text.isEmpty {
      guard let version = KernelVersion(text) else {
        throw .invalid(path: inner.path + ".minKernel", reason: "is no kernel version")
      }
      selector.minimumKernel = version
    }
    finish(&inner, at: inner.path)
    return selector
  }

  // MARK: Words and numbers

  private func action(_ name: String, _ number: UInt16?, at path: String) throws(JSONError) -> FilterAction {
    // runc and crun: EPERM where nothing is said.
    switch name {
    case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD": .killThread
    case "SCMP_ACT_KILL_PROCESS": .killProcess
    case "SCMP_ACT_TRAP": .trap
    case "SCMP_ACT_ERRNO": .errno(number ?? 1)
    case "SCMP_ACT_TRACE": .trace(number ?? 1)
    case "SCMP_ACT_NOTIFY": .notify
    case "SCMP_ACT_LOG": .log
    case "SCMP_ACT_ALLOW": .allow
    case _: throw .invalid(path: path, reason: "is no action of seccomp")
    }
  }

  private func errno(_ reader: inout JSONReader, _ name: String) throws(JSONError) -> UInt16? {
    if case .null? = reader.optional(name) { return nil }
    return try reader.optionalInteger(name, in: 0...0xFFFF).map { UInt16($0) }
  }

  private func unsigned(_ value: JSONValue, at path: String) throws(JSONError) -> UInt64 {
    switch value {
    case .integer(let number) where number >= 0: UInt64(number)
    case .unsigned(let number): number
    case _: throw .wrongType(path: path, expected: "an integer from 0 to \(UInt64.max)")
    }
  }

  private func architecture(_ value: JSONValue, at path: String) throws(JSONError) -> Architecture {
    guard let word = value.string, let known = Architecture(rawValue: word) else {
      throw .invalid(path: path, reason: "is no architecture of seccomp")
    }
    return known
  }

  private func architectures(_ value: JSONValue?, at path: String) throws(JSONError) -> [Architecture] {
    var result: [Architecture] = []
    for (index, item) in try items(value, at: path).enumerated() {
      result.append(try architecture(item, at: "\(path)[\(index)]"))
    }
    return result
  }

  /// A list that may be left out or null, as Go writes an empty one.
  private func items(_ value: JSONValue?, at path: String) throws(JSONError) -> [JSONValue] {
    switch value {
    case nil, .null?: []
    case .array(let items)?: items
    case _?: throw .wrongType(path: path, expected: "an array")
    }
  }

  private mutating func finish(_ reader: inout JSONReader, at path: String) {
    do throws(JSONError) { try reader.finish() } catch {
      if case .unknownMember(let place) = error { unknownMembers.append(place) }
    }
  }

  private static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 64
      && text.utf8.allSatisfy {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || $0 == UInt8(ascii: "_")
      }
  }
}
