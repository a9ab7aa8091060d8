use super::*;

const NEEDED: &str = "0x1 (NEEDED)             Shared library: [libc.so.6]\n";

#[test]
fn what_is_not_in_the_base_must_be_linked_in() {
    assert!(read(NEEDED).is_empty());
    let more = format!("{NEEDED}0x1 (NEEDED)             Shared library: [libssl.so.3]\n");
    assert_eq!(read(&more), ["its program needs libssl.so.3"]);
    assert_eq!(read(""), ["its program is none"]);
}

#[test]
fn what_only_a_debugger_reads_is_found() {
    let table = format!("{NEEDED}  [32] .symtab           SYMTAB          0000000000000000 0a\n");
    assert_eq!(read(&table), ["its program is not stripped"]);
    let table = format!("{NEEDED}  [ 7] .dynsym           DYNSYM          0000000000000000 0a\n");
    assert!(read(&table).is_empty());
}
