enum CertificateAuthoritySeed {}
