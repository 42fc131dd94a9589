//! A disk that is really full: the vault on a small file system in memory, filled up to the
//! last few blocks before the command runs.

use super::{Case, Trial, VALUE, case, parts};
use crate::harness::needs;
use crate::score::{Score, some};

pub(super) const CASES: [Case; 7] = [
    case(&["store", "fresh"]),
    case(&["rotate", "target"]),
    case(&["rename", "target", "moved"]),
    case(&["import", "new.env"]),
    case(&["policy", "create", "new", "--allow", "db-*"]),
    parts(&["rekey"]),
    case(&["get", "target"]),
];

/// Mounts a small disk over the vault, fills all but `$1` KiB of it, runs the rest of the
/// words, makes room again and leaves the vault where it was before.
const SCRIPT: &str = r#"
    set -e
    left=$1; shift
    vault=$HOME/.authy
    cp -a "$vault" ../aside
    mount -t tmpfs -o size=6m,mode=700 none "$vault"
    cp -a ../aside/. "$vault/"
    free=$(df -k --output=avail "$vault" | tail -n 1)
    head -c $(((free - left) * 1024)) /dev/zero >"$vault/.git/filler"
    code=0
    "$@" || code=$?
    rm "$vault/.git/filler"
    rm -rf ../aside
    cp -a "$vault/." ../aside
    umount "$vault"
    rm -rf "$vault"
    cp -a ../aside "$vault"
    rm -rf ../aside
    exit $code
"#;

#[test]
fn a_small_disk_fills_up() {
    if !needs(["unshare"]) {
        return;
    }
    let world = super::World::new();
    let t = &world.team.t;
    let may_mount = t.program("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"]);
    if may_mount.ends().code != 0 {
        eprintln!("left out: no right to mount");
        return;
    }
    let mut score = Score::new("a really full disk");
    let free: Vec<String> = (0..=64).step_by(4).map(|kib: usize| kib.to_string()).collect();
    for case in CASES {
        let trial = Trial::new(&world, case);
        for left in some(&free, 2) {
            score.point(&format!("{:?}, {left} KiB left", case.words), || {
                world.reset();
                let words = ["-m", "sh", "-c", SCRIPT, "sh", &left, crate::harness::AUTHY];
                let words = words.iter().copied().chain(case.words.iter().copied());
                let call = world.team.as_person("alice", t.program("unshare", words));
                trial.judge(&call.stdin(VALUE).ends(), 0);
            });
        }
    }
    score.settle();
}
