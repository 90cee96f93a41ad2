internal import Dispatch
internal import FoundationEssentials
internal import GRDB

/// A session as the database has it. Times are seconds since 1970.
struct StoredSession: Sendable, Equatable {
  let id: String
  let grant: String
  let subject: String
  /// The agent's SPIFFE ID.
  let agent: String
  let rules: [String]
  /// The alternatives of the grant, a JSON array of authorization details.
  let details: String
  /// Of the session's certificate.
  let thumbprint: String
  let created: Int64
  let expires: Int64
  /// Seconds without a valid token after which the session ends.
  let idle: Int64?
  /// The end of the newest token, or `created` before the first.
  let lastTokenExpires: Int64
  /// When it was ended before its time.
  let ended: Int64?
  /// Hexadecimal SHA-256 of the policy that granted it.
  let policyDigest: String

  enum State: Sendable, Equatable {
    case open
    case ended
    case expired
    case idle
  }

  func state(at now: Int64) -> State {
    if ended != nil { return .ended }
    if now >= expires { return .expired }
    if let idle, now >= lastTokenExpires + idle { return .idle }
    return .open
  }
}

/// What the broker must not forget: sessions with their grants, and the tokens that are about.
final class Store: Sendable {
  private let pool: DatabasePool

  /// Opens the database, makes it if it is not there, and brings its form up to date.
  init(path: String) throws(StartError) {
    do {
      var configuration = Configuration()
      configuration.foreignKeysEnabled = true
      configuration.busyMode = .timeout(5)
      // Dispatch gives more than that to nobody but root: it would ask for it, and say in the system's log that it may not,
      // by a socket that the filter forbids.
      configuration.qos = .default
      configuration.prepareDatabase { database in
        // WAL with full synchronisation: what was answered survives a power cut.
        try database.execute(sql: "PRAGMA synchronous = FULL")
      }
      pool = try DatabasePool(path: path, configuration: configuration)
      try Self.migrator.migrate(pool)
    } catch {
      throw StartError("database \(path)", String(describing: error))
    }
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1") { database in
      try database.execute(
        sql: """
          CREATE TABLE sessions (
            id TEXT PRIMARY KEY NOT NULL, subject TEXT NOT NULL, agent TEXT NOT NULL, thumbprint TEXT NOT NULL UNIQUE,
            created INTEGER NOT NULL, expires INTEGER NOT NULL, idle INTEGER, last_token_expires INTEGER NOT NULL,
            ended INTEGER, CHECK (expires > created)
          ) STRICT;
          CREATE INDEX sessions_by_subject ON sessions (subject, expires);
          CREATE TABLE grants (
            id TEXT PRIMARY KEY NOT NULL, session TEXT NOT NULL UNIQUE REFERENCES sessions (id) ON DELETE CASCADE,
            rules TEXT NOT NULL, details TEXT NOT NULL, policy_sha256 TEXT NOT NULL, justification TEXT, ticket TEXT
          ) STRICT;
          CREATE TABLE tokens (
            jti TEXT PRIMARY KEY NOT NULL, session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
            issued INTEGER NOT NULL, expires INTEGER NOT NULL
          ) STRICT;
          CREATE INDEX tokens_by_session ON tokens (session);
          CREATE INDEX tokens_by_expiry ON tokens (expires);
          """)
    }
    return migrator
  }

  /// Does all of `body` or, where it throws, nothing of it. Errors of the database become a refusal.
  func transaction<T: Sendable>(_ body: @escaping @Sendable (StoreTransaction) throws -> T) async throws(Refusal) -> T {
    do {
      return try await pool.write { database in try body(StoreTransaction(database: database)) }
    } catch let refusal as Refusal {
      throw refusal
    } catch let error as AuditError {
      throw Refusal(.temporarilyUnavailable, "the request cannot be recorded, so it is not served", log: "\(error)")
    } catch {
      throw .failure(error)
    }
  }

  func session(id: String) async throws(Refusal) -> StoredSession? {
    do {
      return try await pool.read { database in try StoreTransaction(database: database).session(id: id) }
    } catch {
      throw .failure(error)
    }
  }

  /// Whether the database answers.
  func check() async throws(Refusal) {
    do {
      _ = try await pool.read { database in try Int.fetchOne(database, sql: "SELECT 1 FROM sessions LIMIT 1") }
    } catch {
      throw .failure(error)
    }
  }
}
