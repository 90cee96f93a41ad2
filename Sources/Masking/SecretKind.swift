/// What a masked span is, as far as a detector could tell. The raw value is the word shown in a
/// presence token and in the API; it never depends on the secret's bytes beyond their public format.
package enum SecretKind: String, Sendable, CaseIterable {
  /// Masked because its name is not on the safe list, not because anything secret was recognised.
  case byDefault = "default"
  /// Over a size budget; masked whole without being looked at.
  case oversize
  /// A record that could not be taken apart (a variable without `=`, a name with control bytes).
  case malformed
  /// The same value as a secret in the target's environment.
  case recurring
  /// Masked because of the name beside it.
  case name
  case password
  case token
  case key
  case cookie
  case session
  case authorization
  case passwordHash = "password-hash"
  case urlUser = "url-user"
  case urlPassword = "url-password"
  case urlQuery = "url-query"
  case urlPath = "url-path"
  case connectionString = "connection-string"
  case argument
  /// Bytes that decode to something secret.
  case encoded
  /// Random enough, and with no harmless explanation.
  case entropy
  case pem
  case pgp
  case age
  case jwt
  case aws
  case gcp
  case azure
  case github
  case gitlab
  case slack
  case stripe
  case npm
  case pypi
  case docker
  case vault
  case hashicorp
  case twilio
  case sendgrid
  case openai
  case anthropic
  case digitalocean
  case shopify
  case grafana
  case databricks
  case telegram
  case discord
  /// Another service's token with a known prefix.
  case provider

  /// Whether something said "secret", as opposed to the default of an unknown name.
  var isDetected: Bool {
    switch self {
    case .byDefault, .oversize, .malformed: false
    case .recurring, .name, .password, .token, .key, .cookie, .session, .authorization, .passwordHash,
      .urlUser, .urlPassword, .urlQuery, .urlPath, .connectionString, .argument, .encoded, .entropy,
      .pem, .pgp, .age, .jwt, .aws, .gcp, .azure, .github, .gitlab, .slack, .stripe, .npm, .pypi,
      .docker, .vault, .hashicorp, .twilio, .sendgrid, .openai, .anthropic, .digitalocean, .shopify,
      .grafana, .databricks, .telegram, .discord, .provider:
      true
    }
  }
}
