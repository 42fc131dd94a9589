//! `run --sealed`: a program uses a value towards its hosts, and never holds it.

mod answers;
mod attempts;
mod clients;
mod helpers;
mod kills;
mod rules;
mod server;
mod terminal;
mod wire;

use serde_json::Value;

use crate::harness::{Call, Sandbox};
use crate::outcome::Done;
use server::World;

/// The value: nothing else looks like it.
pub(super) const CANARY: &str = "canary/Sealed+Value=4711";

/// A vault with a sealed secret, and the world that it is for.
struct Scene {
    t: Sandbox,
    world: World,
}

impl Scene {
    /// Scope `ci` seals `api-token` for `api.test` and `*.wild.test`.
    fn new() -> Self {
        Self::with(&["--seal", "api-token=api.test,*.wild.test"])
    }

    fn with(words: &[&str]) -> Self {
        let mut t = Sandbox::new();
        let world = World::new(Some(t.path("repositories")));
        t.store([("api-token", CANARY), ("plain", "plain-value")]);
        let base = ["policy", "create", "ci", "--allow", "*"];
        t.authy(base.iter().chain(words)).ok();
        let roots = t.path("roots.pem");
        std::fs::write(&roots, &world.roots).unwrap();
        t.set("SSL_CERT_FILE", roots);
        t.set("HTTPS_PROXY", format!("http://127.0.0.1:{}", world.proxy_port));
        Self { t, world }
    }

    /// A script for `sh` behind the proxy.
    fn run(&self, script: &str) -> Call<'_> {
        self.behind(&["sh", "-c", script])
    }

    /// A script for Python behind the proxy.
    fn python(&self, script: &str) -> Call<'_> {
        self.behind(&["python3", "-c", script])
    }

    /// Nothing is masked, so that what the program sees is seen.
    fn behind(&self, command: &[&str]) -> Call<'_> {
        let run = ["run", "--scope", "ci", "--sealed", "--uppercase", "--no-masking", "--"];
        self.t.authy(run.iter().chain(command))
    }

    /// The lines about requests with sealed values, outcome and detail.
    fn audit(&self) -> Vec<(String, String)> {
        let mut lines = self.whole_audit();
        lines.retain(|(_, detail)| !detail.contains("kept out of an answer"));
        lines
    }

    /// The same, with those about answers that had a value in them.
    fn whole_audit(&self) -> Vec<(String, String)> {
        let lines = self.t.authy(["audit", "show", "--json", "-n", "10000"]).ok().json();
        let text = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let lines = lines.as_array().unwrap().iter().filter(|line| line["op"] == "seal");
        lines.map(|line| (text(line, "outcome"), text(line, "detail"))).collect()
    }

    /// Where the value arrived: under which name, and in which request.
    fn arrived(&self) -> Vec<(String, String)> {
        let has = |text: &[u8]| text.windows(CANARY.len()).any(|w| w == CANARY.as_bytes());
        let seen = self.world.seen().into_iter();
        let with = seen.filter(|one| has(one.head.as_bytes()) || has(&one.body));
        with.map(|one| (one.host, one.head)).collect()
    }
}

/// Fails where the value stands in what was printed.
fn clean(done: Done) -> Done {
    for text in [&done.stdout, &done.stderr] {
        assert!(!text.windows(CANARY.len()).any(|w| w == CANARY.as_bytes()), "{done}");
    }
    done
}

/// Base64 with padding (RFC 4648, 4).
fn base64(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |n: usize| char::from(DIGITS[n & 63]);
    text.as_bytes()
        .chunks(3)
        .flat_map(|chunk| {
            let n = chunk.iter().fold(0_usize, |n, b| n << 8 | usize::from(*b))
                << (8 * (3 - chunk.len()));
            let all = [digit(n >> 18), digit(n >> 12), digit(n >> 6), digit(n)];
            (0..4).map(move |at| if at <= chunk.len() { all[at] } else { '=' })
        })
        .collect()
}
