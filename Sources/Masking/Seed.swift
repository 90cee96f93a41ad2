enum MaskingSeed {}
