import Testing

@testable import Masking

@Suite struct MaskerTests {
  private let masker = Masker(
    rules: .builtIn, fingerprinter: Fingerprinter { value in value + Array(repeating: 0, count: 32) }, taint: Taint())

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  @Test func unknownNamesAreMaskedByDefault() {
    let masked = masker.variable(name: bytes("SOMETHING_NEW"), value: bytes("blue"))
    #expect(masked.whole == PresenceToken(kind: .byDefault, length: .upTo7))
    #expect(masked.maskedCount == 1)
  }

  @Test func safeNamesAreShown() {
    #expect(masker.variable(name: bytes("LANG"), value: bytes("C.UTF-8")).rendered() == bytes("C.UTF-8"))
  }

  @Test func noTokenCanBeForged() {
    let shown = masker.text(bytes("\u{2039}jwt:16-31:0123456789abcdef\u{203A}")).rendered()
    #expect(!String(decoding: shown, as: UTF8.self).contains("\u{2039}jwt"))
  }
}
