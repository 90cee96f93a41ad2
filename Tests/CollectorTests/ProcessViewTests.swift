import API
import Foundation
import StrictJSON
import Testing

@testable import Collector

/// The list of a pod's scope, on the machine that the tests run on: all that is not of this container.
struct ProcessViewTests {
  static func list(_ bench: borrowing Bench, _ query: String) throws -> ProcessList {
    let request = try bench.request(.processes, query, #""names":["*"]"#)
    let view = ProcessView(target: bench.target, request: request, cursorKey: ProcessQueryTests.key)
    return try JSONDecoder().decode(ProcessList.self, from: Data(try view.list()))
  }

  private static let seesKernelThreads: Bool =
    (try? String(contentsOfFile: "/proc/2/comm", encoding: .utf8)) == "kthreadd\n"

  @Test(.enabled(if: seesKernelThreads, "needs the PID namespace of the machine itself"))
  func kernelThreadsAreCountedAndHidden() throws {
    let bench = try Bench(scope: .pod)
    let plain = try Self.list(bench, "fields=kind,arguments,executable")
    #expect(plain.summary.kernelThreads > 0)
    #expect(!plain.processes.contains { $0.text(.kind)?.text == "kernel_thread" })
    let all = try Self.list(bench, "fields=all&kernel_threads=true&limit=5000")
    let threads = all.processes.filter { $0.text(.kind)?.text == "kernel_thread" }
    #expect(threads.count > 1 && all.summary.kernelThreads == 0)
    let daemon = try #require(threads.first { $0.pid == 2 })
    #expect(daemon.text(.command)?.text == "kthreadd" && daemon.text(.parent)?.text == ProcessList.noParent)
    for field in [ProcessField.arguments, .executable, .swapBytes, .workingDirectory, .namespaces] {
      #expect(
        daemon.status(of: field)?.status == .empty && daemon.status(of: field)?.reason == "kernel_thread", "\(field)")
    }
    // What was asked for is there, or has a word.
    for process in all.processes {
      for field in ProcessField.allCases where !ProcessField.onlyOfOne.contains(field) {
        #expect(process[field] != nil || process.status(of: field) != nil, "\(field) of \(process.pid)")
      }
    }
    // Children of the thread that makes the others hang on it.
    #expect(threads.count { $0.text(.parent)?.text == daemon.id } == threads.count - 1)
  }

  /// The agent's own container is not in its scope: here, whatever is in this test's control group.
  @Test func theOwnContainerIsNotThere() throws {
    let bench = try Bench(scope: .pod)
    let list = try Self.list(bench, "fields=pid&kernel_threads=true&limit=5000")
    #expect(!list.processes.contains { $0.pid == Int(getpid()) || $0.pid == Int(bench.pid) })
  }

  @Test func aProcessThatIsItsOwnScope() throws {
    let bench = try Bench(environment: ["API_TOKEN=q8Zr1LmN5xT7vB2c-9"])
    let list = try Self.list(bench, "")
    #expect(list.processes.map(\.pid) == [Int(bench.pid)] && list.summary.orphans == 0)
    #expect(list.processes[0].text(.parent)?.text == ProcessList.noParent && list.summary.next == nil)
    #expect(list.summary.bootID.utf8.count == 36 && list.summary.pidNamespace > 0)
  }
}
