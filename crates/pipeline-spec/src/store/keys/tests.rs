use super::{SpecKey, StatusKey};

#[test]
fn keys_are_read_as_they_are_written() {
    let spec = [
        SpecKey::Spec("sales".into()),
        SpecKey::Revision("sales".into(), "00ff".into()),
        SpecKey::Update,
    ];
    for key in spec {
        assert_eq!(SpecKey::parse(key.to_string().as_bytes()), Some(key));
    }
    let status = [
        StatusKey::Instance("sales".into(), "host/with/slashes-1".into()),
        StatusKey::Offsets("sales".into(), "shop.sales".into(), 12),
    ];
    for key in status {
        assert_eq!(StatusKey::parse(key.to_string().as_bytes()), Some(key));
    }
}

#[test]
fn keys_of_others_are_nobodys() {
    for key in ["", "spec", "spec/a/b", "revision/a", "updates", "other/a"] {
        assert_eq!(SpecKey::parse(key.as_bytes()), None, "{key}");
    }
    for key in ["", "instance/a", "offsets/a/t", "offsets/a/t/x", "spec/a"] {
        assert_eq!(StatusKey::parse(key.as_bytes()), None, "{key}");
    }
    assert_eq!(SpecKey::parse(b"spec/\xff"), None);
    assert_eq!(StatusKey::parse(b"instance/\xff/b"), None);
}
