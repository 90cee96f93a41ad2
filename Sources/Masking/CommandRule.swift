/// Which arguments of a program are secret, from the programs' manuals. Flags whose names say so
/// (`--password`, `--token`) need no entry here: every program's are read by their names.
struct CommandRule: Sendable {
  var programs: String
  /// Flags whose next word is the secret.
  var separate: [StaticString] = []
  /// Flags to which the secret is attached (`-pSECRET`).
  var attached: [StaticString] = []
  /// Flags whose next word is `user:secret`, with one of `:`, `,`, `%`, `/` between.
  var pairs: [StaticString] = []
  /// Attached forms of the same.
  var attachedPairs: [StaticString] = []
  /// A subcommand, and which word after it (flags not counted) is the secret.
  var positional: [(after: StaticString, index: Int)] = []
  /// Every `name=value` after this subcommand.
  var assignmentsAfter: [StaticString] = []
  /// Words after which the rule applies, where the flag means something else before (`docker login -p`).
  var onlyAfter: [StaticString] = []
}

extension CommandRule {
  static let all: [CommandRule] = databases + network + machines + platforms

  private static let databases: [CommandRule] = [
    .init(
      programs:
        "mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mysqlslap mysqlpump mysqlsh mariadb mariadb-dump mariadb-admin mycli xtrabackup innobackupex",
      attached: ["-p"]),
    .init(programs: "redis-cli keydb-cli valkey-cli", separate: ["-a", "--pass"]),
    .init(
      programs: "mongo mongosh mongodump mongorestore mongoexport mongoimport mongostat", separate: ["-p"],
      attached: ["-p"]),
    .init(programs: "sqlcmd osql isql bcp tsql", separate: ["-P"], attached: ["-P"]),
    .init(programs: "sqlplus expdp impdp exp imp rman sqlldr", attachedPairs: [""]),
    .init(
      programs: "cqlsh cypher-shell arangosh hdbsql vsql clickhouse-client beeline presto trino",
      separate: ["-p", "-w"]),
    .init(programs: "neo4j-admin", positional: [("set-initial-password", 1)]),
    .init(programs: "influx influxd", separate: ["-t", "-p"]),
    .init(programs: "rabbitmqctl", positional: [("add_user", 2), ("change_password", 2), ("authenticate_user", 2)]),
    .init(programs: "etcdctl", pairs: ["--user"]),
    .init(programs: "mosquitto_pub mosquitto_sub mosquitto_rr", separate: ["-P"]),
    .init(programs: "kcadm.sh kafka-configs.sh asadmin jboss-cli.sh", separate: ["-p"]),
  ]

  private static let network: [CommandRule] = [
    .init(
      programs: "curl curlie", separate: ["--oauth2-bearer", "--pass", "--proxy-pass", "--tlspassword"],
      pairs: ["-u", "--user", "-U", "--proxy-user"], attachedPairs: ["-u", "--user=", "--proxy-user="]),
    .init(programs: "http https httpie xh", pairs: ["-a", "--auth"], attachedPairs: ["--auth=", "-a"]),
    .init(programs: "ab hey vegeta siege", pairs: ["-A", "-P", "-a"]),
    .init(programs: "sshpass", separate: ["-p"], attached: ["-p"]),
    .init(programs: "plink pscp psftp putty plink.exe pscp.exe", separate: ["-pw"]),
    .init(programs: "lftp", pairs: ["-u"]),
    .init(programs: "ncftp ncftpput ncftpget", separate: ["-p"]),
    .init(
      programs: "smbclient rpcclient smbmap smbget wmic winexe", separate: ["-p"], pairs: ["-U", "--user"],
      attachedPairs: ["-U", "--user="]),
    .init(
      programs: "ldapsearch ldapadd ldapmodify ldapdelete ldappasswd ldapwhoami ldapmodrdn", separate: ["-w", "-s"]),
    .init(
      programs: "snmpwalk snmpget snmpset snmpbulkwalk snmpgetnext snmptrap", separate: ["-c", "-A", "-X"],
      attached: ["-c"]),
    .init(programs: "ipmitool", separate: ["-P"]),
    .init(programs: "xfreerdp wfreerdp freerdp", attached: ["/p:"]),
    .init(programs: "rdesktop", separate: ["-p"]),
    .init(programs: "evil-winrm crackmapexec nxc hydra medusa", separate: ["-p"]),
    .init(programs: "swaks", separate: ["-ap"]),
    .init(programs: "sendemail", separate: ["-xp"]),
    .init(programs: "wpa_passphrase", positional: [("", 2)]),
    .init(programs: "nmcli", separate: ["password", "wifi-sec.psk", "802-11-wireless-security.psk"]),
    .init(programs: "jenkins-cli.jar jenkins-cli", pairs: ["-auth"]),
    .init(programs: "svn hg", separate: ["--password"]),
  ]

  private static let machines: [CommandRule] = [
    .init(programs: "openssl", separate: ["-k", "-K", "-hmac"]),
    .init(
      programs: "htpasswd mosquitto_passwd",
      positional: [
        ("-b", 3), ("-cb", 3), ("-bc", 3), ("-bB", 3), ("-Bb", 3), ("-nb", 2), ("-bn", 2), ("-nbB", 2), ("-Bbn", 2),
        ("-bnB", 2),
      ]),
    .init(programs: "zip unzip zipcloak", separate: ["-P"], attached: ["-P"]),
    .init(programs: "7z 7za 7zr rar unrar", attached: ["-p", "-hp"]),
    .init(programs: "useradd usermod groupmod", separate: ["-p"]),
    .init(programs: "gpg gpg2", separate: ["--passphrase"]),
    .init(programs: "qpdf pdftk", positional: [("--encrypt", 1), ("owner_pw", 1), ("user_pw", 1)]),
    .init(programs: "rclone", positional: [("obscure", 1)]),
    .init(programs: "grafana-cli", positional: [("reset-admin-password", 1)]),
    .init(programs: "signtool signtool.exe", separate: ["/p", "-p"]),
    .init(
      programs: "security", separate: ["-p", "-P", "-k"],
      onlyAfter: ["unlock-keychain", "create-keychain", "import", "set-key-partition-list", "add-generic-password"]),
  ]

  private static let platforms: [CommandRule] = [
    .init(
      programs: "docker podman nerdctl buildah helm oras crane", separate: ["-p"], attached: ["-p"], pairs: ["--creds"],
      attachedPairs: ["--creds="], onlyAfter: ["login"]),
    .init(
      programs: "skopeo crictl ctr", pairs: ["--creds", "--src-creds", "--dest-creds", "-u", "--user"],
      attachedPairs: ["--creds=", "--src-creds=", "--dest-creds="]),
    .init(
      programs: "kubectl oc", separate: ["-p"], attachedPairs: ["--from-literal="], onlyAfter: ["login", "secret"]),
    .init(programs: "az", separate: ["-p"], onlyAfter: ["login", "create", "acr"]),
    .init(programs: "cf", separate: ["-p"], positional: [("auth", 2)], onlyAfter: ["login", "auth"]),
    .init(programs: "vault bao", positional: [("login", 1), ("unseal", 1)], assignmentsAfter: []),
    .init(programs: "fly flyctl doppler supabase", assignmentsAfter: ["set"], onlyAfter: ["secrets"]),
    .init(programs: "gh glab", separate: ["-b", "--body"], onlyAfter: ["secret"]),
    .init(programs: "mc", positional: [("set", 4), ("add", 4)], onlyAfter: ["alias", "host", "config"]),
    .init(programs: "doctl", separate: ["-t"]),
    .init(programs: "ngrok", positional: [("authtoken", 1), ("add-authtoken", 1)]),
    .init(
      programs: "aws", positional: [("aws_secret_access_key", 1), ("aws_session_token", 1), ("aws_access_key_id", 1)],
      onlyAfter: ["configure"]),
    .init(programs: "tailscale", separate: ["--authkey", "--auth-key"]),
  ]

  /// The rule for a program, by the name its file has.
  static func rule(for bytes: Span<UInt8>, _ start: Int, _ end: Int) -> CommandRule? {
    index[ByteText.hash(bytes, start, end)].map { all[$0] }
  }

  static let programNames: [String] = all.flatMap { $0.programs.split(separator: " ").map(String.init) }

  private static let index: [UInt64: Int] = {
    var result: [UInt64: Int] = [:]
    for (position, rule) in all.enumerated() {
      for program in rule.programs.split(separator: " ") { result[NameSegment.hash(String(program))] = position }
    }
    return result
  }()
}
