enum LinuxSeed {}
