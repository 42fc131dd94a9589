//! What sealed rules allow, and what no spelling of a request gets past.

use std::path::Path;

use proptest::prelude::*;

use super::path::normal;
use super::{Injection, Refusal, SealRule, Sealing, SetHeader, Target};
use crate::name::{Address, ScopeName, SecretName};
use crate::store::SealedRule;

fn own(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn document(secrets: &[&str], hosts: &[&str]) -> SealedRule {
    SealedRule { secrets: own(secrets), hosts: own(hosts), ..SealedRule::default() }
}

fn name(text: &str) -> SecretName {
    SecretName::parse(text).unwrap()
}

fn sealing(policy: &[SealedRule], grant: Option<&[SealedRule]>) -> Sealing {
    let compile = |rules: &[SealedRule]| -> Vec<SealRule> {
        rules.iter().map(|rule| SealRule::compile(rule).unwrap()).collect()
    };
    let scope = ScopeName::parse("ci").unwrap();
    let grant = grant.map(compile);
    Sealing::new(scope, false, true, &compile(policy), grant.as_deref())
}

/// Judges `token` at `address`, over TLS unless it says `http`.
fn judged(sealing: &Sealing, request: &str, place: Injection) -> Result<(), Refusal> {
    let (method, url) = request.split_once(' ').unwrap();
    let (scheme, rest) = url.split_once("://").unwrap();
    let at = rest.find('/').unwrap();
    let address = Address::parse(&rest[..at], if scheme == "http" { 80 } else { 443 }).unwrap();
    let target =
        Target { address: &address, is_plain: scheme == "http", method, path: &rest[at..] };
    sealing.judge(&name("token"), &target, place)
}

#[test]
fn a_value_goes_to_its_hosts_alone() {
    let rules = [document(&["tok*"], &["api.github.com", "*.example.com", "10.0.0.1:8443"])];
    let sealing = sealing(&rules, None);
    for fine in [
        "GET https://api.github.com/",
        "GET https://API.GitHub.Com/",
        "GET https://a.example.com/",
        "GET https://10.0.0.1:8443/",
    ] {
        assert_eq!(judged(&sealing, fine, Injection::Header), Ok(()), "{fine}");
    }
    for bad in [
        "GET https://github.com/",
        "GET https://api.github.com:8443/",
        "GET https://api.github.com.evil.example/",
        "GET https://evil-api.github.com/",
        "GET https://example.com/",
        "GET https://a.b.example.com/",
        "GET https://10.0.0.1/",
        "GET http://api.github.com/",
    ] {
        assert_eq!(judged(&sealing, bad, Injection::Header), Err(Refusal::Host), "{bad}");
    }
    let plain = judged(&sealing, "GET http://api.github.com:443/", Injection::Header);
    assert_eq!(plain, Err(Refusal::Plain));
    let address = Address::parse("api.github.com", 443).unwrap();
    let other = Target { address: &address, is_plain: false, method: "GET", path: "/" };
    assert_eq!(sealing.judge(&name("other"), &other, Injection::Header), Err(Refusal::Host));
    assert!(sealing.seals(&name("token")) && !sealing.seals(&name("other")));
    let hosts = ["api.github.com", "*.example.com", "10.0.0.1:8443"];
    assert_eq!(sealing.hosts_of(&name("token")), hosts);
    assert!(sealing.hosts_of(&name("other")).is_empty());
}

#[test]
fn without_tls_only_to_this_machine_at_a_named_port_where_the_rule_says_so() {
    let hosts = ["localhost:8080", "127.0.0.1:80", "localhost", "10.0.0.1:80"];
    let rule = document(&["token"], &hosts);
    let strict = sealing(std::slice::from_ref(&rule), None);
    for bad in ["GET http://localhost:8080/", "GET http://127.0.0.1/"] {
        assert_eq!(judged(&strict, bad, Injection::Header), Err(Refusal::Plain), "{bad}");
    }
    assert_eq!(judged(&strict, "GET https://localhost:8080/", Injection::Header), Ok(()));
    let sealing = sealing(&[SealedRule { loopback_plain: true, ..rule }], None);
    for fine in ["GET http://localhost:8080/", "GET http://127.0.0.1/", "GET https://localhost/"] {
        assert_eq!(judged(&sealing, fine, Injection::Header), Ok(()), "{fine}");
    }
    for bad in ["GET http://localhost:443/", "GET http://10.0.0.1/"] {
        assert_eq!(judged(&sealing, bad, Injection::Header), Err(Refusal::Plain), "{bad}");
    }
}

#[test]
fn methods_paths_and_places_narrow_a_rule() {
    let rule = SealedRule {
        methods: Some(own(&["get", "POST"])),
        paths: Some(own(&["/repos/acme/*"])),
        places: own(&["query"]),
        ..document(&["token"], &["api.github.com"])
    };
    let sealing = sealing(&[rule], None);
    let at = |request: &str, place| judged(&sealing, request, place);
    assert_eq!(at("GET https://api.github.com/repos/acme/x", Injection::Header), Ok(()));
    assert_eq!(at("GET https://api.github.com/repos/acme/x", Injection::Query), Ok(()));
    let body = at("POST https://api.github.com/repos/acme/x", Injection::Body);
    assert_eq!(body, Err(Refusal::Injection));
    let delete = at("DELETE https://api.github.com/repos/acme/x", Injection::Header);
    assert_eq!(delete, Err(Refusal::Method));
    for path in [
        "/repos/other/x",
        "/repos/acme//../../secret",
        "/repos/acme/a//../../secret",
        "/repos/acme/a//b",
        "/repos/acme/./x",
        "/repos/acme/..",
        "/repos/acme/.",
        "//repos/acme/x",
        "/repos/acme/../other/x",
        "/repos/acme/%2e%2e/other/x",
        "/repos/acme%2fx",
        "/repos/acme/..%2fother",
        "/repos/acme/%252e%252e/other",
        "/repos/acme/..;/other",
        "/repos/acme/..\\other",
        "/repos/acme/%00",
        "/repos/acme/%ff",
    ] {
        let request = format!("GET https://api.github.com{path}");
        assert_eq!(at(&request, Injection::Header), Err(Refusal::Path), "{path}");
    }
}

#[test]
fn a_grant_only_narrows() {
    let policy = [document(&["token"], &["a.example", "b.example"])];
    let grant = [document(&["token"], &["b.example", "c.example"])];
    let sealing = sealing(&policy, Some(&grant));
    let at = |host: &str| judged(&sealing, &format!("GET https://{host}/"), Injection::Header);
    assert_eq!(at("b.example"), Ok(()));
    for host in ["a.example", "c.example"] {
        assert_eq!(at(host), Err(Refusal::Host), "{host}");
    }
    // What was sealed when the session was made stays so for it.
    let sealed_then = self::sealing(&[], Some(&grant));
    assert!(sealed_then.seals(&name("token")));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let rule = |change: fn(&mut SealedRule)| {
        let mut rule = document(&["token"], &["api.github.com"]);
        change(&mut rule);
        SealRule::compile(&rule)
    };
    assert!(rule(|_| ()).is_ok());
    let bad: [fn(&mut SealedRule); 17] = [
        |r| r.secrets.clear(),
        |r| r.hosts.clear(),
        |r| r.secrets = vec!["[".into()],
        |r| r.hosts = vec!["*".into()],
        |r| r.hosts = vec!["*.com".into()],
        |r| r.hosts = vec!["https://a.example".into()],
        |r| r.hosts = vec!["a.*.example".into()],
        |r| r.hosts = vec!["a.example:0".into()],
        |r| r.methods = Some(vec!["GET /".into()]),
        |r| r.header = Some("cookie".into()),
        |r| r.header = Some("header:Host".into()),
        |r| r.header = Some("header:Proxy-Authorization".into()),
        |r| r.places = vec!["header".into()],
        |r| r.header = Some("basic:bot\r\nx-other: 1".into()),
        |r| r.header = Some("header:a b".into()),
        |r| r.placeholder = Some("a b".into()),
        |r| r.placeholder = Some("a".repeat(33)),
    ];
    for (at, change) in bad.into_iter().enumerate() {
        assert!(rule(change).is_err(), "{at}");
    }
    let good: [fn(&mut SealedRule); 2] = [
        |r| r.places = own(&["query", "path", "body"]),
        |r| r.placeholder = Some(format!("ghp_-{}", "A1".repeat(13))),
    ];
    for (at, change) in good.into_iter().enumerate() {
        assert!(rule(change).is_ok(), "{at}");
    }
    let header = |text: &str| {
        let mut rule = document(&["token"], &["a.example"]);
        rule.header = Some(text.to_owned());
        SealRule::compile(&rule).unwrap().header().cloned().unwrap()
    };
    assert_eq!(header("bearer"), SetHeader::Bearer);
    assert_eq!(header("basic:x-access-token"), SetHeader::Basic("x-access-token".into()));
    assert_eq!(header("header:X-Api-Key"), SetHeader::Named("x-api-key".into()));
}

#[test]
fn a_path_has_one_reading() {
    for (given, path) in [
        ("/", "/"),
        ("/a/b", "/a/b"),
        ("/a%20b", "/a b"),
        ("/a/", "/a/"),
        ("/.git/x", "/.git/x"),
        ("/cafe/100%25", "/cafe/100%"),
        ("/%", "/%"),
    ] {
        assert_eq!(normal(given).as_deref(), Some(path), "{given}");
    }
    for bad in [
        "",
        "a",
        "*",
        "/%2f",
        "/a\\b",
        "/..;x",
        "/.;x",
        "/a/./b",
        "/a/../b",
        "/../../b",
        "/a/b/..",
        "/a/b/.",
        "//a",
        "/a//",
        "/a//b",
        "/%2e%2E/b",
        "/a/.%2e",
    ] {
        assert_eq!(normal(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn no_path_climbs_out_of_a_pattern(tail in "[a-z./%25eEfF;\\\\]{0,24}") {
        let rule = SealedRule {
            paths: Some(own(&["/repos/acme/*"])),
            ..document(&["token"], &["a.example"])
        };
        let sealing = sealing(&[rule], None);
        let path = format!("/repos/acme/{tail}");
        if judged(&sealing, &format!("GET https://a.example{path}"), Injection::Header).is_ok() {
            // Another reader of paths, who takes '.' out and merges slashes, finds nothing to do.
            let decoded = percent_encoding::percent_decode_str(&path).decode_utf8_lossy();
            let read: std::path::PathBuf = Path::new(&*decoded).components().collect();
            let same = decoded.strip_suffix('/').unwrap_or(&decoded);
            prop_assert_eq!(read.to_str(), Some(same));
            prop_assert!(!read.components().any(|part| part == std::path::Component::ParentDir));
            // However often it is decoded, it stays below.
            let mut text = path;
            for _ in 0..3 {
                text = percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned();
            }
            let mut depth = 0_i32;
            for segment in text.split(['/', '\\']).skip(1) {
                depth += match segment.split(';').next().unwrap() {
                    ".." => -1,
                    "." => 0,
                    _ => 1,
                };
                prop_assert!(depth >= 0, "{text}");
            }
        }
    }
}
