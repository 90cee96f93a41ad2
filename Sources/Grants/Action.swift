/// What a subject may do to a target. The names are the API's and the policy's.
package enum Action: String, Sendable, CaseIterable, Hashable {
  case processesList = "processes.list"
  case environmentRead = "environment.read"
  case filesStat = "files.stat"
  case filesList = "files.list"
  case filesDigest = "files.digest"
  case logsList = "logs.list"
  case logsTail = "logs.tail"
}
