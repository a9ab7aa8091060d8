use std::fs;

use super::{super::Check, Manifest, differs};

#[test]
fn every_kind_of_damage_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let lib = root.join("lib/deep");
    fs::create_dir_all(&lib).unwrap();
    fs::write(lib.join("a.jar"), "aaaa").unwrap();
    fs::write(root.join("b"), "").unwrap();
    assert!(differs(root, Check::Quick).unwrap().contains("list of files"));
    let manifest = Manifest::of(root).unwrap();
    manifest.write(root).unwrap();
    assert_eq!(differs(root, Check::Full), None);
    assert_eq!(Manifest::of(root).unwrap().digest(), manifest.digest());

    fs::write(lib.join("a.jar"), "aaab").unwrap();
    assert_eq!(differs(root, Check::Quick), None);
    assert_eq!(differs(root, Check::Full).unwrap(), "lib/deep/a.jar has another content");
    assert_ne!(Manifest::of(root).unwrap().digest(), manifest.digest());
    fs::write(lib.join("a.jar"), "aaa").unwrap();
    assert_eq!(differs(root, Check::Quick).unwrap(), "lib/deep/a.jar has 3 bytes instead of 4");
    fs::remove_file(lib.join("a.jar")).unwrap();
    assert_eq!(differs(root, Check::Quick).unwrap(), "lib/deep/a.jar is missing");
    fs::write(lib.join("a.jar"), "aaaa").unwrap();
    fs::write(root.join("c"), "").unwrap();
    assert_eq!(differs(root, Check::Quick).unwrap(), "c does not belong there");
}
