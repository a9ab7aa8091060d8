#![expect(clippy::result_large_err, reason = "the signature of figment::Jail")]

use std::io::Write;

use figment::Jail;
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    batch: Batch,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    rows_max: u32,
    bytes_max: u32,
}

const DEFAULTS: &str = "[batch]\nrows_max = 1\nbytes_max = 2\n";

#[test]
fn later_layers_win() {
    Jail::expect_with(|jail| {
        jail.create_file("file.toml", "[batch]\nrows_max = 10\nbytes_max = 20\n")?;
        jail.set_env("T__BATCH__BYTES_MAX", "200");
        let settings: Settings =
            load(DEFAULTS, Some(Path::new("file.toml")), "T__").map_err(|e| e.to_string())?;
        assert_eq!((settings.batch.rows_max, settings.batch.bytes_max), (10, 200));
        Ok(())
    });
}

#[test]
fn an_unknown_key_is_named() {
    Jail::expect_with(|jail| {
        jail.create_file("file.toml", "[batch]\nrows = 10\n")?;
        let error = load::<Settings>(DEFAULTS, Some(Path::new("file.toml")), "T__").unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("rows") && text.contains("file.toml"), "{text}");
        Ok(())
    });
}

#[test]
fn a_missing_file_is_named() {
    let error = load::<Settings>(DEFAULTS, Some(Path::new("/no/such.toml")), "T__").unwrap_err();
    assert_eq!(error.to_string(), "configuration file /no/such.toml does not exist");
}

fn secret_file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn a_secret_comes_from_a_file_without_its_line_break() {
    let file = secret_file("12345 \r\n");
    let read = secret("X_PASSWORD", None, Some(file.path())).unwrap().unwrap();
    assert_eq!(read.expose_secret(), "12345 ");
}

#[test]
fn two_places_for_one_secret_are_refused_without_showing_it() {
    let file = secret_file("hunter2");
    let error =
        secret("X_PASSWORD", Some(SecretString::from("hunter1")), Some(file.path())).unwrap_err();
    let text = format!("{error:#}");
    assert!(text.contains("X_PASSWORD_FILE") && !text.contains("hunter"), "{text}");
}
