internal import CLinux

/// A number that a thread gives itself, so that what it calls can tell who calls.
package enum WorkerThread {
  /// -1 on a thread that has not become a worker.
  package static var current: Int { Int(cl_worker_number()) }

  package static func become(_ number: Int) { cl_set_worker_number(Int32(number)) }
}
