internal import API
internal import Linux
internal import Masking
internal import ProcFS
internal import StrictJSON
internal import Tokens

/// `GET /v1/files` and `/v1/directories`: metadata, never content.
struct FileView {
  let files: GrantedFiles
  /// Seals the cursors of listings.
  let cursorKey: [UInt8]

  var request: Request { files.request }

  func file() throws(Refusal) -> [UInt8] {
    let (path, container) = try files.wanted()
    try request.parameters.finish()
    let found = try files.find(path, in: container, followLast: false)
    try files.charge("file", found)
    return try request.settled(files.target) { known throws(Refusal) in
      try answer(path, found, masker: files.masker(for: found, known))
    }
  }

  private func answer(_ path: [UInt8], _ found: GrantedFiles.Found, masker: Masker) throws(Refusal) -> [UInt8] {
    let described: FileMetadata
    do throws(SystemError) {
      let facts = try found.visit { () throws(SystemError) in
        try FileFacts(found.place.shared.descriptor, withAttributes: true)
      }
      described = Self.metadata(facts, masker: masker, request: request)
    } catch {
      throw Refusal(process: .init(error))
    }
    let mount = found.place.mount
    let answer = FileAnswer(
      container: found.container, path: GrantedFiles.text(path, masker),
      resolvedPath: GrantedFiles.text(found.place.path, masker),
      mount: FileMount(
        id: mount.id, fileSystem: mount.fileSystem, point: GrantedFiles.text(mount.point, masker).text,
        readOnly: mount.isReadOnly, options: mount.options),
      file: FileEntry(name: GrantedFiles.text(path, masker), metadata: described))
    var writer = JSONWriter()
    answer.write(to: &writer)
    return writer.bytes
  }

  func directory() throws(Refusal) -> [UInt8] {
    let deadline = Clock.monotonic() + DirectoryPage.latest
    let (path, container) = try files.wanted()
    let limit = try request.parameters.integer("limit", in: 1...DirectoryPage.maximumEntries)
    let cursorText = try request.parameters.optional("cursor")
    try request.parameters.finish()
    let found = try files.find(path, in: container, followLast: true)
    try files.charge("directory", found)
    let place = CursorPlace(key: cursorKey, session: request.token.session, directory: found.object)
    let cursor = try cursorText.map { text throws(Refusal) in try DirectoryCursor(text, at: place) }
    return try request.settled(files.target) { known throws(Refusal) in
      try DirectoryPage(
        found: found, request: request, masker: files.masker(for: found, known),
        limit: limit ?? DirectoryPage.defaultEntries, place: place, cursor: cursor, deadline: deadline
      ).answer()
    }
  }

  /// As the API has it, masked.
  static func metadata(_ facts: FileFacts, masker: Masker, request: Request) -> FileMetadata {
    let status = facts.status
    var mode = String(status.mode, radix: 8)
    mode = String(repeating: "0", count: max(0, 4 - mode.utf8.count)) + mode
    var metadata = FileMetadata(
      type: status.kind.rawValue, size: Int64(clamping: status.size), allocatedBytes: Int64(clamping: status.allocated),
      blockSize: Int(status.blockSize), mode: mode, uid: Int(status.uid), gid: Int(status.gid),
      links: Int(status.links), inode: status.inode, device: "\(status.deviceMajor):\(status.deviceMinor)",
      accessed: status.accessed.rfc3339(.nanoseconds), modified: status.modified.rfc3339(.nanoseconds),
      changed: status.changed.rfc3339(.nanoseconds), born: status.born?.rfc3339(.nanoseconds),
      attributes: FileStatus.names(ofAttributes: status.attributes),
      attributesKnown: FileStatus.names(ofAttributes: status.knownAttributes))
    for field in FileStatus.Field.allCases where !status.has(field) {
      metadata.unread.append(.init(field: field.memberName, status: "unsupported"))
    }
    if status.born == nil { metadata.unread.append(.init(field: "born", status: "unsupported")) }
    metadata.subvolume = status.subvolume
    switch status.kind {
    case .regular: metadata.sparse = status.allocated < status.size
    case .characterDevice, .blockDevice: metadata.specialDevice = "\(status.specialMajor):\(status.specialMinor)"
    case .symlink:
      switch facts.target {
      case .success(let bytes):
        let target = masker.text(bytes)
        request.count(target)
        let text = TargetText(bytes: target.rendered())
        metadata.target = text.text
        metadata.targetBase64 = text.base64
      case .failure(let error): metadata.unread.append(.init(field: "target", status: Self.partStatus(error)))
      }
    case .directory, .fifo, .socket, .unknown: break
    }
    switch facts.attributes {
    case nil: break
    case .success(let names):
      metadata.extendedAttributes = names.map { .init(GrantedFiles.text($0, masker)) }
      // acl(5): where a list says no more than the mode it is not kept at all.
      metadata.accessControlLists = ["access", "default"].filter {
        names.contains(Array("system.posix_acl_\($0)".utf8))
      }
    case .failure(let error):
      for field in ["extended_attributes", "access_control_lists"] {
        metadata.unread.append(.init(field: field, status: Self.partStatus(error)))
      }
    }
    return metadata
  }

  private static func partStatus(_ error: SystemError) -> String {
    switch error.number {
    case Errno.outOfRange, Errno.tooBig: "truncated"
    case Errno.accessDenied, Errno.notPermitted: "denied"
    case _: "unsupported"
    }
  }
}

/// What the kernel says of a file through its O_PATH descriptor, as it says it.
struct FileFacts {
  let status: FileStatus
  /// Of a symlink.
  let target: Result<[UInt8], SystemError>
  /// Names of the extended attributes; nil where nobody asked.
  let attributes: Result<[[UInt8]], SystemError>?

  init(_ file: borrowing FileDescriptor, withAttributes: Bool) throws(SystemError) {
    status = try file.status()
    target = status.kind == .symlink ? Self.linkTarget(of: file) : .success([])
    attributes = withAttributes ? Self.attributeNames(of: file) : nil
  }

  private static func linkTarget(of file: borrowing FileDescriptor) -> Result<[UInt8], SystemError> {
    do throws(SystemError) { return .success(try file.linkTarget()) } catch { return .failure(error) }
  }

  private static func attributeNames(of file: borrowing FileDescriptor) -> Result<[[UInt8]], SystemError> {
    do throws(SystemError) { return .success(try file.extendedAttributeNames()) } catch { return .failure(error) }
  }
}

extension FileStatus.Field {
  /// The member of an answer that it goes to.
  fileprivate var memberName: String {
    switch self {
    case .mode: "mode"
    case .links: "links"
    case .owner: "uid"
    case .group: "gid"
    case .accessed: "accessed"
    case .modified: "modified"
    case .changed: "changed"
    case .inode: "inode"
    case .size: "size"
    case .blocks: "allocated_bytes"
    }
  }
}
