//! Each rule of the tidy test in, proof that it refuses what it is there for out.

use super::{crates, files};

/// The complaints about a file, which must be one at most.
fn about(path: &str, text: &str) -> Option<String> {
    let mut found = files::complaints(path, text);
    assert!(found.len() <= 1, "{found:?}");
    found.pop()
}

const DOC: &str = "//! Rows in, batches out.\n";

#[test]
fn a_plain_file_passes() {
    for path in ["crates/sink/src/batch.rs", "crates/sink/src/type_names.rs"] {
        assert_eq!(about(path, DOC), None);
    }
    assert_eq!(about("crates/sink/src/batch/tests.rs", "use super::*;\n"), None);
    assert_eq!(about("crates/sink/src/lib.rs", &format!("{DOC}mod batch;\nmod tests;\n")), None);
}

#[test]
fn long_files_are_refused() {
    let lines = |count: usize| DOC.to_owned() + &"\n".repeat(count - 1);
    assert_eq!(about("crates/a/src/a.rs", &lines(500)), None);
    assert!(about("crates/a/src/a.rs", &lines(501)).unwrap().contains("501 lines"));
}

#[test]
fn vague_names_are_refused() {
    for path in ["crates/a/src/utils.rs", "crates/utils/src/lib.rs", "crates/a/src/types/x.rs"] {
        assert!(about(path, DOC).unwrap().contains("says nothing"), "{path}");
    }
    for line in ["mod helpers;", "pub(crate) mod common;", "    pub mod macros {"] {
        let complaint = about("crates/a/src/a.rs", &format!("{DOC}{line}\n")).unwrap();
        assert!(complaint.contains("a.rs:2:"), "{complaint}");
    }
}

#[test]
fn shortcuts_are_refused() {
    for line in [
        concat!("#[", "allow(dead_code)]"),
        concat!("#![", "allow(dead_code)]"),
        concat!("#[", "ignore = \"slow\"]"),
        concat!("    todo", "!()"),
        concat!("unimplemented", "!(\"later\")"),
        concat!("std::thread::", "sleep(second);"),
    ] {
        assert!(about("crates/a/src/a.rs", &format!("{DOC}{line}\n")).is_some(), "{line}");
    }
}

#[test]
fn modules_without_a_sentence_and_tests_inside_are_refused() {
    assert!(about("crates/a/src/a.rs", "use b;\n").unwrap().contains("opens without"));
    let inline = DOC.to_owned() + concat!("#[cfg(test)]\nmod tests", " {\n}\n");
    assert!(about("crates/a/src/a.rs", &inline).unwrap().contains("sibling"));
}

/// The complaints about a workspace of `name`, which depends on `to`, and of all it may name.
fn direction(name: &str, to: &str, kind: Option<&str>) -> Vec<String> {
    let package = |name: &str, dependencies| crates::Package {
        name: name.to_owned(),
        version: "0.0.0".to_owned(),
        publish: Some(Vec::new()),
        manifest_path: format!("/repository/{name}/Cargo.toml").into(),
        dependencies,
    };
    let kind = kind.map(str::to_owned);
    let dependency = crates::Dependency { name: to.to_owned(), kind };
    let packages = vec![package(name, vec![dependency]), package(to, Vec::new())];
    crates::complaints(&crates::Metadata { packages })
}

#[test]
fn directions_are_kept() {
    for (name, to, kind) in [
        ("sink", "decode", None),
        ("penstock", "sink", None),
        ("sink", "testkit", Some("dev")),
        ("decode", "testkit", Some("dev")),
        ("xtask", "testkit", None),
        ("xtask", "sink", None),
        ("testkit", "local-stack", None),
    ] {
        assert_eq!(direction(name, to, kind), [""; 0], "{name} -> {to}");
    }
    for (name, to, kind) in [
        ("sink", "producer", None),
        ("sink", "producer", Some("dev")),
        ("producer", "admin-api", None),
        ("decode", "sink", None),
        ("decode", "sink", Some("dev")),
        ("testkit", "producer", None),
        ("sink", "testkit", None),
        ("penstock", "testkit", Some("build")),
        ("sink", "penstock", None),
        ("decode", "xtask", Some("dev")),
    ] {
        assert_eq!(direction(name, to, kind).len(), 1, "{name} -> {to}");
    }
}

#[test]
fn names_and_versions_are_kept() {
    let package = crates::Package {
        name: "sink".to_owned(),
        version: "0.0.0".to_owned(),
        publish: Some(Vec::new()),
        manifest_path: "/repository/sink/Cargo.toml".into(),
        dependencies: Vec::new(),
    };
    let complaints = |change: fn(&mut crates::Package)| {
        let mut package = package.clone();
        change(&mut package);
        crates::complaints(&crates::Metadata { packages: vec![package] }).len()
    };
    assert_eq!(complaints(|_| {}), 0);
    assert_eq!(complaints(|package| package.name = "drain".to_owned()), 1);
    assert_eq!(complaints(|package| package.version = "0.1.0".to_owned()), 1);
    assert_eq!(complaints(|package| package.publish = None), 1);
}

#[test]
fn every_crate_takes_the_workspaces_lints() {
    let complaints = |manifest| crates::manifest_complaints("sink", manifest).len();
    assert_eq!(complaints("[package]\n\n[lints]\nworkspace = true\n[dependencies]\n"), 0);
    assert_eq!(complaints("[package]\n[dependencies]\n"), 1);
    assert_eq!(complaints("[lints]\nrust = {}\n"), 1);
}
