/// Lines as services write them, with the odd secret; the same each time.
enum OrdinaryLogs {
  static func lines(bytes: Int) -> [[UInt8]] {
    var numbers = Numbers(seed: 7)
    var result: [[UInt8]] = []
    var count = 0
    while count < bytes {
      let line = Array(line(&numbers).utf8)
      count += line.count + 1
      result.append(line)
    }
    return result
  }

  private static func line(_ numbers: inout Numbers) -> String {
    func pick(_ words: [String]) -> String { words[Int(numbers.next() % UInt64(words.count))] }
    func number(_ limit: UInt64) -> String { String(numbers.next() % limit) }
    func hex(_ count: Int) -> String {
      let text = String(numbers.next(), radix: 16) + String(numbers.next(), radix: 16)
      return String((text + String(repeating: "0", count: 32)).prefix(count))
    }
    let time = "2024-05-1\(number(9))T12:\(number(60)):\(number(60)).\(number(1000))Z"
    let address = "10.\(number(256)).\(number(256)).\(number(256))"
    let path = "/" + pick(paths) + "/" + number(100_000)
    switch numbers.next() % 13 {
    case 0:
      return
        "\(time) INFO  [http-nio-8080-exec-\(number(20))] o.e.shop.OrderController - order \(number(1_000_000)) of "
        + "customer \(number(10_000)) placed in \(number(900)) ms"
    case 1:
      return
        "\(address) - - [12/May/2024:12:\(number(60)):\(number(60)) +0000] \"\(pick(["GET", "POST"])) \(path)?page="
        + "\(number(50)) HTTP/1.1\" \(pick(["200", "304", "404"])) \(number(90_000)) \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\""
    case 2:
      return
        "{\"ts\":\"\(time)\",\"level\":\"info\",\"msg\":\"request done\",\"method\":\"GET\",\"path\":\"\(path)\",\"status\":200,"
        + "\"trace_id\":\"\(hex(32))\",\"duration_ms\":\(number(800))}"
    case 3:
      return
        "May 12 12:\(number(60)):\(number(60)) node\(number(9)) kubelet[\(number(9000))]: I0512 pod_workers.go:965] "
        + "\"Error syncing pod, skipping\" podUID=\"\(hex(8))-\(hex(4))-\(hex(4))-\(hex(4))-\(hex(12))\""
    case 4:
      return "\(time) WARN  c.z.h.p.HikariPool - HikariPool-1 - Connection is not available, request timed out after "
        + "\(number(30_000))ms (total=10, active=10, idle=0, waiting=\(number(40)))"
    case 5:
      return "\tat org.example.shop.\(pick(["Order", "Basket", "Payment"]))Service.\(pick(["load", "store", "close"]))"
        + "(\(pick(["Order", "Basket", "Payment"]))Service.java:\(number(400)))"
    case 6:
      return
        "level=info ts=\(time) caller=compact.go:\(number(900)) component=tsdb msg=\"write block\" mint=\(number(1 << 40)) "
        + "maxt=\(number(1 << 40)) duration=\(number(9)).\(number(999))s"
    case 7:
      return
        "\(time) DEBUG SQL: select o.id, o.state, o.created_at from orders o where o.customer_id = \(number(9999)) "
        + "order by o.created_at desc limit 50"
    case 8:
      return
        "[\(time)] \(pick(["worker", "scheduler", "mailer"])).\(number(8)) INFO: job \(hex(24)) finished, took \(number(60)) s, "
        + "\(number(500)) rows"
    case 9:
      return
        "\(time) INFO  kafka.server.ReplicaManager [ReplicaManager broker=\(number(5))] partition orders-\(number(64)) "
        + "offset \(number(1 << 40)) leader epoch \(number(100))"
    case 10:
      return
        "\(time) INFO  user \(pick(["alice", "bob", "carol"])) signed in from \(address), session \(hex(8)), token valid for 3600 s"
    case 11:
      return
        "\(time) ERROR upstream timed out (110: Connection timed out) while reading response header from upstream, "
        + "client: \(address), server: shop.example.org, request: \"GET \(path) HTTP/1.1\""
    default:
      return "\(time) INFO  connecting to postgres://app:\(hex(12))@db.internal:5432/orders pool=\(number(40))"
    }
  }

  private static let paths = ["api/v1/orders", "static/js", "health", "basket/items", "images/products", "search"]
}
