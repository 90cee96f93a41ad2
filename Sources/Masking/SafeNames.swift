/// Names of variables whose values may be shown when no detector objects.
enum SafeNames {
  static func contains(_ name: [UInt8]) -> Bool {
    let text = String(decoding: name, as: UTF8.self)
    return exact.contains(text) || name.starts(with: Array("LC_".utf8))
  }

  private static let exact: Set<String> = [
    "PATH", "LANG", "LANGUAGE", "TZ", "TERM", "SHELL", "HOSTNAME", "USER", "LOGNAME", "HOME", "PWD", "SHLVL",
    "GOMAXPROCS", "GOGC", "GOMEMLIMIT", "NODE_ENV", "RAILS_ENV", "ENV", "LOG_LEVEL", "PORT", "OTEL_SERVICE_NAME",
    "AWS_REGION", "AWS_DEFAULT_REGION", "DD_ENV", "DD_SERVICE", "DD_VERSION", "JAVA_HOME", "PYTHONUNBUFFERED",
    "POD_NAME", "POD_NAMESPACE", "POD_IP", "NODE_NAME", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT",
  ]
}
