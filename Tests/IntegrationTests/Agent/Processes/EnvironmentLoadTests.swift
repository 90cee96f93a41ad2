import Foundation
import Glibc
import Testing

/// A workload that makes it dear to know its secrets: many small values, others all the time, and a log full of holes.
@Suite("Environments that cost", .serialized)
struct EnvironmentLoadTests {
  @Test("more processes than are looked at: all is masked, and not what they have shown", .timeLimit(.minutes(5)))
  func crowd() throws {
    let agent = try AgentUnderTest(
      PythonWorkload.command(
        """
        ready()
        crowd = [os.posix_spawn('/bin/sleep', ['sleep', '600'], {}) for _ in range(1100)]
        os.posix_spawn('/bin/sleep', ['sleep', '600'], {'DB_PASSWORD': 'purple-monkey-dishwasher'})
        print('connecting with purple-monkey-dishwasher', flush=True)
        stay()
        """))
    let token = try agent.token()
    let deadline = Date().addingTimeInterval(60)
    var log: AgentUnderTest.Answer
    repeat { log = try agent.get("/v1/logs/stdout", token: token) } while !log.body.contains("‹") && Date() < deadline
    #expect(log.status == 200 && log.body.contains("‹oversize") && !log.body.contains("monkey"), "\(log.body)")
  }

  @Test(
    "values that change all the time, a log full of holes, four clients: every answer comes, and the agent stays small")
  func changing() throws {
    let agent = try AgentUnderTest(
      PythonWorkload.command(
        """
        import random
        sys.stdout.buffer.write(b'ready\\n' + (b'x' * 1024 + b'\\0' * 4096) * 400 + b'\\n')
        sys.stdout.buffer.flush()
        generation = 0
        while True:
            seed = random.Random(generation)
            values = {'V%d' % i: '%016x' % seed.getrandbits(64) for i in range(3000)}
            sleepers = [subprocess.Popen(['sleep', '600'], env={**values, 'N': str(n)}) for n in range(4)]
            time.sleep(0.3)
            for sleeper in sleepers:
                sleeper.kill()
                sleeper.wait()
            generation += 1
        """))
    _ = try PythonWorkload.words(agent)
    let token = try agent.narrowToken({ $0["limits"] = ["requests": 10_000, "concurrency": 8] })
    // The first survey may come in the way of the others; then four at once, for a while.
    let paths = [
      "logs/stdout?lines=1000", "processes?fields=arguments", "logs/stdout?lines=1000&since=2h", "files?path=/",
    ]
    let folder = try TemporaryFolder()
    let clients = try paths.indices.map { index in
      let urls = (0..<25).flatMap { _ in ["--output", "/dev/null", agent.url + "/v1/" + paths[index]] }
      return try Child(
        "/usr/bin/env",
        [
          "curl", "--silent", "--cacert", agent.authority, "--cert", agent.certificate, "--key", agent.key, "--header",
          "Authorization: Bearer \(token)", "--max-time", "120", "--write-out", "%{http_code}\n",
        ] + urls, output: folder.path("\(index)"), error: folder.path("error"))
    }
    for client in clients { _ = client.wait() }
    for index in paths.indices {
      let codes = try String(contentsOfFile: folder.path("\(index)"), encoding: .utf8).split(separator: "\n")
      #expect(codes.count == 25 && codes.allSatisfy { $0 == "200" }, "\(paths[index]): \(codes)")
    }
    #expect(agent.pids.values.allSatisfy(DevelopmentInstallation.isRunning))
    let log = try agent.get("/v1/logs/stdout?lines=1000", token: token).json
    // Sixty-four ends are looked at; nothing of the others' last 1,024 bytes shows.
    let lines = try #require(log["lines"] as? [[String: Any]])
    #expect(lines.count { ($0["text"] as? String)?.hasPrefix("xxx") == true } == 64)
    guard getuid() == 0 else { return }
    let bytes = try agent.proportionalBytes()
    #expect(bytes < 48_000_000, "\(bytes); a pod's container has 67 MB")
  }
}
