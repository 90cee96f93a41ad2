internal import Crypto
internal import Daemon
internal import Foundation  // String(format:)
internal import Policy
internal import StrictJSON

/// A policy with the digest of the file that it was read from.
struct PolicyFile: Sendable {
  let policy: AccessPolicy
  /// Hexadecimal SHA-256 of the file's bytes.
  let digest: String

  /// Reads JSON from a file whose name ends in `.json`, YAML from any other.
  static func load(_ path: String) throws(StartError) -> PolicyFile {
    let bytes: [UInt8]
    do throws(InputFileError) { bytes = try InputFile.read(path) } catch { throw StartError("policy", error) }
    let value: JSONValue
    if path.hasSuffix(".json") {
      do throws(JSONError) { value = try JSONParser.parse(bytes) } catch { throw StartError(path, error) }
    } else {
      do throws(YAMLError) { value = try YAMLDocument.parse(bytes) } catch { throw StartError(path, error) }
    }
    do throws(JSONError) {
      let digest = SHA256.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
      return PolicyFile(policy: try AccessPolicy(json: value), digest: digest)
    } catch {
      throw StartError(path, error)
    }
  }
}
