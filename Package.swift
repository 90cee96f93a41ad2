// swift-tools-version: 6.3
import PackageDescription

// Folder in Sources = target = module; arrows point down only (docs/architecture.md).

let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let x509 = Target.Dependency.product(name: "X509", package: "swift-certificates")
let asn1 = Target.Dependency.product(name: "SwiftASN1", package: "swift-asn1")

// One static file that is loaded anywhere in memory. Only lld knows how; relative relocations are packed, or they would
// add a megabyte to it (docs/decisions/0050).
let staticExecutable = [
  "-static-executable", "-ld-path=\(Context.packageDirectory)/.ci/ld-static-pie", "-Xclang-linker", "-static-pie",
  "-Xlinker", "--pack-dyn-relocs=relr", "-Xlinker", "-z", "-Xlinker", "now",
]
// By the linker: then the build id is of what is shipped, and not of the paths in what was stripped.
let stripped = ["-Xlinker", "--strip-all"]
// Objects that were compiled for the dynamic Foundation do not name what the static one is made of.
let staticFoundation = [
  "-lFoundation", "-lFoundationInternationalization", "-lFoundationEssentials", "-lCoreFoundation", "-l_FoundationICU",
  "-l_FoundationCShims", "-l_FoundationCollections", "-lsqlite3", "-lz", "-lm",
]

let package = Package(
  name: "sidelight",
  products: [
    .executable(name: "sidelight", targets: ["CLI"]),
    .executable(name: "sidelight-agent", targets: ["Agent"]),
    .executable(name: "sidelight-broker", targets: ["Broker"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // C: system libraries by module map, and what Swift cannot import.
    .systemLibrary(name: "CSeccomp"),
    .systemLibrary(name: "CCapability"),
    .systemLibrary(name: "COpenSSL"),
    .target(name: "CLinux"),

    // Kernel: no Foundation, no NIO.
    .target(name: "Linux", dependencies: ["CLinux"]),
    .target(name: "Sandbox", dependencies: ["CLinux", "CSeccomp", "CCapability", "COpenSSL", "Linux"]),
    .target(name: "ProcFS", dependencies: ["CLinux", "Linux"]),
    .target(name: "Privsep", dependencies: ["Linux"]),

    // Domain: pure code.
    .target(name: "StrictJSON"),
    .target(name: "Grants", dependencies: ["StrictJSON"]),
    .target(name: "API", dependencies: ["StrictJSON"], resources: [.embedInCode("openapi.yaml")]),
    .target(name: "Masking"),
    .target(name: "Budgets"),
    .target(name: "Policy", dependencies: ["StrictJSON", "Grants", "Masking"]),
    .target(name: "AuditLog", dependencies: ["StrictJSON"]),
    .target(name: "SeccompProfile", dependencies: ["StrictJSON", "Sandbox"]),

    // Services.
    .target(name: "LibCrypto", dependencies: ["COpenSSL"]),
    .target(name: "Tokens", dependencies: ["LibCrypto", "StrictJSON", "Grants"]),
    .target(name: "Identity", dependencies: [nio, nioSSL]),
    .target(name: "CertificateAuthority", dependencies: [x509, asn1, crypto, "Identity"]),
    .target(name: "Daemon", dependencies: [logging, "StrictJSON"]),

    // Programs.
    .target(name: "Opener", dependencies: ["Linux", "Sandbox", "Privsep"]),
    .target(
      name: "Collector",
      dependencies: [
        "Linux", "Sandbox", "Privsep", "ProcFS", "StrictJSON", "Grants", "API", "Masking", "Budgets",
        "AuditLog", "LibCrypto", "Tokens",
      ]),
    .target(
      name: "Endpoint",
      dependencies: ["Linux", "Sandbox", "Privsep", "Identity", nio, nioPosix, nioHTTP1, nioTLS, nioSSL]),
    .target(name: "Probe", dependencies: ["Linux", "Sandbox", "ProcFS"]),
    .executableTarget(
      name: "Agent", dependencies: ["Opener", "Collector", "Endpoint", "Probe", "Linux", "Sandbox"],
      linkerSettings: [.unsafeFlags(staticExecutable), .unsafeFlags(stripped, .when(configuration: .release))]),
    .executableTarget(
      name: "Broker",
      dependencies: [
        "Policy", "Grants", "StrictJSON", "API", "AuditLog", "Sandbox", "Identity", "CertificateAuthority", "Daemon",
        arguments,
        crypto, x509, asn1, logging, nio, nioPosix, nioSSL,
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Yams", package: "Yams"),
      ],
      linkerSettings: [
        .unsafeFlags(staticExecutable + staticFoundation), .unsafeFlags(stripped, .when(configuration: .release)),
      ]),
    .executableTarget(
      name: "CLI",
      dependencies: [
        "API", "Grants", "StrictJSON", "Masking", "Linux", "CLinux", "Sandbox", "SeccompProfile", "Identity",
        "CertificateAuthority", arguments,
        crypto, x509, asn1, nio, nioPosix, nioHTTP1, nioSSL,
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
      ]),

    // What a taken-over role would try; run by IntegrationTests, linked into no product.
    .target(name: "CAttack", path: "Tests/CAttack"),
    .executableTarget(
      name: "AttackRole", dependencies: ["CAttack", "Linux", "Sandbox", "Opener", "Privsep"], path: "Tests/AttackRole",
      linkerSettings: [.unsafeFlags(staticExecutable)]),

    // Tests: one target a module, and the real whole in IntegrationTests.
    .testTarget(name: "LinuxTests", dependencies: ["Linux", "CLinux"]),
    .testTarget(name: "SandboxTests", dependencies: ["Sandbox", "Linux", "CLinux"]),
    .testTarget(name: "ProcFSTests", dependencies: ["ProcFS", "Linux", "CLinux"]),
    .testTarget(name: "PrivsepTests", dependencies: ["Privsep", "Linux"]),
    .testTarget(name: "StrictJSONTests", dependencies: ["StrictJSON"]),
    .testTarget(name: "GrantsTests", dependencies: ["Grants", "StrictJSON"]),
    .testTarget(name: "APITests", dependencies: ["API", "StrictJSON"]),
    .testTarget(name: "MaskingTests", dependencies: ["Masking"], exclude: ["Corpus"]),
    .testTarget(name: "BudgetsTests", dependencies: ["Budgets"]),
    .testTarget(name: "PolicyTests", dependencies: ["Policy", "Grants", "StrictJSON"]),
    .testTarget(
      name: "SeccompProfileTests", dependencies: ["SeccompProfile", "Sandbox", "StrictJSON", "Linux", "CLinux"]),
    .testTarget(name: "AuditLogTests", dependencies: ["AuditLog", "StrictJSON"]),
    .testTarget(name: "LibCryptoTests", dependencies: ["LibCrypto", crypto]),
    .testTarget(
      name: "CollectorTests",
      dependencies: [
        "Collector", "Linux", "Privsep", "ProcFS", "StrictJSON", "Grants", "API", "Masking", "Budgets", "AuditLog",
        "LibCrypto", "Tokens", crypto,
      ]),
    .testTarget(name: "TokensTests", dependencies: ["Tokens", "Grants", "StrictJSON", crypto]),
    .testTarget(name: "IdentityTests", dependencies: ["Identity", "CertificateAuthority", nioSSL]),
    .testTarget(
      name: "IntegrationTests",
      dependencies: ["Linux", "CLinux", "Sandbox", "SeccompProfile", "Privsep", "StrictJSON", crypto]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu17
)

// `make fuzz` (docs/fuzzing.md): the corpus tests' inputs again, as a program around libFuzzer. All code of this package
// is built with its counters and with AddressSanitizer then.
let fuzzing = Context.environment["SIDELIGHT_FUZZ"] == "1"
let fuzzRules: [SwiftSetting] = [.unsafeFlags(["-sanitize=fuzzer,address", "-enable-testing"])]
let fuzzDependencies: [Target.Dependency] = [
  "ProcFS", "Privsep", "StrictJSON", "Grants", "Tokens", "LibCrypto", "Identity", "Policy", "API", "Linux", "Masking",
  "Collector", "Endpoint", nio, nioHTTP1, .product(name: "NIOEmbedded", package: "swift-nio"),
]
if fuzzing {
  package.targets.append(.systemLibrary(name: "CFuzzer", path: "Tests/CFuzzer"))
  package.targets.append(
    .executableTarget(
      name: "FuzzTests", dependencies: fuzzDependencies + ["CFuzzer"], path: "Tests/FuzzTests",
      exclude: ["Corpus", "CorpusTests.swift"], swiftSettings: [.unsafeFlags(["-parse-as-library"])],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]))
} else {
  package.targets.append(
    .testTarget(name: "FuzzTests", dependencies: fuzzDependencies, exclude: ["Corpus", "Fuzzer.swift"]))
}

// `make bench`: figures with floors, from a release build (docs/masking.md).
let benchmarking = Context.environment["SIDELIGHT_BENCH"] == "1"
if benchmarking {
  package.targets.append(
    .executableTarget(
      name: "Benchmarks", dependencies: ["Masking"], swiftSettings: [.unsafeFlags(["-enable-testing"])]))
}

// One place for the rules that every Swift target obeys.
let swiftRules: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("ImmutableWeakCaptures"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]
for target in package.targets where target.type != .system && !["CLinux", "CAttack"].contains(target.name) {
  target.swiftSettings = (target.swiftSettings ?? []) + swiftRules + (fuzzing ? fuzzRules : [])
  if benchmarking, target.name == "Masking" {
    target.swiftSettings?.append(.unsafeFlags(["-enable-testing"]))
  }
}
