//! Settings in, a configured Apicurio registry out.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{ASK_EVERY, Archive, Context, http_client, jvm};
use crate::{ports::Chosen, settings::Part, supervise::Spec};

/// The path under which the registry speaks the Confluent API.
pub(crate) const API: &str = "/apis/ccompat/v7";

/// Largest heap, in MiB: it holds a few hundred schemas at most.
const HEAP_MIB: u32 = 256;

/// How the registry is started.
pub(crate) fn spec(c: Context<'_>, archive: &Archive) -> Spec {
    let mut args = jvm::flags(HEAP_MIB, archive);
    // It answers a few requests per minute: the compiler that starts fast is enough.
    args.push("-XX:TieredStopAtLevel=1".to_owned());
    args.push("-jar".to_owned());
    args.push(c.package.join("quarkus-run.jar").to_string_lossy().into_owned());
    Spec {
        name: Part::Registry.to_string(),
        program: c.java.map_or_else(|| PathBuf::from("java"), crate::java::Java::program),
        args,
        env: environment(c),
        env_clear: true,
        dir: Some(c.package.to_owned()),
        log: c.folder.log(Part::Registry.name()),
        grace_ms: 10_000,
        stop_rank: 1,
    }
}

fn environment(c: Context<'_>) -> BTreeMap<String, String> {
    let database = c.folder.data(Part::Registry.name()).join("registry");
    let log = c.folder.log("registry-server");
    let log = [
        // A file that rotates, beside what the JVM itself has to say.
        ("QUARKUS_LOG_FILE_ENABLED", "true".to_owned()),
        ("QUARKUS_LOG_FILE_PATH", log.to_string_lossy().into_owned()),
        ("QUARKUS_LOG_FILE_ROTATION_MAX_FILE_SIZE", "10M".to_owned()),
        ("QUARKUS_LOG_FILE_ROTATION_MAX_BACKUP_INDEX", "2".to_owned()),
    ];
    let mut told = variables(c.ports, &database);
    told.extend(log.map(|(name, value)| (name.to_owned(), value)));
    told
}

/// What a registry with its data in `database` is told.
pub(crate) fn variables(ports: &Chosen, database: &Path) -> BTreeMap<String, String> {
    [
        ("QUARKUS_HTTP_HOST", "127.0.0.1".to_owned()),
        ("QUARKUS_HTTP_PORT", ports.registry.to_string()),
        // Its default is every interface on port 9000, where ClickHouse wants to be.
        ("QUARKUS_MANAGEMENT_HOST", "127.0.0.1".to_owned()),
        ("QUARKUS_MANAGEMENT_PORT", ports.registry_management.to_string()),
        ("APICURIO_STORAGE_KIND", "sql".to_owned()),
        ("APICURIO_STORAGE_SQL_KIND", "h2".to_owned()),
        ("APICURIO_DATASOURCE_URL", format!("jdbc:h2:file:{}", database.display())),
        ("APICURIO_DATASOURCE_USERNAME", "sa".to_owned()),
        ("APICURIO_DATASOURCE_PASSWORD", "sa".to_owned()),
        // What Confluent's registry does by default; without it everything is compatible.
        ("APICURIO_RULES_GLOBAL_COMPATIBILITY", "BACKWARD".to_owned()),
        ("QUARKUS_OTEL_SDK_DISABLED", "true".to_owned()),
        ("QUARKUS_HTTP_ACCESS_LOG_ENABLED", "false".to_owned()),
        ("QUARKUS_LOG_LEVEL", "WARN".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Returns once the registry lists its subjects.
pub(crate) async fn ready(base: String) {
    let client = http_client();
    let url = format!("{base}/subjects");
    loop {
        let answer = client.get(&url).send().await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}
