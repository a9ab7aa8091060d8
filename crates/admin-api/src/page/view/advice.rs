//! The reason why something stopped in, what happened and what to do about it out.

/// What happened, and the ways out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The reason's own word, as in metrics and logs.
    pub reason: String,
    /// One sentence about what happened.
    pub what: &'static str,
    /// What to do, the likely way first.
    pub steps: Vec<Step>,
}

/// One way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to do.
    pub text: &'static str,
    /// The page on which to do it, and how its link is called.
    pub link: Option<(String, &'static str)>,
}

/// Where a step is taken.
#[derive(Clone, Copy)]
enum Place {
    Nowhere,
    Spec,
    Plan,
    Offsets,
    DeadLetters,
    Schemas,
    Resume,
}

use Place::{DeadLetters, Nowhere, Offsets, Plan, Resume, Schemas, Spec};

type Words = (&'static str, &'static [(&'static str, Place)]);

/// The advice for `reason` in the pipeline `name`. An unknown reason gets the advice that is
/// always right.
#[must_use]
pub fn advice(name: &str, reason: &str) -> Advice {
    let (what, steps) = words(reason);
    let at = |path: &str| format!("/pipelines/{name}{path}");
    let step = |(text, place): &(&'static str, Place)| Step {
        text,
        link: match place {
            Nowhere => None,
            Spec => Some((at("/spec"), "Edit the document")),
            Plan => Some((at("/plan"), "See the plan")),
            Offsets => Some((at("/offsets"), "Set offsets")),
            DeadLetters => Some((at("/dead-letters"), "Dead letters")),
            Schemas => Some(("/schemas".to_owned(), "Schemas")),
            Resume => Some((at("#actions"), "Restart")),
        },
    };
    Advice { reason: reason.to_owned(), what, steps: steps.iter().map(step).collect() }
}

fn words(reason: &str) -> Words {
    let known = KNOWN.iter().find(|(known, _)| *known == reason);
    known.map_or(ANY, |(_, words)| *words)
}

/// What is right for every reason.
const ANY: Words = (
    "It stopped rather than guess. Nothing is committed past what is in the table.",
    &[
        ("The error below and the sink's log say why.", Nowhere),
        ("When the cause is gone, restart the pipeline.", Resume),
    ],
);

/// What is right for one.
const KNOWN: &[(&str, Words)] = &[
    (
        "no-sink",
        (
            "No sink runs this pipeline. Its records wait in Kafka; nothing is lost as long as \
             retention and the group's offsets last.",
            &[
                ("Start a sink that follows the same Kafka and namespace.", Nowhere),
                ("Or look at the --selector of those that run: do the labels fit?", Spec),
            ],
        ),
    ),
    (
        "offsets-lost",
        (
            "The consumer group has no offset although it has worked on this partition before: \
             the offsets were deleted, or expired while no sink ran.",
            &[
                ("Choose “table”: go on at the first record that is not in the table.", Offsets),
                ("Or “mirror”: go on where the copy of the offsets says.", Offsets),
                ("If the topic was deleted and created again: start at “earliest”.", Offsets),
            ],
        ),
    ),
    (
        "offset-out-of-range",
        (
            "Kafka no longer holds the record to go on from: retention has passed it, or the \
             topic was cut short. Records are lost in Kafka, not here.",
            &[
                ("Choose “table”: go on at the first record left that is not in it.", Offsets),
                ("Then give the topic a longer retention than your longest outage.", Nowhere),
            ],
        ),
    ),
    (
        "topic-recreated",
        (
            "The topic was deleted and created again under its name, so the committed offset \
             belongs to the old one.",
            &[
                (
                    "Decide whether the old topic's rows are to stay, then start from earliest.",
                    Offsets,
                ),
                ("If they are not to stay, tick “delete rows first” there.", Nowhere),
            ],
        ),
    ),
    (
        "guarantee-missing",
        (
            "The pipeline asks for exactly-once, which its table cannot give.",
            &[
                ("The plan names what is missing and the ALTER that adds it.", Plan),
                ("Or accept duplicates after a crash: delivery: at-least-once.", Spec),
            ],
        ),
    ),
    (
        "schema-mismatch",
        (
            "The writer's schema does not fit the table. Nothing was dropped and nothing went to \
             the dead letters; the partition waits.",
            &[
                ("Compare the schema's versions to see which field changed.", Schemas),
                ("The plan shows which column it needs; alter the table accordingly.", Plan),
                ("If the error is about privileges, grant the right that it names.", Nowhere),
                ("Then restart the pipeline.", Resume),
            ],
        ),
    ),
    (
        "insert-refused",
        (
            "ClickHouse refuses the rows for a reason that trying again does not change.",
            &[
                ("Its own words are in the error below; mend the table, a right or a quota.", Plan),
                ("Then restart the pipeline: the same rows are sent again, once.", Resume),
            ],
        ),
    ),
    (
        "unknown-metadata",
        (
            "The text beside the committed offset is of another version of Penstock, or of \
             another program.",
            &[
                ("Go back to the version that wrote it, let it drain, then upgrade.", Nowhere),
                ("Or set the offsets anew: ranges in flight may then be there twice.", Offsets),
            ],
        ),
    ),
    (
        "range-unprovable",
        (
            "A range in flight can be proven neither by its token nor by its rows: some of them \
             may be in the table.",
            &[
                ("Look at the rows of the range, then choose “table” or an offset.", Offsets),
                ("Tick “delete rows first” to make the range come once.", Nowhere),
            ],
        ),
    ),
    (
        "bad-record",
        (
            "A record cannot become a row, and the document says on_error: stop.",
            &[
                ("Set on_error: dead-letter to put such records aside and go on.", Spec),
                ("Or set the offset past the record.", Offsets),
                ("Dead letters that are already there may show the same mistake.", DeadLetters),
            ],
        ),
    ),
    (
        "invalid-spec",
        (
            "The sink cannot run this document; it may be older than what wrote it.",
            &[
                ("The error below says which field; change it.", Spec),
                ("Or bring the sinks to the version of this page.", Nowhere),
            ],
        ),
    ),
    (
        "config",
        (
            "The sink's own settings do not let it run this pipeline.",
            &[("The error below names the setting; change it and restart the sink.", Nowhere)],
        ),
    ),
];

#[cfg(test)]
mod tests;
