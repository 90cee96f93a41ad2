internal import API
internal import AuditLog
internal import Grants
internal import Linux
internal import Masking
internal import ProcFS

/// The way from a request to one file: inside the grant as asked for and as resolved, and nothing is told of what lies
/// outside.
struct GrantedFiles {
  let target: Target
  let request: Request
  let defaultContainer: String

  /// Where a path led.
  struct Found {
    let container: String
    /// As asked for.
    let path: [UInt8]
    let place: PathWalk.Place
    let walk: PathWalk

    /// Runs what touches the file, and only that: see `StallWatch`.
    func visit<Value: ~Copyable>(_ body: () throws(SystemError) -> Value) throws(SystemError) -> Value {
      try walk.proc.stalls.visit(.mount(place.mount.id), body)
    }

    /// Symlinks led elsewhere than was asked for.
    var isElsewhere: Bool { place.path != PathWalk.normalised(path) }

    /// For the budget of objects.
    var object: [UInt8] { Array(container.utf8) + [0] + place.path }
  }

  /// `path` and `container`, from the request's parameters.
  func wanted() throws(Refusal) -> (path: [UInt8], container: String) {
    let path = try request.parameters.required("path")
    request.facts.path = AuditRequest.words(path)
    guard path.first == 0x2F, path.count <= PathWalk.maximumLength else {
      throw Refusal(.invalidParameter, detail: "path must be absolute and at most \(PathWalk.maximumLength) bytes")
    }
    // Else so many dots that the rest does not fit would hide it.
    request.facts.path = AuditRequest.words(PathWalk.normalised(path))
    return (path, try request.container(default: defaultContainer))
  }

  /// What lies outside the grant is not even told absent.
  func find(_ path: [UInt8], in container: String, followLast: Bool) throws(Refusal) -> Found {
    // `..` is resolved by text alone: walked, it would tell whether what stands before it exists.
    let normal = PathWalk.normalised(path)
    guard request.grant.paths.matches(normal) else { throw Refusal(.pathNotGranted) }
    let files = try ContainerFiles(container: container, target: target)
    do throws(PathWalk.Failure) {
      let place = try files.resolve(normal, followLast: followLast)
      guard request.grant.paths.matches(place.path) else { throw PathWalk.Failure(cause: .notFound, path: place.path) }
      return Found(container: container, path: path, place: place, walk: files.walk)
    } catch {
      guard request.grant.paths.matches(error.path) else { throw Refusal(.pathNotGranted, log: "leads outside") }
      throw Refusal(walk: error)
    }
  }

  /// Charges for it. Where symlinks led stands in the record of a refusal, too.
  func charge(_ kind: String, _ found: Found) throws(Refusal) {
    if found.isElsewhere { _ = masker(for: found, try target.known()) }
    try request.charge(kind, [found.object])
  }

  /// For what is said of `found`. Where symlinks led elsewhere than was asked for, that place stands in the record too.
  func masker(for found: Found, _ known: TaintSurvey.Known) -> Masker {
    let masker = request.masker(known.taint)
    if found.isElsewhere {
      request.facts.resolvedPath = Self.text(found.place.path, masker).text
    }
    return masker
  }

  static func text(_ bytes: [UInt8], _ masker: Masker) -> TargetText {
    TargetText(bytes: masker.text(bytes).rendered())
  }
}
