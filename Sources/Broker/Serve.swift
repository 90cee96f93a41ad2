internal import ArgumentParser
internal import AuditLog
internal import CertificateAuthority
internal import Daemon
internal import Identity
internal import Logging
internal import NIOSSL
internal import ServiceLifecycle
internal import UnixSignals

/// `sidelight-broker serve --config FILE`
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Serves until it gets SIGTERM or SIGINT.")

  @Option(help: ArgumentHelp("The configuration, a JSON file.", valueName: "file"))
  var config: String

  func run() async throws {
    ProcessSetup.begin(logLevel: .info)
    let logger = Logger(label: "broker")
    let configuration = try BrokerConfiguration.load(config)
    let broker = try Self.broker(configuration, logger)
    let tls = try Self.tlsConfiguration(configuration)
    var started = BrokerEvent(
      .started, time: broker.clock.now(), eventID: RandomID.make(), issuer: configuration.issuer)
    started.policyDigest = broker.policy.digest
    do throws(AuditError) { try broker.audit.append(started) } catch { throw StartError("audit_log", error) }
    var services = ServiceGroupConfiguration(
      services: [BrokerServer(broker: broker, tls: tls, logger: logger)], gracefulShutdownSignals: [.sigterm, .sigint],
      logger: logger)
    services.maximumGracefulShutdownDuration = .seconds(10)
    try await ServiceGroup(configuration: services).run()
    logger.info("stopped")
  }

  private static func broker(_ configuration: BrokerConfiguration, _ logger: Logger) throws(StartError) -> BrokerService
  {
    let policy = try PolicyFile.load(configuration.policy)
    let audit: AuditSink
    do throws(AuditError) {
      audit = try AuditSink(path: configuration.auditLog)
    } catch {
      throw StartError("audit_log", error)
    }
    return BrokerService(
      configuration: configuration, policy: policy, authority: try authority(configuration),
      signingKey: try signingKey(configuration.signingKey),
      authenticator: CertificateAuthenticator(trustDomain: configuration.trustDomain),
      store: try Store(path: configuration.database), audit: audit, clock: .system, logger: logger)
  }

  private static func authority(_ configuration: BrokerConfiguration) throws(StartError) -> DevelopmentAuthority {
    let certificate = try bytes(configuration.authorityCertificate, "ca_certificate")
    let key = try secret(configuration.authorityPrivateKey, "ca_private_key")
    let authority: DevelopmentAuthority
    do throws(AuthorityError) {
      authority = try DevelopmentAuthority(
        certificatePEM: String(decoding: certificate, as: UTF8.self),
        privateKeyPEM: String(decoding: key, as: UTF8.self))
    } catch {
      throw StartError("ca_certificate, ca_private_key", error)
    }
    guard authority.trustDomain == configuration.trustDomain else {
      throw StartError("ca_certificate", "belongs to another trust domain than trust_domain says")
    }
    return authority
  }

  private static func signingKey(_ path: String) throws(StartError) -> SigningKey {
    let pem = try secret(path, "signing_key")
    do throws(SigningKey.Invalid) { return try SigningKey(pem: pem) } catch { throw StartError(path, error) }
  }

  private static func tlsConfiguration(_ configuration: BrokerConfiguration) throws(StartError) -> TLSConfiguration {
    let certificate = try bytes(configuration.certificate, "certificate")
    let key = try secret(configuration.privateKey, "private_key")
    let bundle = try bytes(configuration.authorityCertificate, "ca_certificate")
    do throws(IdentityError) {
      return try TLSServer.configurationWithOptionalClient(
        certificateChainPEM: certificate, privateKeyPEM: key, trustBundlePEM: bundle)
    } catch {
      throw StartError("TLS", error)
    }
  }

  private static func bytes(_ path: String, _ name: String) throws(StartError) -> [UInt8] {
    do throws(InputFileError) { return try InputFile.read(path) } catch { throw StartError(name, error) }
  }

  private static func secret(_ path: String, _ name: String) throws(StartError) -> [UInt8] {
    do throws(InputFileError) { return try InputFile.readSecret(path) } catch { throw StartError(name, error) }
  }
}
