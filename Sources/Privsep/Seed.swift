enum PrivsepSeed {}
