use super::*;

fn hosts() -> Hosts {
    let further = ["Penstock.example.com".to_owned(), "lab:8443".to_owned()];
    Hosts::new(([127, 0, 0, 1], 8700).into(), &further)
}

#[test]
fn only_names_of_ours_are_hosts() {
    let hosts = hosts();
    for host in
        ["localhost:8700", "127.0.0.1:8700", "[::1]:8700", "penstock.example.com", "lab:8443"]
    {
        assert!(hosts.allows_host(host), "{host}");
    }
    assert!(hosts.allows_host("PENSTOCK.example.com:443"), "a name without port is good for any");
    for host in [
        "",
        "localhost",
        "localhost:8701",
        "evil.example.com",
        "evil.example.com:8700",
        "lab",
        "lab:443",
        "xpenstock.example.com",
        "penstock.example.com.evil.org",
        "penstock.example.com:443@evil.org",
        "127.0.0.1:8700.evil.org",
    ] {
        assert!(!hosts.allows_host(host), "{host}");
    }
}

#[test]
fn only_our_own_page_is_an_origin() {
    let hosts = hosts();
    assert!(hosts.allows_origin("http://localhost:8700"));
    assert!(hosts.allows_origin("https://penstock.example.com"));
    for origin in [
        "null",
        "",
        "localhost:8700",
        "http://evil.example.com",
        "http://localhost:3000",
        "ftp://localhost:8700",
        "http://localhost:8700.evil.org",
        "http://localhost:8700/",
    ] {
        assert!(!hosts.allows_origin(origin), "{origin}");
    }
}
