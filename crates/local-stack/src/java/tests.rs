use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use super::{find, major};
use crate::Environment;

#[test]
fn versions_of_all_ages_are_understood() {
    for (version, number) in [
        ("1.8.0_392", Some(8)),
        ("17.0.15", Some(17)),
        ("25", Some(25)),
        ("25-ea", Some(25)),
        ("26.0.1+8", Some(26)),
        ("", None),
        ("unknown", None),
    ] {
        assert_eq!(major(version), number, "{version}");
    }
}

fn install(home: &Path, version: &str) {
    fs::create_dir_all(home.join("bin")).unwrap();
    fs::write(home.join("bin/java"), "").unwrap();
    fs::set_permissions(home.join("bin/java"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(home.join("release"), format!("IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"{version}\"\n"))
        .unwrap();
}

#[test]
fn the_named_one_wins_unless_it_is_too_old_and_then_the_newest_does() {
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("named");
    let installed = folder.path().join("jvm");
    install(&named, "22.0.1");
    for version in ["9.0.4", "21.0.2", "25.0.1", "17.0.15"] {
        install(&installed.join(version), version);
    }
    let mut environment = Environment {
        java_home: Some(named.clone()),
        java_folders: vec![installed],
        ..Environment::default()
    };
    assert_eq!(find(&environment, "x").unwrap().version, "22.0.1");
    install(&named, "11.0.2");
    assert_eq!(find(&environment, "x").unwrap().version, "25.0.1");
    // A link in PATH, as package managers put it there.
    install(&named, "21.0.9");
    let link = folder.path().join("links");
    fs::create_dir(&link).unwrap();
    std::os::unix::fs::symlink(named.join("bin/java"), link.join("java")).unwrap();
    environment.java_home = None;
    environment.path = link.into();
    assert_eq!(find(&environment, "x").unwrap().version, "21.0.9");
}
