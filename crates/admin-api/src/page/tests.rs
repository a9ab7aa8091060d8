#![expect(clippy::string_slice, reason = "what was found ends between characters")]

use super::example;
use crate::routes;

/// Attributes that can make a browser ask for something.
const ADDRESSES: [&str; 6] = ["href", "src", "action", "formaction", "data-events", "poster"];

/// Every element of a page, as its name and attributes; enough of a parser for pages in which
/// text is escaped.
fn elements(html: &str) -> Vec<(&str, Vec<(&str, &str)>)> {
    let mut found = Vec::new();
    for rest in html.split('<').skip(1) {
        let tag = &rest[..rest.find('>').expect("every element ends")];
        if tag.starts_with(['/', '!']) {
            continue;
        }
        let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        let mut attributes = Vec::new();
        while let Some(begin) = rest.find(|letter: char| !letter.is_whitespace() && letter != '/') {
            rest = &rest[begin..];
            let end = rest.find([' ', '=', '\n', '/']).unwrap_or(rest.len());
            assert!(end > 0, "no attribute at {rest}");
            let attribute = &rest[..end];
            rest = &rest[end..];
            let mut value = "";
            if let Some(quoted) = rest.strip_prefix("=\"") {
                let end = quoted.find('"').expect("every value ends");
                value = &quoted[..end];
                rest = &quoted[end + 1..];
            }
            attributes.push((attribute, value));
        }
        found.push((name.trim_end_matches('/'), attributes));
    }
    found
}

fn each(check: impl Fn(&str, &str, &[(&str, &str)])) {
    for (page, html) in example::all() {
        for (name, attributes) in elements(&html) {
            check(page, name, &attributes);
        }
    }
}

#[test]
fn no_page_has_inline_style_or_script() {
    each(|page, name, attributes| {
        assert!(name != "style", "{page}");
        for (attribute, value) in attributes {
            assert!(*attribute != "style", "{page}: style of {name}");
            assert!(!attribute.starts_with("on"), "{page}: {attribute} of {name}");
            assert!(!value.trim_start().to_lowercase().starts_with("javascript:"), "{page}");
        }
        if name == "script" {
            assert!(attributes.iter().any(|(attribute, _)| *attribute == "src"), "{page}");
        }
    });
    for (page, html) in example::all() {
        assert!(html.contains("defer></script>"), "{page}: a script has contents");
    }
}

#[test]
fn no_page_leads_or_asks_elsewhere() {
    each(|page, name, attributes| {
        for (attribute, value) in attributes {
            if ADDRESSES.contains(attribute) {
                let ours = value.starts_with(['/', '#', '?']) || value.is_empty();
                assert!(ours, "{page}: {attribute} of {name} is {value}");
                assert!(!value.starts_with("//"), "{page}: {attribute} of {name} is {value}");
            }
        }
    });
}

#[test]
fn markup_in_names_stays_text() {
    for (page, html) in example::all() {
        assert!(!html.contains("<script>alert"), "{page}");
        assert!(!html.contains("<img"), "{page}");
        assert!(!html.contains("\"'><"), "{page}");
    }
    let shown = example::all().into_iter().filter(|(_, html)| html.contains("&#60;img src"));
    assert!(shown.count() >= 10, "the examples carry hostile text");
}

#[test]
fn every_form_that_changes_something_carries_the_token() {
    for (page, html) in example::all() {
        for form in html.split("<form").skip(1) {
            let (head, rest) = form.split_once('>').expect("a form has a head");
            let body = &rest[..rest.find("</form>").expect("a form ends")];
            if head.contains("method=\"post\"") && !head.contains("\"/login\"") {
                assert!(body.contains("name=\"csrf\" value=\"0123"), "{page}: {head}");
            } else if head.contains("method=\"get\"") {
                assert!(!body.contains("csrf"), "{page}: {head}");
            }
        }
    }
}

#[test]
fn people_without_eyes_find_their_way() {
    for (page, html) in example::all() {
        let count = |what: &str| html.matches(what).count();
        assert_eq!(count("<h1"), 1, "{page}");
        assert_eq!(count("<main id=\"main\""), 1, "{page}");
        assert_eq!(count("class=\"skip\" href=\"#main\""), 1, "{page}");
        assert_eq!(count("<html lang=\"en\">"), 1, "{page}");
        assert_eq!(count("<table"), count("<caption"), "{page}");
        for th in html.split("<th").skip(1).filter(|th| th.starts_with([' ', '>'])) {
            assert!(th.starts_with(" scope="), "{page}: {}", th.lines().next().unwrap_or_default());
        }
        for table in html.split("<tr").skip(1) {
            assert!(!table.contains("<td></td>"), "{page}");
        }
    }
    each(|page, name, attributes| {
        let has = |wanted: &str| attributes.iter().any(|(attribute, _)| *attribute == wanted);
        if name == "svg" {
            assert!(has("aria-hidden") || has("aria-label"), "{page}: a picture without words");
        }
    });
}

#[test]
fn every_form_and_link_of_the_pages_has_a_route() {
    let known = routes::table();
    let is_known = |method: &str, address: &str| {
        let path = address.split(['?', '#']).next().unwrap_or_default();
        let steps: Vec<&str> = path.split('/').collect();
        known.iter().any(|route| {
            let template: Vec<&str> = route.path.split('/').collect();
            let fits = |(step, part): (&&str, &&str)| part.starts_with('{') || step == part;
            route.method.as_str() == method
                && template.len() == steps.len()
                && steps.iter().zip(&template).all(fits)
        }) || (method, path) == ("GET", "")
    };
    each(|page, name, attributes| {
        let value = |wanted: &str| {
            attributes.iter().find(|(attribute, _)| *attribute == wanted).map(|(_, value)| *value)
        };
        let method = if value("method") == Some("post") { "POST" } else { "GET" };
        match (name, value("href"), value("action"), value("formaction")) {
            ("a", Some(address), _, _) => assert!(is_known("GET", address), "{page}: {address}"),
            ("form", _, Some(address), _) => {
                assert!(is_known(method, address), "{page}: {method} {address}");
            }
            (_, _, _, Some(address)) => assert!(is_known("POST", address), "{page}: {address}"),
            _ => {}
        }
    });
}
