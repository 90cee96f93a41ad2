enum IdentitySeed {}
