internal import CAttack
internal import Linux
internal import Sandbox

/// A process that is confined as its role is but for the filter, and makes copies of itself that load that too: the
/// filter is the last step of every role, so that each copy is what the role is when it reads its first byte.
final class Trials {
  private let role: Role
  private let hardened: Confinement
  private var filter: SeccompFilter?

  init(_ role: Role) throws(SandboxError) {
    self.role = role
    // In the order of the roles: the program first, then everything but the filter.
    filter = try SeccompFilter(for: role)
    // The outcomes may go to a file.
    hardened = try Confinement.harden(role, mode: .strict, keepsFileSize: true)
  }

  /// How many threads the collector has beside its first.
  private static let workers = 4

  /// Runs `attack` in a copy that has been confined and was told to by a byte on its socket; on one of its worker threads
  /// if that is asked for.
  func run(fromWorker: Bool, _ attack: @escaping @Sendable () -> Int) throws -> Outcome {
    let (own, theirs) = try Sockets.pair(.sequencedPacket)
    let child = ca_fork()
    guard child >= 0 else { throw SystemError("fork", Errno.again) }
    if child == 0 { attacked(socket: theirs, fromWorker: fromWorker, attack) }
    let socket = FileDescriptor(owning: own)
    _ = FileDescriptor(owning: theirs)
    // A child that has died by itself closes its end.
    do throws(SystemError) { try Sockets.send([1], to: socket.raw) } catch {}
    let (reply, _) = try Sockets.receive(from: socket.raw, limit: 64)
    let status = ca_wait(child)
    if reply.first == UInt8(ascii: "R"), let result = Int(String(decoding: reply.dropFirst(), as: UTF8.self)) {
      return .returned(result)
    }
    return status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(status & 0x7F)
  }

  private func attacked(socket: Int32, fromWorker: Bool, _ attack: @escaping @Sendable () -> Int) -> Never {
    do {
      // Whatever blocks ends: SIGALRM.
      ca_alarm(3)
      let start = try EventCounter(semaphore: true)
      if role == .collector {
        let running = try EventCounter(semaphore: true)
        for _ in 0..<Self.workers {
          try Process.startThread(stackKilobytes: 256) { [answer] in
            running.signal()
            start.wait()
            answer(attack(), socket)
          }
        }
        // What glibc calls at the start of a thread is behind them.
        for _ in 0..<Self.workers { running.wait() }
      } else {
        try hardened.forbidFileWrites()
      }
      guard let filter = filter.take() else { Process.exitNow(72) }
      _ = try hardened.load(filter)
      // The first byte that it reads, as its role would: then it is taken over.
      guard try Sockets.receive(from: socket, limit: 1).bytes == [1] else { Process.exitNow(73) }
      if fromWorker {
        start.signal()
        while true { _ = try Poll.wait([Poll.Interest(-1)], timeoutMilliseconds: -1) }
      }
      answer(attack(), socket)
    } catch {
      Process.exitNow(74)
    }
  }

  /// With a call that the role has.
  private var answer: @Sendable (Int, Int32) -> Never {
    { [role] result, socket in
      let text = Array("R\(result)".utf8)
      do throws(SystemError) {
        switch role {
        case .opener: try Sockets.send(text, to: socket)
        case .collector, .endpoint: try FileDescriptor(owning: socket).writeAll(text)
        }
      } catch {
        Process.exitNow(75)
      }
      Process.exitNow(0)
    }
  }
}
