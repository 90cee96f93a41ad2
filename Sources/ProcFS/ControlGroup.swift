/// `/proc/<pid>/cgroup` (cgroups(7)): `hierarchy:controllers:path` a line. Paths and names may hold colons.
package struct ControlGroups: Sendable, Equatable {
  package struct Membership: Sendable, Equatable {
    package var hierarchy: Int
    package var controllers: [UInt8]
    package var path: [UInt8]
  }

  package var memberships: [Membership]

  package init(_ text: Span<UInt8>) {
    var found: [Membership] = []
    Fields.lines(text) { line in
      guard let first = line.first(where: { text[$0] == UInt8(ascii: ":") }),
        let second = ((first + 1)..<line.upperBound).first(where: { text[$0] == UInt8(ascii: ":") }),
        let (hierarchy, end) = Fields.number(text, at: line.lowerBound), end == first
      else { return }
      found.append(
        Membership(
          hierarchy: Int(clamping: hierarchy), controllers: Fields.array(text, (first + 1)..<second),
          path: Fields.array(text, (second + 1)..<line.upperBound)))
    }
    memberships = found
  }

  /// The path that tells containers apart: the unified hierarchy's where it says more than the root, else that of
  /// `name=systemd`, else the first other one that does.
  package var path: [UInt8] {
    let root = [UInt8(ascii: "/")]
    if let unified = memberships.first(where: { $0.hierarchy == 0 }), unified.path != root { return unified.path }
    let systemd = Array("name=systemd".utf8)
    if let named = memberships.first(where: { $0.controllers == systemd }), named.path != root { return named.path }
    return memberships.first { $0.path != root }?.path ?? root
  }
}
