/// The description of the agent's API, as it is in `Sources/API/openapi.yaml` and linked into the executable.
public enum OpenAPIDocument {
  /// OpenAPI 3.1 as YAML, UTF-8.
  public static var bytes: [UInt8] { PackageResources.openapi_yaml }

  /// RFC 9512 §2.1.
  public static let mediaType = "application/yaml"
}
