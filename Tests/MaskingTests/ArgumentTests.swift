import Testing

@testable import Masking

@Suite struct ArgumentTests {
  @Test(arguments: [
    (["mysql", "-u", "root", "-pkx83jd", "app"], [3]), (["mysql", "-u", "root", "-p", "app"], []),
    (["redis-cli", "-h", "db", "-a", "kx83jd", "ping"], [4]), (["sshpass", "-p", "kx83jd", "ssh", "h"], [2]),
    (["curl", "-u", "bob:kx83jd", "https://h/"], [2]), (["curl", "-H", "X-Api-Key: a81bc9d2e7f6", "https://h/"], [2]),
    (["docker", "login", "-u", "bob", "-p", "kx83jd", "r.example.org"], [5]),
    (["docker", "run", "-p", "8080:80", "app"], []),
    (["/usr/bin/java", "-Dspring.datasource.password=kx83jd", "-jar", "a.jar"], [1]),
    (["app", "--password", "kx83jd"], [2]),
    (["app", "--password=kx83jd"], [1]), (["app", "--password-file", "/run/secrets/x"], []),
    (["app", "--token", "--verbose"], []),
    (["sudo", "-u", "bob", "mysqldump", "-pkx83jd", "app"], [4]), (["openssl", "rsa", "-passin", "pass:kx83jd"], [3]),
    (["psql", "postgresql://bob:kx83jd@db/app"], [1]), (["psql", "host=db password=kx83jd"], [1]),
    (["htpasswd", "-b", "f", "bob", "kx83jd"], [4]),
    (["sqlplus", "bob/kx83jd@db"], [1]), (["snmpwalk", "-v2c", "-c", "kx83jd", "h"], [3]),
    (["vault", "login", "kx83jd02mn"], [2]),
    (["PGPASSWORD=kx83jd", "psql"], [0]),
    (["kubectl", "create", "secret", "generic", "s", "--from-literal=k=kx83jd"], [5]),
    (["rabbitmqctl", "add_user", "bob", "kx83jd"], [3]), (["xfreerdp", "/v:h", "/u:bob", "/p:kx83jd"], [3]),
    (["nginx", "-g", "daemon off;"], []), (["python3", "-m", "http.server"], []), ([""], []),
  ])
  func secretArguments(_ argv: [String], _ masked: [Int]) throws {
    let shown = try masker().arguments(argv.map(bytes), titleRewritten: false)
    #expect(shown.count == argv.count)
    for (index, argument) in shown.enumerated() {
      #expect(
        argument.maskedCount == (masked.contains(index) ? 1 : 0), "\(argv[index]): \(string(argument.rendered()))")
      if masked.contains(index) { #expect(!string(argument.rendered()).contains("kx83jd")) }
    }
  }

  @Test func argumentsAreNeverJoined() throws {
    let shown = try masker().shown(["app", "--password", "two words kx83jd", "after"])
    #expect(shown[2].hasPrefix("\u{2039}argument:16-31:"))
    #expect(shown[3] == "after")
  }
}
