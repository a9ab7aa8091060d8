use super::*;

fn check(old: &str, new: &str, expected: &str) {
    let lines = diff(old, new);
    let text: Vec<String> =
        lines.iter().map(|line| format!("{}{}", line.kind.sign(), line.text)).collect();
    assert_eq!(text.join("|"), expected);
}

#[test]
fn what_differs_is_marked() {
    check("a\nb\nc", "a\nc\nd", " a|−b| c|+d");
    check("", "a", "+a");
    check("a", "", "−a");
    check("a\nb", "b\na", "−a| b|+a");
}

#[test]
fn alike_is_nothing() {
    check("a\nb", "a\nb", "");
}

#[test]
fn both_texts_can_be_put_together_again() {
    let old = "name: a\nx: 1\nx: 1\ny: 2\n";
    let new = "x: 1\nname: b\nx: 1\nz: 3\ny: 2\n";
    let lines = diff(old, new);
    let of = |kind| {
        let there = lines.iter().filter(|line| line.kind == kind || line.kind == Kind::Same);
        there.map(|line| format!("{}\n", line.text)).collect::<String>()
    };
    assert_eq!(of(Kind::Gone), old);
    assert_eq!(of(Kind::Added), new);
}

#[test]
fn very_long_texts_are_compared_in_part() {
    let old = "a\n".repeat(LINES_MAX + 10);
    let new = "b\n".repeat(LINES_MAX + 20);
    assert_eq!(diff(&old, &new).len(), 2 * LINES_MAX + 30);
}
