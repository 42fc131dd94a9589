#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| authy::fuzzing::adopt(data));
