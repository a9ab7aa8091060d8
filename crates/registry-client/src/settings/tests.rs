use super::{Auth, Settings, SettingsError};

fn at(url: &str) -> Settings {
    Settings { url: url.to_owned(), ..Settings::default() }
}

#[test]
fn a_base_url_may_have_a_path() {
    for url in ["http://127.0.0.1:8081", "https://registry/apis/ccompat/v7", "http://r/a/"] {
        at(url).base().expect(url);
    }
}

#[test]
fn a_url_with_credentials_is_refused_and_they_are_not_repeated() {
    for url in ["http://me:hunter2@registry", "http://me@registry", "http://:hunter2@registry"] {
        let error = at(url).base().unwrap_err();
        assert!(matches!(error, SettingsError::Url(_)), "{url}: {error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    let error = at("http://me:hunter2@[broken").base().unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[test]
fn other_schemes_queries_and_fragments_are_refused() {
    for url in ["ftp://registry", "registry:8081", "http://r?a=b", "http://r#top", ""] {
        at(url).base().expect_err(url);
    }
}

#[test]
fn credentials_are_not_shown() {
    let basic = Auth::Basic { user: "me".into(), password: "hunter2".into() };
    let settings = Settings { auth: basic, ..Settings::default() };
    assert!(!format!("{settings:?}").contains("hunter2"));
    assert!(!format!("{:?}", Auth::Bearer("hunter2".into())).contains("hunter2"));
}

#[test]
fn a_missing_or_foreign_ca_file_is_named() {
    let missing = Settings { ca_file: Some("no-such-file.pem".into()), ..Settings::default() };
    assert!(missing.http().unwrap_err().to_string().contains("no-such-file.pem"));
    let foreign = Settings { ca_file: Some("Cargo.toml".into()), ..Settings::default() };
    assert!(matches!(foreign.http().unwrap_err(), SettingsError::CaFormat(_)));
}

#[test]
fn a_limit_of_zero_is_named() {
    let error = Settings { timeout_ms: 0, ..Settings::default() }.check().unwrap_err();
    assert_eq!(error.to_string(), "timeout_ms must not be zero");
}
