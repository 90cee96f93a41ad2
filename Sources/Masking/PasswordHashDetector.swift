/// Finds stored password hashes: modular crypt strings, LDAP schemes, Django's form.
enum PasswordHashDetector {
  static let beginnings = [
    "$1$", "$2a$", "$2b$", "$2y$", "$5$", "$6$", "$7$", "$y$", "$gy$", "$apr1$", "$argon2", "$scrypt$", "$pbkdf2",
    "$sha1$",
    "$p$b", "$h$9", "{ssha}", "{sha}", "{smd5}", "{md5}", "{ssha256}", "{ssha512}", "{sha256}", "{sha512}", "{crypt}",
    "{pbkdf2", "pbkdf2_sha256$", "pbkdf2_sha1$", "bcrypt_sha256$", "pbkdf2:sha256:", "scrypt:32768:", "scram-sha-256$",
    "$8$", "$9$",
  ]

  static func scan(_ bytes: Span<UInt8>, start: Int, end: Int, state: inout ScanState) {
    guard start >= state.hashesDone else { return }
    var index = end
    let limit = min(bytes.count, end + 1024)
    while index < limit, isHashByte(bytes[index]) { index += 1 }
    guard index - end >= 12 else { return }
    state.hashesDone = index
    state.findings.add(start, index, .passwordHash, "password-hash")
  }

  private static func isHashByte(_ byte: UInt8) -> Bool {
    ByteClass.isBase64(byte) || byte == 0x24 || byte == 0x2E || byte == 0x3D || byte == 0x2C || byte == 0x3A
      || byte == 0x7D
  }
}
