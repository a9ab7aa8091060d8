use super::*;

#[test]
fn a_login_leads_back_to_this_server_only() {
    for path in ["/", "/pipelines/a?tab=plan", "/a%2Fb"] {
        assert!(is_path_of_ours(path), "{path}");
    }
    let long = format!("/{}", "a".repeat(NEXT_BYTES_MAX));
    for path in ["", "a", "//evil.org", "/\\evil.org", "https://evil.org", "/a\r\nb", "/ä", &long]
    {
        assert!(!is_path_of_ours(path), "{path}");
    }
    assert_eq!(to_login("/a?b=c&d", true), "/login?failed=1&next=%2Fa%3Fb%3Dc%26d");
    assert_eq!(to_login("//evil.org", false), "/login");
}

#[test]
fn the_cookie_is_found_among_others() {
    let mut headers = HeaderMap::new();
    assert_eq!(cookie(&headers), None);
    headers.insert(header::COOKIE, HeaderValue::from_static("a=b; penstock_session=s; c=d"));
    assert_eq!(cookie(&headers), Some("s"));
    headers.insert(header::COOKIE, HeaderValue::from_static("xpenstock_session=s"));
    assert_eq!(cookie(&headers), None);
}
