/// How much the letters of a value follow one another as in words: the cost in bits of each pair of
/// neighbouring letters, counted over the words of technical documentation. Words come to about 3.7
/// a pair, random letters to more than 6.
enum LetterPairs {
  /// Sum of the costs and number of pairs in the range; pairs across other bytes do not count.
  static func cost(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> (bits: Int, pairs: Int) {
    var bits = 0
    var pairs = 0
    var index = start + 1
    while index < end {
      let one = bytes[index - 1]
      let two = bytes[index]
      // A capital after a small letter begins a word of its own.
      if ByteClass.isLetter(one), ByteClass.isLetter(two), !(ByteClass.isLower(one) && ByteClass.isUpper(two)) {
        bits += Int(table[Int((one | 0x20) - 0x61) * 26 + Int((two | 0x20) - 0x61)])
        pairs += 1
      }
      index += 1
    }
    return (bits, pairs)
  }

  private static let table: [UInt8] = rows.joined().utf8.map { $0 - 0x30 }

  /// One row for each first letter, one digit for each second letter.
  private static let rows = [
    "84448759596343959343567868",
    "36563789469377469446399959",
    "38673793594478279463589979",
    "46652678288587479546489979",
    "47436569799453857334867579",
    "46663389299487389455498959",
    "48772754399564479346478977",
    "29982999398567389464599969",
    "55455559998442459543959696",
    "29672899476799367838386989",
    "47861667389585569636585969",
    "37752789298387379855579949",
    "25862999398658339857599979",
    "49433638496786479833669979",
    "66448669686442549345455889",
    "38773885497388349354598959",
    "58989699799476889648089999",
    "38552769396656379544678959",
    "59482784396577448842487969",
    "39672794299678479345597959",
    "54565559499443749333989999",
    "38691889299977489968799999",
    "28853894298684389348997999",
    "46463597399657728762799669",
    "46574758499444529634775987",
    "39981795399667479667799957",
  ]
}
