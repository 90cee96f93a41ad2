/// Makes the certificates of a test installation with a library that is not ours: `<name>.pem` and `<name>.key` for two
/// authorities (`ca`, `foreign`), a server, and clients good and bad.
enum BrokerCredentials {
  static let script = """
    import datetime, ipaddress, os, sys
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    now = datetime.datetime.now(datetime.timezone.utc)
    client, server = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH

    def write(name, data):
        with open(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)

    def save(name, pair):
        key, certificate = pair
        write(name + ".key", key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
        write(name + ".pem", certificate.public_bytes(serialization.Encoding.PEM))
        return pair

    def builder(subject, issuer, key, before, after):
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now + datetime.timedelta(seconds=before))
                .not_valid_after(now + datetime.timedelta(seconds=after)))

    def authority(name):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return key, (builder(subject, subject, key, -60, 86400)
                     .add_extension(x509.BasicConstraints(True, 0), True)
                     .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
                     .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
                     .add_extension(x509.SubjectAlternativeName(
                         [x509.UniformResourceIdentifier("spiffe://dev.example")]), False)
                     .sign(key, hashes.SHA256()))

    def leaf(issuer, uris, usage, name=None, groups=(), addresses=(), before=-60, after=3600):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        if name:
            subject.append(x509.NameAttribute(NameOID.COMMON_NAME, name))
        names = [x509.UniformResourceIdentifier(uri) for uri in uris]
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        build = (builder(x509.Name(subject), issuer[1].subject, key, before, after)
                 .add_extension(x509.BasicConstraints(False, None), True)
                 .add_extension(x509.ExtendedKeyUsage(usage), False)
                 .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[0].public_key()), False))
        if names:
            build = build.add_extension(x509.SubjectAlternativeName(names), False)
        return key, build.sign(issuer[0], hashes.SHA256())

    os.chdir(sys.argv[1])
    base = "spiffe://dev.example/"
    ca, foreign = save("ca", authority("development")), save("foreign", authority("development"))
    save("server", leaf(ca, [base + "broker"], [server, client], addresses=["127.0.0.1"]))
    save("ada", leaf(ca, [base + "user/ada"], [client], "ada", ["oncall"]))
    save("bob", leaf(ca, [base + "user/bob"], [client], "bob", ["oncall"]))
    save("eve", leaf(ca, [base + "user/eve"], [client], "eve", ["accounting"]))
    save("agent", leaf(ca, [base + "ns/dev/agent/a1"], [client, server], "agent", ["oncall"]))
    save("foreign-ada", leaf(foreign, [base + "user/ada"], [client], "ada", ["oncall"]))
    save("expired", leaf(ca, [base + "user/ada"], [client], "ada", ["oncall"], before=-7200, after=-3600))
    save("early", leaf(ca, [base + "user/ada"], [client], "ada", ["oncall"], before=1800))
    save("server-only", leaf(ca, [base + "user/ada"], [server], "ada", ["oncall"]))
    save("no-uri", leaf(ca, [], [client], "ada", ["oncall"]))
    save("two-uris", leaf(ca, [base + "user/ada", base + "user/bob"], [client], "ada", ["oncall"]))
    save("other-name", leaf(ca, [base + "user/ada"], [client], "bob", ["oncall"]))
    save("other-domain", leaf(ca, ["spiffe://other.example/user/ada"], [client], "ada", ["oncall"]))
    save("no-session", leaf(ca, [base + "session/AAAAAAAAAAAAAAAAAAAAAA"], [client]))
    """

  /// Binds a free port, puts it into the configuration, and becomes the broker with the socket as descriptor 3.
  static let launcher = """
    import ctypes, os, socket, struct, sys
    folder, program = sys.argv[1:]
    os.chdir(folder)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    port = str(listener.getsockname()[1])
    with open("config.template") as template, open("config.json", "w") as config:
        config.write(template.read().replace("PORT", port))
    with open("port.new", "w") as file:
        file.write(port)
    os.rename("port.new", "port")
    os.dup2(listener.fileno(), 3)
    os.set_inheritable(3, True)
    if os.path.exists("user"):
        # Another user may not be able to walk to it.
        program = f"/proc/self/fd/{os.open(program, os.O_PATH)}"
        with open("user") as file:
            user = int(file.read())
        for place in [folder, *map(os.path.abspath, os.listdir())]:
            os.chown(place, user, user)
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    if os.path.exists("filter"):
        with open("filter", "rb") as file:
            content = file.read()
        libc = ctypes.CDLL(None)
        libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
        buffer = ctypes.create_string_buffer(content)
        holder = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(content) // 8, ctypes.addressof(buffer)))
        # PR_SET_NO_NEW_PRIVS; PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.addressof(holder), 0, 0) == 0
    os.execv(program, [program, "serve", "--config", folder + "/config.json"])
    """
}
