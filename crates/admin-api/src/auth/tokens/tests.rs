use std::os::unix::fs::PermissionsExt as _;

use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::*;

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn error(text: &str) -> String {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("tokens.toml");
    write(&path, text);
    format!("{:#}", TokenFile::open(path).unwrap_err())
}

#[test]
fn a_token_is_found_by_its_hash() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("tokens.toml");
    let viewer = create(&path, "ci", Role::Viewer).unwrap();
    let admin = create(&path, "root", Role::Admin).unwrap();
    let file = TokenFile::open(path).unwrap();
    let found = file.find(&hash(viewer.expose_secret())).unwrap();
    assert_eq!((found.name.as_str(), found.role), ("ci", Role::Viewer));
    assert_eq!(file.find(&hash(admin.expose_secret())).unwrap().role, Role::Admin);
    assert_eq!(file.find(&hash("no such token")), None);
    assert_eq!(file.find(&Hash::default()), None);
}

#[test]
fn a_file_without_tokens_lets_nobody_in() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("tokens.toml");
    write(&path, "");
    assert_eq!(TokenFile::open(path).unwrap().find(&hash("")), None);
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let sha = "0".repeat(64);
    let entry = |name: &str, role: &str, sha: &str| {
        format!("[[tokens]]\nname = \"{name}\"\nrole = \"{role}\"\nsha256 = \"{sha}\"\n")
    };
    assert!(error(&entry("a", "viewer", "00")).contains("64 hexadecimal digits"));
    assert!(error(&entry("a", "public", &sha)).contains("viewer, operator or admin"));
    assert!(error(&entry("a", "king", &sha)).contains("king"));
    assert!(error(&entry("a b", "viewer", &sha)).contains("name"));
    let twice = entry("a", "viewer", &sha).repeat(2);
    assert!(error(&twice).contains("two tokens are called a"));
    let plain = "[[tokens]]\nname = \"a\"\nrole = \"admin\"\ntoken = \"s3cret\"\n";
    assert!(!error(plain).contains("s3cret"), "{}", error(plain));
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("tokens.toml");
    write(&path, "");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let error = format!("{:#}", TokenFile::open(path.clone()).unwrap_err());
    assert!(error.contains("chmod 600"), "{error}");
    assert!(create(&path, "a", Role::Admin).is_err());
}

#[test]
fn a_damaged_file_changes_nothing_and_a_missing_one_revokes_all() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("tokens.toml");
    let token = create(&path, "ci", Role::Viewer).unwrap();
    let file = TokenFile::open(path.clone()).unwrap();
    let known = || file.find(&hash(token.expose_secret())).is_some();
    write(&path, "[[tok");
    assert!(file.read_again(stamp(&path).ok()).is_some());
    assert!(known());
    fs::remove_file(&path).unwrap();
    assert!(file.read_again(None).is_none());
    assert!(!known());
}
