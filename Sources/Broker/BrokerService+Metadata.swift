internal import Grants
internal import StrictJSON

extension BrokerService {
  /// RFC 8414 §2, RFC 8705 §3.3 and §5, RFC 9396 §10.
  var metadata: [UInt8] {
    var writer = JSONWriter(reserving: 1024)
    let issuer = configuration.issuer
    writer.object {
      $0.member("issuer", issuer)
      $0.member("token_endpoint", issuer + "/token")
      $0.member("jwks_uri", issuer + "/jwks.json")
      $0.member("response_types_supported", [String]())
      $0.member("grant_types_supported", ["client_credentials"])
      $0.member("token_endpoint_auth_methods_supported", ["tls_client_auth"])
      $0.member("tls_client_certificate_bound_access_tokens", true)
      $0.member(object: "mtls_endpoint_aliases") { $0.member("token_endpoint", issuer + "/token") }
      $0.member("authorization_details_types_supported", [AuthorizationDetail.type])
      $0.member("sidelight_sessions_endpoint", issuer + "/v1/sessions")
    }
    return writer.bytes
  }
}
