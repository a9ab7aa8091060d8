use super::Recent;

#[test]
fn the_entry_unused_for_longest_goes_first() {
    let mut recent = Recent::new(2);
    recent.insert(1, "a");
    recent.insert(2, "b");
    assert_eq!(recent.get(1), Some(&"a"));
    recent.insert(3, "c");
    assert_eq!(recent.get(2), None);
    assert_eq!(recent.get(1), Some(&"a"));
    assert_eq!(recent.get(3), Some(&"c"));
}

#[test]
fn replacing_an_entry_frees_no_other() {
    let mut recent = Recent::new(2);
    recent.insert(1, "a");
    recent.insert(2, "b");
    recent.insert(2, "B");
    assert_eq!(recent.get(1), Some(&"a"));
    assert_eq!(recent.get(2), Some(&"B"));
    recent.remove(2);
    assert_eq!(recent.get(2), None);
}
