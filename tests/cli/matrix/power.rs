//! A power cut: the vault on a disk of its own, of which everything is lost that was not flushed.
//!
//! The disk is a file that is mounted; a copy of that file while it is mounted has what a disk
//! would have after a cut. Every run tries ext4, the whole proof xfs and btrfs too;
//! `AUTHY_DISK=xfs` one alone.

use super::full::CASES;
use super::points::{TRACE, kills};
use super::world::World;
use super::{BULK, Trial, VALUE};
use crate::harness::{AUTHY, Sandbox, happens_to_have, needs, strace_works};
use crate::score::{Score, full};

/// Mounts a new disk for the homes, runs the words after `$1`, the file system, cuts the power
/// and brings back what the disk has. A file that is flushed last has the journal written, with
/// all names and without the bytes that nobody flushed: what a later moment would find.
const SCRIPT: &str = r#"
    set -e
    system=$1; shift
    mkdir -p ../disk
    rm -f ../disk.img
    truncate -s 400M ../disk.img
    case $system in ext4) force=-F ;; *) force=-f ;; esac
    mkfs.$system -q $force ../disk.img
    mount -o loop ../disk.img ../disk
    cp -a ../home ../state ../disk/
    sync -f ../disk
    mount --bind ../disk/home ../home
    mount --bind ../disk/state ../state
    code=0
    "$@" || code=$?
    dd if=/dev/zero of=../disk/last bs=1 count=1 conv=fsync status=none
    cp --sparse=always ../disk.img ../cut.img
    umount ../home ../state ../disk
    mount -o loop ../cut.img ../disk
    rm -rf ../home ../state
    cp -a ../disk/home ../disk/state ..
    umount ../disk
    rm -r ../disk ../disk.img ../cut.img
    exit $code
"#;

fn may_mount(t: &Sandbox) -> bool {
    let tried = "set -e; mkdir ../try; truncate -s 16M ../try.img; mkfs.ext4 -q -F ../try.img; \
                 mount -o loop ../try.img ../try";
    let tried = t.program("unshare", ["-m", "sh", "-c", tried]).ends();
    t.sh("rm -rf ../try ../try.img").ok();
    tried.code == 0
}

#[test]
fn the_power_is_cut() {
    if !needs(["unshare"]) || !strace_works(&Sandbox::empty()) {
        return;
    }
    let world = World::new();
    let t = &world.team.t;
    if !may_mount(t) {
        eprintln!("left out: no right to mount a disk of its own");
        return;
    }
    for system in systems() {
        cut(&world, &system).settle();
    }
}

/// The file systems to try.
fn systems() -> Vec<String> {
    if let Ok(system) = std::env::var("AUTHY_DISK") {
        return vec![system];
    }
    let all = if full() { &["ext4", "xfs", "btrfs"][..] } else { &["ext4"] };
    let can_be_made = |system: &&&str| happens_to_have(&format!("mkfs.{system}"));
    all.iter().filter(can_be_made).map(|system| (*system).to_owned()).collect()
}

fn cut(world: &World, system: &str) -> Score {
    let t = &world.team.t;
    let mut score = Score::new(format!("the power is cut, {system}"));
    let log = t.path("strace.log").display().to_string();
    for case in CASES.into_iter().chain([BULK]) {
        let trial = Trial::new(world, case);
        let trace = trial.trace();
        let killed = kills(&trace);
        let each = killed.len().div_ceil(if full() { 24 } else { 1 }).max(1);
        let killed = killed.into_iter().skip(each / 2).step_by(each).map(|fault| Some(fault.0));
        for fault in std::iter::once(None).chain(killed) {
            score.point(&format!("{:?} {fault:?}", case.words), || {
                world.reset();
                // Strace counts for each thread; without a fault it only watches.
                let how = fault.as_deref().unwrap_or(TRACE);
                let words = ["-m", "sh", "-c", SCRIPT, "sh", system, "strace", "-f", "-qq", "-o"];
                let rest = [log.as_str(), "-e", how, AUTHY];
                let words = words.iter().chain(&rest).chain(case.words).copied();
                let call = world.team.as_person("alice", t.program("unshare", words));
                trial.judge(&call.stdin(VALUE).ends(), 0);
                // A commit that nobody knows of may be empty.
                let all = if fault.is_none() { "fsck --full" } else { "log -p --all" };
                let words = format!("-C ../home/.authy {all}");
                let whole = t.program("git", words.split(' ')).ends();
                assert_eq!(whole.code, 0, "{}", whole.messages());
            });
        }
    }
    score
}
