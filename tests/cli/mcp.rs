//! `mcp`: the protocol as clients speak it, old and new, and no value by any tool.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout};

use serde_json::{Value, json};

use crate::harness::Sandbox;

const VALUE: &str = "canary/Mcp+Value=4711";

/// A client that speaks to a server, line by line.
struct Client {
    child: Child,
    to: Option<ChildStdin>,
    from: Lines<BufReader<ChildStdout>>,
    next: u64,
    /// What each request of the revision without a handshake carries.
    meta: Option<Value>,
    /// Everything that the server said.
    said: String,
}

impl Client {
    fn start(t: &Sandbox, words: &[&str], env: &[(&str, &str)]) -> Self {
        let mut call = t.authy(["mcp"].iter().chain(words));
        for (name, value) in env {
            call = call.env(name, value);
        }
        let mut child = call.spawn();
        let to = child.stdin.take();
        let from = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, to, from, next: 0, meta: None, said: String::new() }
    }

    /// One that shook hands as clients of 2025 do.
    fn greeted(t: &Sandbox, words: &[&str], env: &[(&str, &str)]) -> Self {
        let mut client = Self::start(t, words, env);
        let hello = client.ask(
            "initialize",
            json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "tester", "version": "1.2"},
            }),
        );
        assert_eq!(hello["serverInfo"]["name"], "authy", "{hello}");
        assert_eq!(hello["protocolVersion"], "2025-11-25");
        client.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        client
    }

    fn send(&mut self, message: &Value) {
        let to = self.to.as_mut().unwrap();
        writeln!(to, "{message}").unwrap();
        to.flush().unwrap();
    }

    fn request(&mut self, method: &str, mut params: Value) -> u64 {
        self.next += 1;
        if let Some(meta) = &self.meta {
            params["_meta"] = meta.clone();
        }
        self.send(&json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params}));
        self.next
    }

    fn hear(&mut self) -> Value {
        let line = self.from.next().expect("the server goes on").unwrap();
        self.said.push_str(&line);
        serde_json::from_str(&line).unwrap()
    }

    /// The answer to a request, notifications passed over.
    fn answer(&mut self, id: u64) -> Value {
        loop {
            let heard = self.hear();
            if heard["id"] == id {
                return heard;
            }
        }
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        let id = self.request(method, params);
        self.answer(id)["result"].clone()
    }

    #[allow(clippy::needless_pass_by_value, reason = "a literal goes into the request")]
    fn call(&mut self, tool: &str, words: Value) -> Value {
        self.ask("tools/call", json!({"name": tool, "arguments": words}))
    }

    /// What a tool gives, where it works.
    fn given(&mut self, tool: &str, words: Value) -> Value {
        let result = self.call(tool, words);
        assert_ne!(result["isError"], true, "{result}");
        let text: Value =
            serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(text, result["structuredContent"]);
        text
    }

    /// What a tool says, where it does not.
    fn refused(&mut self, tool: &str, words: Value) -> String {
        let result = self.call(tool, words);
        assert_eq!(result["isError"], true, "{result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    /// Ends the server, and gives all that it said.
    fn end(mut self) -> String {
        drop(self.to.take());
        assert!(self.child.wait().unwrap().success());
        self.said
    }
}

fn scene() -> Sandbox {
    let t = Sandbox::new();
    let words = ["store", "db-url", "--description", "the database", "--for", "https://db.test"];
    t.authy(words).stdin(VALUE).ok();
    t.store([("other", "not for the bot")]);
    t.policy("bot", ["db-*", "new"]);
    t
}

#[test]
fn an_agent_uses_values_and_sees_none() {
    let t = scene();
    let mut client = Client::greeted(&t, &["--scope", "bot"], &[]);
    let tools = client.ask("tools/list", json!({}));
    let names: Vec<_> = tools["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["list_secrets", "run", "check_access", "request_access", "audit_recent"]);
    for tool in tools["tools"].as_array().unwrap() {
        assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
        assert!(tool["outputSchema"]["required"].is_array() && tool["annotations"].is_object());
    }
    let listed = client.given("list_secrets", json!({}));
    assert_eq!(listed["secrets"][0]["name"], "db-url");
    assert_eq!(listed["secrets"][0]["description"], "the database");
    assert_eq!(listed["secrets"].as_array().unwrap().len(), 1, "{listed}");

    let ran = client.given("run", json!({
        "command": ["sh", "-c", "echo $DB_URL; echo err >&2; cat; test -n \"$DB_URL\" && exit 3"],
        "stdin": "typed",
    }));
    assert_eq!(ran["exit_code"], 3, "{ran}");
    assert_eq!(ran["stdout"], "[authy:db-url]\ntyped");
    assert_eq!(ran["stderr"], "err\n");
    let named = json!({"command": ["sh", "-c", "test -n \"$X\" && echo yes"], "variables": {"X": "db-url"}, "secrets": ["db-*"]});
    assert_eq!(client.given("run", named)["stdout"], "yes\n");
    let killed = client.given("run", json!({"command": ["sh", "-c", "kill -9 $$"]}));
    assert_eq!(killed["exit_code"], 137);
    let long = client
        .given("run", json!({"command": ["sh", "-c", "head -c 200000 /dev/zero | tr '\\0' x"]}));
    assert_eq!(long["truncated"], true);

    assert!(
        client
            .refused("run", json!({"command": ["sh"], "variables": {"X": "other"}}))
            .contains("'other'")
    );
    assert!(client.refused("run", json!({"command": []})).contains("empty"));
    assert!(
        client
            .refused("run", json!({"command": ["sh"], "folder": "/nowhere"}))
            .contains("/nowhere")
    );
    assert!(client.refused("run", json!({"comand": ["sh"]})).contains("comand"));
    assert!(
        client.refused("run", json!({"command": ["no-such-program"]})).contains("no-such-program")
    );

    // What clients and models add and leave out.
    let odd = json!({"command": ["true"], "wait_for_previous": true, "secrets": null, "folder": "", "timeout_seconds": 9.0, "variables": null});
    assert_eq!(client.given("run", odd)["exit_code"], 0);
    assert!(client.refused("run", json!({"command": ["true"], "secrets": []})).contains("empty"));

    let may = client.given("check_access", json!({"name": "db-url", "url": "", "program": ""}));
    assert_eq!((&may["allowed"], &may["secret"]), (&json!(true), &json!("db-url")));
    let may_not = client.given("check_access", json!({"name": "other"}));
    assert_eq!(may_not["allowed"], false);
    assert!(may_not["to_do"].as_str().unwrap().contains("request_access"));
    assert_eq!(client.given("check_access", json!({"name": "new"}))["allowed"], false);
    assert_eq!(
        client.given("check_access", json!({"url": "https://db.test/x"}))["secret"],
        "db-url"
    );
    assert_eq!(client.given("check_access", json!({"url": "https://x.test"}))["allowed"], false);
    client.refused("check_access", json!({}));

    let asked = client.given("request_access", json!({"names": ["other"], "reason": "to migrate"}));
    assert_eq!(asked["requested"], json!(["other"]));
    t.authy(["approve"]).ok().stderr_has("mcp tester 1.2 asks for other").stderr_has("to migrate");
    let lines = client.given("audit_recent", json!({"lines": 200}));
    let ops: Vec<_> = lines["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["op"].as_str().unwrap())
        .collect();
    assert!(ops.contains(&"run") && ops.contains(&"request"), "{ops:?}");
    assert!(!ops.contains(&"store"), "{ops:?}");
    let said = client.end();
    assert!(!said.contains(VALUE), "{said}");
    let by = |line: &&Value| line["actor"]["agent"] == "mcp tester 1.2";
    assert!(t.trail().iter().filter(by).count() >= 4);
    t.verifies();
}

/// The revision without a handshake: each request says what it is.
#[test]
fn the_newest_revision_needs_no_handshake() {
    let t = scene();
    let mut client = Client::start(&t, &["--scope", "bot"], &[]);
    client.meta = Some(json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "newer", "version": "2"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }));
    let found = client.ask("server/discover", json!({}));
    assert!(
        found["supportedVersions"].as_array().unwrap().contains(&json!("2026-07-28")),
        "{found}"
    );
    assert_eq!(client.ask("tools/list", json!({}))["tools"].as_array().unwrap().len(), 5);
    assert_eq!(client.given("list_secrets", json!({}))["secrets"][0]["name"], "db-url");
    client.end();
}

/// What a scope forbids is forbidden here, and a token needs no scope.
#[test]
fn a_token_a_seal_and_a_limit_hold() {
    let t = scene();
    let words = ["policy", "create", "tight", "--allow", "db-*", "--run-only", "--command", "true"];
    t.authy(words).ok();
    let file = t.path("token");
    let out = file.to_str().unwrap();
    t.authy(["session", "create", "--scope", "tight", "--out", out]).ok();
    let mut client = Client::greeted(&t, &["--token-file", out], &[("AUTHY_KEYFILE", "/nowhere")]);
    let listed = client.given("list_secrets", json!({}));
    assert_eq!(
        (&listed["secrets"][0]["name"], &listed["scope"]),
        (&json!("db-url"), &json!("tight"))
    );
    assert_eq!(client.given("run", json!({"command": ["true"]}))["exit_code"], 0);
    assert_eq!(client.given("check_access", json!({"program": "true"}))["allowed"], true);
    assert_eq!(client.given("check_access", json!({"program": "sh"}))["allowed"], false);
    let refused = client.refused("run", json!({"command": ["sh", "-c", "true"]}));
    assert!(refused.contains("access_denied") && refused.contains("'sh'"), "{refused}");
    let lines = client.given("audit_recent", json!({}));
    assert!(lines["lines"].as_array().unwrap().iter().any(|line| line["outcome"] == "denied"));
    assert!(
        client
            .refused("run", json!({"command": ["true"], "variables": {"LD_PRELOAD": "db-url"}}))
            .contains("LD_PRELOAD")
    );
    client.end();
    // Nothing works without a vault, and it is said where it is asked.
    let mut lost = Client::greeted(&t, &["--vault", "/nowhere"], &[]);
    assert!(lost.refused("list_secrets", json!({})).contains("/nowhere"));
    lost.end();
}

/// A program that is given up is gone, with all that it started.
#[test]
fn cancelling_and_time_end_the_whole_group() {
    let t = scene();
    let mut client = Client::greeted(&t, &["--scope", "bot"], &[]);
    let mark = t.path("pids");
    let script =
        format!("sleep 1000 & echo $! > {m}.new; mv {m}.new {m}; wait", m = mark.display());
    let gone = |mark: &std::path::Path| {
        let id: i32 = std::fs::read_to_string(mark).unwrap().trim().parse().unwrap();
        let status = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        status.is_empty() || status.contains(") Z ")
    };
    let ran = client.given("run", json!({"command": ["sh", "-c", script], "timeout_seconds": 1}));
    assert_eq!(ran["timed_out"], true);
    assert!(gone(&mark));
    std::fs::remove_file(&mark).unwrap();
    let id = client.request(
        "tools/call",
        json!({"name": "run", "arguments": {"command": ["sh", "-c", script]}}),
    );
    while !mark.exists() {
        std::thread::yield_now();
    }
    client.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}));
    while !gone(&mark) {
        std::thread::yield_now();
    }
    // It goes on serving.
    assert_eq!(client.given("run", json!({"command": ["true"]}))["exit_code"], 0);
    std::fs::remove_file(&mark).unwrap();
    client.request(
        "tools/call",
        json!({"name": "run", "arguments": {"command": ["sh", "-c", script]}}),
    );
    while !mark.exists() {
        std::thread::yield_now();
    }
    client.end();
    while !gone(&mark) {
        std::thread::yield_now();
    }
}

/// However the server ends, programs get their time to end, and none goes on with the values.
#[test]
fn what_runs_ends_with_the_server() {
    let t = scene();
    for how in ["closed", "TERM", "HUP", "KILL"] {
        let mut client = Client::greeted(&t, &["--scope", "bot"], &[]);
        let (mark, ended) = (t.path(format!("mark-{how}")), t.path(format!("ended-{how}")));
        let script = format!(
            "trap 'echo > {}; exit' TERM; echo $$ > {m}.new; mv {m}.new {m}; while :; do sleep 0.05; done",
            ended.display(),
            m = mark.display()
        );
        let words = json!({"name": "run", "arguments": {"command": ["sh", "-c", script]}});
        client.request("tools/call", words);
        while !mark.exists() {
            std::thread::yield_now();
        }
        let id: i32 = std::fs::read_to_string(&mark).unwrap().trim().parse().unwrap();
        match how {
            "closed" => drop(client.to.take()),
            signal => {
                let server = client.child.id().to_string();
                t.program("kill", [&format!("-{signal}"), &server]).ok();
            }
        }
        client.child.wait().unwrap();
        while std::path::Path::new(&format!("/proc/{id}")).exists() {
            std::thread::yield_now();
        }
        assert!(ended.exists(), "{how}: it was not told");
    }
}

/// One command makes a client ask, and a project's comments stay.
#[test]
fn config_makes_a_token_and_an_entry() {
    let t = scene();
    let config = |words: &[&str]| t.authy(["mcp", "config", "claude"].iter().chain(words));
    config(&[]).fails(2).stderr_has("no scope");
    let file = t.work().join(".mcp.json");
    config(&["--scope", "bot"]).ok().stdout_has("\"--token-file\"").stderr_has("--write");
    assert!(!file.exists() && !t.home().join(".authy-tokens").exists());
    config(&["--scope", "bot", "--write"]).env("CLAUDECODE", "1").fails(4);
    config(&["--scope", "bot", "--write"]).ok().stderr_has("added to");
    let entry: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let args = entry["mcpServers"]["authy"]["args"].as_array().unwrap();
    let args: Vec<&str> = args.iter().map(|word| word.as_str().unwrap()).collect();
    assert_eq!(args, ["mcp", "--token-file", "~/.authy-tokens/claude-bot"]);
    // What it says works, as a client starts it.
    let mut client = Client::greeted(&t, &args[1..], &[("AUTHY_KEYFILE", "/nowhere")]);
    assert_eq!(client.given("list_secrets", json!({}))["secrets"][0]["name"], "db-url");
    client.end();
    config(&["--scope", "bot", "--write"]).ok().stderr_has("has an entry, which stays");
    t.authy(["mcp", "config", "emacs", "--scope", "bot"]).fails(2).stderr_has("it is one of");
}
