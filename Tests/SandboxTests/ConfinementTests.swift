import CLinux
import Foundation
import Glibc
import Linux
import Sandbox
import Testing

/// On the real kernel, in processes of their own. They begin as root, as the tests are run, and become nobody.
@Suite(.enabled(if: geteuid() == 0, "these become another user"))
struct ConfinementTests {
  static func error(_ body: () throws(SandboxError) -> Void) -> SandboxError? {
    do throws(SandboxError) {
      try body()
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: ConfinementMode.allCases)
  func refusesRoot(_ mode: ConfinementMode) {
    #expect(throws: SandboxError.runningAsRoot) { try Confinement.preflight(mode) }
    for role in Role.allCases {
      #expect(throws: SandboxError.runningAsRoot) { _ = try Confinement.harden(role, mode: mode) }
    }
  }

  /// Only the effective, or only the real user is root: no.
  @Test func refusesHalfARoot() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      for (real, effective) in [(0, 64123), (64123, 0)] as [(uid_t, uid_t)] {
        let outcome = Forked.run {
          guard setreuid(real, effective) == 0 else { return 90 }
          return ConfinementTests.error { () throws(SandboxError) in try Confinement.preflight(.bestEffort) }
            == .runningAsRoot ? 42 : 1
        }
        Forked.expect(outcome == .exited(42), "\(real) \(effective): \(outcome)")
      }
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }

  @Test func refusesACapability() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      let numbers = try Forked.callNumbers()
      // Permitted only, kept over the change of user (PR_SET_KEEPCAPS), and inheritable only.
      let permitted = Forked.run {
        _ = Forked.call(numbers["prctl"]!, [8, 1, 0, 0, 0, 0])
        Forked.becomeNobody()
        guard
          case .capabilityLeft("permitted", _)? = ConfinementTests.error({ () throws(SandboxError) in
            try Confinement.preflight(.bestEffort)
          })
        else { return 1 }
        // And gone when they are cleared.
        try Capabilities.clear()
        return ConfinementTests.error { () throws(SandboxError) in try Confinement.preflight(.bestEffort) } == nil
          ? 42 : 2
      }
      Forked.expect(permitted == .exited(42), "permitted: \(permitted)")
      let inheritable = Forked.run {
        // capset: header of version 3 for this process, then effective, permitted, inheritable of both words.
        var header: [UInt32] = [0x2008_0522, 0]
        var data: [UInt32] = [0xFF, 0xFF, 1 << 10, 0, 0, 0]
        let set = unsafe header.withUnsafeMutableBytes { header in
          unsafe data.withUnsafeMutableBytes { data in
            Forked.call(
              numbers["capset"]!,
              [Int(bitPattern: header.baseAddress), Int(bitPattern: data.baseAddress), 0, 0, 0, 0])
          }
        }
        guard set == 0 else { return 90 }
        Forked.becomeNobody()
        guard
          case .capabilityLeft("inheritable", "10")? = ConfinementTests.error({ () throws(SandboxError) in
            try Confinement.preflight(.bestEffort)
          })
        else { return 1 }
        return 42
      }
      Forked.expect(inheritable == .exited(42), "inheritable: \(inheritable)")
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }

  @Test func refusesToBeDumpableAtEntry() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      let outcome = Forked.run {
        Forked.becomeNobody()
        guard cl_set_dumpable(1) == 0 else { return 90 }
        guard
          ConfinementTests.error({ () throws(SandboxError) in try Confinement.preflight(.strict) }) == .dumpableAtEntry
        else { return 1 }
        guard ConfinementTests.error({ () throws(SandboxError) in try Confinement.preflight(.bestEffort) }) == nil
        else { return 2 }
        guard cl_set_dumpable(0) == 0 else { return 91 }
        return ConfinementTests.error { () throws(SandboxError) in try Confinement.preflight(.strict) } == nil ? 42 : 3
      }
      Forked.expect(outcome == .exited(42), "\(outcome)")
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }

  /// After `harden`, as the kernel tells it.
  @Test(arguments: Role.allCases)
  func hardens(_ role: Role) async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      [role = role.rawValue as String] in
      let role = Role(rawValue: role)!
      for keepsFileSize in [false, true] {
        let outcome = Forked.run {
          Forked.becomeNobody()
          let before = rlimit(rlim_cur: 50, rlim_max: 100)
          var limit = before
          guard unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 90 }
          // Opened before: an endpoint may open no file afterwards.
          let own = try FileDescriptor.open(path: "/proc/self/status", .read)
          let confinement = try Confinement.harden(role, mode: .strict, keepsFileSize: keepsFileSize)
          guard confinement.hasLandlockDomain == (role != .opener), confinement.landlockABI >= 1 else { return 1 }
          var text: [UInt8] = []
          _ = try own.read(into: &text, count: 8192)
          let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
          for line in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"].map({ "\($0)\t0000000000000000" }) + [
            "NoNewPrivs:\t1"
          ] {
            guard lines.contains(line) else { return 2 }
          }
          guard cl_get_dumpable() == 0 else { return 3 }
          guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur == 100 else {
            return 4
          }
          guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0, limit.rlim_cur == 0,
            limit.rlim_max == 0
          else { return 5 }
          guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0,
            (limit.rlim_max == 0) == !keepsFileSize
          else { return 6 }
          return 42
        }
        Forked.expect(outcome == .exited(42), "\(role) \(keepsFileSize): \(outcome)")
      }
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }

  /// Only the saved user is root: that is root, one call away.
  @Test func refusesASavedRoot() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      let numbers = try Forked.callNumbers()
      let outcome = Forked.run {
        guard Forked.call(numbers["setresuid"]!, [64123, 64123, 0, 0, 0, 0]) == 0 else { return 90 }
        return ConfinementTests.error { () throws(SandboxError) in try Confinement.preflight(.bestEffort) }
          == .runningAsRoot ? 42 : 1
      }
      Forked.expect(outcome == .exited(42), "\(outcome)")
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }

  /// Domains and capabilities belong to a thread; a second one would keep what it has.
  @Test func refusesASecondThread() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      let outcome = Forked.run {
        Forked.becomeNobody()
        try Process.startThread(stackKilobytes: 64) { while true { sleep(1) } }
        return ConfinementTests.error { () throws(SandboxError) in _ = try Confinement.harden(.collector, mode: .strict)
        }
          == .didNotTake("one thread") ? 42 : 1
      }
      Forked.expect(outcome == .exited(42), "\(outcome)")
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }

  /// What it tells of itself: each attempt was refused, and those that a domain is for worked outside of it.
  @Test(arguments: Role.allCases)
  func selfTests(_ role: Role) async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      [role = role.rawValue as String] in
      let role = Role(rawValue: role)!
      let outcome = Forked.run {
        Forked.becomeNobody()
        guard cl_lock_securebits() < 0 else { return 90 }
        let hardened = try Confinement.harden(role, mode: .strict)
        guard hardened.selfTests.map(\.attempt) == SelfTest.attempts(for: role, landlockABI: Landlock.abi) else {
          return 1
        }
        for test in hardened.selfTests {
          guard test.after == .refused else { return 2 }
          switch test.attempt {
          // These are refused to whoever is not root, or not this test's own user.
          case .becomeRoot, .raiseCapability, .readParentEnvironment, .signalParent: break
          // AT_EXECVE_CHECK is younger than Landlock.
          case .execute where test.before == .unavailable: break
          case _: guard test.before == .permitted else { return 3 }
          }
        }
        guard hardened.shortfalls == (Landlock.shortfalls(abi: Landlock.abi) + [.boundingSet]) else { return 4 }
        guard hardened.report(filterDigest: "x").selfTests == hardened.selfTests else { return 5 }
        return 42
      }
      Forked.expect(outcome == .exited(42), "\(role): \(outcome)")
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }

  /// The launcher's bits stay, whatever the process does; without a capability nobody sets them.
  @Test func securebits() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      let outcome = Forked.run {
        guard cl_lock_securebits() == 0 else { return 90 }
        guard setgroups(0, nil) == 0, setgid(64123) == 0, setuid(64123) == 0,
          cl_clear_capabilities() == 0
        else { return 91 }
        guard try Capabilities.securebits() == 0xEF else { return 1 }
        guard try Confinement.harden(.collector, mode: .strict).securebits == 0xEF else { return 2 }
        return 42
      }
      Forked.expect(outcome == .exited(42), "\(outcome)")
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }

  /// Every ruleset that older kernels would get is one that the kernel takes.
  @Test func everyABI() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      Forked.expect(Landlock.abi >= 1, "this kernel has no Landlock")
      for abi in 1...max(1, Landlock.abi) {
        for domain in Landlock.Domain.allCases {
          let outcome = Forked.run {
            Forked.becomeNobody()
            guard cl_set_no_new_privs() == 0, unsafe cl_try_open("/dev/null", O_WRONLY) == 0 else { return 90 }
            // Of the same user, outside of the domain; it ends with the socket.
            let (_, theirs) = try Sockets.pair(.stream)
            let other = try Process.spawn(
              "/bin/sh", arguments: ["sh", "-c", "read word <&3"], environment: [], inherited: [theirs])
            close(theirs)
            let listener = cl_abstract_listener()
            guard cl_try_signal(other) == 0, cl_try_connect_abstract(listener) == 0, cl_try_connect_tcp() == 0 else {
              return 91
            }
            try Landlock.enter(domain, abi: abi)
            guard unsafe cl_try_open("/dev/null", O_WRONLY) == -EACCES else { return 1 }
            guard (unsafe cl_try_open("/dev/null", O_RDONLY) == 0) == (domain == .readOnly) else { return 2 }
            guard (cl_try_bind_tcp() == -EACCES) == (abi >= 4) else { return 3 }
            guard domain == .nothing || (unsafe cl_try_device_ioctl("/dev/null") == -EACCES) == (abi >= 5) else {
              return 4
            }
            guard (cl_try_connect_tcp() == -EACCES) == (abi >= 4) else { return 5 }
            guard cl_try_signal(other) == (abi >= 6 ? -EPERM : 0) else { return 6 }
            guard cl_try_connect_abstract(listener) == (abi >= 6 ? -EPERM : 0) else { return 7 }
            return 42
          }
          Forked.expect(outcome == .exited(42), "ABI \(abi) \(domain): \(outcome)")
        }
      }
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }

  /// What the domains take away, before any filter.
  @Test func domains() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      let folder = FileManager.default.temporaryDirectory.appending(path: "domain-\(UUID().uuidString)").path
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      guard unsafe chmod(folder, 0o777) == 0 else { exit(1) }
      let file = folder + "/file"
      try Data("content".utf8).write(to: URL(fileURLWithPath: file))
      guard unsafe chmod(file, 0o666) == 0 else { exit(1) }
      let listener = try Sockets.listen(address: "127.0.0.1", port: 0)
      let port = try Sockets.localPort(of: listener)

      func denied(_ result: Int32) -> Bool { result < 0 && errno == EACCES }
      func connects() -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return unsafe withUnsafePointer(to: &address) {
          unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
          }
        }
      }

      // Without a domain all of it works: the trial itself is sound.
      let free = Forked.run {
        Forked.becomeNobody()
        guard unsafe open(file, O_RDWR) >= 0, unsafe truncate(file, 3) == 0, unsafe mkdir(folder + "/d", 0o700) == 0,
          unsafe rmdir(folder + "/d") == 0, connects()
        else { return 1 }
        return 42
      }
      Forked.expect(free == .exited(42), "free: \(free)")

      for role in [Role.collector, .endpoint] {
        let outcome = Forked.run {
          Forked.becomeNobody()
          _ = try Confinement.harden(role, mode: .strict, keepsFileSize: true)
          guard denied(unsafe open(file, O_WRONLY)), denied(unsafe open(file, O_RDWR)) else { return 1 }
          guard denied(unsafe open(file, O_RDONLY | O_TRUNC)), denied(unsafe truncate(file, 0)) else { return 2 }
          guard denied(unsafe open(folder + "/new", O_CREAT | O_WRONLY, 0o600)),
            denied(unsafe mkdir(folder + "/d", 0o700))
          else { return 3 }
          guard denied(unsafe unlink(file)), denied(unsafe symlink("x", folder + "/l")),
            denied(unsafe mkfifo(folder + "/f", 0o600))
          else { return 4 }
          guard unsafe rename(file, folder + "/other") < 0, errno == EACCES || errno == EXDEV else { return 5 }
          guard denied(unsafe execv("/bin/true", [nil])) else { return 6 }
          guard Landlock.abi < 4 || !connects() else { return 7 }
          // The parent is outside the domain: no signal reaches it.
          guard Landlock.abi < 6 || (kill(getppid(), 0) < 0 && errno == EPERM) else { return 8 }
          let readable = unsafe open(file, O_RDONLY)
          guard (readable >= 0) == (role == .collector) else { return 9 }
          let listable = unsafe open(folder, O_RDONLY | O_DIRECTORY)
          guard (listable >= 0) == (role == .collector) else { return 10 }
          return 42
        }
        Forked.expect(outcome == .exited(42), "\(role): \(outcome)")
      }
      let content = try String(contentsOfFile: file, encoding: .utf8)
      Forked.expect(content == "con", "the file was changed: \(content)")
      try FileManager.default.removeItem(atPath: folder)
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }

  /// Why there is an opener: a domain denies what ptrace would be asked for, and what is passed into it can be read.
  @Test func whatTheOpenerIsFor() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      // The target: another program of the same user and group, which ends when the other end of its socket does.
      let (left, right) = try Sockets.pair(.stream)
      let outcome = Forked.run {
        Forked.becomeNobody()
        let target = try Process.spawn(
          "/bin/sh", arguments: ["sh", "-c", "read word <&3"], environment: ["SECRET=1"], inherited: [right])
        // Until it has become that program it is a copy of this process, and not to be looked into.
        var environ: FileDescriptor?
        for _ in 0..<10_000 {
          do throws(SystemError) {
            let opened = try FileDescriptor.open(path: "/proc/\(target)/environ", .read)
            var text: [UInt8] = []
            _ = try opened.read(into: &text, count: 100)
            if text == Array("SECRET=1\0".utf8) {
              environ = try FileDescriptor.open(path: "/proc/\(target)/environ", .read)
              break
            }
          } catch {}
          usleep(1000)
        }
        guard let environ else { return 1 }
        let root = try FileDescriptor.open(path: "/proc/\(target)/root", .pathFollowing)
        _ = try Confinement.harden(.collector, mode: .strict)
        for name in ["environ", "maps", "mem"] {
          guard (try? FileDescriptor.open(path: "/proc/\(target)/\(name)", .read)) == nil else { return 2 }
        }
        for name in ["root", "exe", "cwd"] {
          guard (try? FileDescriptor.open(path: "/proc/\(target)/\(name)", .pathFollowing)) == nil else { return 3 }
        }
        // Asked about when it is read, not when it is opened.
        var text: [UInt8] = []
        do throws(SystemError) {
          let io = try FileDescriptor.open(path: "/proc/\(target)/io", .read)
          _ = try io.read(into: &text, count: 100)
          return 6
        } catch {
          guard error.number == EACCES else { return 7 }
        }
        guard try environ.read(into: &text, count: 100, at: 0) == 9 else { return 4 }
        guard try root.open("etc", .pathDirectory).status().kind == .directory else { return 5 }
        // What everybody may read stays readable.
        for name in ["stat", "status", "cmdline", "cgroup", "limits"] {
          _ = try FileDescriptor.open(path: "/proc/\(target)/\(name)", .read)
        }
        return 42
      }
      close(left)
      close(right)
      Forked.expect(outcome == .exited(42), "\(outcome)")
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }

  /// The whole of it, and the proof names the filter that was loaded.
  @Test(arguments: Role.allCases)
  func loads(_ role: Role) async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      [role = role.rawValue as String] in
      let role = Role(rawValue: role)!
      let outcome = Forked.run {
        Forked.becomeNobody()
        let own = try FileDescriptor.open(path: "/proc/self/status", .read)
        let filter = try SeccompFilter(for: role)
        let digest = filter.digest
        let confined = try Confinement.harden(role, mode: .strict).load(filter)
        guard confined.filterDigest == digest, confined.confinement.role == role else { return 1 }
        // The opener has no call to read with; the others see their own state.
        guard role != .opener else { return 42 }
        var text: [UInt8] = []
        _ = try own.read(into: &text, count: 8192)
        return String(decoding: text, as: UTF8.self).contains("Seccomp:\t2\n") ? 42 : 2
      }
      Forked.expect(outcome == .exited(42), "\(outcome)")
      // Once more, and then the one call too many.
      let killed = Forked.run {
        Forked.becomeNobody()
        // Before the limits: compiling goes by way of a file in memory.
        let filter = try SeccompFilter(for: role)
        _ = try Confinement.harden(role, mode: .strict).load(filter)
        _ = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        return 1
      }
      Forked.expect(killed == .killed(SIGSYS), "\(killed)")
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }

  @Test func theBoundingSet() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      let outcome = Forked.run {
        guard !Capabilities.boundingSetIsEmpty else { return 1 }
        guard cl_capbset_drop_all() == 0, Capabilities.boundingSetIsEmpty else { return 2 }
        return 42
      }
      Forked.expect(outcome == .exited(42), "\(outcome)")
      exit(EXIT_SUCCESS)
    }
    Forked.report(result)
  }
}
