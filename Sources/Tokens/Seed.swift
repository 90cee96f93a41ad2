enum TokensSeed {}
