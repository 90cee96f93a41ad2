enum EndpointSeed {}
