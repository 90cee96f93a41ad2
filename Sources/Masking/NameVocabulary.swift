/// What a single word inside a name means.
struct NameRole: OptionSet, Sendable {
  let rawValue: UInt16

  static let password = NameRole(rawValue: 1 << 0)
  /// A password word that means other things as well (`pass` of a test, `pw`).
  static let shortPassword = NameRole(rawValue: 1 << 1)
  static let secret = NameRole(rawValue: 1 << 2)
  /// Secret only if the value looks random.
  static let weak = NameRole(rawValue: 1 << 3)
  static let key = NameRole(rawValue: 1 << 4)
  /// Makes a `key` after it secret.
  static let keyQualifier = NameRole(rawValue: 1 << 5)
  /// After a secret word: the value is about the secret, not the secret itself.
  static let aboutAfter = NameRole(rawValue: 1 << 6)
  /// Before a secret word: likewise.
  static let aboutBefore = NameRole(rawValue: 1 << 7)
  /// After a secret word: changes nothing.
  static let neutral = NameRole(rawValue: 1 << 8)
  /// A word with a secret stem in it and nothing secret about it.
  static let harmless = NameRole(rawValue: 1 << 9)
  /// Never shown in an environment, whatever else the name says.
  static let neverWord = NameRole(rawValue: 1 << 10)
}

/// The words of names and their roles.
enum NameVocabulary {
  static func role(of hash: UInt64) -> NameRole { NameRole(rawValue: roles.value(of: hash)) }

  /// Secrets that people write down as words, where tokens and keys are made by machines.
  static func isChosen(_ hash: UInt64) -> Bool { chosen.contains(hash) }

  private static let chosen: Set<UInt64> = Set(
    ["secret", "secretkey", "sharedsecret", "psk", "presharedkey", "mnemonic", "passkey", "wpakey"].map(
      NameSegment.hash))

  private static let roles = WordMap(
    table.flatMap { entry in entry.1.split(separator: " ").map { (String($0), entry.0.rawValue) } })

  private static let table: [(NameRole, String)] = [
    (
      .password,
      """
      password passwords passwd passwds passphrase passphrases passcode passwort kennwort pword passwrd pswd psswd \
      psw pwd pwds contrasena contraseña contrasenya senha motdepasse mdp wachtwoord heslo haslo hasło parola parole \
      passord lösenord losenord lozinka sifre şifre salasana parool jelszo jelszó пароль 密码 dbpass dbpasswd dbpassword \
      dbpwd userpass userpwd userpassword userpasswd rootpass rootpw rootpwd adminpass adminpw adminpwd ftppass \
      smtppass mailpass ldappass bindpw bindpass rootdnpw keypass storepass keystorepass truststorepass sshpass \
      proxypass loginpass authpass sqlpass mysqlpass mysqlpwd pgpass pgpassword redispass httppass basicpass svnpass \
      gitpass webpass apppass apipass rpcpassword rpcpass wifipass wifipassword wpapass vncpass vncpasswd vpnpass \
      rdppass testpass mypass defpass newpass oldpass curpass userpw ldappw winpass sudopass becomepass passwdhash \
      mqttpass mqttpassword ssidpassword serverpass
      """
    ),
    (.shortPassword, "pass pw upw unpw"),
    (
      .secret,
      """
      secret token jwt bearer salt pepper apikey apikeys accesskey accesskeys secretkey secretkeys privatekey privkey prvkey \
      authkey masterkey encryptionkey encryptkey signingkey signkey sharedkey sharedsecret clientsecret appsecret \
      appkey apisecret apitoken accesstoken authtoken refreshtoken usertoken bottoken idtoken sessiontoken securitytoken \
      csrftoken xsrftoken devicetoken pushtoken oauthtoken bearertoken credential credentials creds cred passkey psk \
      presharedkey connectionstring connstr connstring accountkey storagekey licensekey licencekey phpsessid jsessionid \
      aspsessionid sessid mnemonic seedphrase otpauth totpsecret hmackey aeskey deskey rsakey cryptkey cipherkey \
      secretaccesskey accesskeysecret consumersecret consumerkey jwtsecret jwtkey sessionsecret cookiesecret webhooksecret \
      authtok sastoken apipassword secretid wpakey wepkey xoauth geheimnis sessionkey subscriptionkey
      """
    ),
    (
      .weak,
      """
      auth authorization nonce seed signature sig hash sid session sessionid cookie cookies setcookie \
      csrf xsrf otp totp pin pincode cvv cvc iv webhook license licence oauth sas hmac community wif xprv serial \
      crypt encrypted ciphertext cipher login secrets tokens keys dsn code certificate cert digest challenge \
      clave schluessel schlüssel clé cle accesskeyid appid userkey apisig
      """
    ),
    (.key, "key keys"),
    (
      .keyQualifier,
      """
      api secret access private priv encryption encrypt encrypted enc decryption decrypt signing sign signature auth \
      authentication authorization account shared master app application service client consumer license licence storage \
      ssh rsa aes des dsa ecdsa ed hmac crypto cipher session subscription instrumentation admin deploy webhook ingest \
      ingestion write activation integration function functions csrf jwt token pgp gpg ssl tls wep wpa maps google \
      aws gcp azure stripe sendgrid mailgun twilio openai sk live registration security hash salt rest server maps \
      bot developer dev customer merchant partner sdk vault bucket iam user host object sse preshared symmetric \
      secure logged nonce cookie base pusher algolia firebase mapbox giphy weather steam riot tmdb omdb youtube \
      mailchimp datadog newrelic sentry segment mixpanel amplitude rollbar bugsnag airtable notion linear figma \
      asana trello jira github gitlab bitbucket slack discord telegram twitter facebook recaptcha captcha hcaptcha \
      sparkpost postmark mandrill nexmo vonage plivo algolia cloudflare fastly heroku netlify vercel digitalocean \
      linode vultr hetzner scaleway s dyn dns rndc tsig transfer zone
      """
    ),
    (
      .aboutAfter,
      """
      length len size count counts num number total max min maximum minimum limit limits limiter quota budget policy \
      policies file filename filepath path paths dir directory folder name names type types kind url urls uri uris \
      endpoint endpoints host port expiry expires expire expiration expired exp ttl timeout age lifetime duration \
      interval reset resets changed change changes updated update created create at on date time timestamp enabled \
      enable disabled disable required require requires valid validation validator validate invalid regex regexp \
      pattern field fields label labels prompt hint hints encoder encoding decoder manager provider providers service \
      services factory algorithm algorithms alg algo format formatter version ref reference arn status state states error \
      errors message messages msg param params parameter column header prefix suffix index placeholder title strength \
      attempts attempt retry retries scope scopes issuer usage used usages cache list lists map class input form view \
      page button element selector css icon dialog modal screen controller handler helper util utils exception filter \
      interceptor resolver generator generation parser tokenizer reader writer store stores repository request response \
      event listener callback hook middleware guard strategy config configuration settings option options property \
      properties method function func check checker test tests spec mode flag flags is source sources rotation \
      rotate rotated renewal renew verify verified verification verifier mismatch missing match matches matched \
      confirmation_text strategy rule rules criteria complexity history recovery forgotten forgot link links email \
      mail template audience subject bytes bits usage spec schema model entity dto table bucket_name region order \
      grant grants granted role roles group groups user users owner username agent client server prompts completion \
      word words board pad stroke space ring code codes down up press pressed released event frame frames value_type \
      hasher hashers hashing mgr realm encode decode cookie_name domain secure samesite renewed id_type getter setter supplier context holder wrapper utilities dump
      """
    ),
    (
      .aboutBefore,
      """
      has is no num count max min maximum minimum show hide forgot forget forgotten reset resets change changed \
      validate verify check require requires required allow allows enable disable invalid missing wrong bad expired \
      public pub primary foreign unique sort partition row object hot shortcut enter find lost recover \
      mismatched incorrect failed unknown unexpected illegal unsupported bypass skip total cached completion prompt \
      input output reasoning prompts used remaining available generated_tokens cache composite natural surrogate \
      candidate index hash_key range arrow modifier meta alt ctrl shift func_key wrap map dict json sorted \
      translation locale message lookup dedup idempotency routing cursor pagination page next prev continuation sync
      """
    ),
    (
      .neutral,
      """
      dev development prod production test testing staging stage qa uat local default old new current previous prev \
      value val string str plain plaintext clear cleartext hash hashed md sha base b64 hex encoded encrypted raw data \
      env admin root master main primary secondary one two a b c db mysql postgres postgresql pg redis mongo mongodb \
      key secret token again confirm confirmation repeat retype live sandbox backup text ascii bytes_ in out
      """
    ),
    (
      .harmless,
      """
      compass bypass bypassed passenger passengers passive passport passed passes passing passthrough author authors \
      authority authorities authored authoring authorized authenticated authenticator authenticate authentication keyboard \
      keyspace keyspaces keyword keywords monkey donkey turkey hockey jockey keycloak keydb keystone keyset keymap \
      keyring keepalive keynote keyframe keyframes hotkey keypress keydown keyup passer tokenizer tokenize tokenized \
      tokenization secretary credits credit accredited pinned ping pinpoint
      """
    ),
    (
      .neverWord,
      """
      pin otp sid seed code psk pw salt sig hash cert key keys headers opts options args auth basicauth flags params \
      login dsn iv otp license licence
      """
    ),
  ]
}
