enum StrictJSONSeed {}
