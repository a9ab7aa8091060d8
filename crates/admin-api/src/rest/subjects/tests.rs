use super::*;

fn marks(old: &[&str], new: &[&str]) -> String {
    let mark = |line: &DiffLine| match line.change.as_str() {
        "same" => format!(" {}", line.text),
        "added" => format!("+{}", line.text),
        _ => format!("-{}", line.text),
    };
    compare(old, new).iter().map(mark).collect::<Vec<_>>().join("")
}

#[test]
fn lines_are_compared() {
    assert_eq!(marks(&[], &[]), "");
    assert_eq!(marks(&["a", "b", "c"], &["a", "b", "c"]), " a b c");
    assert_eq!(marks(&["a", "b", "c"], &["a", "x", "c"]), " a-b+x c");
    assert_eq!(marks(&["a"], &[]), "-a");
    assert_eq!(marks(&[], &["a"]), "+a");
    assert_eq!(marks(&["a", "c"], &["a", "b", "c", "d"]), " a+b c+d");
    assert_eq!(marks(&["b", "a"], &["a", "b"]), "-b a+b");
}
