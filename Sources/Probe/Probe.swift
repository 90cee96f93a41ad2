internal import Linux
internal import ProcFS
package import Sandbox

/// `sidelight-agent probe`: says whether the agent of this container lives, and whether it serves.
///
/// It asks the kernel and not the agent: no socket, no signal, no file of the agent's, so that there is nothing for
/// anybody else to ask through. The endpoint listens only when the collector has found all three processes confined
/// (`CollectorLink.listen`), so that a socket in the state LISTEN at its address is the agent's word, and the rest is the
/// kernel's.
package enum Probe {
  package enum Question: Sendable {
    /// The three processes are there, none is stopped, and connections do not wait in vain. Else a new start helps.
    case live
    /// Beside that every thread of all three is confined, and the agent listens.
    case ready
  }

  /// Where the agent's command line says that it listens.
  package struct Listener: Sendable, Equatable {
    /// As it stands in a packet: 4 or 16 bytes.
    let address: [UInt8]
    let port: UInt16

    package init(address: [UInt8], port: UInt16) {
      self.address = address
      self.port = port
    }
  }

  /// Why the answer is no, for the event that the kubelet writes.
  package struct No: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
  }

  /// Puts this process into the collector's sandbox, since it reads what the collector reads.
  package static func confine() throws(No) -> Confined {
    do {
      // Its words may go to a closed pipe, or to a file that it may not write to: the answer is the exit status.
      try Poll.ignoreShutdownSignals()
      // Whatever mode the agent has: where the machine lacks something, the agent says so, not its probe.
      let filter = try SeccompFilter(for: .collector)
      let hardened = try Confinement.harden(.collector, mode: .bestEffort)
      ProcessDirectory.learn()
      return try hardened.load(filter)
    } catch {
      throw No("\(error)")
    }
  }

  /// - Parameter listener: reads it from the agent's command line; nil where that names none.
  package static func ask(
    _ question: Question, _ confined: Confined, listener: ([String]) -> Listener?
  ) throws(No) {
    let answer: String?
    do throws(ProcFSError) {
      answer = try objection(
        to: question, own: confined.confinement.identity, proc: try ProcFileSystem(), listener: listener)
    } catch {
      throw No("\(error)")
    }
    if let answer { throw No(answer) }
  }

  /// Why not; nil where the answer is yes.
  private static func objection(
    to question: Question, own: Process.Identity, proc: borrowing ProcFileSystem, listener: ([String]) -> Listener?
  ) throws(ProcFSError) -> String? {
    let agent = try AgentProcesses(ofContainerOf: own.pid, proc: proc)
    if let shortcoming = agent.shortcoming { return shortcoming }
    let listener = listener(try agent.commandLine(proc))
    let socket = try listening(proc, at: listener, uid: own.userID)
    if let socket, socket.waiting > 0, try hangs(agent, at: listener, uid: own.userID, proc) {
      return "the endpoint takes no connections, though some wait"
    }
    guard question == .ready else { return nil }
    if listener == nil { return "the agent's command line names no port" }
    if socket == nil { return "the agent does not listen yet" }
    return try agent.firstUnconfinedThread(proc)
  }

  private static func listening(
    _ proc: borrowing ProcFileSystem, at listener: Listener?, uid: UInt32
  ) throws(ProcFSError) -> ListeningSocket? {
    guard let listener else { return nil }
    // Others may listen on the same port, at other addresses.
    return try sockets(listener.address.count == 4 ? "net/tcp" : "net/tcp6", proc).first {
      $0.address == listener.address && $0.port == listener.port && $0.uid == uid
    }
  }

  private static func sockets(_ name: String, _ proc: borrowing ProcFileSystem) throws(ProcFSError) -> [ListeningSocket]
  {
    do throws(ProcFSError) {
      let text = try proc.read(name)
      return ListeningSocket.all(in: text.span)
    } catch {
      // A kernel without IPv6 has no tcp6.
      guard error == .gone else { throw error }
      return []
    }
  }

  /// Whether connections wait and the endpoint has used no processor time for a second.
  private static func hangs(
    _ agent: AgentProcesses, at listener: Listener?, uid: UInt32, _ proc: borrowing ProcFileSystem
  ) throws(ProcFSError) -> Bool {
    let before = try agent.endpointTime(proc)
    for _ in 0..<5 {
      Process.sleep(milliseconds: 200)
      guard let socket = try listening(proc, at: listener, uid: uid), socket.waiting > 0 else { return false }
      if try agent.endpointTime(proc) != before { return false }
    }
    return true
  }
}
