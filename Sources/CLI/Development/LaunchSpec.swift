internal import StrictJSON

/// How `dev-launch` turns itself into another program. Passed as JSON in its first argument; holds no secret.
struct LaunchSpec: Sendable, Equatable {
  /// Where the descriptors stand that every launch gets; those of the program itself follow from `firstOwn` on.
  enum Descriptor {
    /// The launcher reads here how far it came.
    static let report: Int32 = 3
    static let standardOutput: Int32 = 4
    static let standardError: Int32 = 5
    static let firstOwn: Int32 = 6
  }

  /// Who to become; nil to stay who we are. Needs root.
  var user: UserIdentity?
  /// Supplementary groups; only with `user`.
  var groups: [UInt32] = []
  /// Whether the securebits are locked and the bounding set is emptied first, so that nothing can ever gain a capability
  /// again.
  var dropsBoundingSet = false
  /// Whether the program starts with an empty environment.
  var clearsEnvironment = false
  /// The working directory; nil to keep the caller's.
  var directory: String?
  /// The number of an O_PATH descriptor of the executable; nil to search the first argument in PATH as the new user.
  var executable: Int32?

  var text: String {
    var writer = JSONWriter()
    writer.object {
      $0.member(optional: "uid", user?.uid)
      $0.member(optional: "gid", user?.gid)
      $0.member(array: "groups") { for group in groups { $0.integer(group) } }
      $0.member("drops_bounding_set", dropsBoundingSet)
      $0.member("clears_environment", clearsEnvironment)
      $0.member(optional: "directory", directory)
      $0.member(optional: "executable", executable)
    }
    return writer.text
  }

  init() {}

  init(text: String) throws(JSONError) {
    var reader = try JSONReader(try JSONParser.parse(text), at: "launch")
    let ids: ClosedRange<Int64> = 0...Int64(UInt32.max - 1)
    let uid = try reader.optionalInteger("uid", in: ids)
    let gid = try reader.optionalInteger("gid", in: ids)
    guard (uid == nil) == (gid == nil) else { throw .missing(path: "launch.gid") }
    if let uid, let gid { user = UserIdentity(uid: UInt32(uid), gid: UInt32(gid)) }
    for group in try reader.optionalArray("groups") ?? [] {
      guard let number = group.integer, ids.contains(number) else {
        throw .wrongType(path: "launch.groups", expected: "numbers")
      }
      groups.append(UInt32(number))
    }
    dropsBoundingSet = try reader.optionalBool("drops_bounding_set") ?? false
    clearsEnvironment = try reader.optionalBool("clears_environment") ?? false
    directory = try reader.optionalString("directory")
    executable = try reader.optionalInteger("executable", in: 3...1023).map { Int32($0) }
    try reader.finish()
  }
}

/// A user by numbers.
struct UserIdentity: Sendable, Equatable, CustomStringConvertible {
  var uid: UInt32
  var gid: UInt32
  var description: String { "\(uid):\(gid)" }
}

/// What `dev-launch` reports before it is another program: `ready` alone means that the program runs.
enum LaunchReport {
  static let ready = UInt8(ascii: "R")

  /// A step that failed, with errno(3).
  struct Problem: Error, Sendable, Equatable {
    var step: String
    var number: Int32
  }

  static func bytes(_ problem: Problem) -> [UInt8] { Array("\(problem.number) \(problem.step)".utf8) }

  /// nil where the program runs.
  static func read(_ bytes: [UInt8]) -> Problem? {
    var rest = bytes[...]
    if rest.first == ready { rest = rest.dropFirst() } else if rest.isEmpty { return Problem(step: "start", number: 0) }
    if rest.isEmpty { return nil }
    let words = String(decoding: rest, as: UTF8.self).split(separator: " ", maxSplits: 1)
    guard words.count == 2, let number = Int32(words[0]) else { return Problem(step: "start", number: 0) }
    return Problem(step: String(words[1]), number: number)
  }
}
