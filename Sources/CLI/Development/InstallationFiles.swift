internal import CertificateAuthority
internal import Crypto
internal import Foundation
internal import Identity
internal import StrictJSON

/// Writes what broker and agent read.
struct InstallationFiles {
  let directory: StateDirectory
  let trust: TrustMaterial
  let target: Target
  let installation: Installation

  /// Everything under `broker/` and `user/`, and the policy where there is none yet.
  func writeBroker() throws(Failure) {
    try directory.write(trust.broker.certificatePEM, to: "broker/tls.crt", mode: 0o600)
    try directory.write(trust.broker.privateKeyPEM, to: "broker/tls.key", mode: 0o600)
    try directory.write(trust.user.certificatePEM, to: "user/tls.crt", mode: 0o600)
    try directory.write(trust.user.privateKeyPEM, to: "user/tls.key", mode: 0o600)
    if !directory.has("broker/signing.key") {
      let key = Curve25519.Signing.PrivateKey()
      try directory.write(key.rawRepresentation.base64EncodedString(), to: "broker/signing.key", mode: 0o600)
    }
    if !directory.has("policy.yaml") { try directory.write(Self.policy, to: "policy.yaml", mode: 0o644) }
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
      $0.member("container", "workload")
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
            $0.member("path", log.path)
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
          - { actions: [files.stat, files.list], paths: ["/**"] }
          - { actions: [logs.list, logs.tail], logs: ["*"] }
        session: { duration: 8h }
        approval: { automatic: true }
        limits: { requests: 100000, bytes: 2000000000, objects: 100000, concurrency: 8, follow_seconds: 3600 }

    """
}
