use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

#[test]
fn loopback_is_told_by_the_address_alone() {
    for text in [
        "http://127.0.0.1:8123",
        "http://127.8.9.1",
        "http://[::1]:8123",
        "http://[::ffff:127.0.0.1]",
        "http://localhost",
        "http://LOCALHOST.",
        "http://a.localhost",
    ] {
        assert!(is_loopback(&url(text)), "{text}");
    }
    for text in [
        "http://10.0.0.1",
        "http://128.0.0.1",
        "http://[::2]",
        "http://[::ffff:10.0.0.1]",
        "http://clickhouse",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://notlocalhost",
    ] {
        assert!(!is_loopback(&url(text)), "{text}");
    }
}

#[test]
fn bytes_are_compressed_where_they_travel() {
    use clickhouse::Compression as Sent;
    let near = url("http://127.0.0.1:8123");
    let far = url("https://clickhouse.example.com");
    let sent = |setting: Compression| [setting.towards(&near), setting.towards(&far)];
    assert_eq!(sent(Compression::Auto), [Sent::None, Sent::Lz4]);
    assert_eq!(sent(Compression::None), [Sent::None, Sent::None]);
    assert_eq!(sent(Compression::Lz4), [Sent::Lz4, Sent::Lz4]);
}

#[test]
fn settings_that_cannot_be_right_are_refused_without_telling_secrets() {
    let with = |change: fn(&mut Settings)| {
        let mut settings = Settings { password: "hush\n".to_owned().into(), ..Settings::default() };
        settings.password = "hush".to_owned().into();
        change(&mut settings);
        settings.check().map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(with(|_| {}), Ok(()));
    for (change, what) in [
        ((|s| s.url = "127.0.0.1:8123".into()) as fn(&mut Settings), "url"),
        (|s| s.url = "tcp://127.0.0.1:9000".into(), "http"),
        (|s| s.url = "http://me:hush@host".into(), "user or password"),
        (|s| s.url = "http://host/?password=hush".into(), "parameters"),
        (|s| s.user = String::new(), "user"),
        (|s| s.schema_user = "a\r\nb".into(), "schema_user"),
        (|s| s.password = "hush\n".to_owned().into(), "password"),
        (|s| s.schema_password = "hüsh".to_owned().into(), "schema_password"),
        (|s| s.insert_timeout_ms = 0, "insert_timeout_ms"),
    ] {
        let message = with(change).unwrap_err();
        assert!(message.contains(what), "{message}");
        assert!(!message.contains("hush") && !message.contains("hüsh"), "{message}");
    }
    let settings = Settings { password: "hush".to_owned().into(), ..Settings::default() };
    assert!(!format!("{settings:?}").contains("hush"));
}
