use super::between_comments;

#[test]
fn only_what_is_between_the_comments_changes() {
    let text = "before\n<!-- a: begin -->\nold\n<!-- a: end -->\nafter\n";
    let new = between_comments(text, "a", "new\n").unwrap();
    assert_eq!(new, "before\n<!-- a: begin -->\nnew\n<!-- a: end -->\nafter\n");
    assert_eq!(between_comments(&new, "a", "new"), Some(new));
    assert_eq!(between_comments(text, "b", "new"), None);
    assert_eq!(between_comments("<!-- a: begin -->", "a", "new"), None);
}
