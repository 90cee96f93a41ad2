internal import FoundationEssentials
internal import GRDB

/// What can be done within one transaction; not to be kept beyond it.
struct StoreTransaction {
  private let database: Database

  init(database: Database) {
    self.database = database
  }

  func session(id: String) throws -> StoredSession? {
    try Row.fetchOne(
      database,
      sql: """
        SELECT sessions.*, grants.id AS grant_id, rules, details, policy_sha256
        FROM sessions JOIN grants ON grants.session = sessions.id WHERE sessions.id = ?
        """, arguments: [id]
    ).map(Self.session)
  }

  /// How many sessions of a subject are open, by each rule that granted them.
  func openSessions(of subject: String, at now: Int64) throws -> [String: Int64] {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT sessions.*, grants.id AS grant_id, rules, details, policy_sha256
        FROM sessions JOIN grants ON grants.session = sessions.id
        WHERE subject = ? AND expires > ? AND ended IS NULL
        """, arguments: [subject, now])
    var counts: [String: Int64] = [:]
    for session in rows.map(Self.session) where session.state(at: now) == .open {
      for rule in session.rules { counts[rule, default: 0] += 1 }
    }
    return counts
  }

  func insert(_ session: StoredSession, justification: String?, ticket: String?) throws {
    try database.execute(
      sql: """
        INSERT INTO sessions (id, subject, agent, thumbprint, created, expires, idle, last_token_expires)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        session.id, session.subject, session.agent, session.thumbprint, session.created, session.expires, session.idle,
        session.lastTokenExpires,
      ])
    try database.execute(
      sql: """
        INSERT INTO grants (id, session, rules, details, policy_sha256, justification, ticket)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        session.grant, session.id, session.rules.joined(separator: " "), session.details, session.policyDigest,
        justification, ticket,
      ])
  }

  /// Notes an issued token, and forgets those that ended a day ago.
  func insertToken(id: String, session: String, issued: Int64, expires: Int64) throws {
    try database.execute(
      sql: "INSERT INTO tokens (jti, session, issued, expires) VALUES (?, ?, ?, ?)",
      arguments: [id, session, issued, expires])
    try database.execute(
      sql: "UPDATE sessions SET last_token_expires = max(last_token_expires, ?) WHERE id = ?",
      arguments: [expires, session])
    try database.execute(sql: "DELETE FROM tokens WHERE expires < ?", arguments: [issued - 86_400])
  }

  /// Ends a session; one that has ended already keeps its time.
  func endSession(id: String, at now: Int64) throws {
    try database.execute(
      sql: "UPDATE sessions SET ended = ? WHERE id = ? AND ended IS NULL", arguments: [now, id])
  }

  private static func session(_ row: Row) -> StoredSession {
    let rules: String = row["rules"]
    return StoredSession(
      id: row["id"], grant: row["grant_id"], subject: row["subject"], agent: row["agent"],
      rules: rules.split(separator: " ").map(String.init), details: row["details"], thumbprint: row["thumbprint"],
      created: row["created"], expires: row["expires"], idle: row["idle"], lastTokenExpires: row["last_token_expires"],
      ended: row["ended"], policyDigest: row["policy_sha256"])
  }
}
