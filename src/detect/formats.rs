//! The table: how a token begins, as its provider documents it, and what follows.
//!
//! Prefixes are what providers say in their documentation of tokens. Where the length is not
//! documented the shortest that was seen stands here.

/// A format of tokens.
pub(super) struct Format {
    /// For people.
    pub(super) name: &'static str,
    /// How it begins.
    pub(super) starts: &'static [&'static str],
    /// A regular expression of what follows; its first group, where it has one, is the secret.
    pub(super) rest: &'static str,
}

const fn format(name: &'static str, starts: &'static [&'static str], rest: &'static str) -> Format {
    Format { name, starts, rest }
}

/// Ends a text of letters, digits and `_`.
macro_rules! word {
    ($of:literal, $count:literal) => {
        concat!("[", $of, "]{", $count, r"}\b")
    };
}

/// In the order of what is tried: longer beginnings before shorter ones.
pub(super) const FORMATS: [Format; 71] = [
    format(
        "private key",
        &["-----BEGIN "],
        r"(?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\\r)?(?:\\n|\s)+(?:(?:Proc-Type|DEK-Info|Version|Comment|Charset)[^\n]*\n\s*)*((?:[A-Za-z0-9+/=]|\\n|\\r|\s){64,})",
    ),
    format(
        "PuTTY private key",
        &["PuTTY-User-Key-File-"],
        r"[23]: [a-z0-9-]+\s[\s\S]{0,400}?Private-Lines: \d+\s+([A-Za-z0-9+/=]{40,})",
    ),
    format(
        "age identity",
        &["AGE-SECRET-KEY-"],
        r"(?:PQ-)?1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58,}\b",
    ),
    format(
        "address with a password",
        &["://"],
        r#"[^\s:/?#@"'`<>${}\\%()\[\]]{0,64}:([^\s:/?#@"'`<>${}()\[\]*]{6,256})@[A-Za-z0-9\[]"#,
    ),
    format(
        "JSON web token",
        &["eyJ"],
        r"[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    ),
    format("authy session token", &["authy_v1."], r"[A-Za-z0-9_-]{43}"),
    format(
        "Anthropic key",
        &["sk-ant-api", "sk-ant-admin", "sk-ant-oat", "sk-ant-ort"],
        r"\d{2}-[A-Za-z0-9_-]{80,}",
    ),
    format("OpenRouter key", &["sk-or-v1-"], word!("a-f0-9", "64")),
    format("OpenAI key", &["sk-proj-", "sk-svcacct-", "sk-admin-"], r"[A-Za-z0-9_-]{40,}"),
    format("OpenAI key, old form", &["sk-"], r"[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}\b"),
    format("AWS access key id", &["AKIA", "ASIA"], word!("A-Z2-7", "16")),
    format("GitHub fine-grained token", &["github_pat_"], word!("A-Za-z0-9_", "60,255")),
    format("GitHub token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], word!("A-Za-z0-9", "36,255")),
    format(
        "GitLab token",
        &["glpat-", "gldt-", "glrt-", "glptt-", "gloas-", "glcbt-", "glagent-", "glft-", "glsoat-"],
        r"[A-Za-z0-9_-]{20,}",
    ),
    format("Bitbucket token", &["ATBB"], word!("A-Za-z0-9", "32")),
    format("Atlassian token", &["ATATT3", "ATCTT3"], r"[A-Za-z0-9_=.-]{60,}"),
    format(
        "Slack token",
        &["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe.xox", "xoxe-"],
        r"[A-Za-z0-9-]{20,}",
    ),
    format("Slack app token", &["xapp-"], r"\d-[A-Z0-9]+-\d+-[a-f0-9]{20,}"),
    format(
        "Slack webhook",
        &["hooks.slack.com/services/"],
        r"T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{20,}",
    ),
    format("Discord webhook", &["discord.com/api/webhooks/"], r"\d{15,20}/[A-Za-z0-9_-]{60,}"),
    format(
        "Stripe key",
        &["sk_live_", "rk_live_", "sk_test_", "rk_test_"],
        word!("A-Za-z0-9", "24,255"),
    ),
    format("webhook signing secret", &["whsec_"], r"[A-Za-z0-9+/]{24,}"),
    format("Google API key", &["AIza"], r"[A-Za-z0-9_-]{35}\b"),
    format("Google OAuth client secret", &["GOCSPX-"], r"[A-Za-z0-9_-]{28}"),
    format("Google OAuth token", &["ya29."], r"[A-Za-z0-9_-]{40,}"),
    format("Azure storage key", &["AccountKey="], r"([A-Za-z0-9+/]{86}==)"),
    format("Hugging Face token", &["hf_", "api_org_"], word!("A-Za-z0-9", "34,40")),
    format("Groq key", &["gsk_"], word!("A-Za-z0-9", "52")),
    format("xAI key", &["xai-"], word!("A-Za-z0-9", "80")),
    format("Perplexity key", &["pplx-"], word!("A-Za-z0-9", "48,64")),
    format("Replicate token", &["r8_"], word!("A-Za-z0-9", "37")),
    format("LangSmith key", &["lsv2_pt_", "lsv2_sk_"], word!("a-f0-9_", "40,50")),
    format("Tavily key", &["tvly-"], r"(?:dev-|prod-)?[A-Za-z0-9]{32}\b"),
    format("npm token", &["npm_"], word!("A-Za-z0-9", "36")),
    format("PyPI token", &["pypi-AgE"], r"[A-Za-z0-9_-]{60,}"),
    format("crates.io token", &["cio"], word!("A-Za-z0-9", "32")),
    format("RubyGems key", &["rubygems_"], word!("a-f0-9", "48")),
    format("Docker token", &["dckr_pat_", "dckr_oat_"], r"[A-Za-z0-9_-]{27,}"),
    format("Terraform Cloud token", &[".atlasv1."], r"[A-Za-z0-9_-]{60,}"),
    format("Vault token", &["hvs.", "hvb.", "hvr."], r"[A-Za-z0-9_-]{24,}"),
    format("Pulumi token", &["pul-"], word!("a-f0-9", "40")),
    format(
        "Doppler token",
        &["dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."],
        r"(?:[a-z0-9_-]+\.)?[A-Za-z0-9]{40,44}\b",
    ),
    format("1Password service account", &["ops_eyJ"], r"[A-Za-z0-9_=-]{100,}"),
    format(
        "Tailscale key",
        &["tskey-"],
        r"(?:auth|api|client|scim|webhook)-[A-Za-z0-9]+-[A-Za-z0-9]{20,}\b",
    ),
    format("DigitalOcean token", &["dop_v1_", "doo_v1_", "dor_v1_"], word!("a-f0-9", "64")),
    format("Heroku key", &["HRKU-AA"], r"[A-Za-z0-9_-]{50,}"),
    format("Fly token", &["FlyV1 fm2_", "fm2_", "fo1_"], r"[A-Za-z0-9+/=,_-]{40,}"),
    format("Netlify token", &["nfp_", "nfc_", "nfo_"], word!("A-Za-z0-9", "36")),
    format("Supabase token", &["sbp_"], r"(?:v0_)?[a-f0-9]{40}\b"),
    format("Supabase secret key", &["sb_secret_"], r"[A-Za-z0-9_-]{31,}"),
    format(
        "PlanetScale token",
        &["pscale_tkn_", "pscale_pw_", "pscale_oauth_"],
        r"[A-Za-z0-9_.=-]{32,}",
    ),
    format("Databricks token", &["dapi"], r"[a-f0-9]{32}(?:-\d)?\b"),
    format("Linear key", &["lin_api_", "lin_oauth_"], word!("A-Za-z0-9", "40,64")),
    format("Notion token", &["ntn_"], word!("A-Za-z0-9", "46")),
    format("Figma token", &["figd_", "figo_"], r"[A-Za-z0-9_-]{40,}"),
    format("Postman key", &["PMAK-"], r"[a-f0-9]{24}-[a-f0-9]{34}\b"),
    format("SendGrid key", &["SG."], r"[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    format("Resend key", &["re_"], r"[A-Za-z0-9]{8}_[A-Za-z0-9]{24}\b"),
    format("Brevo key", &["xkeysib-"], r"[a-f0-9]{64}-[A-Za-z0-9]{16}\b"),
    format("Shopify token", &["shpat_", "shpss_", "shpca_", "shppa_"], word!("a-fA-F0-9", "32")),
    format("Square token", &["sq0atp-", "sq0csp-"], r"[A-Za-z0-9_-]{22,43}\b"),
    format("Grafana token", &["glsa_"], r"[A-Za-z0-9]{32}_[a-fA-F0-9]{8}\b"),
    format("Grafana Cloud token", &["glc_eyJ"], r"[A-Za-z0-9+/=]{50,}"),
    format("Sentry token", &["sntrys_eyJ"], r"[A-Za-z0-9+/=_-]{60,}"),
    format("Sentry user token", &["sntryu_"], word!("a-f0-9", "64")),
    format("New Relic key", &["NRAK-"], word!("A-Z0-9", "27")),
    format("Dynatrace token", &["dt0c01."], r"[A-Z0-9]{24}\.[A-Z0-9]{64}\b"),
    format("Airtable token", &["pat"], r"[A-Za-z0-9]{14}\.[a-f0-9]{64}\b"),
    format("Mapbox secret token", &["sk.eyJ"], r"[A-Za-z0-9_-]{50,}\.[A-Za-z0-9_-]{20,}"),
    format("Cloudflare Origin CA key", &["v1.0-"], r"[a-f0-9]{24}-[a-f0-9]{146}\b"),
    format("Infisical service token", &["st."], r"[a-f0-9]{24}\.[a-f0-9]{32}\.[a-f0-9]{32}\b"),
];
