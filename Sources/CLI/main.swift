// A process that is about to become another one must not have started a thread, so that is looked at first.
if let launch = DevLaunch(arguments: CommandLine.arguments) { launch.run() }
await Sidelight.start()
