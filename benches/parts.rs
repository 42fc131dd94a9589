//! The parts of a command, one by one:
//!
//! ```text
//! cargo bench --features workbench --bench parts
//! ```
//!
//! Whole commands, and what else is at hand, are measured by `benches/table.py`.

#![allow(missing_docs, reason = "a program")]

use authy::workbench::{Decision, Floor, Mask, Signed, Trail, Value};
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

const READERS: [usize; 3] = [1, 5, 20];

#[divan::bench(args = READERS)]
fn seal_a_value(bencher: Bencher<'_, '_>, readers: usize) {
    let value = Value::new(readers);
    bencher.bench_local(|| black_box(value.encrypt()));
}

#[divan::bench(args = READERS)]
fn open_a_value(bencher: Bencher<'_, '_>, readers: usize) {
    let value = Value::new(readers);
    bencher.bench_local(|| black_box(value.open()));
}

#[divan::bench(args = READERS)]
fn open_a_value_with_its_file_key(bencher: Bencher<'_, '_>, readers: usize) {
    let value = Value::new(readers);
    bencher.bench_local(|| black_box(value.open_with_its_key()));
}

#[divan::bench(args = READERS)]
fn look_over_a_header(bencher: Bencher<'_, '_>, readers: usize) {
    let value = Value::new(readers);
    bencher.bench_local(|| black_box(value.scan()));
}

/// The floor under `run`.
#[divan::bench(args = [100, 1000, 10_000])]
fn read_files_and_records_and_run_the_ciphers(bencher: Bencher<'_, '_>, count: usize) {
    let floor = Floor::new(count);
    bencher.counter(ItemsCount::new(count)).bench_local(|| black_box(floor.read_and_open()));
}

#[divan::bench]
fn verify_a_signature(bencher: Bencher<'_, '_>) {
    let signed = Signed::new();
    bencher.bench_local(|| black_box(signed.verify()));
}

#[divan::bench]
fn know_a_signature(bencher: Bencher<'_, '_>) {
    let signed = Signed::new();
    bencher.bench_local(|| black_box(signed.remember()));
}

#[divan::bench(args = [1, 10, 100])]
fn decide_about_a_thousand_names(bencher: Bencher<'_, '_>, patterns: usize) {
    let decision = Decision::new(patterns);
    bencher.counter(ItemsCount::new(1000_usize)).bench_local(|| black_box(decision.decide()));
}

#[divan::bench(args = [10, 10_000])]
fn append_and_flush_an_audit_line(bencher: Bencher<'_, '_>, lines: usize) {
    let trail = Trail::new(lines);
    bencher.bench_local(|| trail.append());
}

#[divan::bench]
fn verify_audit_lines(bencher: Bencher<'_, '_>) {
    const LINES: usize = 10_000;
    let trail = Trail::new(LINES);
    bencher.counter(ItemsCount::new(LINES)).bench_local(|| black_box(trail.verify()));
}

#[divan::bench(args = [1, 100, 1000])]
fn mask_a_mebibyte(bencher: Bencher<'_, '_>, values: usize) {
    let mask = Mask::new(values);
    bencher.counter(BytesCount::new(1_usize << 20)).bench_local(|| black_box(mask.stream()));
}
