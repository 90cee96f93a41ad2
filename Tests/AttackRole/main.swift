internal import CAttack
internal import Linux
internal import Sandbox

// A build of each role for tests alone: it enters the very confinement that the shipped roles enter, by the same code
// and in the same order, then waits on its socket for the name of an attack and makes it. `AttackRole list` names the
// attacks; `AttackRole ROLE PROCESS FILE FOLDER PROGRAM PORT` makes each of them in a process of its own and prints what
// came of it; `sweep` and two numbers instead of the rest make every system call between them. `AttackRole digests` names the filters. `AttackRole run` is
// an agent with the shipped collector, see TakenOverAgent; `against-opener` is the shipped opener with a collector that
// is not, see TakenOverCollector.
//
// ROLE is a role of the agent, or `nobody` for an unprivileged process without any confinement, which shows that the
// attacks are real.

let words = Array(CommandLine.arguments.dropFirst())

func fail(_ text: String) -> Never {
  report(text)
  Process.exitNow(70)
}

func report(_ line: String) {
  let stream = FileDescriptor(owning: 1)
  do throws(SystemError) { try stream.writeAll(Array("\(line)\n".utf8)) } catch { Process.exitNow(71) }
  _ = stream.release()
}

if words == ["list"] {
  for attack in 0..<ca_count() {
    report("\(Attack(index: attack).name) \(ca_works_unconfined(attack) != 0 ? "works" : "refused")")
  }
  Process.exitNow(0)
}

if words == ["digests"] {
  do {
    // As `sidelight-agent system-calls --digests`: a small program whose release build takes seconds.
    report(String(try SystemCallTable.digests().dropLast()))
  } catch {
    fail("\(error)")
  }
  Process.exitNow(0)
}

// As its user already: an agent whose endpoint somebody outside has taken over.
if words.first == "run" { TakenOverAgent.run(Array(words.dropFirst())) }
if words.first == TakenOverAgent.endpointWord { TakenOverAgent.endpoint() }
do {
  switch words.first {
  case TakenOverCollector.word?:
    try TakenOverCollector.collector(Array(words.dropFirst()))
    Process.exitNow(0)
  case TakenOverCollector.idleWord?:
    try TakenOverCollector.idle()
    Process.exitNow(0)
  case _: break
  }
} catch {
  fail("\(error)")
}

// Begun by root; the agent's user and group, as in the tests of the whole.
if ca_become(64123) < 0 { fail("cannot become an unprivileged user") }

do {
  switch words.count {
  case 5 where words[0] == "against-opener": try TakenOverCollector.run(Array(words.dropFirst()))
  case 1 where words[0] == "against-opener":
    for attack in TakenOverCollector.Attack.allCases { report(attack.rawValue) }
  case 6 where words[0] == "nobody", 7 where words[0] == "nobody":
    guard words.count == 7, let attack = Attack(name: words[6]) else { fail("usage") }
    // In this very process: the victim is the caller's, and may be gone afterwards.
    report(attack.name + " " + Outcome(result: attack.perform(try Victim(words[1..<6]))).text)
  case 6:
    guard let role = Role(rawValue: words[0]) else { fail("usage") }
    let victim = try Victim(words[1..<6])
    let trials = try Trials(role)
    for index in 0..<ca_count() {
      let attack = Attack(index: index)
      report("\(attack.name) \(try trials.run(fromWorker: false) { attack.perform(victim) }.text)")
      if role == .collector {
        report("\(attack.name) \(try trials.run(fromWorker: true) { attack.perform(victim) }.text)")
      }
    }
  case 4 where words[1] == "sweep":
    guard let role = Role(rawValue: words[0]), let first = Int(words[2]), let last = Int(words[3]), first <= last else {
      fail("usage")
    }
    let trials = try Trials(role)
    for number in first...last {
      for arguments in Arguments.all {
        let outcome = try trials.run(fromWorker: false) { arguments.call(number) }
        report("\(number) \(arguments.name) \(outcome.text)")
      }
    }
  case _: fail("usage")
  }
} catch {
  fail("\(error)")
}
Process.exitNow(0)
