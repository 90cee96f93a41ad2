enum SandboxSeed {}
