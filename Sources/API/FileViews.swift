package import StrictJSON

/// Where a file lies in the container's mount table.
package struct FileMount: Sendable, Equatable, Decodable {
  package var id: UInt64
  package var fileSystem: String
  /// Masked.
  package var point: String
  /// `ro`, of the mount or of its file system.
  package var readOnly: Bool
  /// Of the mount, as mount(8) names them.
  package var options: [String]

  package init(id: UInt64, fileSystem: String, point: String, readOnly: Bool, options: [String]) {
    self.id = id
    self.fileSystem = fileSystem
    self.point = point
    self.readOnly = readOnly
    self.options = options
  }

  private enum CodingKeys: String, CodingKey {
    case id, point, options
    case fileSystem = "file_system"
    case readOnly = "read_only"
  }

  func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("id", id)
      $0.member("file_system", fileSystem)
      $0.member("point", point)
      $0.member("read_only", readOnly)
      $0.member("options", options)
    }
  }
}

/// The answer of `GET /v1/files`.
package struct FileAnswer: Sendable, Equatable, Decodable {
  package var container: String
  /// As asked for.
  package var path: TargetText
  /// After every symlink but a last one.
  package var resolvedPath: TargetText
  package var mount: FileMount
  package var file: FileEntry

  package init(container: String, path: TargetText, resolvedPath: TargetText, mount: FileMount, file: FileEntry) {
    self.container = container
    self.path = path
    self.resolvedPath = resolvedPath
    self.mount = mount
    self.file = file
  }

  private enum CodingKeys: String, CodingKey { case container, mount, file }

  package init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: CodingKeys.self)
    container = try members.decode(String.self, forKey: .container)
    mount = try members.decode(FileMount.self, forKey: .mount)
    file = try members.decode(FileEntry.self, forKey: .file)
    (path, resolvedPath) = try FilePaths.decode(decoder)
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("container", container)
      $0.member("path", path)
      $0.member("resolved_path", resolvedPath)
      $0.name("mount")
      mount.write(to: &$0)
      $0.name("file")
      file.write(to: &$0)
    }
  }
}

/// The answer of `GET /v1/directories`. The agent writes entry by entry and never holds them all.
package struct DirectoryList: Sendable, Equatable, Decodable {
  package var container: String
  package var path: TargetText
  package var resolvedPath: TargetText
  /// Sorted by the bytes of the names.
  package var entries: [FileEntry]
  /// Entries of the whole directory, this page's included, that the grant's paths do not include.
  package var hidden: Int
  /// Entries of the directory that were read for this page.
  package var total: Int
  /// There are more: `next` leads to them, unless this agent's own limit was reached.
  package var truncated: Bool
  /// Entries came, went or were renamed since the first page was begun.
  package var changed: Bool
  package var next: String?

  package init(
    container: String, path: TargetText, resolvedPath: TargetText, entries: [FileEntry] = [], hidden: Int = 0,
    total: Int = 0, truncated: Bool = false, changed: Bool = false, next: String? = nil
  ) {
    self.container = container
    self.path = path
    self.resolvedPath = resolvedPath
    self.entries = entries
    self.hidden = hidden
    self.total = total
    self.truncated = truncated
    self.changed = changed
    self.next = next
  }

  private enum CodingKeys: String, CodingKey { case container, entries, hidden, total, truncated, changed, next }

  package init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: CodingKeys.self)
    container = try members.decode(String.self, forKey: .container)
    entries = try members.decode([FileEntry].self, forKey: .entries)
    hidden = try members.decode(Int.self, forKey: .hidden)
    total = try members.decode(Int.self, forKey: .total)
    truncated = try members.decode(Bool.self, forKey: .truncated)
    changed = try members.decode(Bool.self, forKey: .changed)
    next = try members.decodeIfPresent(String.self, forKey: .next)
    (path, resolvedPath) = try FilePaths.decode(decoder)
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      writePlace(to: &$0)
      $0.member(array: "entries") { for entry in entries { entry.write(to: &$0) } }
      writeCounts(to: &$0)
    }
  }

  /// What is known before the entries are read.
  package func writePlace(to writer: inout JSONWriter) {
    writer.member("container", container)
    writer.member("path", path)
    writer.member("resolved_path", resolvedPath)
  }

  /// What is known after it.
  package func writeCounts(to writer: inout JSONWriter) {
    writer.member("hidden", hidden)
    writer.member("total", total)
    writer.member("truncated", truncated)
    writer.member("changed", changed)
    writer.member(optional: "next", next)
  }
}

/// The answer of `GET /v1/files/digest`.
package struct FileDigest: Sendable, Equatable, Decodable {
  package var container: String
  package var path: TargetText
  package var resolvedPath: TargetText
  /// HMAC-SHA-256 of the content, hexadecimal, under a key of this agent and this grant.
  package var digest: String
  package var size: Int64
  package var inode: UInt64
  package var device: String
  package var modified: String
  package var changed: String

  package static let algorithm = "hmac-sha256"

  package init(
    container: String, path: TargetText, resolvedPath: TargetText, digest: String, size: Int64, inode: UInt64,
    device: String, modified: String, changed: String
  ) {
    self.container = container
    self.path = path
    self.resolvedPath = resolvedPath
    self.digest = digest
    self.size = size
    self.inode = inode
    self.device = device
    self.modified = modified
    self.changed = changed
  }

  private enum CodingKeys: String, CodingKey { case container, digest, size, inode, device, modified, changed }

  package init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: CodingKeys.self)
    container = try members.decode(String.self, forKey: .container)
    digest = try members.decode(String.self, forKey: .digest)
    size = try members.decode(Int64.self, forKey: .size)
    inode = try members.decode(UInt64.self, forKey: .inode)
    device = try members.decode(String.self, forKey: .device)
    modified = try members.decode(String.self, forKey: .modified)
    changed = try members.decode(String.self, forKey: .changed)
    (path, resolvedPath) = try FilePaths.decode(decoder)
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("container", container)
      $0.member("path", path)
      $0.member("resolved_path", resolvedPath)
      $0.member("algorithm", Self.algorithm)
      $0.member("digest", digest)
      $0.member("size", size)
      $0.member("inode", inode)
      $0.member("device", device)
      $0.member("modified", modified)
      $0.member("changed", changed)
    }
  }
}

/// `path` and `resolved_path` with their base64, as three answers have them.
private enum FilePaths {
  private enum CodingKeys: String, CodingKey {
    case path
    case pathBase64 = "path_base64"
    case resolvedPath = "resolved_path"
    case resolvedPathBase64 = "resolved_path_base64"
  }

  static func decode(_ decoder: any Decoder) throws -> (path: TargetText, resolved: TargetText) {
    let members = try decoder.container(keyedBy: CodingKeys.self)
    return (
      TargetText(
        text: try members.decode(String.self, forKey: .path),
        base64: try members.decodeIfPresent(String.self, forKey: .pathBase64)),
      TargetText(
        text: try members.decode(String.self, forKey: .resolvedPath),
        base64: try members.decodeIfPresent(String.self, forKey: .resolvedPathBase64))
    )
  }
}
