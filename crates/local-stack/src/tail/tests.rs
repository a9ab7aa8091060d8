use super::{LINES_MAX, tail};

#[test]
fn the_last_lines_are_shown_and_an_empty_log_has_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    assert_eq!(tail(&log), "(nothing)");
    let lines: Vec<String> = (0..5000).map(|line| format!("line {line}")).collect();
    std::fs::write(&log, lines.join("\n\n")).unwrap();
    let shown = tail(&log);
    assert_eq!(shown.lines().count(), LINES_MAX);
    assert!(shown.starts_with("line 4980\n") && shown.ends_with("\nline 4999"), "{shown}");
    std::fs::write(&log, [0xff, b'\n']).unwrap();
    assert_eq!(tail(&log), "\u{fffd}");
}
