/// How hard a value would be to guess, estimated from its bytes alone and on the low side.
enum Strength {
  /// Whether a value may have a fingerprint and may taint other text.
  static func isStrong(_ value: [UInt8]) -> Bool {
    value.count >= MaskingLimits.shortestStrong && bits(value) >= MaskingLimits.weakBits
      && !isCommon(value)
  }

  /// A low estimate in bits: runs, sequences and repeated bytes count for little, and a byte counts
  /// for no more than its alphabet allows.
  static func bits(_ value: [UInt8]) -> Int {
    var seen = Set<UInt8>()
    var alphabet = (lower: false, upper: false, digit: false, other: false)
    var effective = 0
    var previous: UInt8?
    for byte in value.prefix(4096) {
      seen.insert(byte)
      if ByteClass.isLower(byte) {
        alphabet.lower = true
      } else if ByteClass.isUpper(byte) {
        alphabet.upper = true
      } else if ByteClass.isDigit(byte) {
        alphabet.digit = true
      } else {
        alphabet.other = true
      }
      if let before = previous, byte == before || byte == before &+ 1 || byte == before &- 1 {
        previous = byte
        continue
      }
      effective += 1
      previous = byte
    }
    // Eighths of a bit for each byte: words of letters alone carry far less than random letters.
    var eighths = 0
    if alphabet.lower || alphabet.upper { eighths += 22 }
    if alphabet.lower && alphabet.upper { eighths += 5 }
    if alphabet.digit { eighths += 10 }
    if alphabet.other { eighths += 6 }
    // As many bytes as three times the distinct ones: "abababab" is not eight bytes of anything.
    return min(effective, seen.count * 3) * eighths / 8
  }

  /// Values that everybody tries first.
  static func isCommon(_ value: [UInt8]) -> Bool {
    guard value.count <= 16 else { return false }
    let folded = value.map(ByteClass.lower)
    return commonValues.contains(String(decoding: folded, as: UTF8.self))
  }

  private static let commonValues: Set<String> = [
    "password", "password1", "password12", "password123", "password1234", "passw0rd", "p@ssw0rd", "p@ssword",
    "pa55word", "pass1234", "pass@123", "passpass", "changeme", "changeit", "change_me", "change-me", "changeme1",
    "changeme123", "letmein1", "welcome1", "welcome123", "qwerty123", "qwertyui", "qwertyuiop", "qwerty12",
    "1q2w3e4r", "1q2w3e4r5t", "1qaz2wsx", "1qazxsw2", "q1w2e3r4", "zaq12wsx", "abcd1234", "abc12345", "abc123456",
    "a1b2c3d4", "iloveyou", "trustno1", "sunshine", "princess", "football", "baseball", "superman", "starwars",
    "computer", "administrator", "admin123", "admin1234", "admin12345", "root1234", "rootroot", "rootpass",
    "toor1234", "test1234", "test12345", "testtest", "testpass", "testing123", "secret123", "secret1234",
    "mysecret", "mysecretpassword", "supersecret", "mypassword", "postgres", "mongodb1", "rabbitmq", "guestguest",
    "minioadmin", "minio123", "elastic1", "wordpress", "vagrant1", "keycloak", "grafana1", "example1",
    "dragon123", "monkey123", "hello123", "default1", "temp1234", "p4ssw0rd", "passwort", "kennwort",
  ]
}
