extension SystemCallTable {
  /// This machine's architecture, as uname(2) names it.
  package static var architecture: String { machineName(.native) }

  private static func machineName(_ architecture: Architecture) -> String {
    switch architecture {
    case .amd64: "x86_64"
    case .arm64: "aarch64"
    case _: architecture.rawValue
    }
  }

  /// The digests of the filters as a JSON document: `profiles/digests.json` is this text, and a test compares them. The
  /// same rules make another program with another libseccomp, so that its version is part of the document.
  package static func digests() throws(SandboxError) -> String {
    var architectures: [String] = []
    for architecture in Architecture.supported {
      var roles: [String] = []
      for role in Role.allCases {
        roles.append("      \"\(role.rawValue)\": \"\(try SeccompFilter(for: role, on: architecture).digest)\"")
      }
      architectures.append("    \"\(machineName(architecture))\": {\n\(roles.joined(separator: ",\n"))\n    }")
    }
    return """
      {
        "libseccomp": "\(SystemCallName.libraryVersion)",
        "filters": {
      \(architectures.joined(separator: ",\n"))
        }
      }

      """
  }
}
