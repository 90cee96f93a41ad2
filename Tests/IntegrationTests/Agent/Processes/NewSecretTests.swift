import Foundation
import Glibc
import Testing

/// Programs whose secrets nobody has seen yet, and that write them to the log at once.
@Suite("Secrets of programs that have just started")
struct NewSecretTests {
  @Test("a process that was seen as a copy of its parent, and starts the same program with a secret")
  func execAfterFork() throws {
    let agent = try AgentUnderTest(
      PythonWorkload.command(
        """
        go = open('/proc/self/fd/0')
        def later():
            signal.sigwait({signal.SIGUSR1})
            os.execve(sys.executable, ['python3', '-c', 'import os, time; '
                'print("connecting with", os.environ["DB_PASSWORD"], flush=True); time.sleep(600)'],
                {'DB_PASSWORD': 'violet-otter-lantern'})
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        pid = child(later)
        ready(str(pid))
        stay()
        """))
    let pid = try #require(try PythonWorkload.words(agent).first.flatMap { Int32($0) })
    let token = try agent.token()
    #expect(try agent.get("/v1/logs/stdout", token: token).status == 200)
    kill(pid, SIGUSR1)
    let log = agent.installation.state.path("logs/stdout.log")
    let deadline = Date().addingTimeInterval(60)
    while try !String(contentsOfFile: log, encoding: .utf8).contains("connecting"), Date() < deadline { usleep(1000) }
    let answer = try agent.get("/v1/logs/stdout", token: token)
    #expect(answer.body.contains("connecting with ‹"), "\(answer.body)")
    #expect(!answer.body.contains("otter"))
  }

  @Test("while one program after the other starts: neither a tail nor a follow shows what they write")
  func stream() throws {
    let agent = try AgentUnderTest(
      PythonWorkload.command(
        """
        # So that a look at all environments takes long.
        large = {'V%d' % number: '%04d' % number * 120 for number in range(200)}
        crowd = [subprocess.Popen(['sleep', '600'], env=large) for _ in range(200)]
        ready()
        script = 'echo connecting with $DB_PASSWORD; exec sleep 600'
        for number in range(500):
            subprocess.Popen(['sh', '-c', script], env={'DB_PASSWORD': '%03d-violet-otter' % number, 'PATH': '/bin'})
            time.sleep(0.02)
        print('all have started', flush=True)
        stay()
        """))
    _ = try PythonWorkload.words(agent)
    let token = try agent.narrowToken({ $0["limits"] = ["requests": 10_000, "concurrency": 8, "follow_seconds": 120] })
    let follow = try Follow(agent, "/v1/logs/stdout?follow=true&lines=1", token: token)
    var tails = 0
    var last: AgentUnderTest.Answer
    let deadline = Date().addingTimeInterval(120)
    repeat {
      last = try agent.get("/v1/logs/stdout?lines=20", token: token)
      try #require(last.status == 200 && !last.body.contains("otter"), "after \(tails): \(last.body)")
      tails += 1
    } while !last.body.contains("all have started") && Date() < deadline
    #expect(last.body.contains("connecting with ‹"))
    try follow.wait(for: "all have started")
    let lines = follow.text
    #expect(lines.contains("connecting with ‹") && !lines.contains("otter"))
    print("\(tails) tails while 500 programs started")
  }

  @Test("while names and arguments are read they become those of a program that has just started")
  func renamed() throws {
    let agent = try AgentUnderTest(
      PythonWorkload.command(
        """
        import tempfile
        folder = tempfile.mkdtemp()
        os.chmod(folder, 0o755)
        paths = [folder + '/%04d' % number for number in range(1500)]
        for path in paths:
            os.symlink('nowhere', path)
        ready(folder)
        jobs = []
        for round in range(600):
            secret = '%05d-larch-bittern' % round
            with_argument = ['sh', '-c', 'sleep 600; :', secret]
            jobs.append(subprocess.Popen(with_argument, env={'JOB_PASSWORD': secret, 'PATH': '/bin'}))
            for path in paths[750:]:
                os.symlink(secret, path + 'x')
                os.rename(path + 'x', path)
        stay()
        """))
    let folder = try #require(try PythonWorkload.words(agent).first)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let token = try agent.narrowToken({ $0["limits"] = ["requests": 10_000, "concurrency": 8] })
    var masked = 0
    for request in 0..<40 {
      let path = request % 2 == 0 ? "directories?path=\(folder)&limit=10000" : "processes?fields=command,arguments"
      let answer = try agent.get("/v1/" + path, token: token)
      try #require(answer.status == 200, "\(answer.body.prefix(500))")
      let found = answer.body.firstRange(of: "larch").map { answer.body[$0.lowerBound...].prefix(60) }
      #expect(found == nil, "\(path) shows \(found ?? "")")
      if answer.body.contains("‹") { masked += 1 }
    }
    #expect(masked > 30)
  }

  @Test("what was seen stays known, however many variables come after it")
  func remembered() throws {
    let agent = try AgentUnderTest(
      PythonWorkload.command(
        """
        once = subprocess.Popen(['sleep', '600'], env={'ONCE_PASSWORD': 'cobalt-heron-lute'})
        ready('migrate', 'as', 'cobalt-heron-lute')
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        for round in range(2):
            signal.sigwait({signal.SIGUSR1})
            once.kill()
            once.wait()
            crowd = []
            for number in range(18):
                values = {'V%d' % name: '%d %d %d ' % (round, number, name) * 80 for name in range(113)}
                crowd.append(subprocess.Popen(['sleep', '600'], env=values))
            print('round', round, flush=True)
            signal.sigwait({signal.SIGUSR1})
            for sleeper in crowd:
                sleeper.kill()
                sleeper.wait()
            print('over', round, flush=True)
        stay()
        """))
    _ = try PythonWorkload.words(agent)
    let token = try agent.token()
    let log = agent.installation.state.path("logs/stdout.log")
    #expect(try agent.get("/v1/logs/stdout", token: token).body.contains("migrate as ‹recurring"))
    for word in ["round 0", "over 0", "round 1", "over 1"] {
      kill(pid_t(agent.workload), SIGUSR1)
      let deadline = Date().addingTimeInterval(60)
      while try !String(contentsOfFile: log, encoding: .utf8).contains(word), Date() < deadline { usleep(10_000) }
      let answer = try agent.get("/v1/logs/stdout", token: token)
      #expect(answer.body.contains("migrate as ‹") && !answer.body.contains("heron"), "\(word): \(answer.body)")
    }
    #expect(try agent.get("/v1/logs/stdout", token: token).body.contains("migrate as ‹recurring"))
  }
}
