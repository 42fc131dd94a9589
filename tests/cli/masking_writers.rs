//! The same value as many programs write it: found by what the text means. The table in
//! docs/MASKING.md is made from these; `AUTHY_UPDATE_DOCS=1` makes it anew.

use std::fmt::Write as _;

use crate::harness::{Sandbox, needs};

const VALUE: &str = "p@ss \u{f6}/\"<'>&+=\\ok 1";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIK8fQm0Zt3xTq1nJ9bU2hVw7\n\
    yLr4cXs6EoPdAgiN5kMzSrHt2bQ0Vw==\n\
    -----END PRIVATE KEY-----\n";
const NETRC: &str = "machine host1\nlogin bobby\npassword h7-Qz";
const DOCUMENT: &str =
    r#"{"type": "service_account", "private_key_id": "8c1f0d2e4b6a79c35d", "n": 7}"#;

/// Who writes so, and what.
const WRITINGS: [(&str, &str); 54] = [
    ("**JSON**: Python, `json.dumps`", r#"p@ss \u00f6/\"<'>&+=\\ok 1"#),
    ("JavaScript, Rust, jq", "p@ss \u{f6}/\\\"<'>&+=\\\\ok 1"),
    ("Go, `encoding/json`", "p@ss \u{f6}/\\\"\\u003c'\\u003e\\u0026+=\\\\ok 1"),
    ("PHP, `json_encode`", r#"p@ss \u00f6\/\"<'>&+=\\ok 1"#),
    (".NET, `System.Text.Json`", r"p@ss \u00F6/\u0022\u003C\u0027\u003E\u0026\u002B=\\ok 1"),
    ("Gson", "p@ss \u{f6}/\\\"\\u003c\\u0027\\u003e\\u0026+\\u003d\\\\ok 1"),
    ("PowerShell, `ConvertTo-Json`", "p@ss \u{f6}/\\\"\\u003c\\u0027\\u003e\\u0026+=\\\\ok 1"),
    (
        "each character as `\\uXXXX`",
        r"\u0070\u0040\u0073\u0073\u0020\u00f6\u002f\u0022\u003c\u0027\u003e\u0026\u002b\u003d\u005c\u006f\u006b\u0020\u0031",
    ),
    ("JSON in JSON", r#"p@ss \\u00f6/\\\"<'>&+=\\\\ok 1"#),
    ("**Addresses**: `encodeURIComponent`", "p%40ss%20%C3%B6%2F%22%3C'%3E%26%2B%3D%5Cok%201"),
    ("`encodeURI`", "p@ss%20%C3%B6/%22%3C'%3E&+=%5Cok%201"),
    ("Python, `quote`", "p%40ss%20%C3%B6/%22%3C%27%3E%26%2B%3D%5Cok%201"),
    ("forms, `quote_plus`", "p%40ss+%C3%B6%2F%22%3C%27%3E%26%2B%3D%5Cok+1"),
    ("Go, `url.UserPassword`", "p%40ss%20%C3%B6%2F%22%3C%27%3E&+=%5Cok%201"),
    ("small digits", "p%40ss%20%c3%b6%2f%22%3c%27%3e%26%2b%3d%5cok%201"),
    ("each byte", "%70%40%73%73%20%c3%b6%2f%22%3c%27%3e%26%2b%3d%5c%6f%6b%20%31"),
    ("twice", "p%2540ss%2520%25C3%25B6%252F%2522%253C'%253E%2526%252B%253D%255Cok%25201"),
    ("in JSON", "p%40ss\\u0020%C3%B6\\/%22%3C%27%3E%26%2B%3D%5Cok%201"),
    ("`escape` of JavaScript", "p@ss%20%F6/%22%3C%27%3E%26+%3D%5Cok%201"),
    ("**HTML, XML**: Python, `html.escape`", "p@ss \u{f6}/&quot;&lt;&#x27;&gt;&amp;+=\\ok 1"),
    (".NET, `HtmlEncode`", "p@ss &#246;/&quot;&lt;&#39;&gt;&amp;+=\\ok 1"),
    ("PHP, `htmlentities`", "p@ss &ouml;/&quot;&lt;&#039;&gt;&amp;+=\\ok 1"),
    (
        "an attribute, by number",
        "p&#64;ss&#32;&#xF6;&#47;&#34;&#60;&#39;&#62;&#38;&#43;&#61;&#92;ok&#32;1",
    ),
    ("**Hex**: `xxd -p`, Python", "7040737320c3b62f223c273e262b3d5c6f6b2031"),
    ("capitals", "7040737320C3B62F223C273E262B3D5C6F6B2031"),
    ("in lines", "7040737320c3b62f\n223c273e262b3d5c\n6f6b2031"),
    ("`od -An -tx1`", "70 40 73 73 20 c3 b6 2f 22 3c 27 3e 26 2b 3d 5c\n 6f 6b 20 31"),
    ("a fingerprint", "70:40:73:73:20:C3:B6:2F:22:3C:27:3E:26:2B:3D:5C:6F:6B:20:31"),
    ("Python, bytes", r#"p@ss \xc3\xb6/"<\'>&+=\\ok 1"#),
    ("Python, `ascii`", r#"p@ss \xf6/"<\'>&+=\\ok 1"#),
    ("Perl, `Data::Dumper`", r#"p\@ss \x{f6}/\"<'>&+=\\ok 1"#),
    ("`grep --color`", "p@ss \u{f6}/\"<'\u{1b}[01;31m\u{1b}[K>&+\u{1b}[m\u{1b}[K=\\ok 1"),
    ("**base64**: `base64`", "cEBzcyDDti8iPCc+Jis9XG9rIDE="),
    ("of an address", "cEBzcyDDti8iPCc-Jis9XG9rIDE"),
    ("in lines", "cEBzcyDDti8iPCc+\nJis9XG9rIDE="),
    ("in words of a line", "cEBzcyDDti8iPCc+ Jis9XG9rIDE="),
    ("in lines of a log", "web-1  | cEBzcyDDti8iPCc+\nweb-1  | Jis9XG9rIDE="),
    ("in a difference", "+cEBzcyDDti8iPCc+\n+Jis9XG9rIDE="),
    ("after a user name", "YWxpY2U6cEBzcyDDti8iPCc+Jis9XG9rIDE="),
    ("twice", "Y0VCemN5RER0aThpUENjK0ppczlYRzlySURFPQ=="),
    ("in JSON, with its line ends", r"cEBzcyDDti8iPCc\u002b\nJis9XG9rIDE\u003d"),
    ("`tput sgr0`", "p@ss \u{f6}/\"<'\u{1b}[31m>&+\u{1b}(B\u{1b}[m=\\ok 1"),
    ("**Shells**: `set -x`", "'p@ss \u{f6}/\"<'\\''>&+=\\ok 1'"),
    ("`printf %q`", "p@ss\\ \u{f6}/\\\"\\<\\'\\>\\&+=\\\\ok\\ 1"),
    ("`declare -p`", "declare -x V=\"p@ss \u{f6}/\\\"<'>&+=\\\\ok 1\""),
    ("Python, `shlex.quote`", "'p@ss \u{f6}/\"<'\"'\"'>&+=\\ok 1'"),
    ("**A key**: a line of it", "MC4CAQAwBQYDK2VwBCIEIK8fQm0Zt3xTq1nJ9bU2hVw7"),
    (
        "in YAML",
        "key: |\n  MC4CAQAwBQYDK2VwBCIEIK8fQm0Zt3xTq1nJ9bU2hVw7\n  yLr4cXs6EoPdAgiN5kMzSrHt2bQ0Vw==",
    ),
    (
        "in one line",
        "-----BEGIN PRIVATE KEY----- MC4CAQAwBQYDK2VwBCIEIK8fQm0Zt3xTq1nJ9bU2hVw7 yLr4cXs6EoPdAgiN5kMzSrHt2bQ0Vw== -----END PRIVATE KEY-----",
    ),
    (
        "its lines joined",
        "MC4CAQAwBQYDK2VwBCIEIK8fQm0Zt3xTq1nJ9bU2hVw7yLr4cXs6EoPdAgiN5kMzSrHt2bQ0Vw==",
    ),
    (
        "the same, with its short lines",
        "key: |\n  -----BEGIN PRIVATE KEY-----\n  MC4CAQAwBQYDK2VwBCIEIK8fQm0Zt3xTq1nJ9bU2hVw7\n  yLr4cXs6EoPdAgiN5kMzSrHt2bQ0Vw==\n  -----END PRIVATE KEY-----\n",
    ),
    ("**Short lines** in YAML", "netrc: |\n  machine host1\n  login bobby\n  password h7-Qz"),
    ("in a log", "web-1  | machine host1\nweb-1  | login bobby\nweb-1  | password h7-Qz"),
    ("**A document**: a text in it", "private_key_id=8c1f0d2e4b6a79c35d"),
];

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("pass", VALUE), ("key", KEY), ("account", DOCUMENT), ("netrc", NETRC)]);
    t.authy(["policy", "create", "agent", "--allow", "*", "--run-only"]).ok();
    t
}

/// What `text` looks like under a run, piece by piece.
fn shown(t: &Sandbox, pieces: &[&str]) -> Vec<String> {
    let mark = "\n<\u{2042}>\n";
    t.write("pieces", pieces.join(mark));
    let done = t.authy(["run", "--scope", "agent", "--", "cat", "pieces"]).ok();
    let text = String::from_utf8(done.stdout).unwrap();
    text.split(mark).map(str::to_owned).collect()
}

#[test]
fn every_writing_that_was_tried_is_found() {
    let t = stocked();
    let pieces: Vec<_> = WRITINGS.iter().map(|(_, text)| *text).collect();
    let shown = shown(&t, &pieces);
    let mut table = String::from("| written by | what | shown |\n|---|---|---|\n");
    for ((who, text), shown) in WRITINGS.iter().zip(&shown) {
        assert!(shown.contains("[authy:"), "{who}: {text} is shown as {shown}");
        let line = |text: &str| {
            text.replace('\n', "\u{21b5}").replace('\u{1b}', "\u{241b}").replace('|', "\\|")
        };
        let shorter = line(text);
        let shorter = match shorter.char_indices().nth(64) {
            Some((at, _)) => format!("{}\u{2026}", &shorter[..at]),
            None => shorter,
        };
        writeln!(table, "| {who} | `` {shorter} `` | `` {} `` |", line(shown)).unwrap();
    }
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/MASKING.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (before, rest) = text.split_once("<!-- writings -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    let new = format!("{before}<!-- writings -->\n{table}<!-- end -->{after}");
    if std::env::var_os("AUTHY_UPDATE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(&page, new).unwrap();
    } else {
        assert!(new == text, "docs/MASKING.md is old: run the tests with AUTHY_UPDATE_DOCS=1");
    }
}

/// Nothing of the value is left in what a program wrote: no five of its bytes, and what stands
/// around the labels is what the script wrote itself.
fn assert_hidden(t: &Sandbox, program: &[&str], labels: usize) {
    let all = ["run", "--scope", "agent", "--uppercase", "--"].iter().chain(program);
    let done = t.authy(all).ok();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(text.matches("[authy:pass]").count(), labels, "{program:?}:\n{text}");
    for part in
        ["p@ss", "p%40", "p\\@ss", "7040", "cEBz", "ok 1", "ok\\ 1", "ok%20", "6f6b", "xvayAx"]
    {
        assert!(!text.contains(part), "{part} in what {program:?} wrote:\n{text}");
    }
}

#[test]
fn python_hides_nothing() {
    if !needs(["python3"]) {
        return;
    }
    let script = "import os, json, html, base64, binascii, shlex, textwrap, urllib.parse as u\n\
        v = os.environ['PASS']; b = v.encode()\n\
        for text in [json.dumps(v), json.dumps(json.dumps(v)), json.dumps(v, ensure_ascii=False),\n\
            html.escape(v), u.quote(v), u.quote_plus(v), u.quote(u.quote(v)), repr(v), repr(b),\n\
            shlex.quote(v), b.hex(), b.hex(' '), b.hex(':', 2), base64.b64encode(b).decode(),\n\
            base64.urlsafe_b64encode(b).decode(), base64.b64encode(b.hex().encode()).decode(),\n\
            json.dumps(base64.encodebytes(b).decode()), v.encode('unicode_escape').decode(),\n\
            html.escape(json.dumps(v)), u.quote(json.dumps(v)), json.dumps(u.quote(v)),\n\
            ''.join(f'&#{ord(c)};' for c in v), v.encode('ascii', 'xmlcharrefreplace').decode(),\n\
            base64.b64encode(json.dumps(v).encode()).decode(), json.dumps({'a': [v]}, indent=2)]:\n\
            \x20print('<', text, '>')";
    assert_hidden(&stocked(), &["python3", "-c", script], 25);
}

#[test]
fn node_hides_nothing() {
    if !needs(["node"]) {
        return;
    }
    let script = "const v = process.env.PASS, b = Buffer.from(v); const q = encodeURIComponent;\n\
        for (const text of [JSON.stringify(v), JSON.stringify(JSON.stringify({v})), q(v),\n\
            encodeURI(v), escape(v), q(q(v)), new URLSearchParams({v}).toString(),\n\
            b.toString('hex'), b.toString('base64'), b.toString('base64url'),\n\
            require('util').inspect({v}), String.raw`${v}`, q(JSON.stringify(v)),\n\
            Buffer.from('user:' + v).toString('base64'), JSON.stringify(q(v))])\n\
            console.log('<', text, '>')";
    assert_hidden(&stocked(), &["node", "-e", script], 15);
}

#[test]
fn shells_hide_nothing() {
    if !needs(["bash"]) {
        return;
    }
    let script = "printf '%s\\n' '<' \"$PASS\" '<'; printf '%q\\n<\\n' \"$PASS\"; declare -p PASS; echo '<'; \
        echo \"${PASS@Q}\"; echo '<'; export -p | grep PASS; echo '<'; exec 2>&1; set -x; : \"$PASS\"; \
        { set +x; } 2>/dev/null; printf '%s' \"$PASS\" | base64; echo '<'; printf '%s' \"$PASS\" | base64 -w20; \
        echo; echo '<'; echo $(printf '%s' \"$PASS\" | base64 -w16); echo '<'; printf '%s' \"$PASS\" | od -An -tx1";
    assert_hidden(&stocked(), &["bash", "-c", script], 10);
}

#[test]
fn xxd_openssl_and_perl_hide_nothing() {
    let t = stocked();
    for (program, script) in [
        ("xxd", "printf %s \"$PASS\" | xxd -p -c 8"),
        ("openssl", "printf %s \"$PASS\" | openssl base64"),
        ("perl", "perl -e 'print unpack(\"H*\", $ENV{PASS})'"),
        ("jq", "jq -n 'env.PASS'"),
        ("jq", "jq -rn 'env.PASS | @uri'"),
        ("jq", "jq -rn 'env.PASS | @html'"),
        ("jq", "jq -rn 'env.PASS | @base64'"),
        ("jq", "jq -rn 'env.PASS | @sh'"),
    ] {
        if needs([program]) {
            assert_hidden(&t, &["sh", "-c", script], 1);
        }
    }
}
