/// Why the broker does not start: what is at fault, and in which way. For the person who starts it.
struct StartError: Error, Sendable, CustomStringConvertible {
  let description: String

  init(_ what: String, _ why: some CustomStringConvertible) {
    description = "\(what): \(why.description)"
  }
}
