use super::*;

fn marks(old: &[&str], new: &[&str]) -> String {
    let mark = |line: &DiffLine| match line.change {
        LineChange::Same => format!(" {}", line.text),
        LineChange::Added => format!("+{}", line.text),
        LineChange::Removed => format!("-{}", line.text),
    };
    compare(&old.join("\n"), &new.join("\n")).iter().map(mark).collect::<Vec<_>>().join("")
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

#[test]
fn what_is_too_long_is_told_as_replaced() {
    let long = "x\n".repeat(LINES_MAX);
    let lines = compare(&format!("{long}end"), &format!("{long}end"));
    let of = |change| lines.iter().filter(|line| line.change == change).count();
    assert_eq!(of(LineChange::Same), LINES_MAX);
    assert_eq!((of(LineChange::Removed), of(LineChange::Added)), (1, 1));
}
