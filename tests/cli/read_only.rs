//! A vault that cannot be written to (a container's `:ro` mount): reads work and are recorded.

use crate::harness::{Call, Sandbox};
use crate::vault::text;

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "1")]);
    t.policy("backend", ["db-*"]);
    t
}

/// Runs a script while nobody can write to the vault. `None` where that cannot be arranged.
fn read_only<'t>(t: &'t Sandbox, script: &str) -> Option<Call<'t>> {
    t.read_only(&t.vault(), script)
}

#[test]
fn run_works_and_says_where_its_line_went() {
    let t = stocked();
    let child = "authy run --scope backend -- sh -c 'echo $db_url'";
    let Some(call) = read_only(&t, child) else { return };
    let before = text(&t.only_file(".local/audit", ".jsonl"));
    let state = t.path("state");
    call.ok().stdout_is("1\n").stderr_has(state.to_str().unwrap());
    assert_eq!(text(&t.only_file(".local/audit", ".jsonl")), before);

    let report = t.authy(["--json", "audit", "verify"]).ok();
    assert_eq!(report.json().as_array().map(Vec::len), Some(2), "{report}");
    let entry = t.last_entry();
    assert_eq!(entry["op"], "run");
    assert_eq!(entry["secrets"], serde_json::json!(["db-url"]));
}

#[test]
fn get_env_and_list_work() {
    let t = stocked();
    let script = "authy get db-url && authy list && authy env --scope backend --format json && authy audit verify >/dev/null";
    let Some(call) = read_only(&t, script) else { return };
    call.ok().stdout_has("1").stdout_has("db-url");
}

#[test]
fn a_change_fails_and_says_why() {
    let t = stocked();
    let Some(call) = read_only(&t, "echo v | authy store new") else { return };
    let done = call.ends();
    assert!(done.code != 0 && done.code != 101, "{done}");
    t.lacks("new");
}

#[test]
fn denied_reads_are_recorded_too() {
    let t = stocked();
    let Some(call) = read_only(&t, "authy get other --scope backend") else { return };
    call.ends().code_is(4);
    let entry = t.last_entry();
    assert_eq!(entry["outcome"], "denied");
}

#[test]
fn without_any_place_for_the_line_no_value_leaves() {
    let t = stocked();
    let script = "AUTHY_STATE_DIR=/proc/nowhere authy get db-url";
    let Some(call) = read_only(&t, script) else { return };
    let done = call.ends();
    assert_ne!(done.code, 0, "{done}");
    done.stdout_is("");
}

#[test]
fn a_state_folder_that_cannot_be_written_is_a_warning() {
    let t = stocked();
    t.authy(["get", "db-url"])
        .env("AUTHY_STATE_DIR", "/proc/nowhere")
        .ok()
        .stdout_is("1")
        .stderr_has("/proc/nowhere");
}
