//! Each kind of file: what is found, what it becomes, and that nothing else changes.

use std::path::Path;

use proptest::prelude::*;

use super::{Candidate, Choice, DOTS, is_reference, is_secret_name, kind_of};

#[test]
fn names_of_secrets_are_known() {
    for name in [
        "API_KEY",
        "apiKey",
        "x-api-key",
        "DB_PASSWORD",
        "GITHUB_TOKEN",
        "Authorization",
        "clientSecret",
        "PGPASSWORD",
        "SENTRY_DSN",
        "AWS_SECRET_ACCESS_KEY",
        "GH_PAT",
        "botToken",
    ] {
        assert!(is_secret_name(name), "{name}");
    }
    for name in [
        "LOG_LEVEL",
        "PORT",
        "DB_HOST",
        "PUBLIC_KEY",
        "AWS_ACCESS_KEY_ID",
        "KEY_FILE",
        "monkey",
        "apiKeyEnv",
        "TOKEN_URL",
        "token-format",
        "PASSWORD_MIN_LENGTH",
        "AUTH_ENABLED",
        "author",
    ] {
        assert!(!is_secret_name(name), "{name}");
    }
}

#[test]
fn references_are_known() {
    for text in ["${X}", "$X", "Bearer ${X}", "{env:X}", "<token>", "", "op://a/b/c", "$(cmd)"] {
        assert!(is_reference(text), "{text}");
    }
    for text in ["s3cr3t", "pa$$w0rd", "a<b", "<b", "%41", "$ecret!"] {
        assert!(!is_reference(text), "{text}");
    }
}

/// What is found in a file, and what it becomes where all that looks like a secret is moved.
fn adopted(path: &str, text: &str) -> (Vec<Candidate>, String) {
    let kind = kind_of(Path::new(path), text).unwrap_or_else(|| panic!("{path}"));
    let mut found = Vec::new();
    let same = (kind.edit)(text, &mut |_| Choice::Keep).unwrap();
    assert_eq!(same, text, "nothing is changed where nothing is chosen");
    let is_chosen =
        |one: &Candidate| one.by_hand.is_none() && (one.is_sure || is_secret_name(&one.name));
    let masked =
        (kind.edit)(text, &mut |one| if is_chosen(&one) { Choice::Mask } else { Choice::Keep })
            .unwrap();
    let new = (kind.edit)(text, &mut |one| {
        let choice = match is_chosen(&one) {
            true => {
                let variable = one.variable.clone().unwrap_or_else(|| {
                    one.name.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_")
                });
                let secret = one.name.to_lowercase().replace('_', "-");
                Choice::Refer { secret, variable }
            }
            false => Choice::Keep,
        };
        found.push(one);
        choice
    })
    .unwrap();
    for one in found.iter().filter(|one| is_chosen(one)) {
        let value = one.value.expose_str().unwrap();
        assert!(masked.contains(DOTS), "{masked}");
        assert!(!masked.contains(value) && !new.contains(value), "{path}: {masked}\n{new}");
    }
    (found, new)
}

#[track_caller]
fn becomes(path: &str, before: &str, values: &[&str], after: &str) -> Vec<Candidate> {
    let (found, new) = adopted(path, before);
    assert_eq!(new, after, "{path}");
    let moved: Vec<_> = found
        .iter()
        .filter(|one| one.by_hand.is_none() && (one.is_sure || is_secret_name(&one.name)))
        .map(|one| one.value.expose_str().unwrap().to_owned())
        .collect();
    assert_eq!(moved, values, "{path}");
    found
}

#[test]
fn mcp_servers_of_claude_code() {
    let before = "{\n  \"mcpServers\": {\n    \"gh\": {\n      \"command\": \"npx\",\n      \"args\": [\"-y\", \"--api-key=k\\u0065y-4711\", \"--token\", \"t-4711\"],\n      \"env\": {\"GITHUB_TOKEN\": \"v\\\"4711\", \"LOG_LEVEL\": \"debug\", \"X_TOKEN\": \"${X}\"}\n    },\n    \"web\": {\"type\": \"http\", \"url\": \"https://x\", \"headers\": {\"Authorization\": \"Bearer b-4711\"}}\n  }\n}\n";
    let after = "{\n  \"mcpServers\": {\n    \"gh\": {\n      \"command\": \"npx\",\n      \"args\": [\"-y\", \"--api-key=${GH_API_KEY}\", \"--token\", \"${GH_TOKEN}\"],\n      \"env\": {\"GITHUB_TOKEN\": \"${GITHUB_TOKEN}\", \"LOG_LEVEL\": \"debug\", \"X_TOKEN\": \"${X}\"}\n    },\n    \"web\": {\"type\": \"http\", \"url\": \"https://x\", \"headers\": {\"Authorization\": \"Bearer ${WEB_TOKEN}\"}}\n  }\n}\n";
    becomes(".mcp.json", before, &["key-4711", "t-4711", "v\"4711", "b-4711"], after);
    // Below projects too.
    let before =
        "{\"projects\": {\"/a\": {\"mcpServers\": {\"s\": {\"env\": {\"A_KEY\": \"v-4711\"}}}}}}";
    becomes(".claude.json", before, &["v-4711"], &before.replace("v-4711", "${A_KEY}"));
}

#[test]
fn other_clients_in_their_own_forms() {
    let before =
        "{\n  // mine\n  \"servers\": {\"s\": {\"env\": {\"A_KEY\": \"v-4711\"}, }, },\n}\n";
    becomes(".vscode/mcp.json", before, &["v-4711"], &before.replace("v-4711", "${env:A_KEY}"));
    let before = "{\"mcpServers\": {\"s\": {\"env\": {\"A_KEY\": \"v-4711\"}}}}";
    becomes(".cursor/mcp.json", before, &["v-4711"], &before.replace("v-4711", "${env:A_KEY}"));
    becomes(".gemini/settings.json", before, &["v-4711"], &before.replace("v-4711", "${A_KEY}"));
    let (found, new) = adopted(".gemini/settings.json", &before.replace("v-4711", "v$4711"));
    assert!(found[0].by_hand.is_some() && new.contains("v$4711"));
    let before = "{\n  \"provider\": {\"p\": {\"options\": {\"apiKey\": \"k-4711\", \"baseURL\": \"x\"}}},\n  \"mcp\": {\"s\": {\"type\": \"local\", \"environment\": {\"B_TOKEN\": \"t-4711\"}}}\n}\n";
    let after = before.replace("k-4711", "{env:APIKEY}").replace("t-4711", "{env:B_TOKEN}");
    becomes("opencode.json", before, &["k-4711", "t-4711"], &after);
    let before = "{\n  env: { A: 'x' },\n  channels: { telegram: { botToken: 'v-4711' } }, // mine\n  hooks: { token: 'h-4711' },\n}\n";
    let after = before.replace("'v-4711'", "\"${BOTTOKEN}\"");
    becomes("openclaw.json", before, &["v-4711"], &after);
}

#[test]
fn settings_that_are_not_expanded_go() {
    let before = "{\n  \"model\": \"x\",\n  \"env\": {\n    \"ANTHROPIC_AUTH_TOKEN\": \"v-4711\",\n    \"DEBUG\": \"1\"\n  }\n}\n";
    let after = "{\n  \"model\": \"x\",\n  \"env\": {\n    \"DEBUG\": \"1\"\n  }\n}\n";
    becomes(".claude/settings.json", before, &["v-4711"], after);
}

#[test]
fn servers_of_claude_desktop_are_started_by_authy() {
    let before = "{\n  \"mcpServers\": {\n    \"s\": {\n      \"command\": \"npx\",\n      \"args\": [\"-y\", \"server\"],\n      \"env\": {\"A_KEY\": \"v-4711\"}\n    }\n  }\n}\n";
    let (_, new) = adopted("claude_desktop_config.json", before);
    let value: serde_json::Value = serde_json::from_str(&new).unwrap();
    let server = &value["mcpServers"]["s"];
    assert_eq!(server["command"], "authy");
    let args = ["run", "--uppercase", "--only", "a-key", "--", "npx", "-y", "server"];
    assert_eq!(server["args"], serde_json::json!(args));
    assert_eq!(server["env"], serde_json::Value::Null, "{new}");
}

#[test]
fn several_servers_of_claude_desktop_each_get_their_own() {
    let before = "{\"mcpServers\": {\"a\": {\"command\": \"npx\", \"args\": [], \"env\": {\"A_KEY\": \"v-4711\"}}, \"b\": {\"command\": \"node\", \"args\": [\"--token\", \"t-4711\"], \"env\": {\"B_KEY\": \"w-4711\"}}}}";
    let (found, new) = adopted("claude_desktop_config.json", before);
    let value: serde_json::Value = serde_json::from_str(&new).unwrap();
    let args = |server: &str| value["mcpServers"][server]["args"].clone();
    assert_eq!(
        args("a"),
        serde_json::json!(["run", "--uppercase", "--only", "a-key", "--", "npx"])
    );
    let expected = ["run", "--uppercase", "--only", "b-key", "--", "node", "--token", "t-4711"];
    assert_eq!(args("b"), serde_json::json!(expected));
    assert!(found.iter().any(|one| one.name == "b-token" && one.by_hand.is_some()));
}

#[test]
fn what_programs_read_in_their_own_way_stays() {
    let stays = |path: &str, text: &str| {
        let (found, new) = adopted(path, text);
        assert_eq!(new, text, "{path}");
        assert!(
            found.iter().all(|one| one.by_hand.is_some()) && !found.is_empty(),
            "{path} {text}"
        );
    };
    stays(".env", "A_KEY=v-4711\nA_KEY=w-4711\n");
    stays(".env", "A-KEY=v-4711\n");
    stays(".env", "A_KEY=v$4711\n");
    stays(
        ".mcp.json",
        "{\"mcpServers\": {\"s\": {\"env\": {\"A_KEY\": \"v-4711\", \"A_KEY\": \"w-4711\"}}}}",
    );
    stays("opencode.json", "{\"mcp\": {\"s\": {\"environment\": {\"A_KEY\": \"v\\\"4711\"}}}}");
    stays(".npmrc", "//r.test/:_authToken=v-4711;x\n");
    stays(".git-credentials", "https://tok-4711:x-oauth-basic@git.test\n");
    stays(".netrc", "default login x password y-4711\n");
    stays(".netrc", "machine a.test login tok-4711 password tok-4711\n");
    stays(".envrc", "export A_KEY='a$b' # why\n");
    stays("k.yaml", "kind: Secret\nstringData:\n  key: 'v: 4711'\n");
    stays(
        ".docker/config.json",
        "{\"auths\": {\"r\": {\"identitytoken\": \"v-4711\", \"auth\": \"MDAwMDA6\"}}}",
    );
}

#[test]
fn words_of_commands_are_known_by_what_stands_before_them() {
    let text = "{\"mcpServers\": {\"s\": {\"args\": [\"--header\", \"Authorization: Bearer v-4711\", \"-e\", \"A_KEY=w-4711\", \"--env=B_KEY=x-4711\"]}}}";
    let after = text
        .replace("v-4711", "${S_AUTHORIZATION}")
        .replace("w-4711", "${S_A_KEY}")
        .replace("x-4711", "${S_B_KEY}");
    becomes(".mcp.json", text, &["v-4711", "w-4711", "x-4711"], &after);
}

#[test]
fn codex_names_variables() {
    let before = "model = \"x\" # mine\n\n[mcp_servers.s]\ncommand = \"npx\"\n\n[mcp_servers.s.env]\nA_KEY = \"v-4711\"\nLOG = \"1\"\n\n[mcp_servers.w]\nurl = \"https://x\"\nhttp_headers = { Authorization = \"Bearer b-4711\", \"X-Api-Key\" = \"k-4711\" }\n\n[model_providers.p]\nexperimental_bearer_token = \"e-4711\"\n";
    let (found, new) = adopted(".codex/config.toml", before);
    assert_eq!(found.len(), 5);
    let value: toml::Table = toml::from_str(&new).unwrap();
    let server = &value["mcp_servers"];
    assert_eq!(server["s"]["env_vars"], toml::Value::from(vec!["A_KEY"]));
    assert_eq!(server["s"]["env"]["LOG"].as_str(), Some("1"));
    assert!(server["s"]["env"].get("A_KEY").is_none());
    assert_eq!(server["w"]["bearer_token_env_var"].as_str(), Some("W_TOKEN"));
    assert_eq!(server["w"]["env_http_headers"]["X-Api-Key"].as_str(), Some("X_API_KEY"));
    assert!(server["w"].get("http_headers").is_none());
    assert_eq!(value["model_providers"]["p"]["env_key"].as_str(), Some("P_KEY"));
    assert!(new.starts_with("model = \"x\" # mine\n"), "{new}");
    let (_, windows) = adopted(".codex/config.toml", &before.replace('\n', "\r\n"));
    assert_eq!(windows, new.replace('\n', "\r\n"));
}

#[test]
fn lines_of_env_files() {
    let before =
        "# top\nexport DB_PASSWORD='v 4711' # why\nPORT=80\nKEY=\"a\n  b-4711\"\nREF_TOKEN=${X}\n";
    let after = "# top\n# DB_PASSWORD is in authy: db-password\nPORT=80\n# KEY is in authy: key\nREF_TOKEN=${X}\n";
    becomes(".env", before, &["v 4711", "a\n  b-4711"], after);
    becomes("x.env", "A_KEY=v-4711", &["v-4711"], "# A_KEY is in authy: a-key");
    becomes(
        ".env.local",
        "A_KEY=v-4711\r\nB=1\r\n",
        &["v-4711"],
        "# A_KEY is in authy: a-key\r\nB=1\r\n",
    );
    let before =
        "use nix\nexport A_KEY=\"v-4711\"\nexport B_KEY=\"$(cmd)\"\nexport C_KEY='a b-4711'\n";
    let after = before
        .replace("\"v-4711\"", "\"$(authy get a-key)\"")
        .replace("'a b-4711'", "\"$(authy get c-key)\"");
    becomes(".envrc", before, &["v-4711", "a b-4711"], &after);
}

#[test]
fn credentials_of_tools() {
    let before = "registry=https://r.test\n//r.test/npm/:_authToken=v-4711\n//r.test/npm/:always-auth=true\n";
    let found = becomes(".npmrc", before, &["v-4711"], &before.replace("v-4711", "${NPM_R_TEST}"));
    assert_eq!(found[0].services[0].to_string(), "https://r.test/npm");
    let before = "https://ann:v%2F4711@git.test\nhttps://git.other\n";
    let found = becomes(".git-credentials", before, &["v/4711"], "https://git.other\n");
    assert_eq!(found[0].user.as_ref().unwrap().as_str(), "ann");
    let before = "machine a.test login ann password v-4711\n# c\nmachine b.test\n  login bob\n  password w-4711\ndefault login x password y\nmacdef z\n  password q\n\n";
    let after = "default login x password y\nmacdef z\n  password q\n\n";
    becomes(".netrc", before, &["v-4711", "w-4711"], after);
    let before = "[pypi]\nusername = __token__\npassword = v-4711\n\n[own]\nrepository: https://own.test/\nusername: ann\npassword: w-4711\n";
    let after =
        "[pypi]\nusername = __token__\n\n[own]\nrepository: https://own.test/\nusername: ann\n";
    let found = becomes(".pypirc", before, &["v-4711", "w-4711"], after);
    assert_eq!(found[1].services[0].to_string(), "https://own.test");
    let before = "[default]\naws_access_key_id = AK4711\naws_secret_access_key = v-4711\nregion = x\n\n[t]\naws_access_key_id = AK4712\naws_secret_access_key = w-4711\naws_session_token = s\n";
    let after = "[default]\ncredential_process = authy helper aws aws/default-id aws/default-key\nregion = x\n\n[t]\naws_access_key_id = AK4712\naws_secret_access_key = w-4711\naws_session_token = s\n";
    becomes(".aws/credentials", before, &["AK4711", "v-4711"], after);
    let before = "{\n\t\"auths\": {\n\t\t\"https://index.docker.io/v1/\": {\n\t\t\t\"auth\": \"YW5uOnYtNDcxMQ==\"\n\t\t}\n\t}\n}\n";
    let (found, new) = adopted(".docker/config.json", before);
    assert_eq!(found[0].value.expose(), b"v-4711");
    let value: serde_json::Value = serde_json::from_str(&new).unwrap();
    assert_eq!(value["auths"]["https://index.docker.io/v1/"], serde_json::json!({}));
    let before = "[registry]\ntoken = \"v-4711\" # mine\n\n[registries.own]\ntoken = \"w-4711\"\n";
    let (found, new) = adopted(".cargo/credentials.toml", before);
    assert_eq!(found.len(), 2);
    assert!(!new.contains("token") && new.contains("[registries.own]"), "{new}");
    let before = "github.com:\n    users:\n        ann:\n            oauth_token: v-4711\n    git_protocol: ssh\n    oauth_token: v-4711\n    user: ann\n";
    let after = "github.com:\n    users:\n        ann:\n    git_protocol: ssh\n    user: ann\n";
    becomes("gh/hosts.yml", before, &["v-4711"], after);
}

#[test]
fn yaml_keeps_all_but_the_value() {
    let before = "services:\n  web:\n    environment:\n      A_KEY: v-4711   # why\n      B_TOKEN: 'w''4711'\n      PORT: 80\n      D_KEY: a$$b-4711\n      E_KEY: a$b\n  db:\n    environment:\n      - \"DB_PASSWORD=x-4711\"  # c\n      - OTHER=1\n    build: {args: {F_TOKEN: f-4711}}\n# end\n";
    let after = "services:\n  web:\n    environment:\n      A_KEY: ${A_KEY:?}   # why\n      B_TOKEN: '${B_TOKEN:?}'\n      PORT: 80\n      D_KEY: ${D_KEY:?}\n      E_KEY: a$b\n  db:\n    environment:\n      - \"DB_PASSWORD=${DB_PASSWORD:?}\"  # c\n      - OTHER=1\n    build: {args: {F_TOKEN: \"${F_TOKEN:?}\"}}\n# end\n";
    becomes("compose.yaml", before, &["v-4711", "w'4711", "a$b-4711", "x-4711", "f-4711"], after);
    let before = "apiVersion: v1\nkind: Secret\nmetadata: {name: app}\nstringData:\n  key: v-4711\ndata:\n  other: di00NzEx\n---\nkind: ConfigMap\ndata: {key: v-4712}\n";
    let (found, new) = adopted("k.yaml", before);
    assert_eq!(new, before.replace("v-4711", "<authy:key>"));
    assert!(found[1].by_hand.is_some());
}

#[test]
fn what_would_be_another_value_elsewhere_stays() {
    for (path, text) in [
        ("compose.yaml", "services: {a: {environment: {A_PIN_KEY: 0471147}}}\n"),
        (".gitlab-ci.yml", "variables:\n  A_KEY: 12345678\n"),
        (".gitlab-ci.yml", "down:\n  trigger: x/y\n  variables:\n    A_KEY: v-4711\n"),
        (".cargo/credentials.toml", "[registries.own]\nsecret-key = \"k3.v-4711\"\n"),
        (".github/workflows/ci.yml", "env:\n  A_KEY: 1e10\n  B_KEY: 0x12ab34\n"),
        (".kube/config", "kind: Config\nusers:\n- name: a\n  user:\n    token: 12345678\n"),
        ("a.tfvars", "a_key = 12345678\nb_key = (\"v-4711\")\n"),
        ("a.tfvars", "a_key = <<-X\n  v-4711\n    \n  X\nb_key = <<-X\n\tv-4711\n  X\n"),
        ("a.tfvars.json", "{\"a_key\": 12345678, \"b_tokens\": [\"v-4711\"]}\n"),
    ] {
        let (found, new) = adopted(path, text);
        assert!(!found.is_empty() && found.iter().all(|one| one.by_hand.is_some()), "{path}");
        assert_eq!(new, text);
    }
    becomes(
        ".gitlab-ci.yml",
        "variables:\n  A_KEY: '0471147'\n  LOG: x\n",
        &["0471147"],
        "variables:\n  LOG: x\n",
    );
}

#[test]
fn users_of_a_kubeconfig_that_are_merged_from_elsewhere_stay() {
    let text = "kind: Config\nx: &x\n  token: a-4711\nusers:\n- name: a\n  user:\n    <<: *x\n    token: b-4711\n";
    let (found, new) = adopted(".kube/config", text);
    assert!(found[0].by_hand.is_some());
    assert_eq!(new, text);
}

#[test]
fn a_file_with_another_credentials_helper_keeps_its_tokens() {
    let text = "credentials_helper \"x\" {}\ncredentials \"a.test\" {\n  token = \"v-4711\"\n}\n";
    let (found, new) = adopted(".terraformrc", text);
    assert!(found[0].by_hand.is_some());
    assert_eq!(new, text);
}

#[test]
fn variables_of_terraform_leave_their_names() {
    let before = "# top\nregion = \"eu\"\ndb_password = \"v\\\"4711$${x}\" # why\ncert_key = <<-EOT\n  a-4711\n   b\n  EOT\nlist_token = [\"l-4711\"]\ndb = {\n  password = \"p-4711\"\n  port = 1\n}\n";
    let after = "# top\nregion = \"eu\"\n# db_password is in authy: db-password # why\n# cert_key is in authy: cert-key\nlist_token = [\"l-4711\"]\ndb = {\n  password = \"p-4711\"\n  port = 1\n}\n";
    let found = becomes("prod.tfvars", before, &["v\"4711${x}", "a-4711\n b\n"], after);
    assert_eq!(found[1].variable.as_deref(), Some("TF_VAR_db_password"));
    let stays: Vec<_> = found.iter().filter(|one| one.by_hand.is_some()).collect();
    assert_eq!(
        stays.iter().map(|one| &*one.place).collect::<Vec<_>>(),
        ["list_token", "db password"]
    );
    let before = "{\n  \"region\": \"eu\",\n  \"db_password\": \"v-4711\",\n  \"db\": {\"token\": \"p-4711\"}\n}\n";
    let after = "{\n  \"region\": \"eu\",\n  \"db\": {\"token\": \"p-4711\"}\n}\n";
    becomes("terraform.tfvars.json", before, &["v-4711"], after);
    let before = "plugin_cache_dir = \"x\"\n\ncredentials \"app.terraform.io\" {\n  token = \"v-4711\"\n}\n# end\n";
    let after = "plugin_cache_dir = \"x\"\n\n# end\n";
    let found = becomes(".terraformrc", before, &["v-4711"], after);
    assert_eq!(found[0].services[0].to_string(), "https://app.terraform.io");
    let before = "{\n  \"credentials\": {\n    \"app.terraform.io\": {\n      \"token\": \"v-4711\"\n    },\n    \"b.test\": {\"token\": \"\"}\n  }\n}\n";
    let after = "{\n  \"credentials\": {\n    \"b.test\": {\"token\": \"\"}\n  }\n}\n";
    becomes(".terraform.d/credentials.tfrc.json", before, &["v-4711"], after);
}

const EXEC: &str = "    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: authy\n      args:\n      - helper\n      - kubectl\n      - NAME\n      interactiveMode: IfAvailable\n      provideClusterInfo: true\n";

#[test]
fn users_of_a_kubeconfig_are_asked_of_the_helper() {
    let pem = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
    let (certificate, key) =
        ("-----BEGIN CERTIFICATE-----\nc\n", "-----BEGIN PRIVATE KEY-----\nk-4711\n");
    let before = format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- cluster: {{server: 'https://a.test:6443'}}\n  name: a\n- cluster: {{server: 'https://b.test'}}\n  name: b\ncontexts:\n- context: {{cluster: a, user: ann}}\n  name: x\n- context: {{cluster: b, user: ann}}\n  name: y\n- context: {{cluster: b, user: cert}}\n  name: z\ncurrent-context: x\nusers:\n- name: ann\n  user:\n    token: v-4711\n- name: cert # mine\n  user:\n    client-certificate-data: {}\n    client-key-data: {}\n    as: root\n- name: flow\n  user: {{token: f-4711}}\n- name: two\n  user:\n    token: t-4711\n    tokenFile: x\n",
        pem(certificate),
        pem(key)
    );
    let after = before
        .replace("    token: v-4711\n", &EXEC.replace("NAME", "k8s/ann"))
        .replace(&format!("    client-certificate-data: {}\n", pem(certificate)), "")
        .replace(
            &format!("    client-key-data: {}\n", pem(key)),
            &EXEC.replace("NAME", "k8s/cert"),
        );
    let both = format!("{certificate}{key}");
    let found = becomes(".kube/config", &before, &["v-4711", &both], &after);
    let urls: Vec<_> = found[0].services.iter().map(ToString::to_string).collect();
    assert_eq!(urls, ["https://a.test:6443", "https://b.test"]);
    assert!(found[2].by_hand.is_some() && found[3].by_hand.is_some());
    let windows = before.replace('\n', "\r\n");
    becomes(".kube/config", &windows, &["v-4711", &both], &after.replace('\n', "\r\n"));
}

#[test]
fn pipelines_name_secrets_of_their_forge() {
    let before = "on: push\nenv:\n  API_KEY: v-4711 # why\n  LOG: debug\njobs:\n  build:\n    container:\n      image: x\n      credentials:\n        username: ann\n        password: r-4711\n    env: {A_TOKEN: a-4711, GITHUB_TOKEN: g-4711}\n    steps:\n      - uses: docker/login-action@v3\n        with:\n          password: \"w-4711\"\n          username: ann\n      - uses: actions/cache@v4\n        with: {key: linux-v1-4712, path: x}\n      - run: x\n        env:\n          B_KEY: ${{ secrets.B }}\n          API_KEY: v-4711\n";
    let after = "on: push\nenv:\n  API_KEY: ${{ secrets.API_KEY }} # why\n  LOG: debug\njobs:\n  build:\n    container:\n      image: x\n      credentials:\n        username: ann\n        password: ${{ secrets.PASSWORD }}\n    env: {A_TOKEN: \"${{ secrets.A_TOKEN }}\", GITHUB_TOKEN: g-4711}\n    steps:\n      - uses: docker/login-action@v3\n        with:\n          password: \"${{ secrets.PASSWORD }}\"\n          username: ann\n      - uses: actions/cache@v4\n        with: {key: linux-v1-4712, path: x}\n      - run: x\n        env:\n          B_KEY: ${{ secrets.B }}\n          API_KEY: ${{ secrets.API_KEY }}\n";
    let values = ["v-4711", "a-4711", "r-4711", "w-4711", "v-4711"];
    let found = becomes(".github/workflows/ci.yml", before, &values, after);
    assert!(found.iter().any(|one| one.longer == "login-action-password"));
    let before = "variables:\n  # mine\n  API_KEY: v-4711\n  LOG: debug\nstages: [a]\njob:\n  variables:\n    B_TOKEN: w-4711\n    \n  script: [x]\nother:\n  variables:\n    C_TOKEN: a$b\n    D_TOKEN: $X\n";
    let after = "variables:\n  # mine\n  LOG: debug\nstages: [a]\njob:\n    \n  script: [x]\nother:\n  variables:\n    C_TOKEN: a$b\n    D_TOKEN: $X\n";
    becomes(".gitlab-ci.yml", before, &["v-4711", "w-4711"], after);
    let before = "variables:\n  A_TOKEN: v-4711\n  B_KEY: {value: k-4711, description: x}\n.base: &base\n  variables:\n    C_KEY: c-4711\n    D_KEY: d-4711\njob:\n  <<: *base\n  variables:\n    E_KEY: e-4711\n  rules:\n    - if: x\n      variables: {A_TOKEN: w-4711}\n  parallel:\n    matrix:\n      - F_KEY: [f-4711, f-4712]\n";
    let found = becomes(".gitlab-ci.yml", before, &[], before);
    let stays: Vec<_> = found.iter().filter(|one| one.by_hand.is_some()).collect();
    let names: Vec<_> = stays.iter().map(|one| &*one.name).collect();
    assert_eq!(names, ["A_TOKEN", "C_KEY", "D_KEY", "E_KEY", "B_KEY", "A_TOKEN", "F_KEY", "F_KEY"]);
}

#[test]
fn what_is_not_understood_is_refused() {
    for (path, text) in [
        (".mcp.json", "[1]"),
        (".mcp.json", "{"),
        (".codex/config.toml", "a = "),
        (".codex/config.toml", "a = 1\r\r\n"),
        (".codex/config.toml", "a = 1\r\nb = 2\n"),
        ("compose.yaml", "a: [b"),
        ("a.tfvars", "a = <<EOT\nEOT\nb = <<EOT\nv-4711\nEOT\n"),
        (".env", "no line\n"),
        (".env", "A=1\rB=2\r"),
        (".envrc", "cat <<X\nexport A_KEY=v\nX\n"),
    ] {
        let kind = kind_of(Path::new(path), text).unwrap();
        assert!((kind.edit)(text, &mut |_| Choice::Mask).is_err(), "{path} {text}");
        let deep = format!("{{\"a\": {}1{}}}", "[".repeat(64), "]".repeat(64));
        for path in [".mcp.json", "compose.yaml"] {
            let kind = kind_of(Path::new(path), &deep).unwrap();
            assert!((kind.edit)(&deep, &mut |_| Choice::Keep).is_err());
        }
    }
}

const PATHS: [&str; 24] = [
    ".mcp.json",
    ".claude/settings.json",
    "claude_desktop_config.json",
    ".gemini/settings.json",
    "opencode.json",
    "openclaw.json",
    ".docker/config.json",
    ".codex/config.toml",
    ".cargo/credentials.toml",
    ".npmrc",
    ".git-credentials",
    ".netrc",
    ".pypirc",
    ".aws/credentials",
    "gh/hosts.yml",
    "compose.yaml",
    ".kube/config",
    "x.tfvars",
    "x.tfvars.json",
    ".terraformrc",
    ".terraform.d/credentials.tfrc.json",
    ".github/workflows/ci.yml",
    ".gitlab-ci.yml",
    ".env",
];

proptest! {
    #[test]
    fn no_text_makes_an_editor_panic_or_change_what_was_not_chosen(
        text in "[ -~\n\t\"'{}\\[\\]:=#,ä\r]{0,160}", words in prop::collection::vec(prop::sample::select(vec![
            "{\"mcpServers\": {\"s\": {", "\"env\": {", "\"A_KEY\": \"v\"", "}}}", "machine a.test ", "login x ",
            "password y\n", "[default]\n", "aws_access_key_id = a\n", "aws_secret_access_key = b\n", "services:\n",
            "  web:\n", "    environment:\n", "      A_KEY: v\n", "A_KEY='v'\n", "[mcp_servers.s.env]\n", "A_KEY = \"v\"\n",
            "//h/:_authToken=v\n", "https://u:p@h\n", ",", "\"", "\n", "users:\n", "- name: a\n", "  user:\n",
            "    token: v\n", "    client-key-data: dg==\n", "variables:\n", "jobs:\n", "  env:\n", "    A_TOKEN: v\n",
            "a_key = \"v\"\n", "a_key = <<X\nv\nX\n", "credentials \"h\" {\n", "token = \"v\"\n}\n", "/* x\n*/", "# c\n",
        ]), 0..12),
    ) {
        for path in PATHS {
            for text in [text.clone(), words.concat(), format!("{}{text}", words.concat())] {
                let kind = kind_of(Path::new(path), "").unwrap();
                if let Ok(same) = (kind.edit)(&text, &mut |_| Choice::Keep) {
                    prop_assert_eq!(&same, &text, "{}", path);
                }
                // The same values are come across whatever becomes of each.
                let places = |choice: &Choice| {
                    let mut all = Vec::new();
                    let edited = (kind.edit)(&text, &mut |one| { all.push(one.place); choice.clone() });
                    edited.map(|_| all)
                };
                let refer = Choice::Refer { secret: "a-key".into(), variable: "A_KEY".into() };
                prop_assert_eq!(places(&Choice::Keep).ok(), places(&Choice::Mask).ok(), "{}", path);
                prop_assert_eq!(places(&Choice::Keep).ok(), places(&refer).ok(), "{}", path);
            }
        }
    }

    #[test]
    fn a_value_of_an_env_file_is_the_one_that_is_stored(value in "[!-~&&[^'`$\"\\\\#]]{8,30}", before in "[B-D_]{1,9}=[a-z]{0,9}\n") {
        let text = format!("{before}THE_KEY='{value}'\n# end\n");
        let (found, new) = adopted(".env", &text);
        prop_assume!(!is_reference(&value));
        let found = found.iter().find(|one| one.name == "THE_KEY").unwrap();
        prop_assert_eq!(found.value.expose_str().unwrap(), value);
        prop_assert!(new.ends_with("# THE_KEY is in authy: the-key\n# end\n"));
    }
}
