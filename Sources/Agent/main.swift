internal import Collector
internal import Endpoint
internal import Linux
internal import Sandbox

// One executable, three processes. The opener is the parent and starts the other two from the same file; their first
// argument says which they are.

let words = CommandLine.arguments.dropFirst()
switch words.first {
case "run"?:
  do throws(Arguments.Usage) {
    let arguments = try Arguments(words.dropFirst())
    AgentProcess.runOpener(arguments)
  } catch {
    StartFailure.report("\(error.description); see --help")
    Process.exitNow(64)
  }
case AgentProcess.collectorWord?: AgentProcess.runCollector(words.dropFirst())
case AgentProcess.endpointWord?: AgentProcess.runEndpoint(words.dropFirst())
case "system-calls"? where words.dropFirst().first == "--digests":
  do throws(SandboxError) {
    print(try SystemCallTable.digests(), terminator: "")
  } catch {
    StartFailure.report(error.description)
    Process.exitNow(70)
  }
case "probe"?: ProbeCommand.run(Array(words.dropFirst()))
case "system-calls"?: print(SystemCallTable.markdown, terminator: "")
case "--help"?, "-h"?: print(Arguments.help)
case "--version"?: print("sidelight-agent build \(Process.buildID)")
case _:
  StartFailure.report("expected 'run'; see --help")
  Process.exitNow(64)
}
