package import StrictJSON

/// One file by name: its metadata, or why there is none.
package struct FileEntry: Sendable, Equatable, Decodable {
  package enum Status: String, Sendable, Decodable, CaseIterable {
    case ok
    /// Another file system is mounted on it, which is not touched here; ask for its own path.
    case mountPoint = "mount_point"
    case denied
    /// Removed since the directory was read.
    case gone
    case stalled
  }

  /// In a listing the name within the directory; in `GET /v1/files` the path asked for. Masked.
  package var name: String
  package var nameBase64: String?
  package var status: Status
  /// Present where `status` is `ok`.
  package var metadata: FileMetadata?

  package init(name: TargetText, status: Status) {
    self.name = name.text
    nameBase64 = name.base64
    self.status = status
  }

  package init(name: TargetText, metadata: FileMetadata) {
    self.init(name: name, status: .ok)
    self.metadata = metadata
  }

  private enum CodingKeys: String, CodingKey {
    case name, status
    case nameBase64 = "name_base64"
  }

  package init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: CodingKeys.self)
    name = try members.decode(String.self, forKey: .name)
    nameBase64 = try members.decodeIfPresent(String.self, forKey: .nameBase64)
    status = try members.decode(Status.self, forKey: .status)
    metadata = status == .ok ? try FileMetadata(from: decoder) : nil
  }

  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("name", name)
      $0.member(optional: "name_base64", nameBase64)
      $0.member("status", status.rawValue)
      metadata?.writeMembers(to: &$0)
    }
  }
}

/// What statx(2) says of a file, and what belongs to it; never its content.
package struct FileMetadata: Sendable, Equatable, Decodable {
  /// A part that this file may have, but that could not be had.
  package struct Unread: Sendable, Equatable, Decodable {
    package var field: String
    /// `unsupported`: the file system does not keep it, or not for this file. `denied`: not for this agent.
    /// `truncated`: there is more.
    package var status: String
    package init(field: String, status: String) {
      self.field = field
      self.status = status
    }
  }

  package struct AttributeName: Sendable, Equatable, Decodable {
    package var text: TargetText
    package init(_ text: TargetText) { self.text = text }

    private enum CodingKeys: String, CodingKey {
      case name
      case nameBase64 = "name_base64"
    }

    package init(from decoder: any Decoder) throws {
      let members = try decoder.container(keyedBy: CodingKeys.self)
      text = TargetText(
        text: try members.decode(String.self, forKey: .name),
        base64: try members.decodeIfPresent(String.self, forKey: .nameBase64))
    }
  }

  /// `regular`, `directory`, `symlink`, `fifo`, `socket`, `character_device`, `block_device`, `unknown`.
  package var type: String
  package var size: Int64
  package var allocatedBytes: Int64
  /// Of a regular file: whether fewer bytes are allocated than it is long. Holes make it so, and compression does.
  package var sparse: Bool?
  package var blockSize: Int
  /// Permission and set-id bits in octal, four digits.
  package var mode: String
  package var uid: Int
  package var gid: Int
  package var links: Int
  package var inode: UInt64
  /// `major:minor`
  package var device: String
  /// Of a device file: which device it stands for, `major:minor`.
  package var specialDevice: String?
  package var subvolume: UInt64?
  /// RFC 3339 with nanoseconds.
  package var accessed: String
  package var modified: String
  package var changed: String
  package var born: String?
  /// As chattr(1) and statx(2) name them.
  package var attributes: [String]
  /// Those that the file system can tell: what is not here may be set all the same.
  package var attributesKnown: [String]
  /// Where a symlink points, as text, masked; not followed.
  package var target: String?
  package var targetBase64: String?
  /// Names only, masked. Nil in listings.
  package var extendedAttributes: [AttributeName]?
  /// `access` and `default`, for each POSIX access control list that it has. Nil in listings.
  package var accessControlLists: [String]?
  /// Empty where everything could be had.
  package var unread: [Unread] = []

  package init(
    type: String, size: Int64, allocatedBytes: Int64, blockSize: Int, mode: String, uid: Int, gid: Int, links: Int,
    inode: UInt64, device: String, accessed: String, modified: String, changed: String, born: String?,
    attributes: [String] = [], attributesKnown: [String] = []
  ) {
    self.type = type
    self.size = size
    self.allocatedBytes = allocatedBytes
    self.blockSize = blockSize
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
    self.attributes = attributes
    self.attributesKnown = attributesKnown
  }

  private enum CodingKeys: String, CodingKey {
    case type, size, sparse, mode, uid, gid, links, inode, device, subvolume, accessed, modified, changed, born
    case attributes, target, unread
    case allocatedBytes = "allocated_bytes"
    case blockSize = "block_size"
    case specialDevice = "special_device"
    case attributesKnown = "attributes_known"
    case targetBase64 = "target_base64"
    case extendedAttributes = "extended_attributes"
    case accessControlLists = "access_control_lists"
  }

  package func writeMembers(to writer: inout JSONWriter) {
    writer.member("type", type)
    writer.member("size", size)
    writer.member("allocated_bytes", allocatedBytes)
    if let sparse { writer.member("sparse", sparse) }
    writer.member("block_size", blockSize)
    writer.member("mode", mode)
    writer.member("uid", uid)
    writer.member("gid", gid)
    writer.member("links", links)
    writer.member("inode", inode)
    writer.member("device", device)
    writer.member(optional: "special_device", specialDevice)
    writer.member(optional: "subvolume", subvolume)
    writer.member("accessed", accessed)
    writer.member("modified", modified)
    writer.member("changed", changed)
    writer.member(optional: "born", born)
    writer.member("attributes", attributes)
    writer.member("attributes_known", attributesKnown)
    writer.member(optional: "target", target)
    writer.member(optional: "target_base64", targetBase64)
    if let extendedAttributes {
      writer.member(array: "extended_attributes") {
        for name in extendedAttributes { $0.object { $0.member("name", name.text) } }
      }
    }
    if let accessControlLists { writer.member("access_control_lists", accessControlLists) }
    writer.member(array: "unread") {
      for part in unread {
        $0.object {
          $0.member("field", part.field)
          $0.member("status", part.status)
        }
      }
    }
  }
}
