enum OpenerSeed {}
