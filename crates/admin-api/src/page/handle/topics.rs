//! Wishes about topics in, the list, one of them, or the first step to a new pipeline out.

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use service::problem::Problem;

use crate::{
    auth::{Identity, Role},
    page::{
        answer::{frame, html, in_a_line},
        fields::{Asked, Fields, address, step},
        fill,
        view::{
            draft::{ChoosePage, DraftPage, Sketch},
            frame::Section,
            pager::Pager,
            plan::Rows,
            topics::{TopicPage, TopicRow, TopicsPage},
        },
    },
    rest::{
        subjects,
        topics::{self, End, SampleQuery, TopicsQuery},
    },
    state::App,
};

/// Topics on one page.
const PER_PAGE: usize = 50;
/// Records of a sample.
const SAMPLE: u32 = 10;

type Who = Extension<Identity>;

struct Found {
    rows: Vec<TopicRow>,
    trouble: Option<String>,
    pager: Pager,
}

async fn find(app: &App, fields: &Fields, path: &str) -> Found {
    let text = fields.text("q");
    let page: usize = fields.number("page").unwrap_or(1).max(1);
    let query = TopicsQuery {
        offset: u32::try_from((page - 1).saturating_mul(PER_PAGE)).ok(),
        limit: u32::try_from(PER_PAGE).ok(),
        q: (!text.is_empty()).then(|| text.to_owned()),
        internal: false,
    };
    match topics::list(app, &query).await {
        Ok(found) => Found {
            rows: found.items.iter().map(fill::topics::row).collect(),
            trouble: None,
            pager: Pager::new(page, PER_PAGE, found.total, "topics", |page| {
                let page = page.to_string();
                address(path, &[("q", text), ("page", page.as_str())])
            }),
        },
        Err(problem) => {
            Found { rows: Vec::new(), trouble: Some(in_a_line(&problem)), pager: Pager::default() }
        }
    }
}

/// `GET /topics`.
pub(in crate::page) async fn list(
    State(app): State<App>,
    Extension(who): Who,
    Asked(fields): Asked,
) -> Result<Response, Problem> {
    let Found { rows, trouble, pager } = find(&app, &fields, "/topics").await;
    let frame = frame(Some(&who), "Topics", Section::Topics);
    html(&TopicsPage { frame, text: fields.text("q").to_owned(), rows, trouble, pager })
}

/// `GET /topics/{topic}`.
pub(in crate::page) async fn one(
    State(app): State<App>,
    Extension(who): Who,
    Path(topic): Path<String>,
) -> Result<Response, Problem> {
    let detail = topics::detail(&app, &topic).await?;
    let rows = sample(&app, &who, &topic, End::Latest).await;
    let known = subjects::version(&app, &detail.subject, None).await.is_ok();
    html(&TopicPage {
        frame: frame(Some(&who), &topic, Section::Topics),
        row: fill::topics::row(&detail.summary),
        partitions: detail.spans.iter().map(fill::topics::span).collect(),
        subject: known.then(|| {
            let address = format!("/schemas/{}", step(&detail.subject));
            (detail.subject, address)
        }),
        rows,
    })
}

/// Some records, for those who may see contents.
async fn sample(app: &App, who: &Identity, topic: &str, from: End) -> Rows {
    let note = |text: String| Rows { note: Some(text), ..Rows::default() };
    if who.role < Role::Operator {
        return note("Contents of records need the role operator.".to_owned());
    }
    let query = SampleQuery { limit: Some(SAMPLE), from, partition: None };
    match topics::sample(app, topic, &query).await {
        Ok(sample) => fill::topics::records(&sample.records),
        Err(problem) => note(in_a_line(&problem)),
    }
}

/// `GET /new`: which topic, or the document for one that was chosen.
pub(in crate::page) async fn new(
    State(app): State<App>,
    Extension(who): Who,
    Asked(fields): Asked,
) -> Result<Response, Problem> {
    let frame = frame(Some(&who), "New pipeline", Section::Pipelines);
    let topic = fields.text("topic");
    if topic.is_empty() {
        let Found { rows, trouble, pager } = find(&app, &fields, "/new").await;
        let text = fields.text("q").to_owned();
        return html(&ChoosePage { frame, text, topics: rows, trouble, pager });
    }
    let detail = topics::detail(&app, topic).await?;
    let schema = subjects::version(&app, &detail.subject, None).await;
    let row = fill::topics::row(&detail.summary);
    let sketch = Sketch {
        topic: topic.to_owned(),
        records: row.records,
        partitions: row.partitions,
        subject: schema.as_ref().ok().map(|found| {
            let address = format!("/schemas/{}", step(&found.subject));
            (format!("{}, version {}", found.subject, found.version), address)
        }),
        schema_note: schema.as_ref().err().map(|problem| {
            format!("No schema to show: {}. Records need one in the registry.", in_a_line(problem))
        }),
        schema: schema.ok().map(|found| found.schema),
        rows: sample(&app, &who, topic, End::Earliest).await,
    };
    html(&DraftPage {
        frame,
        document: document(topic, &app.config().default_database, |name| taken(&app, name)),
        sketch: Some(sketch),
        problems: Vec::new(),
        plan: None,
        planned: String::new(),
        step: 2,
    })
}

fn taken(app: &App, name: &str) -> bool {
    app.specs().is_ok_and(|specs| specs.pipelines.contains_key(name))
}

/// A document to begin with, with a name that is not taken.
fn document(topic: &str, database: &str, taken: impl Fn(&str) -> bool) -> String {
    let keep = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    // A name has at most 63 letters; four are left for a number.
    let name: String = topic.to_ascii_lowercase().chars().map(keep).take(59).collect();
    let name = name.trim_matches('-');
    let name = if name.is_empty() { "new" } else { name };
    let others = (2..1_000).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.to_owned()).chain(others);
    let name = names.find(|name| !taken(name)).unwrap_or_else(|| name.to_owned());
    let table = name.replace('-', "_");
    // JSON is YAML, so that any name is quoted as it has to be.
    let quoted = serde_json::Value::from(topic);
    format!(
        "name: {}\n\
         labels: {{}}            # for example team: retail\n\
         source:\n  \
           topics: [{quoted}]\n  \
           start: earliest     # or latest: what is written from now on\n\
         target:\n  \
           database: {}\n  \
           table: {}\n  \
           order_by: []        # columns to sort by; empty sorts by topic, partition, offset\n\
         delivery: exactly-once\n\
         on_error: dead-letter # or stop\n\
         state: running\n",
        plain(&name),
        plain(database),
        plain(&table),
    )
}

/// A word as YAML: quoted where it would be read as something else, such as a number.
fn plain(word: &str) -> String {
    const OTHERS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let simple = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    let begins = word.starts_with(|letter: char| letter.is_ascii_lowercase());
    if begins && word.chars().all(simple) && !OTHERS.contains(&word) {
        word.to_owned()
    } else {
        // JSON is YAML.
        serde_json::Value::from(word).to_string()
    }
}

#[cfg(test)]
mod tests;
