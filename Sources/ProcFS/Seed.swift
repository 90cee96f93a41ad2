enum ProcFSSeed {}
