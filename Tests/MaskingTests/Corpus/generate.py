#!/usr/bin/env python3
"""Writes tune.jsonl and measured.jsonl from templates/*.txt.

A template line is `kind<TAB>text`. In the text, {name} is a generated value that is no secret, and
{!name} one that is and gets a label. Every value comes from the generator below: none was ever in use.
The file's name is the source. Which sources are only measured, and never looked at while tuning, is
fixed here. Run in this folder; the result is the same each time.
"""
import base64, json, pathlib, random, re, string, uuid, zlib

MEASURED = {
    "ansible", "cloud-cli", "dotnet", "jenkins", "kafka", "mail", "mobile", "mongodb", "network", "php",
    "rails", "redis", "csharp", "goshell", "oauth-logs", "orm-logs", "php-ruby", "yaml-settings", "rust", "systemd", "vault", "windows",
}
COPIES = 4
WORDS = """harbor lantern copper meadow rocket violet thunder saddle pepper marble canyon walnut falcon
ribbon cactus glacier tulip anchor bishop velvet magnet orchid puzzle salmon timber zephyr""".split()
B62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


class Values:
    def __init__(self, seed):
        self.r = random.Random(seed)

    def pick(self, alphabet, count):
        return "".join(self.r.choice(alphabet) for _ in range(count))

    def pw(self):
        w, r = self.r.choice(WORDS), self.r
        return r.choice([
            lambda: w.capitalize() + str(r.randrange(10, 9999)) + r.choice("!@#$*?"),
            lambda: w + str(r.randrange(100, 99999)),
            lambda: self.pick(B62, r.randrange(8, 24)),
            lambda: self.pick(string.ascii_lowercase + string.digits, r.randrange(8, 16)),
            lambda: self.pick(B62 + "!@#%^*_+-.", r.randrange(10, 20)),
            lambda: w[:3] + r.choice("@!3") + w[3:].upper() + str(r.randrange(1000)),
            lambda: "-".join(r.sample(WORDS, 3)) + str(r.randrange(10)),
        ])()

    def word(self):
        return self.r.choice(WORDS) + self.r.choice(["", "", "1", "s"])

    def pin(self):
        return self.pick(string.digits, self.r.choice([4, 6, 6]))

    def hex16(self): return self.pick("0123456789abcdef", 16)
    def hex24(self): return self.pick("0123456789abcdef", 24)
    def hex32(self): return self.pick("0123456789abcdef", 32)
    def hex40(self): return self.pick("0123456789abcdef", 40)
    def hex64(self): return self.pick("0123456789abcdef", 64)
    def short(self): return self.pick("0123456789abcdef", 7)
    def hex128(self): return self.pick("0123456789abcdef", 128)
    def tok20(self): return self.pick(B62, 20)
    def tok32(self): return self.pick(B62, 32)
    def tok43(self): return self.pick(B62 + "-_", 43)
    def b64_40(self): return self.pick(B62 + "+/", 40)
    def b64(self): return base64.b64encode(self.r.randbytes(self.r.choice([24, 32, 33, 48]))).decode()
    def basic(self): return base64.b64encode(f"{self.user()}:{self.pw()}".encode()).decode()
    def aws(self): return "AKIA" + self.pick(string.ascii_uppercase + "234567", 16)
    def gcp(self): return "AIza" + self.pick(B62 + "-_", 35)

    def github(self):
        body = self.pick(B62, 30)
        crc, tail = zlib.crc32(body.encode()), ""
        for _ in range(6):
            tail, crc = B62[crc % 62] + tail, crc // 62
        return self.r.choice(["ghp_", "gho_", "ghs_"]) + body + tail

    def gitlab(self): return "glpat-" + self.pick(B62 + "_-", 20)
    def slack(self): return "xoxb-" + self.pick(string.digits, 12) + "-" + self.pick(string.digits, 12) + "-" + self.pick(B62, 24)
    def stripe(self): return "sk_live_" + self.pick(B62, 24)
    def npm(self): return "npm_" + self.pick(B62, 36)
    def vault(self): return "hvs." + self.pick(B62, 90)
    def sendgrid(self): return "SG." + self.pick(B62, 22) + "." + self.pick(B62 + "-_", 43)
    def anthropic(self): return "sk-ant-api03-" + self.pick(B62 + "-_", 80) + "AA"
    def openai(self): return "sk-proj-" + self.pick(B62, 48)
    def telegram(self): return self.pick(string.digits, 10) + ":AA" + self.pick(B62 + "-_", 33)
    def crypt(self): return "$6$" + self.pick(B62 + "./", 12) + "$" + self.pick(B62 + "./", 86)
    def bcrypt(self): return "$2b$12$" + self.pick(B62 + "./", 53)

    def jwt(self):
        part = lambda o: base64.urlsafe_b64encode(json.dumps(o, separators=(",", ":")).encode()).decode().rstrip("=")
        return ".".join([part({"alg": "HS256", "typ": "JWT"}), part({"sub": self.num(), "iat": 1712000000 + self.r.randrange(10**7)}), self.tok43()])

    def pem(self):
        lines = base64.b64encode(self.r.randbytes(150)).decode()
        return "-----BEGIN RSA PRIVATE KEY-----\n" + "\n".join(lines[i:i + 64] for i in range(0, len(lines), 64)) + "\n-----END RSA PRIVATE KEY-----"

    def pem1(self): return self.pem().replace("\n", "\\n")
    def secret64(self): return base64.b64encode(self.pw().encode()).decode()
    def b64long(self): return base64.b64encode(self.r.randbytes(300)).decode()
    def kubeadm(self): return self.pick(string.ascii_lowercase + string.digits, 6) + "." + self.pick(string.ascii_lowercase + string.digits, 16)
    def cisco7(self): return "08" + self.pick("0123456789ABCDEF", 14)
    def md5crypt(self): return "$1$" + self.pick(B62, 4) + "$" + self.pick(B62 + "./", 22)
    def azure(self): return base64.b64encode(self.r.randbytes(64)).decode()
    def wgkey(self): return base64.b64encode(self.r.randbytes(32)).decode()
    def winkey(self): return "-".join(self.pick(string.ascii_uppercase + string.digits, 5) for _ in range(5))
    def phrase(self): return " ".join(self.r.sample(WORDS, 4))

    # No secrets.
    def uuid(self): return str(uuid.UUID(int=self.r.getrandbits(128), version=4))
    def user(self): return self.r.choice(["alice", "bob", "deploy", "svc-billing", "app", "postgres", "root", "admin", "ci-bot"])
    def host(self): return self.r.choice(["db-1", "cache.internal", "10.2.3.4", "api.example.org", "node7", "pg.prod.example.org", "localhost"])
    def num(self): return str(self.r.randrange(1, 99999))
    def small(self): return str(self.r.randrange(1, 99))
    def ip(self): return ".".join(str(self.r.randrange(1, 255)) for _ in range(4))
    def ts(self): return f"2024-{self.r.randrange(1,13):02}-{self.r.randrange(1,29):02}T{self.r.randrange(24):02}:{self.r.randrange(60):02}:{self.r.randrange(60):02}.{self.r.randrange(1000):03}Z"
    def day(self): return f"2024-{self.r.randrange(1,13):02}-{self.r.randrange(1,29):02} {self.r.randrange(24):02}:{self.r.randrange(60):02}:{self.r.randrange(60):02}"
    def syslog(self): return f"{self.r.choice(['Jan','Mar','Oct','Dec'])} {self.r.randrange(1,29):2} {self.r.randrange(24):02}:{self.r.randrange(60):02}:{self.r.randrange(60):02}"
    def ver(self): return ".".join(str(self.r.randrange(30)) for _ in range(3))
    def path(self): return "/" + "/".join(self.r.sample(["var", "lib", "app", "data", "srv", "releases", "current", "config"], 3))
    def db(self): return self.r.choice(["orders", "inventory", "billing", "app_production", "users"])
    def harmless64(self): return base64.b64encode(("the %s sat on the %s and looked at %s" % tuple(self.r.sample(WORDS, 3))).encode()).decode()


def render(text, values):
    out, spans = b"", []
    for part in re.split(r"(\{!?[a-z0-9_]+\})", text):
        match = re.fullmatch(r"\{(!?)([a-z0-9_]+)\}", part)
        if match and hasattr(values, match[2]):
            value = getattr(values, match[2])().encode()
            if match[1]:
                spans.append([len(out), len(out) + len(value)])
            out += value
        else:
            out += part.encode()
    return out.decode(), spans


def main():
    here = pathlib.Path(__file__).parent
    files = {"tune": [], "measured": []}
    for source in sorted((here / "templates").glob("*.txt")):
        split = "measured" if source.stem in MEASURED else "tune"
        for number, line in enumerate(source.read_text().splitlines()):
            if not line or line.startswith("#!"):
                continue
            kind, text = line.split("\t", 1)
            text = text.replace("\\N", "\n")
            for copy in range(COPIES if "{" in text else 1):
                rendered, spans = render(text, Values(f"{source.stem}:{number}:{copy}"))
                files[split].append({"kind": kind, "text": rendered, "secrets": spans, "source": source.stem})
    for split, records in files.items():
        seen = set()
        with open(here / f"{split}.jsonl", "w") as out:
            for record in records:
                key = (record["kind"], record["text"])
                if key not in seen:
                    seen.add(key)
                    out.write(json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n")
        print(split, len(seen))


main()
