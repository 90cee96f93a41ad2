/// Bytes a token may be made of.
enum TokenAlphabet: Sendable {
  case alphanumeric
  /// Letters, digits, `_` and `-`.
  case word
  /// As `word`, and `.`.
  case dotted
  /// As `dotted`, and `+`, `/`, `=`, `~`.
  case wide
  case hex
  case base32
  case digits

  func contains(_ byte: UInt8) -> Bool {
    switch self {
    case .alphanumeric: ByteClass.isAlphanumeric(byte)
    case .word: ByteClass.isWord(byte) || byte == 0x2D
    case .dotted: ByteClass.isWord(byte) || byte == 0x2D || byte == 0x2E
    case .wide:
      ByteClass.isBase64(byte) || byte == 0x2E || byte == 0x3D || byte == 0x7E || byte == 0x25 || byte == 0x3A
    case .hex: ByteClass.isHex(byte)
    case .base32: ByteClass.isUpper(byte) || byte &- 0x32 < 6
    case .digits: ByteClass.isDigit(byte)
    }
  }
}

/// A provider's published token format: a fixed beginning and a body.
struct TokenFormat: Sendable {
  enum Check: Sendable {
    case none
    /// The last six characters are the CRC-32 of the rest in base 62.
    case crc32Base62
    /// `_` and eight hex digits: the CRC-32 of the rest.
    case crc32Hex
    /// The body has a digit and a letter; for beginnings that words share.
    case mixed
    /// Eight to ten digits stand before the prefix and belong to the token.
    case digitsBefore
    /// Fourteen letters and digits stand before the prefix and belong to the token.
    case wordBefore
  }

  var prefix: StaticString
  var kind: SecretKind
  var rule: StaticString
  var alphabet: TokenAlphabet
  var minimum: Int
  var check: Check = .none
  /// Whether capitals in the prefix must be capitals in the text.
  var caseMatters = true
  /// Whether the prefix is itself public and stays readable (`https://hooks.slack.com/services/`).
  var keepsPrefix = false
}

extension TokenFormat {
  /// The formats, from the providers' own documentation.
  static let all: [TokenFormat] = cloud + code + messaging + services

  private static let cloud: [TokenFormat] = [
    .init(prefix: "AKIA", kind: .aws, rule: "aws-access-key-id", alphabet: .base32, minimum: 16),
    .init(prefix: "ASIA", kind: .aws, rule: "aws-access-key-id", alphabet: .base32, minimum: 16),
    .init(prefix: "ABIA", kind: .aws, rule: "aws-bearer-id", alphabet: .base32, minimum: 16),
    .init(prefix: "ACCA", kind: .aws, rule: "aws-context-id", alphabet: .base32, minimum: 16),
    .init(prefix: "bedrock-api-key-", kind: .aws, rule: "aws-bedrock-key", alphabet: .wide, minimum: 20),
    .init(prefix: "ABSK", kind: .aws, rule: "aws-bedrock-key", alphabet: .wide, minimum: 80),
    .init(prefix: "amzn.mws.", kind: .aws, rule: "amazon-mws", alphabet: .word, minimum: 32),
    .init(prefix: "AIza", kind: .gcp, rule: "gcp-api-key", alphabet: .word, minimum: 30),
    .init(prefix: "ya29.", kind: .gcp, rule: "gcp-access-token", alphabet: .dotted, minimum: 20),
    .init(prefix: "GOCSPX-", kind: .gcp, rule: "gcp-client-secret", alphabet: .word, minimum: 20),
    .init(prefix: "1//0", kind: .gcp, rule: "gcp-refresh-token", alphabet: .word, minimum: 30),
    .init(
      prefix: "AccountKey=", kind: .azure, rule: "azure-account-key", alphabet: .wide, minimum: 20, caseMatters: false,
      keepsPrefix: true),
    .init(
      prefix: "SharedAccessKey=", kind: .azure, rule: "azure-shared-access-key", alphabet: .wide, minimum: 20,
      caseMatters: false, keepsPrefix: true),
    .init(
      prefix: "SharedAccessSignature=", kind: .azure, rule: "azure-sas", alphabet: .wide, minimum: 20,
      caseMatters: false, keepsPrefix: true),
    .init(prefix: "dop_v1_", kind: .digitalocean, rule: "digitalocean-token", alphabet: .hex, minimum: 32),
    .init(prefix: "doo_v1_", kind: .digitalocean, rule: "digitalocean-token", alphabet: .hex, minimum: 32),
    .init(prefix: "dor_v1_", kind: .digitalocean, rule: "digitalocean-token", alphabet: .hex, minimum: 32),
    .init(
      prefix: "LTAI", kind: .provider, rule: "alibaba-access-key", alphabet: .alphanumeric, minimum: 12, check: .mixed),
    .init(prefix: "hvs.", kind: .vault, rule: "vault-token", alphabet: .word, minimum: 20),
    .init(prefix: "hvb.", kind: .vault, rule: "vault-token", alphabet: .word, minimum: 20),
    .init(prefix: "hvr.", kind: .vault, rule: "vault-token", alphabet: .word, minimum: 20),
    .init(
      prefix: "s.", kind: .vault, rule: "vault-legacy-token", alphabet: .alphanumeric, minimum: 24, check: .mixed),
    .init(
      prefix: ".atlasv1.", kind: .hashicorp, rule: "terraform-token", alphabet: .word, minimum: 60, check: .wordBefore),
    .init(prefix: "dapi", kind: .databricks, rule: "databricks-token", alphabet: .hex, minimum: 30),
    .init(prefix: "dkea", kind: .databricks, rule: "databricks-token", alphabet: .hex, minimum: 32),
    .init(prefix: "dose", kind: .databricks, rule: "databricks-token", alphabet: .hex, minimum: 32),
    .init(
      prefix: "glsa_", kind: .grafana, rule: "grafana-service-account", alphabet: .word, minimum: 32, check: .crc32Hex),
    .init(prefix: "glc_", kind: .grafana, rule: "grafana-cloud", alphabet: .wide, minimum: 32),
    .init(prefix: "eyJrIjoi", kind: .grafana, rule: "grafana-api-key", alphabet: .wide, minimum: 30),
    .init(prefix: "dt0c01.", kind: .provider, rule: "dynatrace-token", alphabet: .dotted, minimum: 24),
    .init(prefix: "NRAK-", kind: .provider, rule: "newrelic-key", alphabet: .alphanumeric, minimum: 20),
    .init(prefix: "NRJS-", kind: .provider, rule: "newrelic-key", alphabet: .alphanumeric, minimum: 16),
    .init(prefix: "NRII-", kind: .provider, rule: "newrelic-key", alphabet: .word, minimum: 20),
    .init(prefix: "tskey-", kind: .provider, rule: "tailscale-key", alphabet: .word, minimum: 16),
    .init(prefix: "pul-", kind: .provider, rule: "pulumi-token", alphabet: .hex, minimum: 40),
    .init(prefix: "dp.pt.", kind: .provider, rule: "doppler-token", alphabet: .alphanumeric, minimum: 30),
    .init(prefix: "dp.st.", kind: .provider, rule: "doppler-token", alphabet: .dotted, minimum: 30),
    .init(prefix: "pscale_", kind: .provider, rule: "planetscale-token", alphabet: .dotted, minimum: 30),
    .init(prefix: "sbp_", kind: .provider, rule: "supabase-token", alphabet: .hex, minimum: 32),
    .init(prefix: "sb_secret_", kind: .provider, rule: "supabase-token", alphabet: .word, minimum: 20),
    .init(prefix: "nfp_", kind: .provider, rule: "netlify-token", alphabet: .alphanumeric, minimum: 30),
    .init(prefix: "fm2_", kind: .provider, rule: "fly-token", alphabet: .wide, minimum: 60),
    .init(prefix: "HRKU-", kind: .provider, rule: "heroku-token", alphabet: .word, minimum: 30),
    .init(prefix: "AKCp", kind: .provider, rule: "artifactory-key", alphabet: .alphanumeric, minimum: 50),
    .init(prefix: "cmVmdGtu", kind: .provider, rule: "artifactory-reference", alphabet: .alphanumeric, minimum: 48),
    .init(prefix: "ops_eyJ", kind: .provider, rule: "onepassword-token", alphabet: .wide, minimum: 100),
    .init(prefix: "AGE-SECRET-KEY-1", kind: .age, rule: "age-key", alphabet: .alphanumeric, minimum: 50),
    .init(prefix: "AGE-PLUGIN-", kind: .age, rule: "age-plugin", alphabet: .word, minimum: 40),
  ]

  private static let code: [TokenFormat] = [
    .init(
      prefix: "ghp_", kind: .github, rule: "github-token", alphabet: .alphanumeric, minimum: 30, check: .crc32Base62),
    .init(
      prefix: "gho_", kind: .github, rule: "github-token", alphabet: .alphanumeric, minimum: 30, check: .crc32Base62),
    .init(
      prefix: "ghu_", kind: .github, rule: "github-token", alphabet: .alphanumeric, minimum: 30, check: .crc32Base62),
    .init(prefix: "ghs_", kind: .github, rule: "github-token", alphabet: .wide, minimum: 30, check: .crc32Base62),
    .init(
      prefix: "ghr_", kind: .github, rule: "github-token", alphabet: .alphanumeric, minimum: 30, check: .crc32Base62),
    .init(prefix: "github_pat_", kind: .github, rule: "github-fine-grained", alphabet: .word, minimum: 30),
    .init(prefix: "glpat-", kind: .gitlab, rule: "gitlab-token", alphabet: .dotted, minimum: 18),
    .init(prefix: "gldt-", kind: .gitlab, rule: "gitlab-deploy-token", alphabet: .dotted, minimum: 18),
    .init(prefix: "glrt-", kind: .gitlab, rule: "gitlab-runner-token", alphabet: .dotted, minimum: 18),
    .init(prefix: "glrtr-", kind: .gitlab, rule: "gitlab-runner-token", alphabet: .dotted, minimum: 18),
    .init(prefix: "glcbt-", kind: .gitlab, rule: "gitlab-build-token", alphabet: .dotted, minimum: 18),
    .init(prefix: "glptt-", kind: .gitlab, rule: "gitlab-trigger-token", alphabet: .dotted, minimum: 18),
    .init(prefix: "glft-", kind: .gitlab, rule: "gitlab-feed-token", alphabet: .dotted, minimum: 18),
    .init(prefix: "glsoat-", kind: .gitlab, rule: "gitlab-scim-token", alphabet: .dotted, minimum: 18),
    .init(prefix: "glimt-", kind: .gitlab, rule: "gitlab-mail-token", alphabet: .dotted, minimum: 18),
    .init(prefix: "glagent-", kind: .gitlab, rule: "gitlab-agent-token", alphabet: .dotted, minimum: 18),
    .init(prefix: "gloas-", kind: .gitlab, rule: "gitlab-oauth-secret", alphabet: .dotted, minimum: 18),
    .init(prefix: "glffct-", kind: .gitlab, rule: "gitlab-flags-token", alphabet: .dotted, minimum: 18),
    .init(prefix: "GR1348941", kind: .gitlab, rule: "gitlab-registration-token", alphabet: .word, minimum: 18),
    .init(prefix: "ATBB", kind: .provider, rule: "bitbucket-app-password", alphabet: .alphanumeric, minimum: 24),
    .init(prefix: "ATATT3", kind: .provider, rule: "atlassian-token", alphabet: .wide, minimum: 60),
    .init(prefix: "ATCTT3", kind: .provider, rule: "atlassian-token", alphabet: .wide, minimum: 60),
    .init(prefix: "npm_", kind: .npm, rule: "npm-token", alphabet: .alphanumeric, minimum: 30, check: .crc32Base62),
    .init(prefix: "pypi-", kind: .pypi, rule: "pypi-token", alphabet: .word, minimum: 40),
    .init(prefix: "dckr_pat_", kind: .docker, rule: "docker-token", alphabet: .word, minimum: 20),
    .init(prefix: "dckr_oat_", kind: .docker, rule: "docker-token", alphabet: .word, minimum: 20),
    .init(prefix: "SWMTKN-1-", kind: .docker, rule: "docker-swarm-token", alphabet: .word, minimum: 30),
    .init(prefix: "SWMKEY-1-", kind: .docker, rule: "docker-swarm-key", alphabet: .wide, minimum: 20),
    .init(prefix: "rubygems_", kind: .provider, rule: "rubygems-key", alphabet: .hex, minimum: 40),
    .init(prefix: "oy2", kind: .provider, rule: "nuget-key", alphabet: .alphanumeric, minimum: 43, check: .mixed),
    .init(prefix: "cio", kind: .provider, rule: "crates-token", alphabet: .alphanumeric, minimum: 32, check: .mixed),
    .init(prefix: "CCIPAT_", kind: .provider, rule: "circleci-token", alphabet: .word, minimum: 30),
    .init(prefix: "bkua_", kind: .provider, rule: "buildkite-token", alphabet: .hex, minimum: 32),
    .init(prefix: "lin_api_", kind: .provider, rule: "linear-key", alphabet: .alphanumeric, minimum: 32),
    .init(prefix: "figd_", kind: .provider, rule: "figma-token", alphabet: .word, minimum: 32),
    .init(prefix: "PMAK-", kind: .provider, rule: "postman-key", alphabet: .word, minimum: 40),
    .init(prefix: "sqp_", kind: .provider, rule: "sonarqube-token", alphabet: .hex, minimum: 40),
    .init(prefix: "squ_", kind: .provider, rule: "sonarqube-token", alphabet: .hex, minimum: 40),
    .init(prefix: "sntrys_", kind: .provider, rule: "sentry-token", alphabet: .wide, minimum: 40),
    .init(prefix: "sntryu_", kind: .provider, rule: "sentry-token", alphabet: .hex, minimum: 40),
  ]

  private static let messaging: [TokenFormat] = [
    .init(prefix: "xoxb-", kind: .slack, rule: "slack-token", alphabet: .word, minimum: 10),
    .init(prefix: "xoxp-", kind: .slack, rule: "slack-token", alphabet: .word, minimum: 10),
    .init(prefix: "xoxa-", kind: .slack, rule: "slack-token", alphabet: .word, minimum: 10),
    .init(prefix: "xoxr-", kind: .slack, rule: "slack-token", alphabet: .word, minimum: 10),
    .init(prefix: "xoxs-", kind: .slack, rule: "slack-token", alphabet: .word, minimum: 10),
    .init(prefix: "xoxe-", kind: .slack, rule: "slack-token", alphabet: .word, minimum: 10),
    .init(prefix: "xoxe.xox", kind: .slack, rule: "slack-token", alphabet: .word, minimum: 10),
    .init(prefix: "xoxc-", kind: .slack, rule: "slack-token", alphabet: .word, minimum: 10),
    .init(prefix: "xoxd-", kind: .slack, rule: "slack-token", alphabet: .wide, minimum: 10),
    .init(prefix: "xapp-", kind: .slack, rule: "slack-app-token", alphabet: .word, minimum: 10),
    .init(
      prefix: "hooks.slack.com/services/", kind: .slack, rule: "slack-webhook", alphabet: .wide, minimum: 16,
      caseMatters: false, keepsPrefix: true),
    .init(
      prefix: "hooks.slack.com/workflows/", kind: .slack, rule: "slack-webhook", alphabet: .wide, minimum: 16,
      caseMatters: false, keepsPrefix: true),
    .init(
      prefix: "discord.com/api/webhooks/", kind: .discord, rule: "discord-webhook", alphabet: .wide, minimum: 20,
      caseMatters: false, keepsPrefix: true),
    .init(
      prefix: "discordapp.com/api/webhooks/", kind: .discord, rule: "discord-webhook", alphabet: .wide, minimum: 20,
      caseMatters: false, keepsPrefix: true),
    .init(
      prefix: ".webhook.office.com/", kind: .azure, rule: "teams-webhook", alphabet: .wide, minimum: 30,
      caseMatters: false, keepsPrefix: true),
    .init(
      prefix: "chat.googleapis.com/v1/spaces/", kind: .gcp, rule: "chat-webhook", alphabet: .wide, minimum: 30,
      caseMatters: false, keepsPrefix: true),
    .init(
      prefix: "api.telegram.org/bot", kind: .telegram, rule: "telegram-url", alphabet: .wide, minimum: 30,
      caseMatters: false, keepsPrefix: true),
    .init(
      prefix: ":AA", kind: .telegram, rule: "telegram-bot-token", alphabet: .word, minimum: 33, check: .digitsBefore),
    .init(prefix: "SG.", kind: .sendgrid, rule: "sendgrid-key", alphabet: .dotted, minimum: 40, check: .mixed),
    .init(prefix: "SK", kind: .twilio, rule: "twilio-api-key", alphabet: .hex, minimum: 32),
    .init(prefix: "xkeysib-", kind: .provider, rule: "brevo-key", alphabet: .word, minimum: 40),
    .init(prefix: "xsmtpsib-", kind: .provider, rule: "brevo-key", alphabet: .word, minimum: 40),
    .init(prefix: "key-", kind: .provider, rule: "mailgun-key", alphabet: .hex, minimum: 32),
    .init(prefix: "EAAC", kind: .provider, rule: "facebook-token", alphabet: .alphanumeric, minimum: 30),
    .init(prefix: "EAACEdEose0cBA", kind: .provider, rule: "facebook-token", alphabet: .alphanumeric, minimum: 10),
    .init(prefix: "IGQV", kind: .provider, rule: "instagram-token", alphabet: .word, minimum: 60),
  ]

  private static let services: [TokenFormat] = [
    .init(prefix: "sk_live_", kind: .stripe, rule: "stripe-key", alphabet: .alphanumeric, minimum: 16),
    .init(prefix: "sk_test_", kind: .stripe, rule: "stripe-key", alphabet: .alphanumeric, minimum: 16),
    .init(prefix: "rk_live_", kind: .stripe, rule: "stripe-key", alphabet: .alphanumeric, minimum: 16),
    .init(prefix: "rk_test_", kind: .stripe, rule: "stripe-key", alphabet: .alphanumeric, minimum: 16),
    .init(prefix: "pk_live_", kind: .stripe, rule: "stripe-key", alphabet: .alphanumeric, minimum: 20),
    .init(prefix: "whsec_", kind: .stripe, rule: "webhook-secret", alphabet: .wide, minimum: 20),
    .init(prefix: "sk-ant-", kind: .anthropic, rule: "anthropic-key", alphabet: .word, minimum: 20),
    .init(prefix: "sk-proj-", kind: .openai, rule: "openai-key", alphabet: .word, minimum: 20),
    .init(prefix: "sk-svcacct-", kind: .openai, rule: "openai-key", alphabet: .word, minimum: 20),
    .init(prefix: "sk-admin-", kind: .openai, rule: "openai-key", alphabet: .word, minimum: 20),
    .init(prefix: "sk-or-v1-", kind: .provider, rule: "openrouter-key", alphabet: .hex, minimum: 32),
    .init(prefix: "sk-", kind: .openai, rule: "openai-key", alphabet: .word, minimum: 32, check: .mixed),
    .init(
      prefix: "hf_", kind: .provider, rule: "huggingface-token", alphabet: .alphanumeric, minimum: 30, check: .none),
    .init(prefix: "gsk_", kind: .provider, rule: "groq-key", alphabet: .alphanumeric, minimum: 40),
    .init(prefix: "r8_", kind: .provider, rule: "replicate-token", alphabet: .alphanumeric, minimum: 32),
    .init(prefix: "pplx-", kind: .provider, rule: "perplexity-key", alphabet: .alphanumeric, minimum: 32),
    .init(prefix: "xai-", kind: .provider, rule: "xai-key", alphabet: .alphanumeric, minimum: 40),
    .init(prefix: "shpat_", kind: .shopify, rule: "shopify-token", alphabet: .hex, minimum: 32),
    .init(prefix: "shpca_", kind: .shopify, rule: "shopify-token", alphabet: .hex, minimum: 32),
    .init(prefix: "shppa_", kind: .shopify, rule: "shopify-token", alphabet: .hex, minimum: 32),
    .init(prefix: "shpss_", kind: .shopify, rule: "shopify-secret", alphabet: .hex, minimum: 32),
    .init(prefix: "shptka_", kind: .shopify, rule: "shopify-token", alphabet: .hex, minimum: 32),
    .init(prefix: "sq0atp-", kind: .provider, rule: "square-token", alphabet: .word, minimum: 20),
    .init(prefix: "sq0csp-", kind: .provider, rule: "square-secret", alphabet: .word, minimum: 40),
    .init(prefix: "sq0idp-", kind: .provider, rule: "square-id", alphabet: .word, minimum: 20),
    .init(prefix: "access_token$", kind: .provider, rule: "paypal-token", alphabet: .wide, minimum: 20),
    .init(prefix: "shippo_live_", kind: .provider, rule: "shippo-token", alphabet: .hex, minimum: 32),
    .init(prefix: "shippo_test_", kind: .provider, rule: "shippo-token", alphabet: .hex, minimum: 32),
    .init(prefix: "EZAK", kind: .provider, rule: "easypost-key", alphabet: .alphanumeric, minimum: 40),
    .init(prefix: "EZTK", kind: .provider, rule: "easypost-key", alphabet: .alphanumeric, minimum: 40),
    .init(prefix: "CFPAT-", kind: .provider, rule: "contentful-token", alphabet: .word, minimum: 40),
    .init(prefix: "phx_", kind: .provider, rule: "posthog-key", alphabet: .alphanumeric, minimum: 40),
    .init(prefix: "ntn_", kind: .provider, rule: "notion-token", alphabet: .alphanumeric, minimum: 40),
    .init(
      prefix: "secret_", kind: .provider, rule: "notion-token", alphabet: .alphanumeric, minimum: 40, check: .mixed),
    .init(prefix: "patp", kind: .provider, rule: "airtable-token", alphabet: .dotted, minimum: 60, check: .mixed),
    .init(prefix: "v1.0-", kind: .provider, rule: "cloudflare-origin-key", alphabet: .word, minimum: 100),
    .init(prefix: "sgp_", kind: .provider, rule: "sourcegraph-token", alphabet: .word, minimum: 40),
    .init(prefix: "rdme_", kind: .provider, rule: "readme-token", alphabet: .alphanumeric, minimum: 60),
    .init(prefix: "duffel_", kind: .provider, rule: "duffel-token", alphabet: .word, minimum: 40),
    .init(prefix: "FLWSECK", kind: .provider, rule: "flutterwave-key", alphabet: .word, minimum: 12),
    .init(prefix: "rzp_live_", kind: .provider, rule: "razorpay-key", alphabet: .alphanumeric, minimum: 12),
  ]
}
