use secrecy::ExposeSecret as _;

use super::*;

fn registry(user: &str) -> Registry {
    let some = NonZeroU64::MIN;
    Registry {
        url: "http://a:1/apis".to_owned(),
        user: user.to_owned(),
        ca_file: PathBuf::new(),
        timeout_ms: some,
        total_ms_max: some.saturating_add(1),
    }
}

fn secrets(password: Option<&str>, token: Option<&str>) -> Secrets {
    Secrets { password: password.map(SecretString::from), token: token.map(SecretString::from) }
}

#[test]
fn user_password_and_token_go_together_or_are_refused_by_name() {
    let check = |user: &str, password, token| {
        let checked = registry(user).connection("MILL", &secrets(password, token)).check();
        checked.map_err(|error| error.to_string())
    };
    let secret = Some("hunter2");
    assert_eq!(check("", None, None), Ok(()));
    assert_eq!(check("me", secret, None), Ok(()));
    assert_eq!(check("me", Some(""), None), Ok(()));
    assert_eq!(check("", None, secret), Ok(()));
    let refused = |user, password, token, wanted: &str| {
        assert_eq!(check(user, password, token), Err(wanted.to_owned()));
    };
    refused(
        "me",
        secret,
        secret,
        "MILL_REGISTRY_PASSWORD and MILL_REGISTRY_TOKEN are both set: keep one of them",
    );
    refused("", secret, None, "MILL_REGISTRY_PASSWORD is set but registry.user is empty");
    refused("me", None, secret, "registry.user does not go with a token");
    refused("me", None, None, "registry.user needs MILL_REGISTRY_PASSWORD");
}

#[test]
fn settings_say_what_was_set() {
    let settings = registry("me").settings(&secrets(Some("hunter2"), None));
    assert!(!format!("{settings:?}").contains("hunter2"));
    let Auth::Basic { user, password } = settings.auth else { panic!("not basic") };
    assert_eq!((user.as_str(), password.expose_secret()), ("me", "hunter2"));
    assert_eq!((settings.timeout_ms, settings.total_ms_max), (1, 2));
    assert_eq!((settings.url.as_str(), settings.ca_file), ("http://a:1/apis", None));

    let other = Registry { ca_file: PathBuf::from("ca.pem"), ..registry("") };
    let settings = other.settings(&secrets(None, Some("hunter2")));
    assert!(matches!(&settings.auth, Auth::Bearer(token) if token.expose_secret() == "hunter2"));
    assert_eq!(settings.ca_file, Some(PathBuf::from("ca.pem")));
    assert!(matches!(registry("").settings(&Secrets::default()).auth, Auth::None));
}
