use super::{scope, xml};

#[test]
fn names_and_prefixes_are_scopes_and_nothing_else_is() {
    assert_eq!(scope("shop").unwrap(), "shop.*");
    assert_eq!(scope("test_*").unwrap(), "test_*.*");
    for bad in ["", "*", "a*b", "a.b", "shop.* TO x --", "1st", "a b", "`a`", "ä"] {
        assert!(scope(bad).unwrap_err().is_setting(), "{bad}");
    }
}

#[test]
fn markup_in_a_path_stays_text() {
    assert_eq!(xml("/a&b/<c>"), "/a&amp;b/&lt;c&gt;");
}
