/// Numbers as people read them in a table. `-o json` has them exact.
enum Units {
  /// `812`, `13.4K`, `256M`, `1.5G`: powers of 1024, at most four characters before the unit.
  static func bytes(_ count: Int64) -> String {
    guard count >= 1024 else { return "\(count)" }
    var value = Double(count)
    var unit = ""
    for next in ["K", "M", "G", "T", "P", "E"] where value >= 1024 {
      value /= 1024
      unit = next
    }
    return value < 99.95 ? tenths(value) + unit : "\(Int64(value.rounded()))\(unit)"
  }

  /// `45s`, `12m`, `3h20m`, `5d4h`.
  static func age(seconds: Int64) -> String {
    switch max(0, seconds) {
    case let s where s < 60: "\(s)s"
    case let s where s < 3600: "\(s / 60)m"
    case let s where s < 86_400: "\(s / 3600)h\(s / 60 % 60)m"
    case let s: "\(s / 86_400)d\(s / 3600 % 24)h"
    }
  }

  /// `0.03s`, `12.5s`, `3m05s`, `2h07m`: processor time.
  static func cpu(milliseconds: Int64) -> String {
    switch max(0, milliseconds) {
    case let m where m < 10_000: "\(m / 1000).\(padded(m / 10 % 100))s"
    case let m where m < 60_000: tenths(Double(m) / 1000) + "s"
    case let m where m < 3_600_000: "\(m / 60_000)m\(padded(m / 1000 % 60))s"
    case let m: "\(m / 3_600_000)h\(padded(m / 60_000 % 60))m"
    }
  }

  private static func padded(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }

  private static func tenths(_ value: Double) -> String {
    let scaled = Int64((value * 10).rounded())
    return "\(scaled / 10).\(scaled % 10)"
  }
}

extension Units {
  /// An RFC 3339 time without its fraction: `2026-01-31T12:00:00Z`. Anything else stays as it is.
  static func seconds(_ time: String) -> String {
    guard let dot = time.firstIndex(of: "."), time.hasSuffix("Z") else { return time }
    return time[..<dot] + "Z"
  }
}
