internal import API
internal import Linux
internal import Masking
internal import Privsep
internal import ProcFS

// What waits for a lock of the process, or asks the opener.
extension ProcessReader {
  static let ofCommandLine: Set<ProcessField> = [.arguments, .argumentCount, .titleRewritten]

  mutating func readCommandLine(_ process: borrowing TargetProcess) throws(ProcFSError) {
    guard let (block, isCut) = try target.commandLine(of: process, limit: Self.commandLineLimit) else {
      return note(Self.ofCommandLine, .stalled)
    }
    let line = CommandLine(block.span)
    set(.argumentCount, line.arguments.count)
    values[.titleRewritten] = .flag(line.titleRewritten)
    if isCut { note([.argumentCount], .truncated) }
    guard wants([.arguments]), let masker else { return }
    var arguments = masker.arguments(line.arguments, titleRewritten: line.titleRewritten)
    if isCut, let last = line.arguments.last {
      // The cut may have gone through a secret: what is left of it would not be known as one.
      arguments[arguments.count - 1] = .oversize(count: last.count)
    }
    for argument in arguments { count(argument) }
    var texts: [TargetText] = []
    var bytes = 0
    for argument in arguments {
      let text = TargetText(bytes: argument.rendered())
      bytes += text.text.utf8.count + 1
      if bytes > argumentLimit { break }
      texts.append(text)
    }
    values[.arguments] = .texts(texts)
    if arguments.isEmpty {
      // It may have ended since, and then has no memory to read.
      note([.arguments], .empty, try process.directory.stat().bare)
    } else if isCut || texts.count < arguments.count {
      note([.arguments], .truncated)
    }
  }

  mutating func readThroughOpener(_ process: borrowing TargetProcess) {
    let ofExecutable: Set<ProcessField> = [.executable, .executableDeleted, .executableDevice, .executableInode]
    if wants(ofExecutable), let link = opened(.executable, ofExecutable, process) { readExecutable(link, ofExecutable) }
    for (field, entry) in [(.workingDirectory, .workingDirectory), (.rootDirectory, .root)]
      as [(
        ProcessField, ProcessFile
      )] where fields.contains(field)
    {
      guard let link = opened(entry, [field], process) else { continue }
      do throws(ProcFSError) {
        values[field] = .text(shown(try target.proc.fileSystem.path(ofOwnDescriptor: link.raw)))
      } catch {
        note([field], .gone)
      }
    }
    if wants([.namespaces]) { readNamespaces(process) }
    let ofRollup: Set<ProcessField> = [.proportionalBytes, .uniqueBytes, .proportionalSwapBytes]
    if wants(ofRollup), let file = opened(.memoryRollup, ofRollup, process) {
      readRollup(file, ofRollup, process.identity, process.stat)
    }
  }

  private mutating func readExecutable(_ link: borrowing FileDescriptor, _ all: Set<ProcessField>) {
    do {
      let path = try target.proc.fileSystem.path(ofOwnDescriptor: link.raw)
      let status = try link.status()
      if wants([.executable]) { values[.executable] = .text(shown(path)) }
      values[.executableDeleted] = .flag(status.links == 0)
      values[.executableDevice] = .plain("\(status.deviceMajor):\(status.deviceMinor)")
      values[.executableInode] = .unsigned(status.inode)
    } catch {
      note(all, .gone)
    }
  }

  private mutating func readNamespaces(_ process: borrowing TargetProcess) {
    var inodes: [NamespaceInode] = []
    for entry in ProcessFile.namespaces {
      statuses[.namespaces] = nil
      guard let link = opened(entry, [.namespaces], process) else {
        // An older kernel lacks some; what is denied is denied for all.
        if statuses[.namespaces]?.status == .unsupported { continue }
        return
      }
      do throws(SystemError) {
        inodes.append(NamespaceInode(name: String(entry.name.dropFirst(3)), inode: try link.status().inode))
      } catch {
        return note([.namespaces], .gone)
      }
    }
    statuses[.namespaces] = nil
    values[.namespaces] = .namespaces(inodes)
  }

  private mutating func readRollup(
    _ file: consuming FileDescriptor, _ all: Set<ProcessField>, _ identity: ProcessIdentity, _ stat: ProcessStat
  ) {
    let file = SharedDescriptor(file)
    do {
      let read = try target.pending.run(of: identity, isWaiting: stat.isWaiting) { () throws(SystemError) in
        try ProcessDirectory.read(file.descriptor, limit: 65536, shortReadIsEnd: true)
      }
      guard let (text, _) = read else { return note(all, .stalled) }
      let rollup = try MemoryRollup(text.span)
      set(.proportionalBytes, rollup.proportional)
      set(.uniqueBytes, rollup.unique)
      set(.proportionalSwapBytes, rollup.proportionalSwap)
    } catch {
      if let bare = stat.bare { note(all, .empty, bare) } else { note(all, .gone) }
    }
  }

  /// Asks the opener; where it cannot be had the fields say why.
  private mutating func opened(
    _ entry: ProcessFile, _ some: Set<ProcessField>, _ process: borrowing TargetProcess
  ) -> FileDescriptor? {
    guard !openerIsStalled else {
      note(some, .stalled)
      return nil
    }
    if let bare = process.stat.bare {
      note(some, .empty, bare)
      return nil
    }
    do throws(SystemError) {
      return try target.opener.open(entry, of: process.directory.descriptor)
    } catch {
      switch error.number {
      case Errno.accessDenied, Errno.notPermitted:
        note(some, .denied, process.denialReason(own: target.own))
      case Errno.noEntry: note(some, .unsupported)
      case Errno.noProcess: note(some, .gone)
      case _:
        openerIsStalled = true
        note(some, .stalled)
      }
      return nil
    }
  }
}
