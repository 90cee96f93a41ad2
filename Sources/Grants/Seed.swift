enum GrantsSeed {}
