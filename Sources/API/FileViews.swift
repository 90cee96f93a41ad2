package import StrictJSON

/// Metadata of one file, as statx(2) has it; never its content.
package struct FileEntry: Sendable, Equatable, Decodable {
  /// In a listing the name within the directory; in `GET /v1/files` the path asked for.
  package var name: String
  package var nameBase64: String?
  /// `regular`, `directory`, `symlink`, `fifo`, `socket`, `character_device`, `block_device`, `unknown`.
  package var type: String
  package var size: Int64
  package var allocatedBytes: Int64
  /// Permission and set-id bits in octal, four digits.
  package var mode: String
  package var uid: Int
  package var gid: Int
  package var links: Int
  package var inode: UInt64
  /// `major:minor`
  package var device: String
  /// RFC 3339 with nanoseconds.
  package var accessed: String
  package var modified: String
  package var changed: String
  /// Absent where the file system does not keep it.
  package var born: String?
  /// Where a symlink points, as text, masked; not followed.
  package var target: String?
  package var targetBase64: String?
  /// Names only.
  package var extendedAttributes: [String]?

  package init(
    name: TargetText, type: String, size: Int64, allocatedBytes: Int64, mode: String, uid: Int, gid: Int, links: Int,
    inode: UInt64, device: String, accessed: String, modified: String, changed: String, born: String?
  ) {
    self.name = name.text
    nameBase64 = name.base64
    self.type = type
    self.size = size
    self.allocatedBytes = allocatedBytes
    self.mode = mode
    self.uid = uid
    self.gid = gid
    self.links = links
    self.inode = inode
    self.device = device
    self.accessed = accessed
    self.modified = modified
    self.changed = changed
    self.born = born
  }

  private enum CodingKeys: String, CodingKey {
    case name, type, size, mode, uid, gid, links, inode, device, accessed, modified, changed, born, target
    case nameBase64 = "name_base64"
    case allocatedBytes = "allocated_bytes"
    case targetBase64 = "target_base64"
    case extendedAttributes = "extended_attributes"
  }

  package func write(to writer: inout JSONWriter) {
    writer.object { writeMembers(to: &$0) }
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("name", name)
    writer.member(optional: "name_base64", nameBase64)
    writer.member("type", type)
    writer.member("size", size)
    writer.member("allocated_bytes", allocatedBytes)
    writer.member("mode", mode)
    writer.member("uid", uid)
    writer.member("gid", gid)
    writer.member("links", links)
    writer.member("inode", inode)
    writer.member("device", device)
    writer.member("accessed", accessed)
    writer.member("modified", modified)
    writer.member("changed", changed)
    writer.member(optional: "born", born)
    writer.member(optional: "target", target)
    writer.member(optional: "target_base64", targetBase64)
    if let extendedAttributes { writer.member("extended_attributes", extendedAttributes) }
  }
}

/// The answer of `GET /v1/files`.
package struct FileAnswer: Sendable, Equatable, Decodable {
  package var container: String
  /// As asked for.
  package var path: String
  /// After every symlink but a last one.
  package var resolvedPath: String
  package var fileSystem: String
  package var file: FileEntry

  package init(container: String, path: String, resolvedPath: String, fileSystem: String, file: FileEntry) {
    self.container = container
    self.path = path
    self.resolvedPath = resolvedPath
    self.fileSystem = fileSystem
    self.file = file
  }

  private enum CodingKeys: String, CodingKey {
    case container, path, file
    case resolvedPath = "resolved_path"
    case fileSystem = "file_system"
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("container", container)
      $0.member("path", path)
      $0.member("resolved_path", resolvedPath)
      $0.member("file_system", fileSystem)
      $0.name("file")
      file.write(to: &$0)
    }
  }
}

/// The answer of `GET /v1/directories`, sorted by the bytes of the names.
package struct DirectoryList: Sendable, Equatable, Decodable {
  package var container: String
  package var path: String
  package var resolvedPath: String
  /// Entries that the grant's paths do not include.
  package var hidden: Int
  package var truncated: Bool
  package var next: String?
  package var entries: [FileEntry]

  package init(
    container: String, path: String, resolvedPath: String, hidden: Int, truncated: Bool, next: String?,
    entries: [FileEntry]
  ) {
    self.container = container
    self.path = path
    self.resolvedPath = resolvedPath
    self.hidden = hidden
    self.truncated = truncated
    self.next = next
    self.entries = entries
  }

  private enum CodingKeys: String, CodingKey {
    case container, path, hidden, truncated, next, entries
    case resolvedPath = "resolved_path"
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("container", container)
      $0.member("path", path)
      $0.member("resolved_path", resolvedPath)
      $0.member("hidden", hidden)
      $0.member("truncated", truncated)
      $0.member(optional: "next", next)
      $0.member(array: "entries") { for entry in entries { entry.write(to: &$0) } }
    }
  }
}
