internal import CertificateAuthority
internal import FoundationEssentials
internal import Identity
internal import StrictJSON

/// Writes what broker and agent read.
struct InstallationFiles {
  let directory: StateDirectory
  let trust: TrustMaterial
  let target: Target
  let installation: Installation

  /// What the agent calls the one container.
  private static let container = "workload"

  /// Everything under `broker/` and `user/`, and the policy where there is none yet.
  func writeBroker() throws(Failure) {
    try directory.write(trust.broker.certificatePEM, to: "broker/tls.crt", mode: 0o600)
    try directory.write(trust.broker.privateKeyPEM, to: "broker/tls.key", mode: 0o600)
    try directory.write(trust.user.certificatePEM, to: "user/tls.crt", mode: 0o600)
    try directory.write(trust.user.privateKeyPEM, to: "user/tls.key", mode: 0o600)
    try directory.write(brokerConfiguration, to: "broker/broker.json", mode: 0o600)
    if !directory.has("policy.yaml") { try directory.write(Self.policy, to: "policy.yaml", mode: 0o644) }
  }

  /// Paths are relative to the file itself.
  private var brokerConfiguration: String {
    var writer = JSONWriter()
    writer.object {
      $0.member("listen_fd", LaunchSpec.Descriptor.firstOwn)
      $0.member("issuer", installation.brokerURL)
      $0.member("trust_domain", TrustMaterial.trustDomain)
      $0.member("certificate", "tls.crt")
      $0.member("private_key", "tls.key")
      $0.member("ca_certificate", "../ca/ca.crt")
      $0.member("ca_private_key", "../ca/ca.key")
      $0.member("signing_key", "signing.key")
      $0.member("policy", "../policy.yaml")
      $0.member("database", "broker.db")
      $0.member("audit_log", "../audit/broker.jsonl")
      $0.member(array: "targets") {
        $0.object {
          $0.member("agent", installation.agent)
          $0.member("namespace", TrustMaterial.namespace)
          $0.member("containers", [Self.container])
          $0.member("url", installation.agentURL)
        }
      }
    }
    return writer.text + "\n"
  }

  /// Everything under `agent/`. With root the files are readable for the agent's own group only.
  func writeAgent(workload: ProcessIdentity, keySet: String) throws(Failure) {
    let files = [
      ("agent.json", configuration(workload)), ("credentials/tls.crt", trust.agent.certificatePEM),
      ("credentials/tls.key", trust.agent.privateKeyPEM), ("credentials/ca.crt", trust.authority.certificatePEM),
      ("credentials/jwks.json", keySet),
    ]
    for (name, text) in files {
      try directory.write(
        text, to: "agent/\(name)", mode: target.changesUser ? 0o640 : 0o600, group: target.agentGroup)
    }
  }

  private func configuration(_ workload: ProcessIdentity) -> String {
    var writer = JSONWriter()
    writer.object {
      $0.member("agent", installation.agent)
      $0.member("issuer", installation.brokerURL)
      $0.member("trust_domain", TrustMaterial.trustDomain)
      $0.member(object: "scope") {
        $0.member("type", "process")
        $0.member("pid", workload.pid)
        $0.member("start_time", workload.startTime)
      }
      $0.member("container", Self.container)
      $0.member(array: "logs") {
        if target.existing == nil {
          for name in ["stdout", "stderr"] {
            $0.object {
              $0.member("name", name)
              $0.member("volume", "logs")
              $0.member("path", "\(name).log")
            }
          }
        }
        for log in target.logs {
          $0.object {
            $0.member("name", log.name)
            // A pattern in the last component stands for what it matches.
            let last = log.path.split(separator: "/").last ?? ""
            $0.member(last.contains("*") || last.contains("?") ? "glob" : "path", log.path)
          }
        }
      }
    }
    return writer.text + "\n"
  }

  /// For the first start; afterwards it belongs to whoever edits it.
  private static let policy = """
    # The access policy of this development installation. After a change: sidelight dev down, then up.
    apiVersion: sidelight.dev/v1
    kind: AccessPolicy
    metadata: { name: development }
    groups:
      \(TrustMaterial.group): { from: ["certificate:\(TrustMaterial.group)"] }
    rules:
      - id: development-look
        groups: [\(TrustMaterial.group)]
        targets: { namespaces: [\(TrustMaterial.namespace)] }
        allow:
          - { actions: [processes.list] }
          - { actions: [environment.read], names: ["*"] }
          - { actions: [files.stat, files.list, files.digest], paths: ["/**"] }
          - { actions: [logs.list, logs.tail], logs: ["*"] }
        session: { duration: 8h }
        approval: { automatic: true }
        limits: { requests: 100000, bytes: 2000000000, objects: 100000, concurrency: 8, follow_seconds: 3600 }

    """
}
