/// Names of variables whose values may be shown when no detector objects. What these hold is public
/// knowledge about the program and its place, never a credential.
enum SafeNames {
  static func isExact(_ name: [UInt8]) -> Bool { exact.contains(String(decoding: name, as: UTF8.self)) }

  /// Families; asked only about names that do not speak of secrets.
  static func hasSafePrefix(_ name: [UInt8]) -> Bool {
    for prefix in ["LC_", "KUBERNETES_SERVICE_", "KUBERNETES_PORT"]
    where name.starts(with: prefix.utf8) { return true }
    return isServiceLink(name)
  }

  /// `X_SERVICE_HOST`, `X_SERVICE_PORT_HTTP`, `X_PORT_5432_TCP_ADDR`: what Kubernetes and Docker set.
  private static func isServiceLink(_ name: [UInt8]) -> Bool {
    let text = String(decoding: name, as: UTF8.self)
    return text.hasSuffix("_SERVICE_HOST") || text.hasSuffix("_SERVICE_PORT") || text.hasSuffix("_TCP_ADDR")
      || text.hasSuffix("_TCP_PORT") || text.hasSuffix("_TCP_PROTO") || text.hasSuffix("_UDP_ADDR")
  }

  private static let exact: Set<String> = Set(
    """
    PATH LANG LANGUAGE TZ TERM COLORTERM SHELL HOSTNAME HOST USER LOGNAME HOME PWD OLDPWD SHLVL EDITOR PAGER TMPDIR TEMP TMP \
    GOMAXPROCS GOGC GOMEMLIMIT GODEBUG GOPATH GOROOT GOVERSION NODE_ENV RAILS_ENV RACK_ENV ENV APP_ENV FLASK_ENV \
    ENVIRONMENT LOG_LEVEL LOGLEVEL RUST_LOG RUST_BACKTRACE PORT OTEL_SERVICE_NAME OTEL_TRACES_SAMPLER AWS_REGION \
    AWS_DEFAULT_REGION DD_ENV DD_SERVICE DD_VERSION JAVA_HOME JRE_HOME PYTHONUNBUFFERED PYTHONPATH PYTHONHOME PYTHON_VERSION \
    PYTHONDONTWRITEBYTECODE PYTHONHASHSEED NODE_VERSION YARN_VERSION GOLANG_VERSION RUBY_VERSION PHP_VERSION GEM_HOME \
    GEM_PATH BUNDLE_PATH LD_LIBRARY_PATH POD_NAME POD_NAMESPACE POD_IP POD_IPS POD_UID HOST_IP NODE_IP XDG_RUNTIME_DIR XDG_SESSION_TYPE NODE_NAME SERVICE_NAME DEBIAN_FRONTEND \
    KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT SSH_AUTH_SOCK CATALINA_HOME CATALINA_BASE CATALINA_TMPDIR JETTY_HOME \
    JETTY_BASE MALLOC_ARENA_MAX OMP_NUM_THREADS DOTNET_VERSION ASPNET_VERSION ASPNETCORE_ENVIRONMENT \
    DOTNET_RUNNING_IN_CONTAINER container INVOCATION_ID JOURNAL_STREAM
    """.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init))
}
