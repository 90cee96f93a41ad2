/// A pattern over `/`-separated names: `*` stands for any run of bytes without `/`, `?` for one byte that is not `/`,
/// and `**` as a whole component for any number of components, none included. `/a/**` includes `/a`; a lone `**`
/// includes everything. Bytes are compared as they are: no case folding, no normalisation.
///
/// Matching is linear in pattern × text; it never backtracks over components more than once per `**`.
package struct Glob: Sendable, Hashable, CustomStringConvertible {
  package let pattern: String
  private let components: [[UInt8]]

  /// Longest pattern accepted, in bytes.
  package static let maximumLength = 1024

  package enum Invalid: Error, Sendable, Equatable, CustomStringConvertible {
    case empty, tooLong, embeddedDoubleStar, controlByte
    package var description: String {
      switch self {
      case .empty: "must not be empty"
      case .tooLong: "must not be longer than \(Glob.maximumLength) bytes"
      case .embeddedDoubleStar: "may use '**' only as a whole component"
      case .controlByte: "must not contain control characters"
      }
    }
  }

  package init(_ pattern: String) throws(Invalid) {
    let bytes = Array(pattern.utf8)
    guard !bytes.isEmpty else { throw .empty }
    guard bytes.count <= Self.maximumLength else { throw .tooLong }
    guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw .controlByte }
    var components: [[UInt8]] = []
    for part in bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      let component = Array(part)
      if component != Self.doubleStar, component.contains(Self.star), Self.hasDoubleStar(component) {
        throw .embeddedDoubleStar
      }
      if component == Self.doubleStar, components.last == Self.doubleStar { continue }
      components.append(component)
    }
    self.pattern = pattern
    self.components = components
  }

  package var description: String { pattern }

  package func matches(_ text: String) -> Bool { matches(Array(text.utf8)) }

  package func matches(_ text: [UInt8]) -> Bool {
    let parts = text.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
    var part = 0
    var component = 0
    var retryComponent: Int?
    var retryPart = 0
    while part < parts.count {
      if component < components.count, components[component] == Self.doubleStar {
        retryComponent = component + 1
        retryPart = part
        component += 1
      } else if component < components.count, Self.matches(parts[part], components[component]) {
        part += 1
        component += 1
      } else if let retry = retryComponent {
        retryPart += 1
        part = retryPart
        component = retry
      } else {
        return false
      }
    }
    while component < components.count, components[component] == Self.doubleStar { component += 1 }
    return component == components.count
  }

  private static let star = UInt8(ascii: "*")
  private static let doubleStar = [star, star]

  private static func hasDoubleStar(_ component: [UInt8]) -> Bool {
    zip(component, component.dropFirst()).contains { $0 == star && $1 == star }
  }

  private static func matches(_ text: [UInt8], _ pattern: [UInt8]) -> Bool {
    var index = 0
    var place = 0
    var afterStar: Int?
    var retry = 0
    while index < text.count {
      if place < pattern.count, pattern[place] == star {
        afterStar = place + 1
        retry = index
        place += 1
      } else if place < pattern.count, pattern[place] == text[index] || pattern[place] == UInt8(ascii: "?") {
        index += 1
        place += 1
      } else if let after = afterStar {
        retry += 1
        index = retry
        place = after
      } else {
        return false
      }
    }
    while place < pattern.count, pattern[place] == star { place += 1 }
    return place == pattern.count
  }
}
