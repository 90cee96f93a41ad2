enum PolicySeed {}
