use super::*;

#[test]
fn fields_are_read_by_name() {
    let fields = Fields::read(b"q=+a%26b+&pick=1&pick=2&page=07&empty=");
    assert_eq!(fields.text("q"), "a&b");
    assert_eq!(fields.raw("q"), " a&b ");
    assert_eq!(fields.all("pick").collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(fields.number::<u32>("page"), Some(7));
    assert_eq!(fields.number::<u32>("q"), None);
    assert!(fields.ticked("pick") && !fields.ticked("empty") && !fields.ticked("none"));
}

#[test]
fn what_is_no_text_is_no_failure() {
    assert_eq!(Fields::read(b"q=%ff%zz").text("q"), "\u{fffd}%zz");
    assert_eq!(Fields::read(b"&&=&").text("q"), "");
}

#[test]
fn addresses_carry_any_value() {
    assert_eq!(address("/", &[("q", ""), ("state", "")]), "/");
    assert_eq!(address("/", &[("q", "a&b=\"c"), ("page", "2")]), "/?q=a%26b%3D%22c&page=2");
}

#[test]
fn a_name_stays_one_step() {
    assert_eq!(step("sales-v1.2_x"), "sales-v1.2_x");
    assert_eq!(step("a/b?c#d e%"), "a%2Fb%3Fc%23d%20e%25");
    assert_eq!(step("é"), "%C3%A9");
    assert_eq!(step(".."), "%2E%2E");
}
