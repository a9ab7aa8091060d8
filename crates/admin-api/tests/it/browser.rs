//! A person's browser without a script: cookies, forms and the HTML that comes back.

use anyhow::{Context as _, ensure};
use reqwest::{Method, RequestBuilder, StatusCode};

use crate::fixture::Api;

/// A browser that has logged in.
pub(crate) struct Browser<'a> {
    api: &'a Api,
    cookie: String,
    pub(crate) csrf: String,
}

/// An answer as a browser sees it.
pub(crate) struct Seen {
    pub(crate) status: StatusCode,
    /// Where it is sent.
    pub(crate) to: String,
    pub(crate) html: String,
}

impl<'a> Browser<'a> {
    pub(crate) async fn log_in(api: &'a Api, field: &str, secret: &str) -> anyhow::Result<Self> {
        let form = api.anonymous(Method::POST, "/login").body(form(&[(field, secret)]));
        let answer = typed(form).send().await?;
        ensure!(answer.status() == 303, "{}", answer.status());
        let cookie = answer.headers()["set-cookie"].to_str()?;
        let cookie = cookie.split(';').next().context("a cookie")?.to_owned();
        let mut browser = Self { api, cookie, csrf: String::new() };
        let home = browser.get("/").await?;
        browser.csrf = value_of(&home.html, "csrf")?.to_owned();
        Ok(browser)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.api.anonymous(method, path).header("cookie", &self.cookie)
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Seen> {
        seen(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Seen> {
        let fields: Vec<_> = [("csrf", self.csrf.as_str())].iter().chain(fields).copied().collect();
        seen(typed(self.request(Method::POST, path).body(form(&fields)))).await
    }
}

pub(crate) async fn seen(request: RequestBuilder) -> anyhow::Result<Seen> {
    let answer = request.send().await?;
    let to = answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or_default();
    Ok(Seen { status: answer.status(), to: to.to_owned(), html: answer.text().await? })
}

pub(crate) fn typed(request: RequestBuilder) -> RequestBuilder {
    request.header("content-type", "application/x-www-form-urlencoded")
}

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The value of the first field of that name.
pub(crate) fn value_of<'a>(html: &'a str, name: &str) -> anyhow::Result<&'a str> {
    between(html, &format!("name=\"{name}\" value=\""), "\"")
}

pub(crate) fn between<'a>(html: &'a str, begin: &str, end: &str) -> anyhow::Result<&'a str> {
    let rest = html.split_once(begin).with_context(|| format!("no {begin} in {html}"))?.1;
    Ok(rest.split_once(end).context("an end")?.0)
}

pub(crate) fn unescaped(text: &str) -> String {
    text.replace("&#34;", "\"").replace("&#39;", "'").replace("&#60;", "<").replace("&#62;", ">")
}
