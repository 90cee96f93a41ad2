package import StrictJSON

/// What stands for a masked value.
package struct MaskedValue: Sendable, Equatable, Decodable {
  package var kind: String
  /// A bucket such as `16-31`, in bytes.
  package var length: String
  /// Equal for equal values within one grant; absent where the value is short or weak.
  package var fingerprint: String?

  package init(kind: String, length: String, fingerprint: String?) {
    self.kind = kind
    self.length = length
    self.fingerprint = fingerprint
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("kind", kind)
      $0.member("length", length)
      $0.member(optional: "fingerprint", fingerprint)
    }
  }
}

/// One entry of an environment block: `name` and either `value` or `masked`.
package struct Variable: Sendable, Equatable, Decodable {
  package var name: String
  package var nameBase64: String?
  package var value: String?
  package var valueBase64: String?
  package var masked: MaskedValue?
  /// How many parts of `value` are presence tokens.
  package var maskedParts: Int?
  /// `empty`, `duplicate`, `no_equals_sign`, `unterminated`, `not_utf8`.
  package var flags: [String]?

  package init(name: TargetText, value: TargetText? = nil, masked: MaskedValue? = nil, maskedParts: Int? = nil) {
    self.name = name.text
    nameBase64 = name.base64
    self.value = value?.text
    valueBase64 = value?.base64
    self.masked = masked
    self.maskedParts = maskedParts
  }

  private enum CodingKeys: String, CodingKey {
    case name, value, masked, flags
    case nameBase64 = "name_base64"
    case valueBase64 = "value_base64"
    case maskedParts = "masked_parts"
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("name", name)
      $0.member(optional: "name_base64", nameBase64)
      $0.member(optional: "value", value)
      $0.member(optional: "value_base64", valueBase64)
      if let masked {
        $0.name("masked")
        masked.write(to: &$0)
      }
      $0.member(optional: "masked_parts", maskedParts)
      if let flags, !flags.isEmpty { $0.member("flags", flags) }
    }
  }
}

/// The answer of `GET /v1/processes/{id}/environment`.
package struct Environment: Sendable, Equatable, Decodable {
  package var process: String
  /// `exec`: the block as it was at execve(2); a later setenv(3) is not in it.
  package var source: String
  package var bytesRead: Int64
  package var truncated: Bool
  /// Variables that the grant's names do not include.
  package var hidden: Int
  package var variables: [Variable]

  package init(process: String, bytesRead: Int64, truncated: Bool, hidden: Int, variables: [Variable]) {
    self.process = process
    source = "exec"
    self.bytesRead = bytesRead
    self.truncated = truncated
    self.hidden = hidden
    self.variables = variables
  }

  private enum CodingKeys: String, CodingKey {
    case process, source, truncated, hidden, variables
    case bytesRead = "bytes_read"
  }

  package func write(to writer: inout JSONWriter) {
    write(to: &writer) { for variable in variables { variable.write(to: &$0) } }
  }

  /// With variables that are written as they come, and not those of the value.
  package func write(to writer: inout JSONWriter, variables: (inout JSONWriter) -> Void) {
    writer.object {
      $0.member("process", process)
      $0.member("source", source)
      $0.member("bytes_read", bytesRead)
      $0.member("truncated", truncated)
      $0.member("hidden", hidden)
      $0.member(array: "variables") { variables(&$0) }
    }
  }
}
