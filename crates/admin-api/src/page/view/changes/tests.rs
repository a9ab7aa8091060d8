use super::*;

fn check(old: &str, new: &str, wanted: &[(&str, &str, &str)]) {
    let lines = changes(old, new);
    let shown: Vec<_> =
        lines.iter().map(|line| (key(line.change), sign(line.change), &*line.text)).collect();
    assert_eq!(shown, wanted);
}

#[test]
fn what_is_gone_and_what_is_new_are_told_apart() {
    let (gone, added) = (("gone", "−", "b"), ("added", "+", "c"));
    check("a\nb", "a\nc", &[("same", " ", "a"), gone, added]);
    check("a\nb", "a\nb", &[]);
}
