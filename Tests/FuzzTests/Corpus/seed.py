#!/usr/bin/env python3
"""Writes the inputs that each fuzz target begins with. Files named found-* are not made here: they once broke something.

Run in this folder with the python of .build/python. Tokens are signed with the key of RFC 8037, appendix A, whose
private half is printed there; every secret is made up here.
"""
import base64, json, pathlib, struct
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

def b64(data): return base64.urlsafe_b64encode(data).rstrip(b"=")
def unb64(text): return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
def put(target, **files):
    folder = pathlib.Path(__file__).parent / target
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())

fields = "1 42 42 0 -1 4194560 9071 0 12 0 33 17 0 0 20 0 4 0 8812 245415936 1024 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0"
put("stat", plain=f"42 (java) S {fields}\n", nested=f"7 (a) S (b)) Z {fields}\n", newline=f"7 (a\n8 (b) R {fields}",
    kernel=f"2 (kthreadd) S 0 0 0 0 -1 2129984 {' '.join(['0'] * 41)}\n", short="1 (x) R 0", empty="")
status = """Name:\tapp\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t42\nPid:\t42\nPPid:\t1\nUid:\t10001\t10001\t10001\t10001
Gid:\t10001\t10001\t10001\t10001\nGroups:\t10001 \nVmRSS:\t    9216 kB\nThreads:\t4\nCapInh:\t0000000000000000
CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000
NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n"""
put("status", plain=status, root=status.replace("10001", "0"), cut=status[:200], broken="Uid:\t1\nGid:\t2 3\nCapEff:\tzz\n")
put("cmdline", plain=b"java\0-Xmx1g\0-jar\0/app.jar\0", title=b"nginx: master process /usr/sbin/nginx -g daemon off;",
    padded=b"postgres: checkpointer\0\0\0\0\0\0\0\0", empties=b"\0\0a\0\0b\0")
put("environ", plain=b"PATH=/usr/bin\0HOME=/\0LANG=C.UTF-8\0", odd=b"\0=x\0A\0A=\0A=1\0A=2\0\xc3\x28=\xff\0BASH_FUNC_x%%=() { :; }\0",
    unterminated=b"A=1\0B=2")
put("cgroup", v2="0::/kubepods.slice/kubepods-burstable.slice/pod1/cri-containerd-0123456789abcdef.scope\n",
    v1="12:pids:/docker/0123456789abcdef\n3:cpu,cpuacct:/docker/0123456789abcdef\n1:name=systemd:/a:b\n0::/\n", odd=":::\n1\n99999999999999999999:x:/y\n0::\n")
put("mountinfo", plain="""23 28 0:21 / /proc rw,nosuid - proc proc rw
28 1 254:1 / / rw,relatime shared:1 master:2 - overlay overlay rw,lowerdir=/l
31 28 0:26 /x\\040y /var/log rw - ext4 /dev/sda1 rw
40 28 0:33 / /mnt rw - fuse.sshfs host:/ rw
""", odd="1 2 3\n5 1 0:1 / / rw - overlay\n6 1 0:1 / /a rw - - - tmpfs x y\n18446744073709551616 1 0:1 / / rw - ext4 a b\n")
limits = """Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max open files            1024                 524288               files     
Max nice priority         0                    0                    
"""
put("limits", plain=limits, cut=limits[:100], long=limits + "x" * 300 + "\n")

def frame(kind, stream, payload=b""): return struct.pack("<IB3xI", len(payload), kind, stream) + payload
def string(text): return struct.pack("<I", len(text)) + text
request = struct.pack("<I", 7) + string(b"GET") + string(b"/v1/processes?limit=5") + string(b"Bearer a.b.c")
peer = string(b"\x30\x82") + string(b"spiffe://prod.example/session/s-1") + struct.pack("<q", 1764000300) + string(b"127.0.0.1:4431")
put("frames-from-endpoint",
    all=b"\x05" + frame(1, 0, struct.pack("<i", 7) + string(b"ab") + b"\x01") + frame(2, 7, peer) + frame(4, 1, request)
    + frame(6, 1, struct.pack("<I", 9000)) + frame(5, 2, struct.pack("<IB", 7, 1)) + frame(8, 0, b"\x01" + string(b"a word"))
    + frame(7, 1) + frame(3, 7) + frame(9, 0), padding=b"\0\0\0\0\0\x04\x01\0\0\0\0\0\0", large=b"\0" + struct.pack("<IB3xI", 1 << 31, 4, 1))
head = struct.pack("<HQB", 200, 17, 1) + string(b"content-type") + string(b"application/json")
put("frames-from-collector", all=b"\x03" + frame(10, 0) + frame(11, 1, head) + frame(12, 1, b"{\"processes\":[]}\n") + frame(13, 1) + frame(14, 2),
    wrong=b"\0" + frame(4, 1, request))
put("opener-message", process=struct.pack("<III", 1, 5, 1), file=struct.pack("<III", 2, 6, 3), volume=struct.pack("<III", 3, 7, 255),
    reply=struct.pack("<IIi", 4, 8, 13), shutdown=struct.pack("<III", 5, 0, 0), wrong=struct.pack("<III", 1, 5, 257))

key = Ed25519PrivateKey.from_private_bytes(unb64("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
now = 1764000100
detail = {"type": "sidelight", "containers": ["app"], "processes": ["**"], "actions": ["processes.list", "environment.read", "files.stat", "logs.tail"],
          "names": ["*"], "paths": ["/etc/app/**", "/var/log/**"], "logs": ["*"],
          "limits": {"requests": 200, "bytes": 5000000, "objects": 500, "concurrency": 4, "follow_seconds": 240}}
claims = {"iss": "https://broker.sidelight.example", "sub": "oidc:user-7f3", "client_id": "cli", "aud": "spiffe://prod.example/ns/payments/agent/5f0c",
          "exp": now + 200, "iat": now - 100, "jti": "t-1", "sid": "s-1", "gid": "g-1",
          "cnf": {"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}, "authorization_details": [detail]}
def token(header, claims):
    signed = b64(json.dumps(header).encode()) + b"." + b64(json.dumps(claims).encode())
    return signed + b"." + b64(key.sign(signed))
header = {"typ": "at+jwt", "alg": "EdDSA", "kid": "k1"}
put("token", good=token(header, claims), actor=token(header, claims | {"act": {"sub": "spiffe://prod.example/ns/sidelight/sa/gateway"}}),
    none=token({"typ": "at+jwt", "alg": "none", "kid": "k1"}, claims), expired=token(header, claims | {"exp": now - 100, "iat": now - 200}),
    unsigned=token(header, claims).rsplit(b".", 1)[0] + b".", parts=b"a.b.c.d")
put("token-claims", plain=json.dumps(claims), actor=json.dumps(claims | {"act": {"sub": "spiffe://x/y"}, "nbf": 5}), large=json.dumps(claims | {"exp": 10**18}))
put("key-set", plain=json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "use": "sig", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
                                          {"kty": "RSA", "kid": "r", "n": "AQAB", "e": "AQAB"}]}), none='{"keys":[]}')
put("spiffe-id", agent="spiffe://prod.example/ns/payments/agent/5f0c", domain="spiffe://prod.example", dots="spiffe://a/../b", upper="spiffe://A/b", slash="spiffe://a/")
put("base64url", text="YWJj", two="YWI", one="YQ", stray="YR", padded="YQ==", bad="Y+/")
put("json", plain='{"a":[1,-2.5e3,true,null,"x\\u00e9\\ud83d\\ude00\\n"],"b":{}}', deep="[" * 20, twice='{"a":1,"a":2}', surrogate='"\\ud800"', number="-0", big="9" * 400)
configuration = {"agent": "spiffe://prod.example/ns/payments/agent/5f0c", "issuer": "https://broker.sidelight.example", "trust_domain": "prod.example",
                 "scope": {"type": "process", "pid": 42, "start_time": 8812}, "container": "app",
                 "logs": [{"name": "app", "path": "/var/log/app.log"}, {"name": "side", "volume": "logs", "path": "a/b.log", "allow_hard_links": True}],
                 "ceilings": {"session_requests": {"per_second": 20, "burst": 100}, "agent_concurrency": 8, "session_objects": 2000},
                 "masking": {"safe_names": ["CHECKOUT_REGION", "FEATURE_*"], "logs": "balanced", "grants_relax": False}}
put("configuration", plain=json.dumps(configuration), pod=json.dumps(configuration | {"scope": {"type": "pod"}}), unknown=json.dumps(configuration | {"mask": False}))
policy = {"apiVersion": "sidelight.dev/v1", "kind": "AccessPolicy", "metadata": {"name": "payments"},
          "groups": {"oncall": {"from": ["certificate:oncall"]}, "security": {"from": ["certificate:security"]}},
          "rules": [{"id": "look", "groups": ["oncall"], "targets": {"namespaces": ["payments"], "labels": {"app": "checkout"}, "containers": ["app"]},
                     "allow": [{"actions": ["processes.list", "logs.tail"]}, {"actions": ["environment.read"], "names": ["*"]},
                               {"actions": ["files.stat"], "paths": ["/etc/app/**"]}],
                     "session": {"duration": "30m"}, "require": {"justification": True, "ticket": "^INC-[0-9]+$"}, "approval": {"automatic": True}, "masking": {"safe_names": ["REGION"], "logs": "balanced"}},
                    {"id": "no", "effect": "deny", "groups": ["security"], "targets": {"namespaces": ["*"]}}]}
put("policy", plain=json.dumps(policy), bare='{"apiVersion":"sidelight.dev/v1","kind":"AccessPolicy","metadata":{"name":"a"},"groups":{},"rules":[]}')
put("ticket-pattern", plain=b"^INC-[0-9]+$\0INC-42", classes=b"([A-Z]{2,4}|x?)-\\d{1,6}(a|b)*\0AB-77ab", heavy=b"((a*)*)*b\0aaaaaaaaaaaaaaaaaaaaaaaac", broken=b"[z-a]\0")
put("authorization-detail", plain=json.dumps(detail), masking=json.dumps(detail | {"masking": {"safe_names": ["REGION", "FEATURE_*"], "logs": "balanced"}}), session=json.dumps(detail | {"session_limits": {"requests": 9}}), none='{"type":"sidelight","actions":[]}')
put("glob", stars=b"/a/**/c*d?/**\0/a/b/cxd1/e", all=b"**\0anything", heavy=b"*a*a*a*a*b\0aaaaaaaaaaaaaaaaaaaaaaaa", plain=b"/etc/app\0/etc/app", double=b"a**b\0ab")
put("request-target", list="/v1/processes?container=app&limit=50", file="/v1/files?container=app&path=%2Fetc%2Fapp%2Fa+b.conf", odd="/v1/%C3%A9//x?=&a&b=%00", broken="/%zz", fragment="/a#b")

put("log-lines", plain=b"\x05\0one\ntwo\r\nthree password=kx83jd02\n", pem=b"\x02\0-----BEGIN RSA PRIVATE KEY-----\nMIIEabcdefghijklmnopqrstuvwxyz0123456789ABCD\n-----END RSA PRIVATE KEY-----\nafter\n",
    secret=b"\x11dW9gT2mQ\0begin kxdW9gT2mQ83jd end\nkxdW9gT2", crs=b"\x08x\0\r\n\r\r\n\n")
sealed = lambda offset: b64(bytes(12) + AESGCM(bytes([7] * 32)).encrypt(bytes(12), struct.pack("<QQQQ", 254, 1, 4711, offset), b"log-cursor\0app/out\0s"))
put("log-cursor", good=sealed(4096), last=sealed(2**64 - 1), short=sealed(0)[:-4], text=b"AAAA")

lines = {
    "pairs": b'level=info password=kx83jd02mn token: "dW9gT2mQpL4xZ8" user=bob\n{"api_key":"dW9gT2mQpL4xZ8vB","port":8080}\n',
    "urls": b"postgres://app:kx83jd02mn@db.local:5432/orders?sslmode=require https://h/p?sig=dW9gT2mQpL4xZ8vB&x=1\n",
    "headers": b"> Authorization: Basic Ym9iOmt4ODNqZDAybW4=\n> Cookie: sid=dW9gT2mQpL4xZ8; lang=en\n",
    "block": b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n-----END OPENSSH PRIVATE KEY-----\n",
    "forged": "a ‹password:8-15:0123456789abcdef› b \\u2039 ‹‹›\n".encode(),
    "nested": b'{"msg":"{\\"password\\":\\"kx83jd02mn\\"}","b":"eyJwYXNzd29yZCI6Imt4ODNqZDAybW4ifQ=="}\n',
    "code": b'String password = "kx83jd02mn"; conn = getConnection(url, "app", "dW9gT2mQ"); if (token == null) return;\n',
    "shell": b"mysql -u root -pkx83jd02mn; curl -u bob:kx83jd02mn https://h | redis-cli -a dW9gT2mQ; echo bob:x | chpasswd\n",
    "markup": b'<password>kx83jd02mn</password><add key="ApiKey" value="dW9gT2mQpL4xZ8"/>\n',
    "pending": b"- name: DB_PASSWORD\n  value: kx83jd02mn\n<key>Secret</key>\n<string>dW9gT2mQ</string>\n",
}
for target in ["mask-line-strict", "mask-line-balanced"]: put(target, **lines)
put("mask-variable", secret=b"DB_PASSWORD=kx83jd02mn", url=b"DATABASE_URL=postgres://app:kx83jd02mn@db:5432/orders", port=b"PORT=8080", options=b"JAVA_OPTS=-Dpassword=kx83jd02mn -Xmx1g",
    file=b"DB_PASSWORD_FILE=/run/secrets/db", json=b'APP_CONFIG={"key":"dW9gT2mQpL4xZ8vB"}', path=b"PATH=/usr/bin:/bin", forged="LANG=‹password:0:-›".encode())
put("mask-arguments", mysql=b"\0mysql\0-u\0root\0-pkx83jd02mn\0", curl=b"\x01curl\0-H\0Authorization: Bearer dW9gT2mQpL4xZ8\0-u\0bob:kx83jd02mn\0https://h", java=b"\0java\0-Dspring.password=kx83jd02mn\0-jar\0a.jar",
    title=b"\x03worker: password=kx83jd02mn idle", env=b"\0env\0PGPASSWORD=kx83jd02mn\0psql\0-h\0db")
put("mask-taint", plain=b"kx83jd02mnQ\0before \0 after", repeated=b"abcabcabcX9!\0abcabcabc\0X9!", symbols=b"p%40ss\"w<o>r&d9Z\0{\"a\":\"\0\"}", base64=b"dW9gT2mQpL4xZ8vB\0AA\0==", lines=b"first1Aline\nsecond2Bline\0x\0y")
put("labelled-record", plain='{"kind":"log","text":"password=kx83jd02mn é","secrets":[[9,19]],"source":"x"}', env='{"kind":"env","text":"A=b","secrets":[]}', argv='{"kind":"argv","text":"mysql\\u0000-pkx83jd02mn","secrets":[[8,18]]}', broken='{"kind":"log","text":"a","secrets":[[0,9]]}')
put("http-head", get=b"\x03GET /v1/processes?limit=5 HTTP/1.1\r\nHost: agent\r\nAuthorization: Bearer a.b.c\r\n\r\n",
    pipeline=b"\x05GET /a HTTP/1.1\r\nHost: a\r\n\r\nHEAD /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", body=b"\0POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    chunked=b"\x01GET /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", two=b"\0GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", old=b"\0GET / HTTP/1.0\r\n\r\n",
    smuggled=b"\x09GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", fold=b"\0GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", upgrade=b"\0CONNECT a:1 HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n",
    large=b"\x07GET /" + b"a" * 17000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")
