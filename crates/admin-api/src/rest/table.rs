//! The table of the REST API's routes: who may do what, and how it is documented.

use axum::{
    http::Method,
    routing::{delete, get, post, put},
};

use super::{audit, connectors, dead_letters, offsets, pipelines, producer, subjects, topics};
use crate::{
    auth::Role::{Admin, Operator, Public, Viewer},
    dead_letters as letters,
    offsets::Way,
    openapi::{self, Docs, DocumentShape},
    plan::Plan,
    routes::Route,
};

/// Headers of conditional requests, for the document of the API.
const CONDITIONS: &[(&str, &str)] = &[
    ("if-match", "Do it only if the pipeline has this entity tag"),
    ("if-none-match", "`*`: do it only if there is no such pipeline"),
];
const IF_NONE_MATCH: &[(&str, &str)] =
    &[("if-none-match", "Answer with it only if it has not this entity tag")];
const IF_MATCH: &[(&str, &str)] = &[("if-match", "Do it only if the pipeline has this entity tag")];

/// Every route of the REST API.
pub(crate) fn routes() -> Vec<Route> {
    let mut table = vec![Route::rest(
        Method::GET,
        "/openapi.json",
        Public,
        || get(openapi::answer),
        Docs::new("getOpenApi", "This document").gives::<DocumentShape>(),
    )];
    table.extend(pipeline_routes());
    table.extend(pipeline_actions());
    table.extend(letter_routes());
    table.extend(source_routes());
    table.push(Route::rest(
        Method::GET,
        "/v1/audit",
        Viewer,
        || get(audit::handle),
        Docs::new("listAudit", "Who changed what and when, newest first")
            .query::<audit::AuditQuery>()
            .gives::<audit::AuditPage>(),
    ));
    table
}

fn pipeline_routes() -> Vec<Route> {
    use pipelines::handle;

    const ONE: &str = "/v1/pipelines/{name}";
    vec![
        Route::rest(
            Method::GET,
            "/v1/pipelines",
            Viewer,
            || get(handle::list),
            Docs::new("listPipelines", "Pipelines with their state and numbers")
                .query::<pipelines::ListQuery>()
                .gives_page_of::<pipelines::PipelineSummary>(),
        ),
        Route::rest(
            Method::POST,
            "/v1/pipelines",
            Operator,
            || post(handle::create),
            Docs::new("createPipeline", "Create a pipeline, or with dry_run see what it would do")
                .query::<pipelines::WriteQuery>()
                .takes_document()
                .gives_document()
                .status(201)
                .or_gives::<Plan>(200),
        ),
        Route::rest(
            Method::GET,
            ONE,
            Viewer,
            || get(handle::get),
            Docs::new("getPipeline", "The document of a pipeline")
                .headers(IF_NONE_MATCH)
                .gives_document()
                .or_nothing(304),
        ),
        Route::rest(
            Method::PUT,
            ONE,
            Operator,
            || put(handle::put),
            Docs::new("putPipeline", "Create a pipeline or change it; the same again does nothing")
                .query::<pipelines::WriteQuery>()
                .headers(CONDITIONS)
                .takes_document()
                .gives_document()
                .or_gives::<Plan>(200)
                .or_gives_document(201),
        ),
        Route::rest(
            Method::DELETE,
            ONE,
            Operator,
            || delete(handle::delete),
            Docs::new("deletePipeline", "Drain a pipeline and remove it; its table stays")
                .query::<pipelines::DeleteQuery>()
                .headers(IF_MATCH)
                .gives::<pipelines::PipelineStatus>()
                .status(202)
                .or_gives::<pipelines::RemovalPlan>(200)
                .or_nothing(204),
        ),
        Route::rest(
            Method::GET,
            "/v1/pipelines/{name}/status",
            Viewer,
            || get(handle::status),
            Docs::new("getPipelineStatus", "What a pipeline is doing, by partition and by sink")
                .gives::<pipelines::PipelineStatus>(),
        ),
    ]
}

/// What is done to a pipeline that is there.
fn pipeline_actions() -> Vec<Route> {
    use pipelines::handle;

    vec![
        action("/v1/pipelines/{name}/pause", || post(handle::pause))(Docs::new(
            "pausePipeline",
            "Move no more records until it is resumed",
        )),
        action("/v1/pipelines/{name}/resume", || post(handle::resume))(Docs::new(
            "resumePipeline",
            "Move records again",
        )),
        action("/v1/pipelines/{name}/restart", || post(handle::restart))(Docs::new(
            "restartPipeline",
            "Begin anew, such as after what stopped it was mended",
        )),
        Route::rest(
            Method::POST,
            "/v1/pipelines/{name}/offsets",
            Operator,
            || post(offsets::handle),
            Docs::new("resetOffsets", "Set where a paused or failed pipeline goes on")
                .query::<offsets::ResetQuery>()
                .headers(IF_MATCH)
                .takes::<Way>()
                .gives::<offsets::ResetAnswer>(),
        )
        .long(),
    ]
}

/// A change without a body.
fn action(
    path: &'static str,
    handler: fn() -> axum::routing::MethodRouter<crate::state::App>,
) -> impl FnOnce(Docs) -> Route {
    move |docs| {
        let docs = docs.headers(IF_MATCH).gives::<pipelines::PipelineStatus>();
        Route::rest(Method::POST, path, Operator, handler, docs)
    }
}

/// Records that could not become rows. Their contents are for those who may see records.
fn letter_routes() -> Vec<Route> {
    vec![
        Route::rest(
            Method::GET,
            "/v1/pipelines/{name}/dead-letters",
            Operator,
            || get(dead_letters::handle_page),
            Docs::new("listDeadLetters", "Records that could not become rows, newest first")
                .query::<dead_letters::LettersQuery>()
                .gives::<letters::Page>(),
        ),
        Route::rest(
            Method::GET,
            "/v1/pipelines/{name}/dead-letters/export",
            Operator,
            || get(dead_letters::handle_export),
            Docs::new("exportDeadLetters", "All of them, one line of JSON each, oldest first")
                .query::<dead_letters::ExportQuery>()
                .gives_lines_of::<letters::Letter>(),
        ),
        Route::rest(
            Method::GET,
            "/v1/pipelines/{name}/dead-letters/{partition}/{offset}",
            Operator,
            || get(dead_letters::handle_one),
            Docs::new("getDeadLetter", "One of them, by its place in the dead-letter topic")
                .gives::<letters::Letter>(),
        ),
        Route::rest(
            Method::POST,
            "/v1/pipelines/{name}/dead-letters/replay",
            Operator,
            || post(dead_letters::handle_replay),
            Docs::new("replayDeadLetters", "Give their records to the pipeline once more")
                .query::<dead_letters::ReplayQuery>()
                .takes::<letters::Selection>()
                .gives::<letters::Replayed>(),
        )
        .long(),
    ]
}

/// Where records come from: topics, schemas, the generator.
fn source_routes() -> Vec<Route> {
    let look = |path, role, handler, docs| Route::rest(Method::GET, path, role, handler, docs);
    let mut table = vec![
        look(
            "/v1/topics",
            Viewer,
            || get(topics::handle_list),
            Docs::new("listTopics", "Topics with their numbers of records and rates")
                .query::<topics::TopicsQuery>()
                .gives_page_of::<topics::TopicSummary>(),
        ),
        look(
            "/v1/topics/{topic}",
            Viewer,
            || get(topics::handle_detail),
            Docs::new("getTopic", "A topic and its partitions").gives::<topics::TopicDetail>(),
        ),
        look(
            "/v1/topics/{topic}/sample",
            Operator,
            || get(topics::handle_sample),
            Docs::new("sampleTopic", "Some records of a topic, with their contents")
                .query::<topics::SampleQuery>()
                .gives::<topics::TopicSample>(),
        ),
        look(
            "/v1/subjects",
            Viewer,
            || get(subjects::handle_list),
            Docs::new("listSubjects", "Names of the registry's subjects")
                .query::<subjects::SubjectsQuery>()
                .gives::<subjects::SubjectPage>(),
        ),
        look(
            "/v1/subjects/{subject}/versions",
            Viewer,
            || get(subjects::handle_versions),
            Docs::new("listVersions", "Versions of a subject").gives::<subjects::SubjectVersions>(),
        ),
        look(
            "/v1/subjects/{subject}/versions/{number}",
            Viewer,
            || get(subjects::handle_version),
            Docs::new("getVersion", "A version of a subject, by its number or `latest`")
                .gives::<subjects::SchemaVersion>(),
        ),
        look(
            "/v1/subjects/{subject}/diff",
            Viewer,
            || get(subjects::handle_diff),
            Docs::new("diffVersions", "What differs between two versions of a subject")
                .query::<subjects::DiffQuery>()
                .gives::<subjects::SchemaDiff>(),
        ),
        Route::rest(
            Method::POST,
            "/v1/subjects/{subject}/compatibility",
            Viewer,
            || post(subjects::handle_check),
            Docs::new("checkCompatibility", "Whether a schema may become the next version")
                .takes::<subjects::SchemaCandidate>()
                .gives::<subjects::Compatible>(),
        ),
    ];
    table.extend(producer_routes());
    table.extend(connector_routes());
    table
}

fn producer_routes() -> Vec<Route> {
    let route = |method, path, role, handler, docs: Docs| {
        Route::rest(method, path, role, handler, docs.gives::<producer::Generator>())
    };
    vec![
        route(
            Method::GET,
            "/v1/producer",
            Viewer,
            || get(producer::handle_get),
            Docs::new("getProducer", "How the event generator is set"),
        ),
        route(
            Method::PUT,
            "/v1/producer/rate",
            Operator,
            || put(producer::handle_rate),
            Docs::new("setProducerRate", "Set how many events it makes").takes::<producer::Rate>(),
        ),
        route(
            Method::POST,
            "/v1/producer/pause",
            Operator,
            || post(producer::handle_pause),
            Docs::new("pauseProducer", "Make it make no more events"),
        ),
        route(
            Method::POST,
            "/v1/producer/resume",
            Operator,
            || post(producer::handle_resume),
            Docs::new("resumeProducer", "Make it make events again"),
        ),
    ]
}

/// Kafka Connect: what runs there may take data anywhere, so only admins decide what does.
fn connector_routes() -> Vec<Route> {
    use connectors::Connector;

    let act = |path, handler, id, summary| {
        let docs = Docs::new(id, summary).gives::<Connector>();
        Route::rest(Method::POST, path, Operator, handler, docs)
    };
    vec![
        Route::rest(
            Method::GET,
            "/v1/connectors",
            Viewer,
            || get(connectors::handle_list),
            Docs::new("listConnectors", "Connectors with their states, without their secrets")
                .gives::<connectors::Connectors>(),
        ),
        Route::rest(
            Method::POST,
            "/v1/connectors",
            Admin,
            || post(connectors::handle_create),
            Docs::new("createConnector", "Create a connector of an allowed class")
                .takes::<connectors::NewConnector>()
                .gives::<Connector>()
                .status(201),
        ),
        Route::rest(
            Method::GET,
            "/v1/connectors/{name}",
            Viewer,
            || get(connectors::handle_get),
            Docs::new("getConnector", "A connector").gives::<Connector>(),
        ),
        Route::rest(
            Method::DELETE,
            "/v1/connectors/{name}",
            Admin,
            || delete(connectors::handle_delete),
            Docs::new("deleteConnector", "Remove a connector").status(204),
        ),
        act(
            "/v1/connectors/{name}/pause",
            || post(connectors::handle_pause),
            "pauseConnector",
            "Make a connector do nothing for now",
        ),
        act(
            "/v1/connectors/{name}/resume",
            || post(connectors::handle_resume),
            "resumeConnector",
            "Make a connector go on",
        ),
        act(
            "/v1/connectors/{name}/restart",
            || post(connectors::handle_restart),
            "restartConnector",
            "Begin a connector anew, with its tasks",
        ),
    ]
}
