internal import CAttack
internal import Linux
internal import Opener
internal import Privsep
internal import Sandbox

/// The shipped opener in its confinement, as the shipped agent starts it, with children of one's choice.
enum OpenerHost {
  static let environment = ["TZ=UTC0", "SWIFT_BACKTRACE=enable=no"]

  /// What the children inherit, as in `AgentProcess`.
  struct Ends {
    let collector, collectorStream, endpoint, endpointStream: Int32
  }

  /// Starts the children and serves them until one ends. `children` gets the opener's report for the collector.
  static func run(_ files: Opener.Files, children: (String, Ends) throws -> Void) throws -> Opener.Ending {
    let filter = try SeccompFilter(for: .opener)
    let hardened = try Confinement.harden(.opener, mode: .strict, keepsFileSize: true)
    let (toCollector, collectorSide) = try Sockets.pair(.sequencedPacket)
    let (toEndpoint, endpointSide) = try Sockets.pair(.sequencedPacket)
    let (collectorStream, endpointStream) = try Sockets.pair(.stream)
    try children(
      hardened.report(filterDigest: filter.digest).text,
      Ends(
        collector: collectorSide, collectorStream: collectorStream, endpoint: endpointSide,
        endpointStream: endpointStream))
    for raw in [collectorSide, collectorStream, endpointSide, endpointStream] { _ = FileDescriptor(owning: raw) }
    let opener = Opener(
      files: files, collector: FileDescriptor(owning: toCollector), endpoint: FileDescriptor(owning: toEndpoint))
    try hardened.forbidFileWrites()
    let confined = try hardened.load(filter)
    // As the shipped agent does: it has no call to say anything with any more.
    do throws(SystemError) { return try opener.run(confined) } catch { Process.exitNow(70) }
  }
}
