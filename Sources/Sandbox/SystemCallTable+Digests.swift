extension SystemCallTable {
  /// This machine's architecture, as uname(2) names it.
  package static var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "aarch64"
    #else
      #error("the table of system calls has no rules for this architecture")
    #endif
  }

  /// The digests of the filters as a JSON document: `profiles/digests.json` is this text, and a test compares them. The
  /// same rules make another program with another libseccomp, so that its version is part of the document.
  package static func digests() throws(SandboxError) -> String {
    var machines: [String] = []
    for (machine, name) in [(Architecture.amd64, "x86_64"), (.arm64, "aarch64")] {
      var roles: [String] = []
      for role in Role.allCases {
        roles.append("      \"\(role.rawValue)\": \"\(try SeccompFilter(for: role, on: machine).digest)\"")
      }
      machines.append("    \"\(name)\": {\n\(roles.joined(separator: ",\n"))\n    }")
    }
    return """
      {
        "libseccomp": "\(SystemCallName.libraryVersion)",
        "filters": {
      \(machines.joined(separator: ",\n"))
        }
      }

      """
  }
}
