use super::similar;

#[test]
fn a_typing_error_is_recognised() {
    let names = ["sales", "shop.orders", "returns"];
    let meant = |typed: &str| similar(typed, names.into_iter());
    assert_eq!(meant("Sales"), Some("sales"));
    assert_eq!(meant("slaes"), Some("sales"));
    assert_eq!(meant("sale"), Some("sales"));
    assert_eq!(meant("saless"), Some("sales"));
    assert_eq!(meant("shop_orders"), Some("shop.orders"));
    assert_eq!(meant("seals"), None);
    assert_eq!(similar("idd", ["id"].into_iter()), Some("id"));
    assert_eq!(meant(""), None);
    assert_eq!(meant("x"), None);
}
