use super::*;

#[test]
fn this_process_has_used_something() {
    assert!(cpu_seconds(std::process::id()).is_some());
    assert!(peak_resident_bytes(std::process::id()).unwrap() > 1_000_000);
    assert_eq!(cpu_seconds(u32::MAX), None);
}
