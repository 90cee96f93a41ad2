/// The agent's processes, each with a sandbox of its own.
package enum Role: String, Sendable, CaseIterable {
  case opener, collector, endpoint
}

/// What to do where the kernel cannot give the whole sandbox.
package enum ConfinementMode: String, Sendable, CaseIterable {
  /// Refuse to start. The default.
  case strict
  /// Start without Landlock, from a readable executable, or in a container whose bounding set is not empty, and say so
  /// in posture and log. Capabilities, root, a failed self-test and a failed seccomp filter are refused all the same.
  case bestEffort = "best-effort"
}
