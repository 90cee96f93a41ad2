enum AuditLogSeed {}
