//! Settings in, whether this machine can run such a stack out.

use crate::{
    Error, Part, Settings, java,
    packages::{Recipe, fetching_tool},
};

/// Looks for what [`Stack::start`](crate::Stack::start) would miss, without starting anything: a
/// JDK, and for each package that was not fetched yet the program that fetches it.
///
/// # Errors
///
/// The first thing that is missing.
pub fn prerequisites(settings: &Settings) -> Result<(), Error> {
    if settings.parts.iter().any(|part| *part != Part::ClickHouse) {
        java::find(&settings.environment, "Kafka and the schema registry")?;
    }
    for part in &settings.parts {
        let recipe = Recipe::of(*part)?;
        if !settings.cache_dir.join(recipe.folder_name()).exists() {
            fetching_tool(&recipe, &settings.environment)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
